"""How the API and the pages answer over HTTP: language, validators and headers for caches."""

from __future__ import annotations

import gzip
import hashlib
import re
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.utils.cache import get_conditional_response
from django.utils.functional import cached_property
from django.utils.http import parse_etags
from django.utils.translation.trans_real import parse_accept_lang_header

from pts_errors.conf import conf
from pts_errors.values import languages
from pts_errors.values.catalog import Catalog

VARY = ("Accept-Language", "Accept", "Cookie", "Authorization")
"""The request headers that answers depend on. Authorization, because some caches share authenticated answers."""

PRIVATE = {"Cache-Control": "private, no-store", "Vary": ", ".join(VARY)}
"""The headers of an answer that no cache may store."""

# Proxies that compress an answer mark its ETag, as Apache does, and leave the mark in later requests.
_ON_THE_WAY = re.compile(r'\AW/|(?:-gzip|-br|-zstd)+(?="\Z)')
# Compressing a shorter body saves less than the header costs.
_COMPRESS_FROM = 200
_REFUSED_GZIP = re.compile(r"(?:gzip|\*)\s*;\s*q=0(?:\.0{0,3})?\s*(?:,|$)")
_CONDITIONS = {"HTTP_IF_MATCH", "HTTP_IF_NONE_MATCH", "HTTP_IF_MODIFIED_SINCE", "HTTP_IF_UNMODIFIED_SINCE"}
_OF_304 = ("Cache-Control", "ETag", "Vary", "Content-Language")
# Enough for browsers and programs. Further headers are parsed on every request.
_MAX_HEADERS = 1000
_HEADER_LENGTH = 200


class Answer:
    """A public answer, made once and sent often."""

    def __init__(self, body: bytes, *, catalog: Catalog, language: str, content_type: str = "application/json") -> None:
        self.body = body
        fingerprint = hashlib.sha256(content_type.encode() + body).hexdigest()[:8]
        self._headers = {
            "Content-Type": content_type,
            "Cache-Control": control(),
            "ETag": etag(catalog, language, fingerprint),
            "Vary": f"{PRIVATE['Vary']}, Accept-Encoding",
            "Content-Language": language,
        }

    def respond(self, request: HttpRequest, *, is_public: bool = True) -> HttpResponse:
        """Return the answer to a request; 304 or 412 if its conditions require that.

        A public answer is compressed here, once for all clients that accept it. It holds no secret that its length
        could reveal.
        """
        if not is_public:
            body, headers = self.body, self._headers | PRIVATE
        elif len(self.body) >= _COMPRESS_FROM and _takes_gzip(request):
            body, headers = self._compressed
        else:
            body, headers = self.body, self._headers
        sent = request.META
        if _CONDITIONS.isdisjoint(sent):
            return HttpResponse(body, headers=headers)
        if sent.get("HTTP_IF_NONE_MATCH") != headers["ETag"] or "HTTP_IF_MATCH" in sent:
            response = condition(request, HttpResponse(body, headers=headers))
            if response.status_code != HTTPStatus.NOT_MODIFIED:
                return response
        return HttpResponseNotModified(headers={name: headers[name] for name in _OF_304})

    @cached_property
    def _compressed(self) -> tuple[bytes, dict[str, str]]:
        etag = f'{self._headers["ETag"][:-1]}-gzip"'
        return gzip.compress(self.body, mtime=0), {**self._headers, "ETag": etag, "Content-Encoding": "gzip"}


def control() -> str:
    """Return the Cache-Control of a public answer."""
    shared = f"s-maxage={conf.SHARED_MAX_AGE}, " if conf.SHARED_MAX_AGE else ""
    return f"public, max-age=0, {shared}must-revalidate"


def etag(catalog: Catalog, language: str, fingerprint: str) -> str:
    """Return the strong validator of an answer.

    The fingerprint covers the bytes: a setting or a newer package changes them without a new revision.
    """
    return f'"{catalog.number}-{catalog.digest[:8]}-{language}-{fingerprint}"'


def condition(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Return the response to a request, or 304 or 412 if its conditions require that."""
    etag = response.headers["ETag"]
    if "HTTP_IF_MATCH" not in request.META:
        sent = parse_etags(request.META.get("HTTP_IF_NONE_MATCH", ""))
        etag = next((tag for tag in sent if _ON_THE_WAY.sub("", tag) == _ON_THE_WAY.sub("", etag)), etag)
    return get_conditional_response(request, etag, response=response) or response


def negotiate(request: HttpRequest, catalog: Catalog) -> str:
    """Return the catalog's language for the Accept-Language header."""
    header = request.META.get("HTTP_ACCEPT_LANGUAGE", "")
    known: dict[str, str] | None = catalog.derived.get(negotiate)
    if known is None:
        known = catalog.derived.setdefault(negotiate, {})
    language = known.get(header)
    if language is None:
        # Django's parser limits the header's length and its own cache.
        preferred = [tag for tag, quality in parse_accept_lang_header(header) if quality > 0]
        language = languages.negotiate(preferred, catalog.languages, catalog.source_language)
        if len(known) < _MAX_HEADERS and len(header) <= _HEADER_LENGTH:
            known[header] = language
    return language


def preferred_type(request: HttpRequest, offered: list[str]) -> str | None:
    """Return the media type that the client prefers, or None if it accepts none of these."""
    try:
        return request.get_preferred_type(offered)
    except ValueError:  # Django refuses very long media types
        return None


def _takes_gzip(request: HttpRequest) -> bool:
    accepted = request.META.get("HTTP_ACCEPT_ENCODING", "")
    return "gzip" in accepted and _REFUSED_GZIP.search(accepted) is None
