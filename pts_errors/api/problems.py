"""Exceptions as problem details (RFC 9457), in a host's API and in this one."""

from __future__ import annotations

import math
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import Http404, HttpResponse
from django.utils.cache import patch_vary_headers
from django.utils.module_loading import import_string
from django.utils.translation import gettext, gettext_lazy
from rest_framework import exceptions, status
from rest_framework.views import set_rollback

from pts_errors import problem
from pts_errors.answers import VARY
from pts_errors.conf import conf
from pts_errors.exceptions import PTSError


class BadParameter(exceptions.ValidationError):
    """A query parameter has an invalid value."""

    def __init__(self, name: str, legal: str) -> None:
        super().__init__(
            gettext("The parameter “%(name)s” is invalid. It must be %(legal)s.") % {"name": name, "legal": legal}
        )
        self.parameter = name
        self.legal = legal


class Gone(exceptions.APIException):
    """The client asks for changes since a revision that does not exist, or no longer exists."""

    status_code = status.HTTP_410_GONE
    default_detail = gettext_lazy("This revision no longer exists. Load the whole catalog again, without “since”.")


class PreconditionFailed(exceptions.APIException):
    """The conditions of the request, such as If-Match, are not met."""

    status_code = status.HTTP_412_PRECONDITION_FAILED
    default_detail = gettext_lazy("No answer meets the conditions of the request.")


def exception_handler(exc: Exception, context: dict[str, Any]) -> HttpResponse | None:
    """Answer a PTSError with ``application/problem+json``, and pass any other exception to the host's handler.

    For ``REST_FRAMEWORK = {"EXCEPTION_HANDLER": "pts_errors.api.problems.exception_handler"}``. The host's handler is
    the one that ``PTS_ERRORS_EXCEPTION_HANDLER`` names, by default Django REST framework's.
    """
    if not isinstance(exc, PTSError):
        response: HttpResponse | None = import_string(conf.EXCEPTION_HANDLER)(exc, context)
        return response
    set_rollback()
    described = problem.describe(exc)
    return problem.respond(described.status, described.body, described.headers)


def catalog_exception_handler(exc: Exception, context: dict[str, Any]) -> HttpResponse | None:
    """Answer exceptions of the catalog's own API with problem details, whatever the host's settings say."""
    if isinstance(exc, Http404):
        exc = exceptions.NotFound()
    elif isinstance(exc, PermissionDenied):
        exc = exceptions.PermissionDenied()
    elif isinstance(exc, SuspiciousOperation):  # such as too many parameters
        exc = exceptions.ParseError()
    if not isinstance(exc, exceptions.APIException):
        return None
    set_rollback()
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(exc.status_code).phrase,
        "status": exc.status_code,
        "detail": _sentence(exc),
    }
    if isinstance(exc, BadParameter):
        body |= {"parameter": exc.parameter, "legal": exc.legal}
    headers = {"Cache-Control": "no-store"}
    if (challenge := getattr(exc, "auth_header", None)) is not None:
        headers["WWW-Authenticate"] = challenge
    if (wait := getattr(exc, "wait", None)) is not None:
        headers["Retry-After"] = str(math.ceil(wait))
    response = problem.respond(exc.status_code, body, headers)
    patch_vary_headers(response, VARY)
    return response


def _sentence(exc: exceptions.APIException) -> str:
    """Return the message of an exception; a host's own classes may nest it in lists and dictionaries."""
    detail: Any = exc.detail
    while isinstance(detail, (list, dict)):
        values = list(detail.values()) if isinstance(detail, dict) else detail
        detail = values[0] if values else exc.default_detail
    return str(detail)
