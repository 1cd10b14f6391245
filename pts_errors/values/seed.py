"""The shipped catalog, read and written as a Django fixture with natural keys."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources
from typing import Any

from pts_errors.values.entry import Category, Entry, Message

# Incremented in every release that changes the shipped catalog. `migrate` merges each version once.
VERSION = 4

# The note of revisions with shipped values.
NOTE = "Shipped with django-pts-errors."

_CODE, _MESSAGE, _CATEGORY, _RUNBOOK = (
    f"pts_errors.{model}" for model in ("errorcode", "message", "category", "runbook")
)


@cache
def packaged() -> tuple[Entry, ...]:
    """Return the entries of the shipped catalog, ordered by number."""
    return read(resources.files("pts_errors").joinpath("fixtures/catalog.json").read_text(encoding="utf-8"))


@cache
def statuses() -> Mapping[str, Entry]:
    """Return the texts of the order statuses by value, as entries without a code."""
    text = resources.files("pts_errors").joinpath("fixtures/statuses.json").read_text(encoding="utf-8")
    return {
        value: Entry(
            code="",
            name=data["name"],
            category=Category(slug=""),
            messages={language: Message(**texts) for language, texts in data["messages"].items()},
        )
        for value, data in json.loads(text).items()
    }


def write(entries: Iterable[Entry]) -> str:
    """Return a Django fixture of the entries: deterministic, with one row a line, readable by ``loaddata``."""
    categories: dict[str, Any] = {}
    codes, messages, runbooks = [], [], []
    for entry in entries:
        state = entry.as_json()
        categories[entry.category.slug] = {"model": _CATEGORY, "fields": state["category"]}
        fields = state["code"]
        fields["category"] = [entry.category.slug]
        fields["replaced_by"] = [entry.replaced_by] if entry.replaced_by else None
        fields["similar"] = [[code] for code in entry.similar]
        codes.append({"model": _CODE, "fields": fields})
        for language, message in state["messages"].items():
            messages.append({"model": _MESSAGE, "fields": {"error": [entry.code], "language": language, **message}})
        if state["runbook"]:
            runbooks.append({"model": _RUNBOOK, "fields": {"error": [entry.code], **state["runbook"]}})
    ordered = sorted(categories.values(), key=lambda row: (row["fields"]["position"], row["fields"]["slug"]))
    rows = [json.dumps(row, ensure_ascii=False) for row in [*ordered, *codes, *messages, *runbooks]]
    return "[\n" + ",\n".join(rows) + "\n]\n"


def read(text: str) -> tuple[Entry, ...]:
    """Return the entries of a Django fixture, in its order."""
    categories: dict[str, Any] = {}
    states: dict[str, Any] = {}
    for row in json.loads(text):
        fields = row["fields"]
        match row["model"]:
            case "pts_errors.category":
                categories[fields["slug"]] = fields
            case "pts_errors.errorcode":
                code = {
                    **fields,
                    "replaced_by": fields["replaced_by"][0] if fields["replaced_by"] else "",
                    "similar": [code for (code,) in fields["similar"]],
                }
                category = categories[fields["category"][0]]
                states[fields["code"]] = {"code": code, "category": category, "messages": {}}
            case "pts_errors.message":
                states[fields["error"][0]]["messages"][fields["language"]] = fields
            case "pts_errors.runbook":
                states[fields["error"][0]]["runbook"] = fields
    return tuple(Entry.from_json(state) for state in states.values())
