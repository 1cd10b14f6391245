"""The pages as files, for a CDN or a day without the database: relative links, reproducible bytes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

from django.template.loader import render_to_string
from django.urls import NoReverseMatch, reverse
from django.utils import translation

from pts_errors.lint.rules import Review
from pts_errors.pages import reference, runbook
from pts_errors.pages.frame import SCRIPT, STYLESHEET, Frame, asset
from pts_errors.values.catalog import Catalog


class _Links:
    """Relative addresses, as seen from the top of the copy or from the folder of a language."""

    is_live = False
    asked_language = ""

    def __init__(self, folder: str, up: str) -> None:
        self._folder = folder
        self._up = up

    def listing(self, language: str | None = None) -> str:
        return f"{self._up}{language}/index.html" if language else "index.html"

    def error(self, code: str, language: str | None = None) -> str:
        return f"{self._up}{language}/{code}.html" if language else f"{self._folder}{code}.html"

    def permanent(self, code: str) -> str:
        try:
            return reverse("pts_errors:error", kwargs={"code": code})
        except NoReverseMatch:  # the host serves no pages but this copy
            return ""

    def asset(self, name: str) -> str:
        return self._up + PurePosixPath(name).name


def reference_assets(catalog: Catalog) -> Iterator[tuple[str, str]]:
    """Yield path and text of what the public pages share: style, script and the top-level list."""
    for name in (STYLESHEET, SCRIPT):
        yield PurePosixPath(name).name, asset(name)
    language = catalog.source_language
    with translation.override(language):
        links = _Links(folder=f"{language}/", up="")
        yield "index.html", _list(catalog, language, links)


def reference_pages(catalog: Catalog, language: str) -> Iterator[tuple[str, str]]:
    """Yield path and text of every public page in one language."""
    links = _Links(folder="", up="../")
    with translation.override(language):
        yield f"{language}/index.html", _list(catalog, language, links)
        for code in catalog.entries:
            page = reference.error_page(catalog, code, language=language, links=links)
            yield f"{language}/{code}.html", render_to_string(reference.ERROR_TEMPLATE, page)


def runbook_pages(catalog: Catalog, reviews: Mapping[str, Review]) -> Iterator[tuple[str, str]]:
    """Yield path and text of every staff page; each holds its own style and script and needs no other file."""
    language = catalog.source_language
    frame = Frame(
        language=language,
        home="index.html",
        inline_stylesheet=asset(STYLESHEET),
        inline_script=asset(SCRIPT),
        is_live=False,
        is_staff=True,
    )
    url = "{}.html".format
    with translation.override(language):
        yield "index.html", render_to_string(runbook.LIST_TEMPLATE, runbook.list_page(catalog, frame=frame, url=url))
        for code in catalog.entries:
            # Without ``now``: a file that says "three days ago" is wrong tomorrow.
            page = runbook.runbook_page(catalog, code, frame=frame, url=url, review=reviews.get(code))
            yield f"{code}.html", render_to_string(runbook.RUNBOOK_TEMPLATE, page)


def _list(catalog: Catalog, language: str, links: _Links) -> str:
    return render_to_string(reference.LIST_TEMPLATE, reference.list_page(catalog, language=language, links=links))
