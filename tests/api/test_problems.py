"""A host's exceptions through our handler, beside Django REST framework's, its own and drf-standardized-errors."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.http import Http404, HttpResponse
from django.test import Client, RequestFactory, override_settings
from django.urls import path
from rest_framework import exceptions
from rest_framework.decorators import api_view
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from pts_errors import lookup
from pts_errors.api.problems import BadParameter, catalog_exception_handler, exception_handler
from pts_errors.exceptions import PTSError, raise_for_code
from pts_errors.testing import override_catalog

SECRET = "SELECT secret FROM cards"

# The exception that the host's view raises next; a list, so that a test can set it.
raised: list[Exception] = []


class PayView(APIView):
    """A host's view that calls the gateway."""

    def get_exception_handler(self) -> Any:
        """Return ours, as the host's setting would."""
        return exception_handler

    def post(self, request: Request) -> Response:
        """Raise what the test wants."""
        raise raised.pop()


class ClosedView(PayView):
    """A host's view for who is logged in."""

    permission_classes = [IsAuthenticated]


@api_view(["POST"])
def pay_plainly(request: Request) -> Response:
    """Raise in a function, under the host's settings."""
    raise raised.pop()


urlpatterns = [
    path("pay/", PayView.as_view()),
    path("closed/", ClosedView.as_view()),
    path("plain/", pay_plainly),
]

pytestmark = pytest.mark.urls("tests.api.test_problems")


def host_handler(exc: Exception, context: dict[str, Any]) -> Response | None:
    """Stand for the handler that a host had before."""
    return Response({"host": type(exc).__name__}, status=418)


@pytest.fixture(autouse=True)
def forgotten(packaged: None) -> Iterator[None]:
    """Serve the packaged catalog, and forget what was not raised."""
    yield
    raised.clear()


def post(exc: Exception, url: str = "/pay/", **headers: str) -> Any:
    """Return the host's answer to a payment that ends in this exception."""
    raised.append(exc)
    return Client(raise_request_exception=False).post(url, headers=headers)


# ---- A PTSError ----


def test_an_error_of_the_gateway_becomes_problem_details() -> None:
    """Status, media type, and headers are those of the problem."""
    with override_catalog({"8001": {"retry_advice": "retry_later", "retry_after": 60, "http_status": 503}}):
        response = post(PTSError("8001", reference="A-77"))

    body = response.json()
    assert (response.status_code, response["Content-Type"]) == (503, "application/problem+json")
    assert (body["code"], body["status"], body["reference"]) == ("8001", 503, "A-77")
    assert (response["Retry-After"], response["Cache-Control"]) == ("60", "no-store")


def test_the_gateways_json_ends_as_problem_details() -> None:
    """The whole way, from what the gateway said."""
    with pytest.raises(PTSError) as caught:
        raise_for_code({"code": 1003, "message": "Duplicate order id", "data": {"order_id": "A-77"}})

    response = post(caught.value)

    assert (response.json()["code"], response.json()["reference"]) == ("1003", "A-77")


def test_a_customer_sees_nothing_of_a_hidden_code() -> None:
    """Neither number, name, page nor the gateway's words; and no 401, which would be ours."""
    response = post(PTSError("1010"))

    assert response.status_code == 500
    assert "WWW-Authenticate" not in response
    for word in ("1010", "SIGNATURE", "ignature", "provider_message", '"code"', '"name"', "errors/"):
        assert word not in response.content.decode()


@override_settings(PTS_ERRORS_PROBLEM_AUDIENCE="integrator")
@override_catalog()
def test_an_integrator_sees_the_gateways_words() -> None:
    """The same exception, another audience."""
    response = post(PTSError("1010"))

    assert (response.status_code, response.json()["provider_message"]) == (401, "Signature check failed")


@pytest.mark.parametrize("language", ["ar", "zh-hans", "de"])
def test_it_is_written_in_the_language_of_the_request(language: str) -> None:
    """As Django activated it."""
    response = post(PTSError("1003"), **{"Accept-Language": language})

    assert response["Content-Language"] == language
    assert response.json()["detail"] == str(lookup.get("1003", language=language))


@pytest.mark.parametrize("accept", ["application/json", "text/html", "application/xml", "*/*"])
def test_it_is_json_whatever_renderers_the_view_has(accept: str) -> None:
    """The media type says so."""
    raised.append(PTSError("1003"))

    response = Client(raise_request_exception=False).post("/pay/", headers={"Accept": accept})

    if response.status_code == 409:
        assert json.loads(response.content)["code"] == "1003"
    else:
        assert response.status_code == 406  # the host's own view cannot answer this client at all


