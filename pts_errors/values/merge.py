"""Three-way merge of one code: shipped values into local ones, field by field and language by language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pts_errors.values.entry import Entry
from pts_errors.values.fields import SLUG, Path, build, confirmed, flatten, is_same, put, three_way

# Those that `Entry.is_consistent` reads.
_BOUND = {(name,) for name in ("outcome", "retry_advice", "retry_after", "http_status", "reveal_to_customer")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge:
    """The outcome of a merge."""

    entry: Entry
    taken: tuple[Path, ...]
    """Where the shipped value was taken, because nobody had edited the local one."""
    kept: tuple[Path, ...]
    """Where both sides changed: the local value stays, and somebody should look at the shipped one."""


def merge(base: Entry | None, ours: Entry, theirs: Entry) -> Merge:
    """Return our entry with what changed from base to theirs, wherever we had left the base as it was.

    ``base`` is what was shipped last; without one, everything that differs counts as changed on both sides. What we
    deleted stays deleted. Where a value of theirs contradicts one that we edited, ours stay together.
    """
    before, mine, other = flatten(base), flatten(ours), flatten(theirs)
    paths = _comparable(before, mine, other)
    taken, kept = three_way(before, mine, other, paths=paths)
    entry = _taking(ours, mine, other, taken)
    if not entry.is_consistent:
        bound = [path for path in taken if path in _BOUND]
        entry = replace(entry, **{path[0]: getattr(ours, path[0]) for path in bound})
        taken, kept = [path for path in taken if path not in _BOUND], sorted([*kept, *bound])
    return Merge(entry=entry, taken=tuple(taken), kept=tuple(kept))


def take(ours: Entry, theirs: Entry, path: Path) -> Entry:
    """Return our entry with the shipped value of one path."""
    return _taking(ours, flatten(ours), flatten(theirs), [path])


def paths(one: Entry, other: Entry) -> list[Path]:
    """Return the paths at which two entries differ, in their order."""
    left, right = flatten(one), flatten(other)
    return [path for path in _comparable(left, right) if not is_same(left.get(path), right.get(path))]


def _comparable(*sides: Mapping[Path, Any]) -> list[Path]:
    """Return the paths that mean the same on all sides.

    The texts of a category do not where the code has moved; a confirmed source text goes with its translation.
    """
    has_moved = len({side[SLUG] for side in sides if side}) > 1
    return [
        path
        for path in sorted(set().union(*sides))
        if path[-1] != "source_text" and not (has_moved and path[0] == "category" and path != SLUG)
    ]


def _taking(ours: Entry, mine: Mapping[Path, Any], theirs: Mapping[Path, Any], paths: Iterable[Path]) -> Entry:
    """Return our entry with their values of some paths; a category is taken whole."""
    flat = dict(mine)
    for path in paths:
        for name in [name for name in theirs if name[0] == "category"] if path == SLUG else [path]:
            put(flat, name, theirs.get(name, ""), confirmed(theirs, name))
    return build(flat, revision=ours.revision)
