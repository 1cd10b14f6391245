"""What every exported row says of its origin: the revision that was live, and whether it was a draft that differed."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from pts_errors.entry import Category, Entry, Message, Runbook

_MARK = re.compile(r"([0-9]{1,9})(?: draft-([0-9a-f]{8}))?")


@dataclass(frozen=True, slots=True)
class Mark:
    """From what a row was exported."""

    revision: int
    """Number of the revision that was live."""
    fingerprint: str = ""
    """Of the row's content, if it was a draft that differed from what was live; else empty."""

    def __str__(self) -> str:
        return f"{self.revision} draft-{self.fingerprint}" if self.fingerprint else str(self.revision)


def parse(text: str) -> Mark | None:
    """Return the mark that a file holds, or None for an empty text.

    Raises:
        ValueError: it is no mark.
    """
    if not text:
        return None
    found = _MARK.fullmatch(text)
    if found is None:
        raise ValueError(text)
    return Mark(int(found[1]), found[2] or "")


def fingerprint(content: object) -> str:
    """Return eight digits that differ when the content, which must be JSON values, differs."""
    text = json.dumps(content, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def category(value: Category) -> object:
    """Return what a row of ``categories.csv`` holds, as JSON values."""
    return [getattr(value, field.name) for field in fields(Category)]


def code(entry: Entry) -> object:
    """Return what a row of ``codes.csv`` holds, as JSON values."""
    return [entry.category.slug, entry.as_json()["code"]]


def message(entry: Entry, language: str) -> object:
    """Return what a PO file holds of a code, as JSON values."""
    value = entry.messages.get(language, Message())
    return [value.title, value.customer_message, value.merchant_action, dict(value.source_text)]


def runbook(entry: Entry) -> object:
    """Return what a runbook's file holds, as JSON values."""
    return entry.runbook and [getattr(entry.runbook, field.name) for field in fields(Runbook)]


class Marks:
    """The marks of an export."""

    def __init__(self, revision: int, live: Mapping[str, Entry], *, anchor: str = "") -> None:
        """Take the number of the newest revision, what was live then, by code, and its anchor for an auditor."""
        self.revision = revision
        self.anchor = anchor
        self._live = live
        self._categories = {entry.category.slug: entry.category for entry in live.values()}

    def category(self, value: Category) -> Mark:
        """Return the mark of a row of ``categories.csv``."""
        live = self._categories.get(value.slug)
        return self._mark(category(value), live and category(live))

    def code(self, entry: Entry) -> Mark:
        """Return the mark of a row of ``codes.csv``."""
        live = self._live.get(entry.code)
        return self._mark(code(entry), live and code(live))

    def message(self, entry: Entry, language: str) -> Mark:
        """Return the mark of a code's units in a PO file."""
        live = self._live.get(entry.code)
        return self._mark(message(entry, language), live and message(live, language))

    def runbook(self, entry: Entry) -> Mark:
        """Return the mark of a runbook."""
        live = self._live.get(entry.code)
        return self._mark(runbook(entry), live and runbook(live))

    def _mark(self, content: object, live: Any) -> Mark:
        return Mark(self.revision, "" if content == live else fingerprint(content))
