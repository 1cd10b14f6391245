"""The public part of a code: `PublicError` lets no staff-only field through."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from http.client import responses
from typing import Any

from pts_errors.pages import words
from pts_errors.values import languages
from pts_errors.values.catalog import Catalog, LocalizedError
from pts_errors.values.entry import MESSAGE_FIELDS


@dataclass(frozen=True, slots=True)
class Text:
    """A text with its language."""

    text: str
    language: str

    def __str__(self) -> str:
        return self.text

    @property
    def direction(self) -> str:
        """``"ltr"`` or ``"rtl"``."""
        return languages.direction(self.language)


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicError:
    """The public part of a code, in one language.

    Its fields are listed one by one, so a new field of the catalog stays private until it is added here.
    """

    code: str
    name: str
    category: str
    provider_message: str
    outcome: str
    basis: str
    outcome_reason: str
    retry_advice: str
    retry_after: int | None
    responsible_party: str
    http_status: int
    is_retired: bool
    replaced_by: str
    similar: tuple[str, ...]
    revision: int
    title: Text
    customer_message: Text
    merchant_action: Text
    resolution: Text
    url: str
    """Address of the code's page; empty where no link is needed."""

    @classmethod
    def of(cls, error: LocalizedError, url: str = "") -> PublicError:
        """Return the public part of an error."""
        found: dict[str, Any] = {name: getattr(error, name) for name in PLAIN_FIELDS}
        found |= {name: Text(getattr(error, name), error.text_languages[name]) for name in MESSAGE_FIELDS}
        return cls(**found, url=url)

    @property
    def outcome_words(self) -> words.Words:
        """The outcome in words."""
        return words.of_outcome(self.outcome, self.retry_advice)

    @property
    def basis_words(self) -> str:
        """How the outcome is known, in words."""
        return words.of_basis(self.basis)

    @property
    def retry_words(self) -> words.Words:
        """The retry advice in words."""
        return words.of_retry_advice(self.retry_advice, self.retry_after)

    @property
    def party_words(self) -> words.Words:
        """The responsible party in words."""
        return words.of_party(self.responsible_party)

    @property
    def rank(self) -> int:
        """The caution that the code needs: 0, the most, where money may have moved."""
        return words.rank(self.outcome, self.retry_advice)

    @property
    def http_phrase(self) -> str:
        """The English reason phrase of the HTTP status; empty for a number that has none."""
        return responses.get(self.http_status, "")


PLAIN_FIELDS = tuple(f.name for f in fields(PublicError) if f.name not in (*MESSAGE_FIELDS, "url"))
"""The fields that are the same in every language."""


def public_errors(
    catalog: Catalog, codes: Iterable[str], *, language: str, url: Callable[[str], str]
) -> list[PublicError]:
    """Return the public part of the codes that are in the catalog, with the addresses of their pages."""
    table = catalog.table(language)
    return [PublicError.of(table.find(code), url(code)) for code in codes if code in catalog.entries]
