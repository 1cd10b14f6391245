"""What surrounds the content of every page: languages, addresses, style."""

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
    """The context of ``pts_errors/base.html``."""

    language: str
    home: str
    """Address of the list that the page belongs to."""
    canonical: str = ""
    """The one address of this page in this language; empty where pages have no fixed address."""
    base_url: str = ""
    """Scheme and host of absolute addresses; empty in a static copy, whose links are relative."""
    asked_language: str = ""
    """The language in the page's own address; empty if it comes from the reader's browser."""
    languages: tuple[LanguageLink, ...] = ()
    """Empty on pages that exist in one language only."""
    stylesheet: str = ""
    script: str = ""
    inline_stylesheet: str = ""
    """The stylesheet itself, for a page that needs no other file."""
    inline_script: str = ""
    is_live: bool = True
    """False in a static copy, where no server answers forms."""
    is_staff: bool = False

    @property
    def direction(self) -> str:
        """``"ltr"`` or ``"rtl"``."""
        return languages.direction(self.language)


@cache
def asset(name: str) -> SafeString:
    """Return the text of one of this package's static files."""
    # Safe: only this package writes these files, and a test proves that they hold no closing tag.
    return mark_safe(resources.files("pts_errors").joinpath("static", name).read_text(encoding="utf-8"))
