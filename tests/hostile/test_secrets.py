"""What nobody learns: from logs, from caches, from how much work an answer is, from what is not published."""

from __future__ import annotations

import gc
import logging
import re
import sys
from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from pytest_django import Settings

from pts_errors import lookup, problem, snapshot
from pts_errors.exceptions import PTSError, raise_for_code
from pts_errors.models import Category, ErrorCode, Message, Runbook
from tests.hostile.strings import EVERY, STRINGS, is_sendable
from tests.support.api import client_of
from tests.support.factories import FlagFactory, UserFactory

CARD = "4111111111111111"
PUBLIC = ("/errors/", "/errors/1007/", "/errors/1010.json", "/errors/1010.md", "/api/errors/", "/api/errors/1010/")


def calls(function: Callable[[], object]) -> int:
    """Return how many functions a function calls: the same work gives the same number, however busy the machine is."""
    count = 0

    def note(frame: object, event: str, argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    gc.disable()  # what other tests left behind is not part of the work
    sys.setprofile(note)
    try:
        function()
    finally:
        sys.setprofile(before)
        gc.enable()
    return count


# ---- logs ----


@pytest.mark.usefixtures("db")
def test_no_code_writes_a_line_of_its_own_into_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """No line end, no sign that steers a terminal, no text that reads backward; and nothing at length."""
    caplog.set_level(logging.DEBUG, "pts_errors")
    for text in (*EVERY, CARD, int(CARD), f"1007 {CARD}", *range(40_000, 41_100)):
        assert not lookup.get(text).is_known

    lines = [record.getMessage() for record in caplog.records if record.name == "pts_errors"]

    assert 100 < len(lines) <= 1_000
    assert [line for line in lines if not line.isascii() or not line.isprintable() or len(line) > 150] == []


def test_no_card_number_is_in_a_log(caplog: pytest.LogCaptureFixture, db: None) -> None:
    """Somebody passes it for a code: not in the log, not in the exception, not in the answer."""
    caplog.set_level(logging.DEBUG)
    for code in (CARD, int(CARD), f"code {CARD}", f"{CARD}\n", "6011000990139424123", "3782822463100"):
        error = PTSError(code)
        try:
            raise_for_code({"code": code})
        except PTSError as raised:
            logging.getLogger("host").exception("It failed: %s", raised)
        answer = problem.describe(error)
        for text in (str(error), caplog.text, str(answer.body), str(answer.headers), lookup.get(code).code):
            assert str(code).strip() not in text
            assert CARD not in text


def test_an_exception_in_a_log_is_one_printable_line() -> None:
    """Of whatever the gateway, or who pretends to be it, says."""
    for text in EVERY:
        line = str(PTSError(text, reference=text))
        assert line.isprintable(), ascii(text)


def test_a_request_writes_no_line_of_its_own_into_the_log(
    caplog: pytest.LogCaptureFixture, client: Client, db: None
) -> None:
    """What the app itself logs while it answers holds nothing of the request."""
    for text in STRINGS["line ends"] + STRINGS["controls"]:
        client.get("/errors/", {"q": text, "language": text})
        client.get("/api/errors/", {"search": text})

    assert [record for record in caplog.records if record.name == "pts_errors"] == []


# ---- work ----


@pytest.mark.usefixtures("warm")
def test_every_code_costs_the_same(django_assert_num_queries: Any) -> None:
    """Who tries all numbers learns nothing from the time, and costs no query."""
    lookup.get("1")
    lookup.get_all(language="en")  # what a code costs once, when it is asked for first

    def work(code: str) -> int:
        return calls(lambda: lookup.get(code, language="en"))

    known = {work(code) for code in snapshot.current().entries}
    logging.getLogger("pts_errors").disabled = True
    try:
        unknown = {work(str(number)) for number in range(5_000, 5_500)}
        again = {work(str(number)) for number in range(5_000, 5_500)}
    finally:
        logging.getLogger("pts_errors").disabled = False
    with django_assert_num_queries(0):
        for number in range(1, 10_000):
            lookup.get(str(number), language="en")

    assert len(known) == 1
    assert len(unknown | again) <= 3  # said for the first time, and once it was said


@pytest.mark.usefixtures("warm")
def test_a_public_code_costs_the_same_whether_it_is_hidden_from_customers_or_not(client: Client) -> None:
    """The public API has prepared bytes of each, so their work differs in nothing."""
    entries = snapshot.current().entries
    hidden = [code for code, entry in entries.items() if not entry.reveal_to_customer]
    shown = [code for code, entry in entries.items() if entry.reveal_to_customer]
    client.get("/api/errors/1007/")

    def work(code: str) -> int:
        return min(calls(lambda: client.get(f"/api/errors/{code}/")) for _ in range(3))

    assert {work(code) for code in hidden[:6]} == {work(code) for code in shown[:6]}


@pytest.mark.usefixtures("warm")
@pytest.mark.parametrize(
    "path", ["/errors/runbooks/{}/", "/errors/runbooks/{}.md", "/api/runbooks/{}/", "/api/revisions/{}/"]
)
def test_a_stranger_cannot_tell_what_staff_have(path: str, client: Client, django_assert_num_queries: Any) -> None:
    """The same refusal, by the same work, whether there is something or not, with a permission missing as well."""
    staff = client_of(UserFactory())
    for who in (client, staff):
        who.get(path.format("1007"))
        answers = set()
        for code in ("1007", "8010", "7777", "1"):
            response = who.get(path.format(code))
            headers = {name: value for name, value in response.items() if name not in ("Location", "Content-Length")}
            body = re.sub(r'<input type="hidden"[^>]*>', "", response.content.decode())  # a token is new each time
            answers.add((response.status_code, tuple(sorted(headers.items())), body))
        assert len(answers) == 1
        assert answers.pop()[0] in (302, 401, 403)
    with django_assert_num_queries(0):
        client.get(path.format("1007"))


def test_hidden_codes_are_one_to_a_customer(db: None) -> None:
    """Body, headers and work of the answer: all hidden codes of one outcome and text are the same."""
    groups: dict[tuple[str, str], set[str]] = {}
    for error in lookup.get_all(language="en"):
        if not error.reveal_to_customer:
            answer = problem.describe(PTSError(error.code), language="en")
            described = f"{answer.status} {sorted(answer.body.items())} {answer.headers}"
            groups.setdefault((error.outcome, error.customer_message), set()).add(described)
            for secret in (error.code, error.name, error.title, error.provider_message):
                assert secret not in described

    assert len(groups) > 1
    assert [answers for answers in groups.values() if len(answers) != 1] == []


# ---- what is not published, and caches ----


def test_an_edit_that_nobody_published_changes_no_byte(client: Client, db: None) -> None:
    """Not of a body, a header or an entity tag; nor does a flag, a review or a new code."""
    before = [(response.content, dict(response.items())) for response in map(client.get, PUBLIC)]
    for field in ("title", "customer_message", "merchant_action", "resolution"):
        Message.objects.update(**{field: "Draft"})
    Runbook.objects.update(impact="Draft")
    FlagFactory(text="Draft")
    Category.objects.update(name="Draft", owner="Draft", escalation="Draft")
    ErrorCode.objects.update(severity="critical", provider_message="Draft")
    ErrorCode.objects.create(code="7777", name="DRAFT", category=Category.objects.all()[0])
    snapshot.refresh()

    after = [(response.content, dict(response.items())) for response in map(client.get, PUBLIC)]

    assert after == before
    assert client.get("/errors/7777/").status_code == client.get("/api/errors/7777/").status_code == 404


@pytest.mark.usefixtures("warm")
def test_djangos_cache_poisons_no_page(settings: Settings) -> None:
    """A host caches whole pages: each reader gets the own language and form, after staff, and after forged headers."""
    settings.MIDDLEWARE = [
        "django.middleware.cache.UpdateCacheMiddleware",
        *settings.MIDDLEWARE,
        "django.middleware.cache.FetchFromCacheMiddleware",
    ]
    settings.ALLOWED_HOSTS = ["*"]
    cache.clear()
    staff = client_of(UserFactory(permissions=("view_runbook",)))
    poison = {
        "X-Forwarded-Host": "evil.example",
        "X-Original-URL": "/errors/1001/",
        "X-Forwarded-Prefix": "//evil.example",
    }
    try:
        for _round in range(2):
            for who, headers in (
                (staff, {"accept-language": "de"}),
                (Client(), {"accept-language": "zh-hans", **poison}),
                (Client(), {"accept-language": "en"}),
                (Client(), {"accept-language": "en", "accept": "application/json"}),
                (Client(), {"accept-language": "fr;q=0, ar"}),
            ):
                for path in ("/errors/1007/", "/api/errors/1007/"):
                    response = who.get(path, headers=headers)
                    wanted = headers["accept-language"].split(", ")[-1]
                    text = response.content.decode()
                    assert response["Content-Language"] == wanted
                    assert lookup.get("1007", language=wanted).customer_message[:9] in text
                    assert "evil" not in text
                    assert ("<html" in text) == (path == "/errors/1007/" and "accept" not in headers)
            assert staff.get("/errors/runbooks/1007/").status_code == 200
            assert Client().get("/errors/runbooks/1007/").status_code == 302
    finally:
        cache.clear()


@pytest.mark.usefixtures("db")
def test_no_text_of_a_request_is_a_key_that_stays() -> None:
    """Languages and tags that clients invent are not remembered without bound."""
    for text in (*EVERY, *(f"x{number}" for number in range(3_000))):
        lookup.get(text, language=text if is_sendable(text) else None)

    catalog = snapshot.current()
    assert len(catalog.tables) <= 1_000
    assert {table.language for table in catalog.tables.values()} <= set(catalog.languages)
