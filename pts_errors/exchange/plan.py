"""Compare files with the drafts, three-way against the baselines of the files. Works on values, not on tables."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from hashlib import sha256
from typing import Any

from django.utils.translation import gettext as _

from pts_errors.exceptions import ExchangeError
from pts_errors.exchange.baselines import content, fingerprint
from pts_errors.exchange.folder import shorten
from pts_errors.exchange.records import Record, with_newlines
from pts_errors.values.entry import Category, Entry
from pts_errors.values.fields import SLUG, Change, Path, build, flatten, is_blank, language_of, put, three_way, value_at

# Identifies a value within an import: whether it belongs to a category, its code or slug, and its path.
Key = tuple[bool, str, Path]


class Status(StrEnum):
    """The result for one value of a file."""

    NEW = "new"
    """There is no local value."""
    CHANGED = "changed"
    CONFLICT = "conflict"
    """Changed locally since the export, or the file has an old value. The local value stays."""
    REJECTED = "rejected"
    """The value breaks a rule. The local value stays."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileChange(Change):
    """One value of a file that differs from the draft: ``before`` is the draft's value, ``after`` the file's."""

    record: Record = field(repr=False)
    """The record that holds the value."""
    status: Status
    confirmed: str | None = None
    """For a translation, the source text that the file confirms it against."""
    reason: str = ""
    """Why the value is rejected, as a sentence in the active language."""
    is_old: bool = False
    """Whether the value was live earlier, in a file without a baseline."""

    @property
    def place(self) -> str:
        """File and line of the value."""
        return f"{self.record.file}:{self.record.lines.get(self.path, self.record.line)}"

    @property
    def key(self) -> Key:
        """Identifies the value within an import."""
        return _key(self.record, self.path)

    @property
    def code(self) -> str:
        """The code, or an empty text for a change of a category."""
        return "" if self.record.block == "category" else self.record.key

    @property
    def category(self) -> str:
        """The slug of a category, or an empty text for a change of a code."""
        return self.record.key if self.record.block == "category" else ""

    @property
    def is_accepted(self) -> bool:
        """Whether it will be written."""
        return self.status in (Status.NEW, Status.CHANGED)


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """All codes and categories at one time."""

    entries: Mapping[str, Entry] = field(default_factory=dict)
    categories: Mapping[str, Category] = field(default_factory=dict)

    def subject(self, record: Record) -> Category | Entry | None:
        """Return the record's code or category."""
        return (self.categories if record.block == "category" else self.entries).get(record.key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What an import would do."""

    records: Sequence[Record]
    changes: tuple[FileChange, ...]
    """Every value that differs, in the order of the files."""
    unchanged: int
    """Number of values that equal the draft or their baseline."""
    theirs: frozenset[Key]
    """The conflicts in which the file's value wins."""

    def having(self, *statuses: Status) -> list[FileChange]:
        """Return the changes with one of these statuses."""
        return [change for change in self.changes if change.status in statuses]

    @property
    def digest(self) -> str:
        """A hash of the changes, to make sure that the import does what was shown."""
        shown = repr([(change.place, change.key, change) for change in self.changes])
        return sha256(shown.encode("utf-8", "backslashreplace")).hexdigest()


def dangling(records: Iterable[Record], drafts: State) -> Iterator[str]:
    """Yield a sentence with file and line for every reference to an unknown code or category."""
    records = tuple(records)
    codes = drafts.entries.keys() | {record.key for record in records if record.block == "code"}
    categories = drafts.categories.keys() | {record.key for record in records if record.block == "category"}
    for record in records:
        if record.block == "code":
            for other in (*record.values["similar",], record.values["replaced_by",]):
                if other and other not in codes:
                    sentence = _("The code %(code)r is not in the catalog.") % {"code": other[:20]}
                    yield f"{record.place}: {sentence}"
            if (slug := record.values[SLUG]) not in categories:
                sentence = _("The category %(category)r is not in the catalog.") % {"category": slug[:50]}
                yield f"{record.place}: {sentence}"
        elif record.block != "category" and record.key not in codes:
            sentence = _("The code %(code)s is not in the catalog.") % {"code": record.key}
            yield f"{record.place}: {sentence}"


def compare(
    records: Iterable[Record],
    drafts: State,
    *,
    source_language: str,
    live_at: Callable[[int], State | None] = lambda _number: None,
    history: Callable[[Record], Iterable[State]] = lambda _record: (),
    theirs: Collection[Key] = (),
) -> tuple[list[FileChange], int]:
    """Return every value that differs from the drafts, and the number of those that equal the draft or their baseline.

    ``live_at`` returns the state live at a revision, or None for an unknown revision. ``theirs`` are the conflicts in
    which the file's value wins. ``history`` returns all published states of a record's code or category. Without a
    baseline, a value that was live earlier counts as old, which is a conflict; any other value is taken.
    """
    changes: list[FileChange] = []
    total = 0
    for record in records:
        ours = _values(drafts, record, source_language)
        base = _base(record, ours, drafts, live_at, source_language)
        files = _of_file(record)
        total += len(record.values)
        before = dict.fromkeys(files, _UNKNOWN) if base is None else base
        taken, conflicts = three_way(before, ours, files, paths=files, same=_is_same)
        past: Sequence[Mapping[Path, _Value]] = ()
        if taken and record.baseline is None:
            past = _past(history(record), record, source_language)
        for path in files:
            if path not in taken and path not in conflicts:
                continue
            value, here = files[path], ours.get(path, _NOTHING)
            is_old = any(_is_old(value, then.get(path, _NOTHING), here) for then in past)
            is_taken = (path in taken and not is_old) or _key(record, path) in theirs
            status = Status.CHANGED if is_taken else Status.CONFLICT
            if is_blank(here.stored) and (is_taken or base is None):
                status = Status.NEW
            changes.append(
                FileChange(
                    path=path,
                    before=here.stored,
                    after=record.values[path],
                    record=record,
                    status=status,
                    confirmed=value.confirmed,
                    is_old=is_old,
                )
            )
    return changes, total - len(changes)


def merge(changes: Iterable[FileChange], drafts: State) -> dict[str, Entry]:
    """Return all drafts with these changes applied."""
    categories = dict(drafts.categories)
    codes: dict[str, dict[Path, Any]] = {}
    for change in changes:
        if change.code:
            flat = codes.setdefault(change.code, flatten(drafts.entries.get(change.code)))
            put(flat, change.path, change.after, change.confirmed)
        else:
            category = categories.get(change.category, Category(slug=change.category))
            categories[change.category] = replace(category, **{change.path[1]: change.after})
    entries = dict(drafts.entries)
    for code, flat in codes.items():
        if ("similar",) in flat:
            flat["similar",] = _ordered(flat["similar",])
        entries[code] = build(flat)
    entries = {code: entry.with_category_from(categories) for code, entry in entries.items()}
    _link(entries, drafts.entries)
    return entries


def compiled(records: Sequence[Record], *, source_language: str) -> tuple[Entry, ...]:
    """Return the entries that the files define on their own, ordered by number.

    Raises:
        ExchangeError: the files refer to codes or categories that they do not define; every problem is named with
            file and line.
    """
    if not any(record.block == "code" for record in records):
        sentence = _("The file is missing, or has no code.")
        raise ExchangeError([f"codes.csv:1: {sentence}"])
    if problems := list(dangling(records, State())):
        raise ExchangeError(shorten(problems))
    changes, _unchanged = compare(records, State(), source_language=source_language)
    entries = merge(changes, State())
    return tuple(entries[code] for code in _ordered(entries))


def _key(record: Record, path: Path) -> Key:
    return (record.block == "category", record.key, path)


@dataclass(frozen=True, slots=True)
class _Value:
    """A value of a file, a draft or a published state, in a comparable form."""

    text: Any = None
    confirmed: str | None = None
    """For a translation, the source text that it was confirmed against."""
    is_outdated: bool = False
    """Whether the source text at that time was a different one."""
    stored: Any = field(default=None, compare=False)


_NOTHING = _Value()
# Stands for an unknown baseline: equal to no value.
_UNKNOWN = _Value(text=object())


def _is_same(one: _Value | None, other: _Value | None) -> bool:
    one, other = one or _NOTHING, other or _NOTHING
    if is_blank(one.text) and is_blank(other.text):
        return True
    # Some tools drop the previous source text of a fuzzy unit. The translation needs review all the same.
    is_vague = one.confirmed == "" and other.is_outdated
    return one.text == other.text and (is_vague or one.confirmed == other.confirmed)


def _is_old(value: _Value, then: _Value, here: _Value) -> bool:
    """Return whether a file has an earlier value. A text is old no matter which source text confirms it now."""
    return value.text == then.text != here.text or _is_same(value, then)


def _of_file(record: Record) -> dict[Path, _Value]:
    return {
        path: _Value(_plain(value), _plain(record.confirmed.get(path)))
        for path, value in record.values.items()
        # Without a baseline, an empty translation means “not translated yet”, not “deleted”.
        if value or record.baseline is not None or not language_of(path)
    }


def _base(
    record: Record,
    ours: Mapping[Path, _Value],
    drafts: State,
    live_at: Callable[[int], State | None],
    source_language: str,
) -> Mapping[Path, _Value] | None:
    """Return the values that a record was exported with: None if its revision is unknown, ours without a baseline."""
    if record.baseline is None:
        return ours
    if record.baseline.fingerprint == fingerprint(content(drafts.subject(record), record.block)):
        return ours
    then = live_at(record.baseline.revision)
    return None if then is None else _values(then, record, source_language)


def _values(state: State, record: Record, source_language: str) -> dict[Path, _Value]:
    """Return the values of a state at the paths of a record, or nothing if its code or category does not exist."""
    subject = state.subject(record)
    if subject is None:
        return {}
    if isinstance(subject, Category):
        return {path: _value(getattr(subject, path[1])) for path in record.values}
    values = {}
    for path in record.values:
        text, source, against = value_at(subject, path), None, None
        if text and language_of(path) not in ("", source_language):
            source = value_at(subject, (source_language, path[1])) or ""
            against = subject.messages[path[0]].source_text.get(path[1], source)
        values[path] = _value(text, against, is_outdated=against != source)
    return values


def _value(stored: Any, confirmed: str | None = None, *, is_outdated: bool = False) -> _Value:
    return _Value(_plain(stored), _plain(confirmed), is_outdated, stored)


def _plain(value: Any) -> Any:
    match value:
        case str():
            return with_newlines(value)
        case tuple() | list():
            return tuple(sorted(set(value)))
    return value


def _past(states: Iterable[State], record: Record, source_language: str) -> list[Mapping[Path, _Value]]:
    """Return the distinct values of a record in these states, of which there may be a hundred thousand."""
    rows = (_values(state, record, source_language) for state in states)
    return list({tuple(row.items()): row for row in rows}.values())


def _link(entries: dict[str, Entry], before: Mapping[str, Entry]) -> None:
    """Mirror changes of similar codes to the other code, because similarity is symmetric."""
    changed = []
    for code, entry in entries.items():
        old = set(before[code].similar) if code in before else set()
        changed += [(other, code, other in entry.similar) for other in old ^ set(entry.similar) if other in entries]
    for code, other, is_similar in changed:
        similar = set(entries[code].similar)
        result = similar | {other} if is_similar else similar - {other}
        if result != similar:
            entries[code] = replace(entries[code], similar=_ordered(result))


def _ordered(codes: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(codes), key=lambda code: (len(code), code)))
