"""What a search box says of a pasted line: the codes that it may mean, with what is known of their money."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from pts_errors import mentions
from pts_errors.catalog import Catalog
from pts_errors.mentions import Reason
from pts_errors.pages import words


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One code that a text may mean."""

    code: str
    url: str
    """Empty for a code that is not in the catalog."""
    title: str
    language: str
    """The language of the title."""
    outcome: words.Words
    rank: int
    """How careful one has to be: 0 where money may have moved."""
    reason: str
    """Why it was taken, in words."""


def read(catalog: Catalog, text: str) -> mentions.Reading:
    """Return which codes a text means."""
    return mentions.read(text, {code: (entry.name, entry.provider_message) for code, entry in catalog.entries.items()})


def candidates(reading: mentions.Reading, catalog: Catalog, *, language: str, addresses: dict[str, str]) -> list[Found]:
    """Return what a text may mean: first the codes after which money may have moved, then in the order of the text.

    ``addresses`` are those of the pages, by code.
    """
    table = catalog.table(language)
    found = []
    for candidate in reading.candidates:
        error = table.find(candidate.code)
        one = Found(
            code=candidate.code,
            url=addresses.get(candidate.code, ""),
            title=error.title if error.is_known else _("not in the catalog"),
            language=error.text_languages["title"] if error.is_known else language,
            outcome=words.of_outcome(error.outcome, error.retry_advice),
            rank=words.rank(error.outcome, error.retry_advice),
            reason=reason_words(candidate.reason),
        )
        found.append(one)
    return sorted(found, key=lambda one: one.rank)


def reason_words(reason: Reason) -> str:
    """Return in words why a code was taken from a text."""
    return {
        Reason.LABEL: pgettext("why a code was found", "the text calls it a code"),
        Reason.NAME: pgettext("why a code was found", "its name"),
        Reason.MESSAGE: pgettext("why a code was found", "the gateway's message"),
        Reason.NUMBER: pgettext("why a code was found", "a number in the text"),
    }[reason]
