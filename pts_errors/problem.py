"""An error of the gateway as RFC 9457 problem details, written for the host's audience."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.http import HttpResponse
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext, override

from pts_errors import lookup
from pts_errors.conf import conf
from pts_errors.exceptions import PTSError
from pts_errors.signals import problem_described
from pts_errors.values.catalog import LocalizedError
from pts_errors.values.entry import RetryAdvice

CONTENT_TYPE = "application/problem+json"

# The same for every code that is hidden from customers. Never 401 or 403, which would blame the customer's
# credentials, nor 502 or 503, after which some clients send the payment again.
_HIDDEN_STATUS = 500

# Statuses about the caller's credentials. The gateway checks the merchant's, not the customer's.
_CREDENTIALS = {401, 403, 407, 511}


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """The host's answer to an error of the gateway."""

    error: LocalizedError
    """Everything about the code, for the host only. The body holds what may be shown."""
    status: int
    body: dict[str, Any]
    """The members of the JSON object."""
    headers: dict[str, str]

    @property
    def title(self) -> str:
        """The body's title."""
        return str(self.body["title"])


def describe(error: PTSError, *, language: str | None = None) -> Problem:
    """Return the problem details of an error in this language or the active one.

    ``PTS_ERRORS_PROBLEM_AUDIENCE`` decides how much is shown. For customers, a code that is not revealed gets a general
    title and status, without code, name, page or the gateway's own message. Sends
    `pts_errors.signals.problem_described`.
    """
    found = lookup.get(error.code, language=language)
    is_open = conf.PROBLEM_AUDIENCE == "integrator" or (found.is_known and found.reveal_to_customer)
    body = _open(found) if is_open else _hidden(found)
    if error.reference is not None:
        body["reference"] = str(error.reference)
    headers = {"Content-Language": found.language, "Cache-Control": "no-store"}
    wait = error.retry_after if error.retry_after is not None else found.retry_after
    # Not for a hidden code: the header would reveal the kind of fault.
    if is_open and found.retry_advice == RetryAdvice.RETRY_LATER and wait is not None:
        headers["Retry-After"] = str(wait)
    problem_described.send_robust(
        sender=PTSError,
        # Unknown codes are left out: as labels of a metric they would grow without limit.
        code=found.code if found.is_known else "",
        outcome=str(found.outcome),
        retry_advice=str(found.retry_advice),
        status=body["status"],
    )
    return Problem(error=found, status=body["status"], body=body, headers=headers)


def respond(status: int, body: Mapping[str, Any], headers: Mapping[str, str]) -> HttpResponse:
    """Return problem details as a response: always JSON, whatever the client accepts."""
    text = json.dumps(body, ensure_ascii=False, cls=DjangoJSONEncoder)
    # A reference from the gateway's JSON may hold a lone surrogate, which UTF-8 cannot encode.
    content = text.encode("utf-8", "replace")
    return HttpResponse(content, status=status, headers=dict(headers), content_type=CONTENT_TYPE)


def _open(error: LocalizedError) -> dict[str, Any]:
    body = {
        "type": _page(error),
        "title": error.title,
        "status": _status(error),
        "detail": error.customer_message,
        "code": error.code,
        "name": error.name,
        "outcome": str(error.outcome),
        "retry_advice": str(error.retry_advice),
    }
    if conf.PROBLEM_AUDIENCE == "integrator":
        body["provider_message"] = error.provider_message
        body["merchant_action"] = error.merchant_action
        body["responsible_party"] = str(error.responsible_party)
    return body


def _hidden(error: LocalizedError) -> dict[str, Any]:
    with override(error.language):
        title = gettext("Request not completed")
    return {
        "type": "about:blank",
        "title": title,
        "status": _HIDDEN_STATUS,
        "detail": error.customer_message,
        "outcome": str(error.outcome),
        # The same for every hidden code, so that it does not reveal which check failed. It suits all of them.
        "retry_advice": str(RetryAdvice.CHECK_STATUS_FIRST),
    }


def _status(error: LocalizedError) -> int:
    # An exception means failure, even if the catalog says that the code is not an error.
    if error.http_status < 400:
        return _HIDDEN_STATUS
    if conf.PROBLEM_AUDIENCE != "integrator" and error.http_status in _CREDENTIALS:
        return _HIDDEN_STATUS
    return error.http_status


def _page(error: LocalizedError) -> str:
    """Return the address of the code's page, without the Host header, which a client can forge."""
    if not error.is_known:
        return "about:blank"
    try:
        return conf.BASE_URL + reverse("pts_errors:error", kwargs={"code": error.code})
    except NoReverseMatch:
        return "about:blank"
