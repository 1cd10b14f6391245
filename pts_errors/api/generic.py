"""The base of the API's views: permissions, content negotiation, answers and caching."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from types import SimpleNamespace
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.module_loading import import_string
from rest_framework import authentication, exceptions, renderers, viewsets
from rest_framework.metadata import SimpleMetadata
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from pts_errors.answers import PRIVATE, Answer
from pts_errors.api.problems import PreconditionFailed, catalog_exception_handler
from pts_errors.conf import conf
from pts_errors.values.catalog import Catalog

_OPEN = ("rest_framework.permissions.AllowAny",)
# Requests without these headers are anonymous to Django REST framework's stock authenticators.
_CREDENTIALS = {"HTTP_COOKIE", "HTTP_AUTHORIZATION"}
_STOCK_AUTHENTICATORS = {
    authentication.BasicAuthentication,
    authentication.SessionAuthentication,
    authentication.TokenAuthentication,
}
_PLAIN_ACCEPTS = {"*/*", "application/json", "application/json, */*"}


class HasPermission(BasePermission):
    """Admits users who are logged in and have one permission of this app."""

    def __init__(self, codename: str) -> None:
        self.codename = codename

    def has_permission(self, request: Request, view: Any) -> bool:
        return _is_known(request) and request.user.has_perm(f"pts_errors.{self.codename}")


class Negotiation(DefaultContentNegotiation):
    """Chooses by the Accept header alone; ``format`` is ignored as any unknown parameter is."""

    settings: Any = SimpleNamespace(URL_FORMAT_OVERRIDE=None)


class CatalogView(APIView):
    """The base of all views: read-only JSON, problem details, and headers for caches.

    It overrides all that a host's ``REST_FRAMEWORK`` could change, except authentication and throttling.
    """

    http_method_names = ["get", "head", "options"]
    renderer_classes = [renderers.JSONRenderer]
    parser_classes = []
    content_negotiation_class = Negotiation
    metadata_class = SimpleMetadata
    versioning_class = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuse an unsupported method first, before authentication and permissions."""
        if str(request.method).lower() not in self.http_method_names:
            raise exceptions.MethodNotAllowed(str(request.method))
        super().initial(request, *args, **kwargs)

    def get_permissions(self) -> list[Any]:
        """Return the permissions that the host chose for the public part."""
        return [import_string(path)() for path in conf.API_PERMISSION_CLASSES]

    def get_exception_handler(self) -> Callable[..., Any]:
        """Return the handler that answers with problem details."""
        return catalog_exception_handler

    def respond(self, request: Request, answer: Answer) -> HttpResponse:
        """Return an answer of the public part, or 304 if the client has it.

        Raises:
            PreconditionFailed: the request's conditions are not met.
        """
        response = answer.respond(request._request, is_public=is_open() and not _is_known(request))
        if response.status_code == HTTPStatus.PRECONDITION_FAILED:
            raise PreconditionFailed
        return response

    def respond_to_staff(self, data: object) -> HttpResponse:
        """Return JSON that no cache may store."""
        return HttpResponse(to_json(data), content_type="application/json", headers=PRIVATE)


class CatalogViewSet(viewsets.ViewSetMixin, CatalogView):
    """The base of viewsets: a list, and its items one by one."""

    lookup_value_regex = "[^/]+"


def is_open() -> bool:
    """Return whether the host lets everyone read the public part."""
    return tuple(conf.API_PERMISSION_CLASSES) == _OPEN


def is_plain(request: HttpRequest, view: APIView, catalog: Catalog) -> bool:
    """Return whether the request is anonymous and needs no permission check.

    This holds only for Django REST framework's stock authenticators, without throttles, in a catalog open to everybody.
    All other requests go through the framework, which checks what the host configured.
    """
    sent = request.META
    if request.method not in ("GET", "HEAD") or not _CREDENTIALS.isdisjoint(sent):
        return False
    if view.throttle_classes or not _STOCK_AUTHENTICATORS.issuperset(view.authentication_classes):
        return False
    if sent.get("HTTP_ACCEPT", "*/*") not in _PLAIN_ACCEPTS:
        return False
    open_to_all: bool | None = catalog.derived.get(is_open)
    if open_to_all is None:  # changed settings make a new catalog
        open_to_all = catalog.derived[is_open] = is_open()
    return open_to_all


def to_json(data: object) -> bytes:
    rendered: bytes = renderers.JSONRenderer().render(data)
    return rendered


def _is_known(request: Request) -> bool:
    # A host without accounts may have set Django REST framework's anonymous user to None.
    return bool(getattr(request.user, "is_authenticated", False))
