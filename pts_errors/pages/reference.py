"""The public pages: every code for integrators, as HTML, Markdown and JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Protocol

from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from pts_errors.conf import conf
from pts_errors.pages import linking, words
from pts_errors.pages.frame import SCRIPT, STYLESHEET, Frame, LanguageLink
from pts_errors.pages.public import PLAIN_FIELDS, PublicError, Text, public_errors
from pts_errors.pages.search import search
from pts_errors.values import languages, markdown
from pts_errors.values.catalog import Catalog
from pts_errors.values.entry import MESSAGE_FIELDS

LIST_TEMPLATE = "pts_errors/error_list.html"
ERROR_TEMPLATE = "pts_errors/error.html"
UNKNOWN_TEMPLATE = "pts_errors/error_unknown.html"

# The fields that are safe to show for a code that is not in the catalog.
_UNKNOWN_FIELDS = ("code", "outcome", "retry_advice", "customer_message", "language", "direction")


class Links(Protocol):
    """Addresses of the public pages, in the views or in a static copy."""

    is_live: bool
    """Whether a server answers these addresses."""
    asked_language: str
    """The language in every address; empty if it comes from the reader's browser."""

    def listing(self, language: str | None = None) -> str:
        """Return the address of the list: in this language, or in the page's own."""

    def error(self, code: str, language: str | None = None) -> str:
        """Return the address of a code's page: in this language, or in the page's own."""

    def permanent(self, code: str) -> str:
        """Return the permanent path of a code's page, or an empty text where there is none."""

    def asset(self, name: str) -> str:
        """Return the address of a static file."""


def list_page(catalog: Catalog, *, language: str, links: Links, query: str = "") -> dict[str, object]:
    """Return the context of the list of codes.

    A query filters it: to the codes that a pasted line may mean, or else to those that contain every word.
    """
    found = search(catalog, query, language=language, url=links.error, is_live=links.is_live)
    codes = () if found.candidates else catalog.entries
    errors = [
        error
        for error in public_errors(catalog, codes, language=language, url=links.error)
        if found.finds(
            error.code,
            error.title,
            error.name,
            error.provider_message,
            error.outcome_words.label,
            error.retry_words.label,
        )
    ]
    categories = [
        (slug, _category(catalog, slug, language), [error for error in errors if error.category == slug])
        for slug in catalog.categories
    ]
    return {
        "frame": _frame(catalog, language, links, links.listing),
        "page": {
            "search": found,
            "categories": [category for category in categories if category[-1]],
            "count": len(found.candidates or errors),
            "revision": catalog.number,
        },
    }


def error_page(catalog: Catalog, code: str, *, language: str, links: Links) -> dict[str, object]:
    """Return the context of the page of one of the catalog's codes."""
    error = PublicError.of(catalog.table(language).find(code))
    translations = [catalog.table(tag).find(code) for tag in catalog.languages]
    path = links.permanent(code)
    permanent = path and conf.BASE_URL + path
    return {
        "frame": _frame(catalog, language, links, partial(links.error, code)),
        "page": {
            "error": error,
            "resolution": _resolution(catalog, error, links),
            "category": _category(catalog, error.category, language),
            "customer_messages": [
                (languages.name_of(tag), Text(other.customer_message, tag))
                for tag, other in zip(catalog.languages, translations, strict=True)
                if other.language == tag  # not a fallback to another language
            ],
            "reason": Text(error.outcome_reason, catalog.source_language),
            "similar": public_errors(catalog, error.similar, language=language, url=links.error),
            "replacements": public_errors(catalog, [error.replaced_by], language=language, url=links.error),
            "envelope": json.dumps({"code": code, "message": error.provider_message}, ensure_ascii=False),
            "problem": _problem(error, permanent),
            "permanent": permanent,
            "markdown": f"{path.rstrip('/')}.md" if links.is_live else "",
            "json": f"{path.rstrip('/')}.json" if links.is_live else "",
        },
    }


def unknown_page(catalog: Catalog, code: str, *, language: str, links: Links) -> dict[str, object]:
    """Return the context of the page for a code that is not in the catalog; the page gives safe advice."""
    return {
        "frame": _frame(catalog, language, links, partial(links.error, code), is_canonical=False),
        "page": {
            "error": PublicError.of(catalog.table(language).find(code)),
        },
    }


