"""An error of the gateway as RFC 9457 problem details, written for the audience that the host has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext, override

from pts_errors import lookup
from pts_errors.catalog import LocalizedError
from pts_errors.conf import conf
from pts_errors.entry import Outcome, RetryAdvice
from pts_errors.exceptions import PTSError

CONTENT_TYPE = "application/problem+json"

# For every code that an end customer must not tell from another. Never 401 or 403, which would blame the customer's
# credentials for ours; and not 502 or 503, which some clients take as leave to send the payment once more.
_HIDDEN_STATUS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What a host answers when the gateway answered with an error."""

    error: LocalizedError
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

    ``PTS_ERRORS_PROBLEM_AUDIENCE`` decides how much is said: to a customer, a code that is not revealed has a general
    title and status, and neither code, name, page nor the gateway's own message.
    """
    found = lookup.get(error.code, language=language)
    is_open = conf.PROBLEM_AUDIENCE == "integrator" or (found.is_known and found.reveal_to_customer)
    body = _open(found) if is_open else _hidden(found)
    if error.reference is not None:
        body["reference"] = error.reference
    headers = {"Content-Language": found.language, "Cache-Control": "no-store"}
    wait = error.retry_after if error.retry_after is not None else found.retry_after
    if found.retry_advice == RetryAdvice.RETRY_LATER and wait is not None:
        headers["Retry-After"] = str(wait)
    return Problem(error=found, status=body["status"], body=body, headers=headers)


def _open(error: LocalizedError) -> dict[str, Any]:
    body = {
        "type": _page(error.code),
        "title": error.title,
        "status": error.http_status,
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
    body = {
        "type": "about:blank",
        "title": title,
        "status": _HIDDEN_STATUS,
        "detail": error.customer_message,
        "outcome": str(error.outcome),
    }
    if error.outcome == Outcome.UNKNOWN:  # other advice would tell what kind of check it was
        body["retry_advice"] = str(error.retry_advice)
    return body


def _page(code: str) -> str:
    """Return the path of the code's page. Relative, because the Host header is whatever a client says."""
    try:
        return reverse("pts_errors:error", kwargs={"code": code})
    except NoReverseMatch:
        return "about:blank"
