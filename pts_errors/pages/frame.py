"""The frame around the content of every page: languages, addresses, style."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources

from django.utils.safestring import SafeString, mark_safe

from pts_errors.values import languages

STYLESHEET = "pts_errors/pages.css"
SCRIPT = "pts_errors/pages.js"


@dataclass(frozen=True, slots=True)
class LanguageLink:
    """The same page in one of the catalog's languages."""

    language: str
    url: str

    @property
    def name(self) -> str:
        """The language's own name."""
        return languages.name_of(self.language)

    @property
    def direction(self) -> str:
        """``"ltr"`` or ``"rtl"``."""
        return languages.direction(self.language)


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What ``pts_errors/base.html`` needs to know."""

    language: str
    home: str
    """Address of the list that the page belongs to."""
    canonical: str = ""
    """The one address of this page in this language; empty where pages have no fixed address."""
    base_url: str = ""
    """What stands before the addresses that machines keep; empty in a static copy, whose addresses are relative."""
    asked_language: str = ""
    """The language that the page's own address asks for; empty where it comes from the reader's browser."""
    languages: tuple[LanguageLink, ...] = ()
    """Empty on pages that exist in one language only."""
    stylesheet: str = ""
    script: str = ""
    inline_stylesheet: str = ""
    """The style itself, for a page that must do without any other file."""
    inline_script: str = ""
    is_live: bool = True
    """False in a static copy: no form there has anybody to answer it."""
    is_staff: bool = False

    @property
    def direction(self) -> str:
        """``"ltr"`` or ``"rtl"``."""
        return languages.direction(self.language)


@cache
def asset(name: str) -> SafeString:
    """Return the text of one of this package's static files."""
    # Nobody but this package writes these files, and neither holds a closing tag (a test says so).
    return mark_safe(resources.files("pts_errors").joinpath("static", name).read_text(encoding="utf-8"))
