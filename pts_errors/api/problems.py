"""Exceptions as problem details (RFC 9457), in a host's API and in this one."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, JsonResponse
from django.utils.module_loading import import_string
from rest_framework import exceptions, status
from rest_framework.views import set_rollback

from pts_errors import problem
from pts_errors.conf import conf
from pts_errors.exceptions import PTSError


class BadParameter(exceptions.ValidationError):
    """A parameter of the query has a value that it cannot have."""

    def __init__(self, name: str, legal: str) -> None:
        """Take the parameter's name and what would be legal."""
        super().__init__(f"The parameter “{name}” must be {legal}.")
        self.parameter = name
        self.legal = legal


class Gone(exceptions.APIException):
    """The client asks for changes since a revision that is not there, or not any more."""

    status_code = status.HTTP_410_GONE
    default_detail = "There is no such revision any more: load the whole catalog again, without “since”."


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
    return respond(described.status, described.body, described.headers)


def catalog_exception_handler(exc: Exception, context: dict[str, Any]) -> HttpResponse | None:
    """Answer what goes wrong in the catalog's own API as problem details; it reads no host setting."""
    if isinstance(exc, Http404):
        exc = exceptions.NotFound()
    elif isinstance(exc, PermissionDenied):
        exc = exceptions.PermissionDenied()
    if not isinstance(exc, exceptions.APIException):
        return None
    set_rollback()
    detail = exc.detail[0] if isinstance(exc.detail, list) else exc.detail
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(exc.status_code).phrase,
        "status": exc.status_code,
        "detail": str(detail),
    }
    if isinstance(exc, BadParameter):
        body |= {"title": "Invalid parameter", "parameter": exc.parameter, "legal": exc.legal}
    headers = {"Cache-Control": "no-store"}
    if (challenge := getattr(exc, "auth_header", None)) is not None:
        headers["WWW-Authenticate"] = challenge
    if (wait := getattr(exc, "wait", None)) is not None:
        headers["Retry-After"] = str(int(wait))
    return respond(exc.status_code, body, headers)


def respond(status_code: int, body: dict[str, Any], headers: dict[str, str]) -> HttpResponse:
    """Return the answer; as JSON whatever renderers the view has, because that is what the media type says."""
    return JsonResponse(
        body,
        status=status_code,
        headers=headers,
        content_type=problem.CONTENT_TYPE,
        json_dumps_params={"ensure_ascii": False},
    )
