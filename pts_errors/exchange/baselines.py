"""The baseline of a record: the state that it was exported from, which tells edits in a file from local ones."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from pts_errors.values.entry import MESSAGE_FIELDS, Category, Entry, Message
from pts_errors.values.fields import CATEGORY_FIELDS, RUNBOOK_FIELDS

_BASELINE = re.compile(r"([0-9]{1,9})(?: draft-([0-9a-f]{8}))?")


@dataclass(frozen=True, slots=True)
class Baseline:
    """From what a record was exported."""

    revision: int
    """Number of the revision that was live."""
    fingerprint: str = ""
    """Of the record's content, if it was a draft that differed from what was live; else empty."""

    def __str__(self) -> str:
        return f"{self.revision} draft-{self.fingerprint}" if self.fingerprint else str(self.revision)

    @classmethod
    def parse(cls, text: str) -> Baseline | None:
        """Return the baseline that a file holds, or None for an empty text.

        Raises:
            ValueError: the text is no baseline.
        """
        if not text:
            return None
        found = _BASELINE.fullmatch(text)
        if found is None:
            raise ValueError(text)
        return cls(int(found[1]), found[2] or "")


def content(value: Category | Entry | None, block: str) -> object:
    """Return what a file's record holds of a category or of a code, as JSON values; None if there is nothing.

    ``block`` is what the record is about: ``"category"``, ``"code"``, ``"runbook"`` or the language of a message.
    """
    match value:
        case Category():
            return [getattr(value, name) for name in CATEGORY_FIELDS]
        case Entry() if block == "code":
            return [value.category.slug, value.as_json()["code"]]
        case Entry() if block == "runbook":
            return value.runbook and [getattr(value.runbook, name) for name in RUNBOOK_FIELDS]
        case Entry():
            message = value.messages.get(block, Message())
            return [*(getattr(message, name) for name in MESSAGE_FIELDS), dict(message.source_text)]
    return None


def fingerprint(content: object) -> str:
    """Return eight hexadecimal digits that differ when the content, which must be JSON values, differs."""
    text = json.dumps(content, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:8]


class Baselines:
    """The baselines of an export."""

    def __init__(self, revision: int, live: Mapping[str, Entry], *, anchor: str = "") -> None:
        """Take the number of the newest revision, what was live then, by code, and its anchor for an auditor."""
        self.revision = revision
        self.anchor = anchor
        self._live: dict[str, Category | Entry] = {entry.category.slug: entry.category for entry in live.values()}
        self._live |= live

    def of(self, value: Category | Entry, block: str) -> Baseline:
        """Return the baseline of a record (see `content`)."""
        now = content(value, block)
        then = content(self._live.get(value.slug if isinstance(value, Category) else value.code), block)
        return Baseline(self.revision, "" if now == then else fingerprint(now))
