"""The catalog of one published state, and its codes localized into one language. Immutable, without Django."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from functools import cache, cached_property
from operator import attrgetter
from types import MappingProxyType
from typing import Any

from pts_errors.values import languages, placeholders, seed
from pts_errors.values.entry import (
    FINAL_STATUSES,
    MESSAGE_FIELDS,
    SHORT_TEXTS,
    STATUSES,
    Category,
    Entry,
    Message,
    Outcome,
    ResponsibleParty,
    RetryAdvice,
    Severity,
    categories,
)

# The gateway's code for "nothing else fits". Its texts are used for unknown codes.
UNRECOGNIZED = "9999"

# The status whose texts are used for an unheard-of one: only people can tell what became of the order.
_IN_ERROR = "4000"

# The gateway's codes have four digits; the catalog allows up to nine.
_MAX_DIGITS = 9

# How many requested languages to cache: more than honest clients send. Others are matched on every request.
_MAX_REQUESTED = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalizedError:
    """One code in one language, as `pts_errors.lookup` returns it. ``str()`` is the customer message."""

    code: str
    """Digits as text. For an unknown code, the requested text if it is a number, or empty."""
    name: str
    is_known: bool
    """False for the safe answer to an unknown code."""
    category: str
    """Slug of the category."""
    provider_message: str
    """The gateway's own English, verbatim."""
    outcome: str
    basis: str
    """How the outcome is known."""
    outcome_reason: str
    """Why the outcome is what it is: one sentence in the source language, or empty."""
    retry_advice: str
    retry_after: int | None
    """Seconds, only with the advice ``retry_later``."""
    responsible_party: str
    http_status: int
    severity: str
    """For staff; not for integrators or customers."""
    reveal_to_customer: bool
    """Whether an end customer may see the code's number, name and title."""
    is_retired: bool
    replaced_by: str
    """The code that replaces a retired one, or empty."""
    similar: tuple[str, ...]
    title: str
    customer_message: str
    merchant_action: str
    resolution: str
    """Likely causes and what to do, in Markdown; empty for a code that the catalog does not know."""
    language: str
    """The language of the customer message."""
    direction: str
    """The direction of that language: ``"ltr"`` or ``"rtl"``."""
    text_languages: Mapping[str, str]
    """The language of each text, by field (title, customer_message, merchant_action, resolution)."""
    revision: int
    """Number of the publish that made this text; 0 for the packaged catalog."""

    def __str__(self) -> str:
        return self.customer_message


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalizedStatus:
    """The status of an order in one language, as `pts_errors.lookup` returns it. ``str()`` is the customer message."""

    status: str
    """One of `STATUSES`; for any other value, the requested text if it is short, or empty."""
    name: str
    is_known: bool
    """False for a value that is none of `STATUSES`."""
    is_final: bool
    """Whether the order stays so: true of 2000 (success) and 3000 (failed) only."""
    title: str
    customer_message: str
    merchant_action: str
    language: str
    """The language of the texts."""
    direction: str
    """The direction of that language: ``"ltr"`` or ``"rtl"``."""

    def __str__(self) -> str:
        return self.customer_message


@dataclass(frozen=True, slots=True, eq=False)
class _TextLanguages(Mapping[str, str]):
    """The language of each text, by field: a mapping that can be pickled, hashed and passed to `asdict`."""

    title: str
    customer_message: str
    merchant_action: str
    resolution: str

    def __getitem__(self, name: str) -> str:
        if name not in MESSAGE_FIELDS:
            raise KeyError(name)
        return getattr(self, name)  # type: ignore[no-any-return]

    def __iter__(self) -> Iterator[str]:
        return iter(MESSAGE_FIELDS)

    def __len__(self) -> int:
        return len(MESSAGE_FIELDS)

    def __hash__(self) -> int:
        return hash(tuple(self.values()))


# There are few languages and many texts, so errors in the same languages share one mapping.
_text_languages = cache(_TextLanguages)

# Fields that a localized error copies from its entry.
_SAME_FIELDS = tuple(
    field.name for field in fields(Entry) if field.name not in ("category", "messages", "runbook", "outcome_basis")
)


