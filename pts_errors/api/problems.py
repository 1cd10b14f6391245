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
    """A parameter of the query has a value that it cannot have."""

    def __init__(self, name: str, legal: str) -> None:
        """Take the parameter's name and what would be legal."""
        super().__init__(
            gettext("The parameter “%(name)s” is wrong. It must be %(legal)s.") % {"name": name, "legal": legal}
        )
        self.parameter = name
        self.legal = legal


class Gone(exceptions.APIException):
    """The client asks for changes since a revision that is not there, or not any more."""

    status_code = status.HTTP_410_GONE
    default_detail = gettext_lazy("There is no such revision any more. Load the whole catalog again, without “since”.")


class PreconditionFailed(exceptions.APIException):
    """The client wants an answer only if it is another one than there is."""

    status_code = status.HTTP_412_PRECONDITION_FAILED
    default_detail = gettext_lazy("There is no answer that meets the conditions of the request.")


def exception_handler(exc: Exception, context: dict[str, Any]) -> HttpResponse | None:
    """Answer a PTSError as ``application/problem+json``; everything else is the host's own handler's.

    For ``REST_FRAMEWORK = {"EXCEPTION_HANDLER": "pts_errors.api.problems.exception_handler"}``. The host's own handler
    is named by ``PTS_ERRORS_EXCEPTION_HANDLER``; Django REST framework's, when it is not set.
    """
    if not isinstance(exc, PTSError):
        response: HttpResponse | None = import_string(conf.EXCEPTION_HANDLER)(exc, context)
        return response
    set_rollback()
    described = problem.describe(exc)
    return problem.respond(described.status, described.body, described.headers)


def catalog_exception_handler(exc: Exception, context: dict[str, Any]) -> HttpResponse | None:
    """Answer what goes wrong in the catalog's own API as problem details; it reads no host setting."""
    if isinstance(exc, Http404):
        exc = exceptions.NotFound()
    elif isinstance(exc, PermissionDenied):
        exc = exceptions.PermissionDenied()
    elif isinstance(exc, SuspiciousOperation):  # such as a thousand parameters
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
    """Return what an exception says; a host's own classes may say it in lists and dictionaries."""
    detail: Any = exc.detail
    while isinstance(detail, (list, dict)):
        values = list(detail.values()) if isinstance(detail, dict) else detail
        detail = values[0] if values else exc.default_detail
    return str(detail)
