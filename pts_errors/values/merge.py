"""Three-way merge of shipped values into the local values of one code, field by field and language by language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pts_errors.values.entry import Entry
from pts_errors.values.fields import SLUG, Path, build, confirmed, flatten, is_same, language_of, put, three_way

# The fields of `Entry.is_consistent`, which are merged together.
_BOUND = {
    (name,) for name in ("outcome", "outcome_basis", "retry_advice", "retry_after", "http_status", "reveal_to_customer")
}
_BASIS, _REASON = ("outcome_basis",), ("outcome_reason",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge:
    """The result of a merge."""

    entry: Entry
    taken: tuple[Path, ...]
    """Paths without a local edit: the shipped value was taken."""
    kept: tuple[Path, ...]
    """Conflicts, changed on both sides: the local value stays, and the shipped one waits for a decision."""


def merge(base: Entry | None, ours: Entry, theirs: Entry) -> Merge:
    """Return our entry with the shipped changes since the base, except where there is a local change as well.

    ``base`` is the last shipped entry. Without it, every difference is a conflict. Local deletions stay. If a shipped
    value would contradict a local edit, all fields that depend on each other keep their local values.
    """
    before, mine, other = flatten(base), flatten(ours), flatten(theirs)
    paths = _comparable(before, mine, other)
    taken, kept = three_way(before, mine, other, paths=paths)
    # A text that is new in a language which we deleted would bring that language back.
    deleted = base.messages.keys() - ours.messages.keys() if base else set()
    taken = [path for path in taken if language_of(path) not in deleted]
    entry = _taking(ours, mine, other, taken)
    if not entry.is_consistent:
        bound = [path for path in taken if path in _BOUND]
        entry = replace(entry, **{path[0]: getattr(ours, path[0]) for path in bound})
        taken, kept = [path for path in taken if path not in _BOUND], sorted([*kept, *bound])
    if entry.outcome_basis != theirs.outcome_basis and _REASON in taken:  # a reason is that of one basis
        entry = replace(entry, outcome_reason=ours.outcome_reason)
        taken, kept = [path for path in taken if path != _REASON], sorted([*kept, _REASON])
    return Merge(entry=entry, taken=tuple(taken), kept=tuple(kept))


def take(ours: Entry, theirs: Entry, path: Path) -> Entry:
    """Return our entry with the shipped value of one path; a basis and its reason are taken together."""
    together = [_BASIS, _REASON] if path in (_BASIS, _REASON) else [path]
    return _taking(ours, flatten(ours), flatten(theirs), together)


def paths(one: Entry, other: Entry) -> list[Path]:
    """Return the paths at which two entries differ, in their order."""
    left, right = flatten(one), flatten(other)
    return [path for path in _comparable(left, right) if not is_same(left.get(path), right.get(path))]


def _comparable(*sides: Mapping[Path, Any]) -> list[Path]:
    """Return the paths that can be compared between all sides.

    Category texts are left out if the code has moved to another category, and confirmed source texts because they
    follow their translation.
    """
    has_moved = len({side[SLUG] for side in sides if side}) > 1
    return [
        path
        for path in sorted(set().union(*sides))
        if path[-1] != "source_text" and not (has_moved and path[0] == "category" and path != SLUG)
    ]


def _taking(ours: Entry, mine: Mapping[Path, Any], theirs: Mapping[Path, Any], paths: Iterable[Path]) -> Entry:
    """Return our entry with their values at these paths; a category is taken as a whole."""
    flat = dict(mine)
    for path in paths:
        for name in [name for name in theirs if name[0] == "category"] if path == SLUG else [path]:
            put(flat, name, theirs.get(name, ""), confirmed(theirs, name))
    return build(flat, revision=ours.revision)