def as_markdown(catalog: Catalog, code: str, *, language: str) -> str:
    """Return the page of a code, known or not, as Markdown for chat bots, language models and terminals."""
    table = catalog.table(language)
    error = PublicError.of(table.find(code))
    outcome, retry, party = error.outcome_words, error.retry_words, error.party_words
    advice = [
        f"- {_('Outcome')}: **{outcome.label}** (`{error.outcome}`). {outcome.sentence} {error.basis_words}",
        f"- {_('Retry')}: **{retry.label}** (`{error.retry_advice}`). {retry.sentence}",
    ]
    if code not in catalog.entries:
        lines = ["# " + _("%(code)s is not in the catalog") % {"code": code}, ""]
        lines += [_("If the gateway sent this code, take the safe way:"), "", *advice]
        lines += ["", f"> {error.customer_message}"]
        return "\n".join(lines) + "\n"
    lines = [f"# {code} {error.title}", "", f"> {error.provider_message}", "", *advice]
    lines += [
        f"- {_('How the outcome is known')}: `{error.basis}`. {error.outcome_reason}".rstrip(),
        f"- {_('Responsible')}: {party.label} (`{error.responsible_party}`)",
        f"- {_('HTTP status')}: {error.http_status} {error.http_phrase}".rstrip(),
        f"- {_('Name')}: `{error.name}`",
        f"- {_('Category')}: {_category(catalog, error.category, language)}",
    ]
    if error.is_retired:
        lines.append(f"- {_('Retired')}: {error.replaced_by or _('yes')}")
    if similar := [f"{other} {table.find(other).title}" for other in error.similar if other in catalog.entries]:
        lines.append(f"- {_('Similar codes')}: {', '.join(similar)}")
    lines += ["", f"## {_('What the customer reads')}", "", str(error.customer_message)]
    if error.merchant_action.text:
        lines += ["", f"## {_('What the merchant does')}", "", str(error.merchant_action)]
    if error.resolution.text:
        lines += ["", f"## {_('Likely causes and what to do')}", "", str(error.resolution)]
    return "\n".join(lines) + "\n"


def as_json(catalog: Catalog, code: str, *, language: str, links: Links) -> str:
    """Return the page of a code, known or not, as JSON: the constants that programs compare with, and the texts."""
    error = catalog.table(language).find(code)
    if not error.is_known:
        return _dump({name: getattr(error, name) for name in _UNKNOWN_FIELDS})
    return _dump(
        {
            **{name: getattr(error, name) for name in (*PLAIN_FIELDS, *MESSAGE_FIELDS, "language", "direction")},
            "text_languages": dict(error.text_languages),
            "url": conf.BASE_URL + links.permanent(code),
        }
    )


def _resolution(catalog: Catalog, error: PublicError, links: Links) -> SafeString:
    """Return the resolution as HTML, with links to the pages of the codes that it names."""
    html = linking.with_links(markdown.render(error.resolution.text), catalog, error.code, links.error)
    return mark_safe(html)  # what the renderer made safe, with links that hold digits alone


def _category(catalog: Catalog, slug: str, language: str) -> Text:
    name = catalog.categories[slug].name
    translated = words.of_category(name)
    # A category that the host added has its name in the source language.
    return Text(translated or slug, catalog.source_language if translated == name else language)


def _frame(
    catalog: Catalog, language: str, links: Links, address: Callable[..., str], *, is_canonical: bool = True
) -> Frame:
    return Frame(
        language=language,
        home=links.listing(),
        asked_language=links.asked_language,
        canonical=address() if links.is_live and is_canonical else "",
        base_url=conf.BASE_URL if links.is_live else "",
        languages=tuple(LanguageLink(tag, address(language=tag)) for tag in catalog.languages),
        stylesheet=links.asset(STYLESHEET),
        script=links.asset(SCRIPT),
        is_live=links.is_live,
    )


def _problem(error: PublicError, permanent: str) -> str:
    return _dump(
        {
            "type": permanent or "about:blank",
            "title": str(error.title),
            "status": error.http_status,
            "detail": str(error.customer_message),
            "code": error.code,
            "name": error.name,
            "outcome": error.outcome,
            "retry_advice": error.retry_advice,
        }
    )


def _dump(data: dict[str, object]) -> str:
    return json.dumps(data, ensure_ascii=False, indent=2) + "\n"
