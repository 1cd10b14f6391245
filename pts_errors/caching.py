"""What a shared cache may keep of a public answer, and whether the client has it already."""

from __future__ import annotations

import re

from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response
from django.utils.http import parse_etags

from pts_errors.conf import conf

VARY = ("Accept-Language", "Accept", "Cookie", "Authorization")
"""What an answer depends on: Authorization, because not every cache knows that it must not share such answers."""

# Servers on the way that compress an answer write so into its tag, as Apache does, and do not take it off again.
_ON_THE_WAY = re.compile(r'\AW/|(?:-gzip|-br|-zstd)+(?="\Z)')


def control() -> str:
    """Return the Cache-Control of an answer that is the same for everybody."""
    shared = f"s-maxage={conf.SHARED_MAX_AGE}, " if conf.SHARED_MAX_AGE else ""
    return f"public, max-age=0, {shared}must-revalidate"


def condition(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Return the response to a request, or 304 or 412 where the client's conditions say so."""
    etag = response.headers["ETag"]
    if "HTTP_IF_MATCH" not in request.META:
        sent = parse_etags(request.META.get("HTTP_IF_NONE_MATCH", ""))
        etag = next((tag for tag in sent if _ON_THE_WAY.sub("", tag) == _ON_THE_WAY.sub("", etag)), etag)
    return get_conditional_response(request, etag, response=response) or response
