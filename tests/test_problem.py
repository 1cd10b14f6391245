"""What is said of an error, to whom, and in which language."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import override_settings
from django.urls import include, path
from django.utils.translation import override
from django.views import View

from pts_errors import lookup, problem
from pts_errors.exceptions import PTSError
from pts_errors.signals import problem_described
from pts_errors.testing import override_catalog
from pts_errors.values import seed
from pts_errors.values.entry import Outcome

INTEGRATOR = override_settings(PTS_ERRORS_PROBLEM_AUDIENCE="integrator")
HIDDEN = [entry.code for entry in seed.packaged() if not entry.reveal_to_customer]

# A host that serves the pages, under an address of its own; which view does it makes no difference here.
urlpatterns = [path("help/", include(([path("<str:code>/", View.as_view(), name="error")], "pts_errors")))]


pytestmark = pytest.mark.usefixtures("packaged")


@pytest.fixture
def described() -> Iterator[list[dict[str, Any]]]:
    """Collect what the signal tells."""
    found: list[dict[str, Any]] = []

    def receive(**values: Any) -> None:
        found.append({name: values[name] for name in ("code", "outcome", "retry_advice", "status")})

    problem_described.connect(receive)
    yield found
    problem_described.disconnect(receive)


# ---- To a customer ----


@pytest.mark.urls("tests.test_problem")
def test_a_customer_reads_an_open_code_in_full() -> None:
    """Code, name and page are there; what is for integrators is not."""
    described = problem.describe(PTSError("1003", reference="A-77"))

    error = lookup.get("1003")
    assert described.body == {
        "type": "/help/1003/",
        "title": error.title,
        "status": 409,
        "detail": error.customer_message,
        "code": "1003",
        "name": "DUPLICATE_ORDER_ID",
        "outcome": "rejected",
        "retry_advice": "check_status_first",
        "reference": "A-77",
    }
    assert (described.status, described.title, described.error) == (409, error.title, error)


@pytest.mark.urls("tests.test_problem")
@pytest.mark.parametrize("code", HIDDEN)
def test_a_customer_cannot_tell_hidden_codes_apart(code: str) -> None:
    """What became of the money is all that differs."""
    described = problem.describe(PTSError(code, retry_after=7))

    assert described.body == {
        "type": "about:blank",
        "title": "Request not completed",
        "status": 500,
        "detail": lookup.get(code).customer_message,
        "outcome": lookup.get(code).outcome,
        "retry_advice": "check_status_first",
    }
    assert described.headers == {"Content-Language": "en", "Cache-Control": "no-store"}


def test_hidden_codes_differ_in_nothing_but_their_text_and_outcome() -> None:
    """And texts are few: one for unknown outcomes, the others say nothing of money at all."""
    bodies = {str(problem.describe(PTSError(code)).body) for code in HIDDEN}

    texts = {(lookup.get(code).outcome, lookup.get(code).customer_message) for code in HIDDEN}
    assert len(bodies) == len(texts) < 5


@pytest.mark.parametrize("code", ["4242", "", "1003 ", "01003", "DUPLICATE_ORDER_ID", "9" * 5000, "\ud800", "<b>"])
def test_an_unknown_code_is_hidden_from_a_customer(code: str) -> None:
    """It is told as one whose outcome is unknown, and nothing of it is repeated."""
    described = problem.describe(PTSError(code))

    assert described.body == problem.describe(PTSError("9999")).body


@pytest.mark.parametrize("status", [401, 403, 407, 511])
def test_a_customer_is_never_blamed_for_credentials(status: int) -> None:
    """Not even where ops staff revealed a code with such a status."""
    with override_catalog({"1003": {"http_status": status}}):
        described = problem.describe(PTSError("1003"))

    assert (described.status, described.body["status"]) == (500, 500)


@pytest.mark.parametrize("code", [entry.code for entry in seed.packaged() if entry.outcome != Outcome.ACCEPTED])
def test_no_shipped_code_blames_a_customer_for_credentials(code: str) -> None:
    """The whole catalog, as it is shipped."""
    assert problem.describe(PTSError(code)).status not in (401, 403, 407, 511)


# ---- To an integrator ----


@pytest.mark.urls("tests.test_problem")
@INTEGRATOR
@override_catalog()
def test_an_integrator_reads_hidden_codes_too() -> None:
    """With the gateway's own words and what the merchant does."""
    body = problem.describe(PTSError("1010")).body

    error = lookup.get("1010")
    assert body == {
        "type": "/help/1010/",
        "title": error.title,
        "status": 401,
        "detail": error.customer_message,
        "code": "1010",
        "name": "SIGNATURE_CHECK_FAILED",
        "outcome": "rejected",
        "retry_advice": "retry_after_correction",
        "provider_message": "Signature check failed",
        "merchant_action": error.merchant_action,
        "responsible_party": "merchant",
    }