@pytest.mark.django_db
def test_the_hosts_transaction_is_rolled_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """As for every other exception in Django REST framework."""
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)

    exception_handler(PTSError("1003"), {})

    assert transaction.get_rollback()
    transaction.set_rollback(False)


# ---- Everything else ----

HANDLERS = [
    "rest_framework.views.exception_handler",
    "drf_standardized_errors.handler.exception_handler",
    "tests.api.test_problems.host_handler",
]


@pytest.mark.parametrize("handler", HANDLERS)
def test_a_gateway_error_is_ours_whatever_the_host_has(handler: str) -> None:
    """The host's handler never sees it."""
    with override_settings(PTS_ERRORS_EXCEPTION_HANDLER=handler), override_catalog():
        response = post(PTSError("1003"))

    assert (response.status_code, response["Content-Type"]) == (409, "application/problem+json")


@pytest.mark.parametrize("handler", HANDLERS)
@pytest.mark.parametrize(
    "exc",
    [exceptions.ValidationError({"amount": ["Too much."]}), exceptions.NotFound(), Http404(), PermissionDenied()],
    ids=lambda exc: type(exc).__name__,
)
def test_every_other_exception_is_the_hosts(handler: str, exc: Exception) -> None:
    """Byte by byte what the host's handler alone would answer."""
    with pytest.MonkeyPatch.context() as patch:
        module, name = handler.rsplit(".", 1)
        patch.setattr(PayView, "get_exception_handler", lambda self: getattr(__import__(module, fromlist=[name]), name))
        alone = post(exc)

    with override_settings(PTS_ERRORS_EXCEPTION_HANDLER=handler), override_catalog():
        composed = post(exc)

    assert (composed.status_code, composed.content) == (alone.status_code, alone.content)
    assert composed["Content-Type"] == alone["Content-Type"] == "application/json"


def test_the_hosts_authentication_keeps_its_answer() -> None:
    """Django REST framework decides on 401 or 403 before it calls the handler."""
    response = Client().post("/closed/")

    assert (response.status_code, response["Content-Type"]) == (403, "application/json")


@pytest.mark.parametrize("handler", [*HANDLERS[:2], None])
@pytest.mark.parametrize("url", ["/pay/", "/plain/"])
def test_the_text_of_a_foreign_exception_is_never_shown(handler: str | None, url: str) -> None:
    """Neither its words nor a stack trace, with DEBUG off."""
    chosen = {"PTS_ERRORS_EXCEPTION_HANDLER": handler} if handler else {}
    with override_settings(DEBUG=False, **chosen), override_catalog():
        response = post(RuntimeError(SECRET), url)

    assert response.status_code == 500
    for word in (b"SELECT", b"secret", b"RuntimeError", b"Traceback", b".py"):
        assert word not in response.content


def test_the_cause_of_a_gateway_error_is_never_shown() -> None:
    """An exception may carry another one."""
    exc = PTSError("9999")
    exc.__cause__ = RuntimeError(SECRET)

    assert b"SELECT" not in post(exc).content


# ---- The catalog's own API ----


@pytest.mark.parametrize(
    ("exc", "status", "detail"),
    [
        (exceptions.NotFound("Here is nothing."), 404, "Here is nothing."),
        (exceptions.ValidationError([["One.", "Two."]]), 400, "One."),
        (exceptions.AuthenticationFailed({"code": "expired", "messages": [{"a": "b"}]}), 401, "expired"),
        (exceptions.ValidationError([]), 400, "Invalid input."),
        (Http404(SECRET), 404, "Not found."),
        (PermissionDenied(SECRET), 403, "You do not have permission to perform this action."),
        (BadParameter("since", "a number"), 400, "The parameter “since” is invalid. It must be a number."),
    ],
)
def test_an_exception_in_the_catalogs_api_is_a_problem(exc: Exception, status: int, detail: str) -> None:
    """One sentence, however the exception nests it."""
    response = catalog_exception_handler(exc, {})

    assert isinstance(response, HttpResponse)
    body = json.loads(response.content)
    assert (response.status_code, body["status"], body["detail"]) == (status, status, detail)
    assert (body["type"], response["Cache-Control"]) == ("about:blank", "no-store")


def test_a_foreign_exception_in_the_catalogs_api_is_djangos() -> None:
    """A bug is reported as every other one is."""
    assert catalog_exception_handler(RuntimeError(SECRET), {}) is None


def test_a_request_can_be_made_of_it() -> None:
    """The view's own request stays usable after the answer."""
    raised.append(PTSError("1003"))

    response = PayView.as_view()(RequestFactory().post("/"))

    assert response.status_code == 409
