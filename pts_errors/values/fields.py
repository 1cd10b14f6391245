"""The fields of an entry, an entry as a flat mapping from paths to values, and three-way comparison."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from dataclasses import fields as of_dataclass
from enum import StrEnum
from typing import Any, TypeVar, get_type_hints

from pts_errors.values.entry import MESSAGE_FIELDS, NESTED, Category, Entry, Runbook

# The place of a value in its entry: ("severity",), ("category", "owner"), ("fr", "title"), ("runbook", "impact").
Path = tuple[str, ...]

SLUG: Path = ("category", "slug")

CATEGORY_FIELDS = tuple(field.name for field in of_dataclass(Category))
RUNBOOK_FIELDS = tuple(field.name for field in of_dataclass(Runbook))
CODE_FIELDS: Mapping[str, Any] = {name: hint for name, hint in get_type_hints(Entry).items() if name not in NESTED}
"""Type of each field of the code itself, by name, in the order of the columns of codes.csv."""

_BLANK: tuple[object, ...] = (None, "", (), [], {})

_Key = TypeVar("_Key", bound=Hashable)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One value that differs between two states of an entry."""

    path: Path
    before: Any
    """The earlier value, or None where there was none."""
    after: Any
    """The later value, or None where there is none."""


def dotted(path: Path) -> str:
    """Return a path as text, such as ``"fr.title"``."""
    return ".".join(path)


def parsed(text: str) -> Path:
    """Return the path of a dotted text, such as ``("fr", "title")``."""
    return tuple(text.split("."))


def vocabulary(kind: object) -> tuple[str, ...]:
    """Return the allowed values of a field of this type, or nothing if it is a free text or a number."""
    return tuple(kind) if isinstance(kind, type) and issubclass(kind, StrEnum) else ()


def language_of(path: Path) -> str:
    """Return the language in the path of a message text, or an empty text for any other path."""
    return path[0] if len(path) == 2 and path[0] not in ("category", "runbook") else ""


def value_at(entry: Entry, path: Path) -> Any:
    """Return the value at a path, or None if the entry lacks that language or a runbook."""
    match path:
        case (name,):
            return getattr(entry, name)
        case ("category", name):
            return getattr(entry.category, name)
        case ("runbook", name):
            return entry.runbook and getattr(entry.runbook, name)
        case (language, name):
            message = entry.messages.get(language)
            return message and getattr(message, name)
    raise KeyError(path)


def confirmed(flat: Mapping[Path, Any], path: Path) -> str | None:
    """Return the source text that a translation was confirmed against, or None if it was never recorded."""
    sources: Mapping[str, str] = flat.get((path[0], "source_text"), {})
    return sources.get(path[-1])


def put(flat: dict[Path, Any], path: Path, value: Any, against: str | None = None) -> None:
    """Set a value. For a translation, ``against`` is the source text that confirms it."""
    flat[path] = value
    if language := language_of(path):
        sources = {name: text for name, text in flat.get((language, "source_text"), {}).items() if name != path[1]}
        flat[language, "source_text"] = sources if against is None else {**sources, path[1]: against}


def flatten(entry: Entry | None) -> dict[Path, Any]:
    """Return the values of an entry by path, in their JSON form; nothing for None."""
    return {} if entry is None else flatten_state(entry.as_json())


def flatten_state(state: Mapping[str, Any]) -> dict[Path, Any]:
    """Return the values of a stored state by path.

    The state may come from another version of the package: unknown keys are kept.
    """
    flat: dict[Path, Any] = {}
    for key, value in state.items():
        match key:
            case "v":
                pass
            case "code" | "messages":
                flat.update(_flat(value, ()))
            case _:
                flat.update(_flat(value, (key,)))
    return flat


def build(flat: Mapping[Path, Any], *, revision: int = 0) -> Entry:
    """Return the entry with these values. Languages and runbooks without any text are left out.

    Raises:
        KeyError, TypeError: a required value is missing, or a value has the wrong type.
    """
    state: dict[str, Any] = {"code": {}, "category": {}, "messages": {}, "runbook": {}}
    for path, value in flat.items():
        if language := language_of(path):
            state["messages"].setdefault(language, {})[path[1]] = value
        elif len(path) == 2:
            state[path[0]][path[1]] = value
        else:
            state["code"][path[0]] = value
    state["messages"] = {
        language: message
        for language, message in state["messages"].items()
        if any(message.get(name) for name in MESSAGE_FIELDS)
    }
    if not any(state["runbook"].values()):
        del state["runbook"]
    return Entry.from_json(state, revision=revision)


def changes(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> list[Change]:
    """Return every value that differs between two stored states, in the order of the later one."""
    old, new = flatten_state(before or {}), flatten_state(after or {})
    return [
        Change(path=path, before=old.get(path), after=new.get(path))
        for path in dict.fromkeys([*new, *old])
        if not is_same(old.get(path), new.get(path))
    ]


def is_blank(value: object) -> bool:
    """Return whether a value is empty; False and 0 are not."""
    return value in _BLANK


def is_same(one: object, other: object) -> bool:
    """Return whether two values are equal; all blank values are."""
    return one == other or (is_blank(one) and is_blank(other))


def three_way(
    base: Mapping[_Key, Any],
    ours: Mapping[_Key, Any],
    theirs: Mapping[_Key, Any],
    *,
    paths: Iterable[_Key],
    same: Callable[[Any, Any], bool] = is_same,
) -> tuple[list[_Key], list[_Key]]:
    """Return the paths that only ``theirs`` changed, and the conflicts: paths that both changed to different values."""
    taken: list[_Key] = []
    conflicts: list[_Key] = []
    for path in paths:
        before, mine, their = base.get(path), ours.get(path), theirs.get(path)
        if not same(their, mine) and not same(their, before):
            (taken if same(mine, before) else conflicts).append(path)
    return taken, conflicts


def _flat(value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    if isinstance(value, Mapping) and path[-1:] != ("source_text",):
        for key, item in value.items():
            yield from _flat(item, (*path, key))
    elif path:
        yield path, value
