"""URLs of this app, of the rivals, and of bare views that return the same bytes."""

from __future__ import annotations

import hashlib
import json
import os
from functools import cache

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.test import Client
from django.urls import include, path
from rest_framework.routers import SimpleRouter

from benchmarks.project.stock import StockViewSet
from pts_errors import snapshot


@cache
def _bytes_of(address: str, language: str) -> bytes:
    # Cached after the first call, so that the view does no work.
    return Client().get(address, headers={"accept-language": language}).content


def bare_code(request: HttpRequest) -> HttpResponse:
    """Return the bytes of one code."""
    return HttpResponse(_bytes_of("/api/errors/1005/", "de"), content_type="application/json")


def bare_list(request: HttpRequest) -> HttpResponse:
    """Return the bytes of the whole list."""
    return HttpResponse(_bytes_of("/api/errors/", "de"), content_type="application/json")


def state(request: HttpRequest) -> JsonResponse:
    """Return the state of this process: the revision, and a digest of the lists in all languages."""
    lists = [Client().get("/api/errors/", {"language": tag}).content for tag in snapshot.current().languages]
    digest = hashlib.sha256(b"".join(lists)).hexdigest()
    return JsonResponse({"process": os.getpid(), "revision": json.loads(lists[0])["revision"], "digest": digest})


_router = SimpleRouter()
_router.register("errors", StockViewSet, basename="stock")

urlpatterns = [
    path("api/", include("pts_errors.api.urls")),
    path("errors/", include("pts_errors.urls")),
    path("bare/code/", bare_code),
    path("bare/list/", bare_list),
    path("state/", state),
    path("stock/", include(_router.urls)),
]
