"""Help for the tests of host projects: ``override_catalog``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.test.utils import TestContextDecorator

from pts_errors import snapshot
from pts_errors.conf import conf
from pts_errors.values import seed
from pts_errors.values.catalog import Catalog
from pts_errors.values.entry import MESSAGE_FIELDS, Category, Entry, Message


class override_catalog(TestContextDecorator):
    """Serve a fixed catalog, as a decorator or in a ``with`` block, without any database.

        with override_catalog({"1007": {"customer_message": "Please call us."}}):
            assert str(lookup.get("1007")) == "Please call us."

    Each code takes the attributes of `pts_errors.values.entry.Entry` and, for the source language, those of
    `pts_errors.values.entry.Message`; ``messages`` holds texts of other languages: ``{"fr": {"title": "…"}}``. Other
    codes stay as the package ships them; a code that it does not ship is added.
    """

    def __init__(
        self, changes: Mapping[str, Mapping[str, Any]] | Mapping[int, Mapping[str, Any]] | None = None
    ) -> None:
        super().__init__()
        self._changes = changes or {}
        self._before: list[snapshot.Holder] = []

    def __enter__(self) -> Catalog:  # type: ignore[override]  # the stubs expect Django's Apps
        return self.enable()

    def enable(self) -> Catalog:
        """Serve the changed catalog, and return it."""
        entries = {entry.code: entry for entry in seed.packaged()}
        for code, changes in self._changes.items():
            entries[str(code)] = _changed(entries.get(str(code)) or _new(str(code)), changes)
        catalog = snapshot.build(entries.values(), number=0, digest="override")
        self._before.append(snapshot.swap(snapshot.Pinned(catalog)))
        return catalog

    def disable(self) -> None:
        """Serve the previous catalog again."""
        snapshot.swap(self._before.pop())


def _new(code: str) -> Entry:
    return Entry(code=code, name=f"CODE_{code}", category=Category(slug="transaction"))


def _changed(entry: Entry, changes: Mapping[str, Any]) -> Entry:
    source = {name: value for name, value in changes.items() if name in MESSAGE_FIELDS}
    texts = {**changes.get("messages", {}), **({conf.SOURCE_LANGUAGE: source} if source else {})}
    messages = {
        **entry.messages,
        **{language: replace(entry.messages.get(language, Message()), **fields) for language, fields in texts.items()},
    }
    attributes = {name: value for name, value in changes.items() if name not in {*MESSAGE_FIELDS, "messages"}}
    return replace(entry, **attributes, messages=messages)
