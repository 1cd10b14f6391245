"""Views of the public pages: the same for all readers of a language, so that shared caches may store them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.functional import lazy

from pts_errors import answers, snapshot
from pts_errors.pages import reference, search
from pts_errors.values import languages
from pts_errors.values.catalog import Catalog

_MEDIA_TYPES = {"html": "text/html", "md": "text/markdown", "json": "application/json"}

# Only HTML needs the addresses of static files, and a host may not have collected them.
_static = lazy(static, str)


class _Links:
    """Addresses of the views; the language of the request's own address is carried over."""

    is_live = True

    def __init__(self, asked: str) -> None:
        self.asked_language = asked

    def listing(self, language: str | None = None) -> str:
        return reverse("pts_errors:errors") + self._query(language)

    def error(self, code: str, language: str | None = None) -> str:
        return self.permanent(code) + self._query(language)

    def permanent(self, code: str) -> str:
        return reverse("pts_errors:error", kwargs={"code": code})

    def asset(self, name: str) -> str:
        return _static(name)

    def _query(self, language: str | None) -> str:
        language = language or self.asked_language
        return "?" + urlencode({"language": language}) if language else ""


def errors(request: HttpRequest) -> HttpResponse:
    """Show the list of codes, filtered by ``?q=``; redirect to a code's page if the text means that code only."""

    def answer(catalog: Catalog, language: str, links: _Links) -> HttpResponse:
        query = request.GET.get("q", "")
        if code := search.read(catalog, query).single(catalog.entries):
            return HttpResponseRedirect(links.error(code))
        page = reference.list_page(catalog, language=language, links=links, query=query)
        return render(request, reference.LIST_TEMPLATE, page)

    return _serve(request, answer)


def error(request: HttpRequest, code: str, suffix: str = "") -> HttpResponse:
    """Show one code as a page, Markdown or JSON: by the suffix of the address, or else by the Accept header."""
    form = suffix or _preferred(request)

    def answer(catalog: Catalog, language: str, links: _Links) -> HttpResponse:
        if not form:
            accepted = ", ".join(_MEDIA_TYPES.values())
            return HttpResponse(f"This page is available as {accepted}.\n", status=406, content_type="text/plain")
        is_known = code in catalog.entries
        status = 200 if is_known else 404
        if form == "html":
            template = reference.ERROR_TEMPLATE if is_known else reference.UNKNOWN_TEMPLATE
            make_page = reference.error_page if is_known else reference.unknown_page
            return render(request, template, make_page(catalog, code, language=language, links=links), status=status)
        if form == "md":
            text = reference.as_markdown(catalog, code, language=language)
        else:
            text = reference.as_json(catalog, code, language=language, links=links)
        return HttpResponse(text, status=status, content_type=f"{_MEDIA_TYPES[form]}; charset=utf-8")

    return _serve(request, answer)


def _cache_control(request: HttpRequest, status: int) -> str:
    # Our templates do not use the session, but a host's base template that greets its user does.
    if getattr(getattr(request, "session", None), "accessed", False):
        return "private, max-age=0, must-revalidate"
    return answers.control() if status in (200, 304) else "public, max-age=0, must-revalidate"


def _preferred(request: HttpRequest) -> str:
    preferred = answers.preferred_type(request, list(_MEDIA_TYPES.values()))
    return next((form for form, media_type in _MEDIA_TYPES.items() if media_type == preferred), "")


def _serve(request: HttpRequest, answer: Callable[[Catalog, str, _Links], HttpResponse]) -> HttpResponse:
    """Return the answer in the reader's language, or 304 if the client has it, with the headers for caches."""
    if request.method not in ("GET", "HEAD"):
        return HttpResponseNotAllowed(["GET", "HEAD"])
    catalog = snapshot.current()
    asked = languages.match(request.GET.get("language", ""), catalog.languages) or ""
    language = asked or answers.negotiate(request, catalog)
    with translation.override(language):
        response = answer(catalog, language, _Links(asked))
    if response.status_code == 200:
        fingerprint = hashlib.sha256(response.content).hexdigest()[:16]
        response.headers["ETag"] = answers.etag(catalog, language, fingerprint)
        response = answers.condition(request, response)
    response.headers["Content-Language"] = language
    response.headers["Cache-Control"] = _cache_control(request, response.status_code)
    response.headers["X-Content-Type-Options"] = "nosniff"
    patch_vary_headers(response, answers.VARY)
    return response
