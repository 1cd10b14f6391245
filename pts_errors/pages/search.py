"""Search results for a pasted log line or a few words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from pts_errors.pages.public import PublicError, Text
from pts_errors.values import mentions
from pts_errors.values.catalog import Catalog
from pts_errors.values.mentions import Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """A query, and the codes that it may mean."""

    query: str
    """On one line."""
    candidates: tuple[tuple[PublicError, str], ...]
    """Codes with the reason in words, the most dangerous first; empty if the query is only words.

    A code that is not in the catalog has no address.
    """
    rules: Mapping[str, Any] | None
    """How to read a pasted line, for the script of a static copy; None if a server reads it."""

    def finds(self, *shown: object) -> bool:
        """Return whether a row that shows these texts contains every word of the query."""
        text = " ".join(map(str, shown)).casefold()
        return all(word in text for word in self.query.casefold().split())


def read(catalog: Catalog, text: str) -> mentions.Reading:
    """Return which codes a text means."""
    return mentions.read(text, {code: (entry.name, entry.provider_message) for code, entry in catalog.entries.items()})


def search(catalog: Catalog, text: str, *, language: str, url: Callable[[str], str], is_live: bool) -> Search:
    """Search for a text in a language; ``url`` returns the address of a code's page."""
    table = catalog.table(language)
    candidates = []
    for candidate in read(catalog, text).candidates:
        error = table.find(candidate.code)
        found = PublicError.of(error, url(candidate.code) if error.is_known else "")
        if not error.is_known:
            found = replace(found, title=Text(_("not in the catalog"), language))
        candidates.append((found, reason_words(candidate.reason)))
    return Search(
        query=" ".join(text[: mentions.MAX_TEXT].split()),
        candidates=tuple(sorted(candidates, key=lambda pair: pair[0].rank)),
        rules=None if is_live else mentions.rules(),
    )


def reason_words(reason: Reason) -> str:
    """Return in words why a text matched a code."""
    return {
        Reason.LABEL: pgettext("why a code was found", "the text calls it a code"),
        Reason.NAME: pgettext("why a code was found", "its name"),
        Reason.MESSAGE: pgettext("why a code was found", "the gateway's message"),
        Reason.NUMBER: pgettext("why a code was found", "a number in the text"),
    }[reason]