@pytest.mark.urls("tests.test_problem")
@INTEGRATOR
@override_catalog()
def test_an_integrator_reads_the_number_of_an_unknown_code() -> None:
    """There is no page to point to."""
    body = problem.describe(PTSError("4242")).body

    assert (body["type"], body["code"], body["name"]) == ("about:blank", "4242", "UNKNOWN_CODE")
    assert (body["outcome"], body["retry_advice"]) == ("unknown", "check_status_first")


@INTEGRATOR
@override_catalog()
@pytest.mark.parametrize("code", [entry.code for entry in seed.packaged() if entry.outcome != Outcome.ACCEPTED])
def test_nothing_of_staff_is_in_it(code: str) -> None:
    """Severity, the reveal flag and the runbook are for nobody outside."""
    body = problem.describe(PTSError(code)).body

    assert body.keys() <= {
        "type",
        "title",
        "status",
        "detail",
        "code",
        "name",
        "outcome",
        "retry_advice",
        "provider_message",
        "merchant_action",
        "responsible_party",
    }


# ---- To both ----


@pytest.mark.urls("tests.test_problem")
@pytest.mark.parametrize("base", ["", "https://pay.example"])
def test_the_type_is_the_address_of_the_page(base: str) -> None:
    """Absolute where the host says how, because whoever keeps a problem has left the site; with the host's prefix."""
    with override_settings(PTS_ERRORS_BASE_URL=base, PTS_ERRORS_PROBLEM_AUDIENCE="integrator"):
        assert problem.describe(PTSError("1003")).body["type"] == f"{base}/help/1003/"
        assert problem.describe(PTSError("4242")).body["type"] == "about:blank"


@pytest.mark.urls("tests.test_middleware")
def test_without_pages_the_type_is_blank() -> None:
    """A host need not serve them."""
    with override_settings(PTS_ERRORS_BASE_URL="https://pay.example"):
        assert problem.describe(PTSError("1003")).body["type"] == "about:blank"


@pytest.mark.parametrize("status", [200, 202, 302, 399])
@pytest.mark.parametrize("audience", ["customer", "integrator"])
def test_an_exception_is_never_answered_as_a_success(status: int, audience: str) -> None:
    """Whoever raised it has not done what was asked, whatever the catalog advises."""
    with (
        override_settings(PTS_ERRORS_PROBLEM_AUDIENCE=audience),
        override_catalog({"1003": {"http_status": status}}),
    ):
        assert problem.describe(PTSError("1003")).status == 500


@pytest.mark.parametrize(
    ("code", "given", "header"), [("8001", None, "60"), ("8001", 5, "5"), ("8001", 0, "0"), ("1003", 5, None)]
)
def test_retry_after_goes_with_the_advice_to_retry_later(code: str, given: int | None, header: str | None) -> None:
    """The gateway's own word counts more than the catalog's; other advice has no time."""
    with override_catalog({"8001": {"retry_advice": "retry_later", "retry_after": 60}}):
        assert problem.describe(PTSError(code, retry_after=given)).headers.get("Retry-After") == header


