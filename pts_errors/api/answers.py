"""Answers of the public part: made once, sent often, and to plain requests before anything else is thought about."""

from __future__ import annotations

import gzip
import hashlib
import re
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.utils.functional import cached_property
from rest_framework import authentication
from rest_framework.views import APIView

from pts_errors import caching
from pts_errors.catalog import Catalog
from pts_errors.conf import conf

VARY = ", ".join(caching.VARY)
_OPEN = ("rest_framework.permissions.AllowAny",)
# Less would not become shorter by more than the header's length.
_COMPRESS_FROM = 200
_REFUSED_GZIP = re.compile(r"(?:gzip|\*)\s*;\s*q=0(?:\.0{0,3})?\s*(?:,|$)")
_CONDITIONS = {"HTTP_IF_MATCH", "HTTP_IF_NONE_MATCH", "HTTP_IF_MODIFIED_SINCE", "HTTP_IF_UNMODIFIED_SINCE"}
_OF_304 = ("Cache-Control", "ETag", "Vary", "Content-Language")
# Whoever sends none of these is nobody to the classes below, and is refused by none of them.
_TELLING = {"HTTP_COOKIE", "HTTP_AUTHORIZATION"}
_KNOWING = {
    authentication.BasicAuthentication,
    authentication.SessionAuthentication,
    authentication.TokenAuthentication,
}
_PLAIN_ACCEPTS = {"*/*", "application/json", "application/json, */*"}


class Answer:
    """JSON of the public part, made once and sent often."""

    def __init__(self, body: bytes, *, catalog: Catalog, language: str, content_type: str = "application/json") -> None:
        """Take the body, and what its tag is made of."""
        self.body = body
        # The revision alone would not change when a setting or a newer package makes other bytes of the same texts.
        fingerprint = hashlib.sha256(content_type.encode() + body).hexdigest()[:8]
        self._headers = {
            "Content-Type": content_type,
            "Cache-Control": caching.control(),
            "ETag": f'"{catalog.number}-{catalog.digest[:8]}-{language}-{fingerprint}"',
            "Vary": f"{VARY}, Accept-Encoding",
            "Content-Language": language,
        }

    def respond(self, request: HttpRequest, *, is_public: bool = True) -> HttpResponse:
        """Return the answer to a request; 304 or 412 where the client's conditions say so.

        A public answer is compressed here, once for all, if the client takes that. There is nothing secret in it that
        its length could tell.
        """
        if not is_public:
            body, headers = self.body, {**self._headers, "Cache-Control": "private, no-store", "Vary": VARY}
        elif len(self.body) >= _COMPRESS_FROM and _takes_gzip(request):
            body, headers = self._compressed
        else:
            body, headers = self.body, self._headers
        sent = request.META
        if _CONDITIONS.isdisjoint(sent):
            return HttpResponse(body, headers=headers)
        if sent.get("HTTP_IF_NONE_MATCH") != headers["ETag"] or "HTTP_IF_MATCH" in sent:
            response = caching.condition(request, HttpResponse(body, headers=headers))
            if response.status_code != HTTPStatus.NOT_MODIFIED:
                return response
        return HttpResponseNotModified(headers={name: headers[name] for name in _OF_304})

    @cached_property
    def _compressed(self) -> tuple[bytes, dict[str, str]]:
        etag = f'{self._headers["ETag"][:-1]}-gzip"'
        return gzip.compress(self.body, mtime=0), {**self._headers, "ETag": etag, "Content-Encoding": "gzip"}


def is_open() -> bool:
    """Return whether the host lets everybody read the public part."""
    return tuple(conf.API_PERMISSION_CLASSES) == _OPEN


def is_plain(request: HttpRequest, view: APIView, catalog: Catalog) -> bool:
    """Return whether nobody could be known by this request, and nothing of it could be refused.

    Authentication, throttles and permissions that the host configured are asked in their own way, so a view that has
    others than Django REST framework's usual ones gets no plain request.
    """
    sent = request.META
    if request.method not in ("GET", "HEAD") or not _TELLING.isdisjoint(sent):
        return False
    if view.throttle_classes or not _KNOWING.issuperset(view.authentication_classes):
        return False
    if sent.get("HTTP_ACCEPT", "*/*") not in _PLAIN_ACCEPTS:
        return False
    open_to_all: bool | None = catalog.derived.get(is_open)
    if open_to_all is None:  # a catalog is made anew when a test changes a setting
        open_to_all = catalog.derived[is_open] = is_open()
    return open_to_all


def _takes_gzip(request: HttpRequest) -> bool:
    accepted = request.META.get("HTTP_ACCEPT_ENCODING", "")
    return "gzip" in accepted and _REFUSED_GZIP.search(accepted) is None