class Table:
    """The catalog in one language. Each code is localized on its first look-up."""

    def __init__(self, catalog: Catalog, chain: tuple[str, ...], localized: Mapping[str, LocalizedError]) -> None:
        self.chain = chain
        self.localized = dict(localized)
        """The errors looked up so far, by code."""
        self._catalog = catalog

    @property
    def language(self) -> str:
        return self.chain[0]

    # Two threads may compute one of these values at the same time; the results are equal.
    @cached_property
    def errors(self) -> Mapping[str, LocalizedError]:
        """Every error by code, in the order of the numbers."""
        return MappingProxyType({code: self.find(code) for code in self._catalog.entries})

    @cached_property
    def unknown(self) -> LocalizedError:
        """The safe answer for unknown codes: the texts of `UNRECOGNIZED` with the most careful advice."""
        last_resort = self._catalog.entries.get(UNRECOGNIZED, _UNKNOWN)
        entry = replace(
            _UNKNOWN,
            category=last_resort.category,
            responsible_party=last_resort.responsible_party,
            http_status=last_resort.http_status,
            # The causes of one code are not those of another.
            messages={tag: replace(message, resolution="") for tag, message in last_resort.messages.items()},
            revision=last_resort.revision,
        )
        return replace(self._localize(entry), is_known=False)

    def find(self, code: object) -> LocalizedError:
        """Return the error of a code, as text or int, or the safe answer for an unknown code."""
        # Almost every caller passes an exact str, which is safe to look up directly.
        error = self.localized.get(code if type(code) is str else text_of(code))
        if error is None:
            text = text_of(code)
            entry = self._catalog.entries.get(text)
            if entry is None:
                return replace(self.unknown, code=text if text.isascii() and text.isdigit() else "")
            error = self.localized[text] = self._localize(entry)
        return error

    def status(self, value: object) -> LocalizedStatus:
        """Return the status of an order; for an unheard-of value, with the texts of 4000."""
        text = status_of(value)
        is_known = text in STATUSES
        entry = seed.statuses()[text if is_known else _IN_ERROR]
        # A host may serve languages in which the package has no texts, and none of those in which it has.
        language = next(tag for tag in (*self.chain, *entry.messages) if tag in entry.messages)
        isolate, message = languages.direction(language) == "rtl", entry.messages[language]
        return LocalizedStatus(
            status=text,
            name=entry.name if is_known else "UNKNOWN_STATUS",
            is_known=is_known,
            is_final=text in FINAL_STATUSES,
            **{
                name: placeholders.fill(getattr(message, name), self._catalog.context, isolate=isolate)
                for name in SHORT_TEXTS
            },
            language=language,
            direction=languages.direction(language),
        )

    def _localize(self, entry: Entry) -> LocalizedError:
        texts: dict[str, Any] = {}
        found: dict[str, str] = {}
        for name in MESSAGE_FIELDS:
            texts[name], found[name] = self._text(entry, name)
        language = found["customer_message"]
        return LocalizedError(
            **{name: getattr(entry, name) for name in _SAME_FIELDS},
            is_known=True,
            basis=entry.outcome_basis,
            category=entry.category.slug,
            **texts,
            language=language,
            direction=languages.direction(language),
            text_languages=_text_languages(**found),
        )

    def _text(self, entry: Entry, name: str) -> tuple[str, str]:
        """Return a text and its language."""
        found = self._first(entry, name)
        if found is None and name == "customer_message":  # a customer must always get a safe sentence
            found = self._first(self._catalog.entries.get(UNRECOGNIZED, _UNKNOWN), name)
            found = found or (_UNKNOWN.messages["en"].customer_message, "en")
        return found or ("", self.chain[-1])

    def _first(self, entry: Entry, name: str) -> tuple[str, str] | None:
        for language in self.chain:
            message = entry.messages.get(language)
            if message is not None and (text := getattr(message, name)):
                if "{" in text:
                    isolate = languages.direction(language) == "rtl"
                    text = placeholders.fill(text, self._catalog.context, isolate=isolate)
                return text, language
        return None


def text_of(code: object) -> str:
    """Return a code as text: text unchanged, an int as digits, anything else (also True, 1007.0) as an empty text."""
    # Use methods of the base classes: those of lazy objects and subclasses may raise and would break a page.
    value: Any = code
    kind = type(code)
    if issubclass(kind, str):
        text = str.__str__(value)
        return text if len(text) <= _MAX_DIGITS else ""
    if issubclass(kind, int) and kind is not bool:
        number = int.__int__(value)
        return str(number) if 0 < number < 10**_MAX_DIGITS else ""
    return ""


