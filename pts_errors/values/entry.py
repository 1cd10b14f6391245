"""One code with all its texts, and the JSON form in which it is stored. Immutable, without Django."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, get_type_hints

# Version of the JSON form of an entry, as stored in revisions and in the packaged catalog.
FORMAT = 1

CODE = "[1-9][0-9]{0,8}"
"""A code as a regular expression: ASCII digits without a leading zero, so that no code has two spellings."""

STATUSES = ("0000", "1000", "2000", "3000", "4000", "5000", "not_found")
"""The answers to a query about an order: a number space of its own, in which 1000 means processing."""
FINAL_STATUSES = ("2000", "3000")

SHORT_TEXTS = ("title", "customer_message", "merchant_action")
MESSAGE_FIELDS = (*SHORT_TEXTS, "resolution")
RUNBOOK_SECTIONS = ("meaning", "impact", "diagnosis", "mitigation", "verification", "escalation")

# Control characters and lone surrogates: not every database, XML or terminal can handle them.
UNSTORABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


class Outcome(StrEnum):
    """What became of the request."""

    ACCEPTED = "accepted"
    """The gateway took it; the final state comes later."""
    REJECTED = "rejected"
    """The request was refused. Of the order it says nothing while the advice is to check the status first."""
    DECLINED = "declined"
    """The upstream refused it, and that is final."""
    UNKNOWN = "unknown"
    """Money may have moved; only a query tells."""


REFUSALS = (Outcome.REJECTED, Outcome.DECLINED)
"""The outcomes of a refused request."""


class OrderId(StrEnum):
    """Which order id a further try may carry."""

    SAME = "same"
    """The one used before: the gateway takes an order id once, so it never pays twice."""
    ANY = "any"
    """The same or another: the order was refused for certain, so nothing of it can be paid any more."""
    NEW = "new"
    """Another: the order failed for good, and its order id is used up."""


class Basis(StrEnum):
    """How an outcome is known."""

    DOCUMENTED = "documented"
    """A described step of a call says so."""
    DERIVED = "derived"
    """It follows from the code's own words together with such a step."""
    ASSUMED = "assumed"
    """It is our reading of the words, and another reading is possible."""
    CONFIRMED = "confirmed"
    """Somebody of the site has confirmed it, with the gateway or by experience, and wrote down how."""


class RetryAdvice(StrEnum):
    """What the calling system may do next."""

    NOT_APPLICABLE = "not_applicable"
    DO_NOT_RETRY = "do_not_retry"
    RETRY_AFTER_CORRECTION = "retry_after_correction"
    RETRY_AFTER_RESOLUTION = "retry_after_resolution"
    RETRY_LATER = "retry_later"
    CHECK_STATUS_FIRST = "check_status_first"


class ResponsibleParty(StrEnum):
    """Who can remove the cause."""

    NONE = "none"
    CUSTOMER = "customer"
    MERCHANT = "merchant"
    OPERATOR = "operator"
    UPSTREAM = "upstream"