@INTEGRATOR
@override_catalog({"9000": {"retry_advice": "retry_later", "retry_after": 60}})
def test_an_integrator_is_told_when_to_retry_a_hidden_code() -> None:
    """Only a customer must not tell it from others."""
    assert problem.describe(PTSError("9000")).headers["Retry-After"] == "60"


def test_the_language_is_the_active_one_or_the_given_one() -> None:
    """The header names the one that was found."""
    with override("fr"):
        active = problem.describe(PTSError("1003"))
        given = problem.describe(PTSError("1003"), language="zh-TW")

    assert active.body["detail"] == str(lookup.get("1003", language="fr"))
    assert (active.headers["Content-Language"], given.headers["Content-Language"]) == ("fr", "zh-hant")


@pytest.mark.parametrize("language", ["ar", "fil", "xx-yy", "", "x" * 100, "../en"])
@pytest.mark.parametrize("code", ["1003", "1010"])
def test_every_language_gives_an_answer(language: str, code: str) -> None:
    """Also one that Django does not know, and what is no language at all."""
    described = problem.describe(PTSError(code), language=language)

    error = lookup.get(code, language=language)
    assert described.body["detail"] == error.customer_message
    assert described.headers["Content-Language"] == error.language


def test_the_active_language_stays_as_it_was() -> None:
    """The title of a hidden code is taken from another language for a moment only."""
    with override("de"):
        problem.describe(PTSError("1010"), language="ar")
        assert lookup.get("1003").language == "de"


@pytest.mark.parametrize("audience", ["customer", "integrator"])
def test_the_reference_is_the_hosts_own_and_always_there(audience: str) -> None:
    """It is what a customer tells support, whatever the code."""
    with override_settings(PTS_ERRORS_PROBLEM_AUDIENCE=audience), override_catalog():
        references = [problem.describe(PTSError(code, reference="A-77")).body["reference"] for code in ("1003", "1010")]

    assert references == ["A-77", "A-77"]


# ---- As a response ----


def test_the_response_is_problem_json_in_readable_characters() -> None:
    """Arabic is written as Arabic."""
    described = problem.describe(PTSError("1003"), language="ar")

    response = problem.respond(described.status, described.body, described.headers)

    assert (response.status_code, response["Content-Type"]) == (409, "application/problem+json")
    assert described.title in response.content.decode()
    assert response["Cache-Control"] == "no-store"


def test_half_a_character_from_the_gateway_breaks_nothing() -> None:
    """JSON can carry what UTF-8 cannot."""
    error = PTSError.from_response({"code": "1003", "data": {"order_id": "A\ud800"}})
    assert error is not None
    described = problem.describe(error)

    response = problem.respond(described.status, described.body, described.headers)

    assert b'"reference": "A?"' in response.content


# ---- The signal ----


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("1003", {"code": "1003", "outcome": "rejected", "retry_advice": "check_status_first", "status": 409}),
        ("1010", {"code": "1010", "outcome": "rejected", "retry_advice": "retry_after_correction", "status": 500}),
        ("4242", {"code": "", "outcome": "unknown", "retry_advice": "check_status_first", "status": 500}),
    ],
)
def test_a_signal_tells_the_host_what_was_answered(code: str, told: object, described: list[dict[str, Any]]) -> None:
    """Also the code of a hidden error; of an invented code not even the number, for metrics never forget one."""
    problem.describe(PTSError(code))

    assert described == [told]


def test_a_receiver_that_fails_spoils_no_answer(caplog: pytest.LogCaptureFixture) -> None:
    """A counter that is away is no reason to answer nothing."""

    def fail(**values: Any) -> None:
        raise RuntimeError("the counter is away")

    problem_described.connect(fail)
    try:
        described = problem.describe(PTSError("1003"))
    finally:
        problem_described.disconnect(fail)

    assert described.status == 409
    assert "the counter is away" in caplog.text