def status_of(status: object) -> str:
    """Return an order status as text: an int with four digits, and anything else as `text_of` does."""
    value: Any = status
    if issubclass(type(value), int) and type(value) is not bool and 0 <= int.__int__(value) <= 9999:
        return f"{int.__int__(value):04}"
    return text_of(value)


class Catalog:
    """All entries of one published state. Immutable: a newer state is a new catalog."""

    def __init__(
        self,
        entries: Iterable[Entry],
        *,
        number: int = 0,
        digest: str = "",
        source_language: str = "en",
        context: Mapping[str, str] | None = None,
        served: Iterable[str] = (),
        damaged: Iterable[str] = (),
    ) -> None:
        """Order the entries by number.

        ``served`` are the languages to offer; if empty, all languages of the entries. ``context`` fills placeholders.
        ``damaged`` are published codes without an entry, because their state cannot be read.
        """
        ordered = sorted(entries, key=lambda entry: (len(entry.code), entry.code))
        self.entries: Mapping[str, Entry] = MappingProxyType({entry.code: entry for entry in ordered})
        by_slug = categories(sorted(ordered, key=attrgetter("revision")))
        self.categories: Mapping[str, Category] = MappingProxyType(
            {c.slug: c for c in sorted(by_slug.values(), key=lambda c: (c.position, c.slug))}
        )
        self.number = number
        self.digest = digest
        self.damaged = tuple(damaged)
        self.source_language = source_language
        self._served = tuple(served)
        offered = set(self._served) or set().union(*(entry.messages for entry in ordered))
        self.languages = (source_language, *sorted(offered - {source_language}))
        self.context: Mapping[str, str] = MappingProxyType(dict(context or {}))
        # Caches of rendered pages and JSON, with a key for each room; they live as long as this catalog.
        self.derived: dict[object, Any] = {}
        self.tables: dict[str, Table] = {}
        """By requested language."""
        self._by_language: dict[str, Table] = {}

    def replace(self, entries: Iterable[Entry], *, number: int, digest: str, damaged: Iterable[str] = ()) -> Catalog:
        """Return a catalog with these entries in place of the earlier ones, and without the damaged codes."""
        changed: dict[str, Entry | None] = {**{entry.code: entry for entry in entries}, **dict.fromkeys(damaged)}
        catalog = Catalog(
            (entry for entry in {**self.entries, **changed}.values() if entry is not None),
            number=number,
            digest=digest,
            source_language=self.source_language,
            context=self.context,
            served=self._served,
            damaged=[*(code for code in self.damaged if code not in changed), *damaged],
        )
        # Keep the localized errors of unchanged codes, unless the fallback text for missing ones has changed.
        if catalog.languages == self.languages and UNRECOGNIZED not in changed:
            for language, table in self._by_language.copy().items():
                catalog._by_language[language] = kept = Table(catalog, table.chain, table.localized)
                for code in changed:
                    kept.localized.pop(code, None)
        return catalog

    def table(self, requested: str) -> Table:
        """Return the catalog in the language that best matches the requested one."""
        table = self.tables.get(requested)
        if table is None:
            table = self._table(languages.match(requested, self.languages) or self.source_language)
            if len(self.tables) < _MAX_REQUESTED and len(requested) <= languages.MAX_LENGTH:
                self.tables[requested] = table
        return table

    def _table(self, language: str) -> Table:
        table = self._by_language.get(language)
        if table is None:
            chain = languages.chain(language, self.languages, self.source_language)
            table = self._by_language.setdefault(language, Table(self, chain, {}))
        return table


_UNKNOWN = Entry(
    code="",
    name="UNKNOWN_CODE",
    category=Category(slug=""),
    outcome=Outcome.UNKNOWN,
    retry_advice=RetryAdvice.CHECK_STATUS_FIRST,
    responsible_party=ResponsibleParty.OPERATOR,
    severity=Severity.ERROR,
    messages={
        "en": Message(
            title="Unknown error",
            customer_message=(
                "We're still confirming the result of your transaction. "
                "Please don't try again; check its status in your transactions or contact support."
            ),
            merchant_action=(
                "Query the order before anything else, until its status is final. "
                "Whatever is sent again keeps the same order_id: a new one can pay twice. "
                "Only after status 3000 (failed) does a further try take a new order_id."
            ),
        )
    },
)