class Severity(StrEnum):
    """How urgent a code is for ops staff."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"


class Origin(StrEnum):
    """The source of a revision."""

    SHIPPED = "shipped"
    EDITED = "edited"
    IMPORTED = "imported"
    RESTORED = "restored"


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    """One of the gateway's groups of codes."""

    slug: str
    name: str = ""
    position: int = 0
    """Sort key of the categories on pages, ascending."""
    owner: str = ""
    """Team or rota for runbooks without an owner of their own."""
    escalation: str = ""
    """Markdown, for runbooks without an escalation section of their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """The texts of one code in one language. An empty text falls back to the next language."""

    title: str = ""
    """For integrators: a short noun phrase."""
    customer_message: str = ""
    """For customers: what happened, then what they can do."""
    merchant_action: str = ""
    """For integrators: what the merchant does about it."""
    resolution: str = ""
    """For integrators: likely causes and what to do, in Markdown."""
    source_text: Mapping[str, str] = field(default_factory=dict)
    """The source text that each translation was last confirmed against, by field."""

    def texts(self) -> dict[str, str]:
        """Return the texts by field. A blank resolution is left out: states from before that field have none."""
        names = MESSAGE_FIELDS if self.resolution else SHORT_TEXTS
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True, slots=True, kw_only=True)
class Runbook:
    """Instructions for ops staff about one code. Every section is Markdown."""

    owner: str = ""
    meaning: str = ""
    impact: str = ""
    diagnosis: str = ""
    mitigation: str = ""
    verification: str = ""
    escalation: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One code with everything that is published with it."""

    code: str
    """Digits as text, such as ``"1007"``."""
    name: str
    """A constant for programs; never changed once published."""
    category: Category
    provider_message: str = ""
    """The gateway's own English, verbatim."""
    outcome: Outcome = Outcome.UNKNOWN
    outcome_basis: Basis = Basis.ASSUMED
    outcome_reason: str = ""
    """One sentence for integrators: why the outcome is what it is."""
    retry_advice: RetryAdvice = RetryAdvice.CHECK_STATUS_FIRST
    retry_after: int | None = None
    """Seconds to wait, only with the advice ``retry_later``."""
    responsible_party: ResponsibleParty = ResponsibleParty.OPERATOR
    http_status: int = 500
    """The suggested HTTP status for hosts that pass the error on."""
    severity: Severity = Severity.ERROR
    reveal_to_customer: bool = False
    """Whether an end customer may see which error this is."""
    is_retired: bool = False
    replaced_by: str = ""
    similar: tuple[str, ...] = ()
    """Codes that are easily confused with this one, in order."""
    messages: Mapping[str, Message] = field(default_factory=dict)
    """By language, in lower case."""
    runbook: Runbook | None = None
    revision: int = 0
    """Number of the publish that made this state; 0 for a draft and for the packaged catalog."""

    @property
    def is_consistent(self) -> bool:
        """Whether the fields satisfy the database constraints that span several fields."""
        return (
            (self.outcome != Outcome.UNKNOWN or self.retry_advice == RetryAdvice.CHECK_STATUS_FIRST)
            and not (self.outcome == Outcome.UNKNOWN and self.reveal_to_customer)
            and (self.outcome_basis != Basis.ASSUMED or self.is_careful)
            and (self.outcome != Outcome.ACCEPTED or 200 <= self.http_status <= 299)
            and (self.retry_after is None or self.retry_advice == RetryAdvice.RETRY_LATER)
        )

    @property
    def is_careful(self) -> bool:
        """Whether the advice suits a refusal that is only assumed; true of every other outcome."""
        return self.outcome not in REFUSALS or self.retry_advice == RetryAdvice.CHECK_STATUS_FIRST

    def differs(self, other: Entry | None) -> bool:
        """Return whether the other entry is missing or has another state; revision numbers do not count."""
        return other is None or self.as_json() != other.as_json()

    def with_category_from(self, known: Mapping[str, Category]) -> Entry:
        """Return the entry with its category taken from these, by slug: all codes of a category share its texts."""
        return replace(self, category=known.get(self.category.slug, self.category))

    def as_json(self) -> dict[str, Any]:
        """Return the JSON form that a revision stores, without the revision number.

        Messages and runbooks without any text are left out.
        """
        code = {name: getattr(self, name) for name in _CODE_FIELDS}
        runbook = {name: getattr(self.runbook, name) for name in _RUNBOOK_FIELDS} if self.runbook else {}
        messages = {}
        for language, message in sorted(self.messages.items()):
            texts = message.texts()
            if any(texts.values()):
                messages[language] = {**texts, "source_text": dict(message.source_text)}
        return {
            "v": FORMAT,
            "category": {name: getattr(self.category, name) for name in _CATEGORY_FIELDS},
            "code": {**code, "similar": list(self.similar)},
            "messages": messages,
            "runbook": runbook if any(runbook.values()) else None,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any], *, revision: int = 0) -> Entry:
        """Return the entry of a stored state. Missing keys get their default, unknown keys are ignored.

        A state from before the basis was recorded is assumed, or confirmed by whoever published it if it gives advice
        that no assumption allows.

        Raises:
            KeyError, TypeError, ValueError, AttributeError: the data is not a state, or a value has the wrong type.
        """
        code = _known(data["code"], _CODE_FIELDS)
        entry = cls(
            **{**code, "similar": tuple(code.get("similar", ()))},
            category=Category(**_known(data["category"], _CATEGORY_FIELDS)),
            messages={
                language: Message(**_known(message, _MESSAGE_FIELDS))
                for language, message in data.get("messages", {}).items()
            },
            runbook=Runbook(**_known(data["runbook"], _RUNBOOK_FIELDS)) if data.get("runbook") else None,
            revision=revision,
        )
        is_old = "outcome_basis" not in code and not entry.is_careful
        return replace(entry, outcome_basis=Basis.CONFIRMED) if is_old else entry


def categories(entries: Iterable[Entry]) -> dict[str, Category]:
    """Return the categories of these entries by slug; where their texts differ, the last entry wins."""
    return {entry.category.slug: entry.category for entry in entries}


def _types(kind: type) -> dict[str, tuple[type, ...]]:
    """Return the fields of a class in order, each with its possible types in JSON."""
    return {name: _JSON.get(hint, (str,)) for name, hint in get_type_hints(kind).items() if name not in NESTED}


# Every other field is a text or a member of a vocabulary.
_JSON: Mapping[Any, tuple[type, ...]] = {
    int: (int,),
    int | None: (int, type(None)),
    bool: (bool,),
    tuple[str, ...]: (list, tuple),
    Mapping[str, str]: (dict,),
}
NESTED = ("category", "messages", "runbook", "revision")
"""The fields of an entry that are not the code's own values."""
_CATEGORY_FIELDS, _MESSAGE_FIELDS, _RUNBOOK_FIELDS = _types(Category), _types(Message), _types(Runbook)
_CODE_FIELDS = _types(Entry)


def _known(data: Mapping[str, Any], types: Mapping[str, tuple[type, ...]]) -> Mapping[str, Any]:
    known = data if data.keys() <= types.keys() else {name: data[name] for name in types if name in data}
    for name, value in known.items():  # a wrong value would break the whole catalog later
        if not isinstance(value, types[name]):
            raise TypeError(f"{name} cannot be of the type {type(value).__name__}.")
    return known


def digest(previous: str, *, number: int, origin: str, note: str, author_name: str, snapshot: Mapping[str, Any]) -> str:
    """Return the digest of a revision in format 1, which does not cover the time and the account of the publish.

    Releases before format 2 wrote it, and the migration that seeds an empty database still does.
    """
    return _sha256([previous, number, origin, note, author_name, snapshot])


def chained(previous: str, content: Mapping[str, Any]) -> str:
    """Return the SHA-256, in hex, of the content and the previous digest, so that neither can change unnoticed."""
    return _sha256([previous, content])


def _sha256(content: object) -> str:
    # Canonical JSON, because databases preserve neither the order of keys nor white space.
    text = json.dumps(content, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
