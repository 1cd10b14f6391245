"""Baselines: which revision a record was exported from, to tell edits in a file from local edits since."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from pts_errors.values.entry import Category, Entry, Message, categories
from pts_errors.values.fields import CATEGORY_FIELDS, RUNBOOK_FIELDS

_BASELINE = re.compile(r"([0-9]{1,9})(?: draft-([0-9a-f]{8}))?")


@dataclass(frozen=True, slots=True)
class Baseline:
    """The revision that a record was exported from, and the draft if it differed."""

    revision: int
    """Number of the revision that was live at the export."""
    fingerprint: str = ""
    """Hash of the record's content if it came from a draft that differed from the live entry; otherwise empty."""

    def __str__(self) -> str:
        return f"{self.revision} draft-{self.fingerprint}" if self.fingerprint else str(self.revision)

    @classmethod
    def parse(cls, text: str) -> Baseline | None:
        """Return the baseline written in a file, or None for an empty text.

        Raises:
            ValueError: the text is not a baseline.
        """
        if not text:
            return None
        found = _BASELINE.fullmatch(text)
        if found is None:
            raise ValueError(text)
        return cls(int(found[1]), found[2] or "")


def content(value: Category | Entry | None, block: str) -> object:
    """Return the content of a file's record for a category or a code, as JSON values; None if there is none.

    ``block`` is the kind of record: ``"category"``, ``"code"``, ``"runbook"`` or the language of a message.
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
            return [*message.texts().values(), dict(message.source_text)]
    return None


def fingerprint(content: object) -> str:
    """Return a hash of the content, which must be JSON values, as eight hexadecimal digits."""
    text = json.dumps(content, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:8]


class Baselines:
    """The baselines of an export."""

    def __init__(self, revision: int, live: Mapping[str, Entry], *, anchor: str = "") -> None:
        """Take the newest revision number, the live entries by code, and the anchor of the log for auditors."""
        self.revision = revision
        self.anchor = anchor
        self._live: dict[str, Category | Entry] = {**categories(live.values())}
        self._live |= live

    def of(self, value: Category | Entry, block: str) -> Baseline:
        """Return the baseline of a record (see `content`)."""
        now = content(value, block)
        then = content(self._live.get(value.slug if isinstance(value, Category) else value.code), block)
        return Baseline(self.revision, "" if now == then else fingerprint(now))
