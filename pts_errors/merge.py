"""Three-way merge of one code, field by field and language by language: what the package ships into what ops wrote."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from pts_errors.entry import MESSAGE_FIELDS, RUNBOOK_SECTIONS, Category, Entry, Message, Runbook

# A path names one field: "severity", "category.owner", "fr.title", "runbook.impact".
_CODE_FIELDS = tuple(
    f.name for f in fields(Entry) if f.name not in {"code", "category", "messages", "runbook", "revision"}
)
_SLUG = "category.slug"
_CATEGORY_FIELDS = tuple(f.name for f in fields(Category))
_RUNBOOK_FIELDS = ("owner", *RUNBOOK_SECTIONS)
# Those that `Entry.is_consistent` reads.
_BOUND = ("outcome", "retry_advice", "retry_after", "http_status", "reveal_to_customer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge:
    """The outcome of a merge."""

    entry: Entry
    taken: tuple[str, ...]
    """Paths that follow the package, because nobody had edited them."""
    kept: tuple[str, ...]
    """Paths that both sides changed: the local text stays, and somebody should look at the shipped one."""


def merge(base: Entry | None, ours: Entry, theirs: Entry) -> Merge:
    """Return our entry with what changed from base to theirs, wherever we had left the base as it was.

    ``base`` is what was shipped last; None says that the package did not have this code, so that everything in which
    the two differ was changed by both. What we deleted stays deleted. Where a value of theirs contradicts one that we
    edited, ours stay together.
    """
    before, mine, other = _flat(base), _flat(ours), _flat(theirs)
    result, taken, kept = dict(mine), [], []
    for path in _comparable(before, mine, other):
        b, o, t = (_text(side.get(path)) for side in (before, mine, other))
        if t in (b, o):
            continue  # the package did not change it, or we wrote the same
        if o == b:
            taken.append(path)
            result |= _taken(other, path)
        else:
            kept.append(path)
    entry = _entry(ours, result)
    if not entry.is_consistent:
        bound = {path for path in taken if path in _BOUND}
        entry = replace(entry, **{path: mine[path] for path in bound})
        taken, kept = [path for path in taken if path not in bound], sorted([*kept, *bound])
    return Merge(entry=entry, taken=tuple(taken), kept=tuple(kept))


def take(ours: Entry, theirs: Entry, path: str) -> Entry:
    """Return our entry with the shipped value of one path."""
    return _entry(ours, _flat(ours) | _taken(_flat(theirs), path))


def value(entry: Entry, path: str) -> object:
    """Return what an entry has at a path; None for nothing."""
    return _text(_flat(entry).get(path))


def paths(one: Entry, other: Entry) -> list[str]:
    """Return the paths at which two entries differ, in their order."""
    left, right = _flat(one), _flat(other)
    return [path for path in _comparable(left, right) if _text(left.get(path)) != _text(right.get(path))]


def _comparable(*sides: Mapping[str, Any]) -> list[str]:
    """Return the paths that mean the same on all sides: the texts of a category do not where the code has moved."""
    paths = sorted(set().union(*sides))
    if len({side[_SLUG] for side in sides if side}) == 1:
        return paths
    return [path for path in paths if path == _SLUG or not path.startswith("category.")]


def _taken(theirs: Mapping[str, Any], path: str) -> dict[str, Any]:
    """Return what has to change for their value of a path: who takes a category takes it whole."""
    names = [f"category.{name}" for name in _CATEGORY_FIELDS] if path == _SLUG else [path]
    return {name: theirs.get(name) for name in names}


def _text(value: object) -> object:
    """Return what counts for a comparison: of a message field the text alone."""
    return value[0] if isinstance(value, _Field) else value


class _Field(tuple[str, "str | None"]):
    """A message field: its text, and the source text that it was confirmed against; taken or kept together."""

    __slots__ = ()


def _flat(entry: Entry | None) -> dict[str, Any]:
    if entry is None:
        return {}
    flat: dict[str, Any] = {name: getattr(entry, name) for name in _CODE_FIELDS}
    flat |= {f"category.{name}": getattr(entry.category, name) for name in _CATEGORY_FIELDS}
    for language, message in entry.messages.items():
        for name in MESSAGE_FIELDS:
            if text := getattr(message, name):
                flat[f"{language}.{name}"] = _Field((text, message.source_text.get(name)))
    if entry.runbook is not None:
        texts = {f"runbook.{name}": getattr(entry.runbook, name) for name in _RUNBOOK_FIELDS}
        flat |= {path: text for path, text in texts.items() if text}
    return flat


def _entry(ours: Entry, flat: Mapping[str, Any]) -> Entry:
    texts: dict[str, dict[str, str]] = {}
    sources: dict[str, dict[str, str]] = {}
    for path, found in flat.items():
        if isinstance(found, _Field):
            language, _dot, name = path.partition(".")
            texts.setdefault(language, {})[name] = found[0]
            if found[1] is not None:
                sources.setdefault(language, {})[name] = found[1]
    sections = {name: flat[f"runbook.{name}"] for name in _RUNBOOK_FIELDS if flat.get(f"runbook.{name}")}
    return replace(
        ours,
        **{name: flat[name] for name in _CODE_FIELDS},
        category=Category(**{name: flat[f"category.{name}"] for name in _CATEGORY_FIELDS}),
        messages={
            language: Message(**fields, source_text=sources.get(language, {})) for language, fields in texts.items()
        },
        runbook=Runbook(**sections) if sections else None,
    )
