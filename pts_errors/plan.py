"""What files would change in the drafts: compared field by field with what they were exported from. Values only."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from hashlib import sha256
from typing import Any

from django.utils.translation import gettext as _

from pts_errors import marks
from pts_errors.entry import MESSAGE_FIELDS, RUNBOOK_SECTIONS, Category, Entry, Message, Runbook
from pts_errors.part import Part
from pts_errors.parts import Parts

# Such as ("code", "1007", "severity"), ("message", "1007", "fr", "title"), ("runbook", "1007", "impact") or
# ("category", "upstream", "owner").
Path = tuple[str, ...]

_BLANK = (None, "", ())
_CATEGORY_FIELDS = tuple(f.name for f in fields(Category))
_RUNBOOK_FIELDS = ("owner", *RUNBOOK_SECTIONS)
_CODE_FIELDS = tuple(f.name for f in fields(Entry) if f.name not in {"category", "messages", "runbook", "revision"})


class Status(StrEnum):
    """What becomes of a value that a file holds."""

    NEW = "new"
    """There was none."""
    CHANGED = "changed"
    CONFLICT = "conflict"
    """It was changed here, too, since the file was exported, or the file holds what was here once. What is here stays."""
    REJECTED = "rejected"
    """It breaks a rule. What is here stays."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One value of a file that differs from the draft's."""

    path: Path
    status: Status
    before: Any
    """The draft's value; None where the draft has no such row."""
    after: Any
    """The file's value."""
    confirmed: str | None = None
    """For a translation, the source text that the file confirms it against."""
    file: str
    line: int
    reason: str = ""
    """Why it is rejected, as a sentence in the active language."""
    is_old: bool = False
    """Whether it was live once, and the file does not say from what it was exported."""

    @property
    def code(self) -> str:
        """The code, or an empty text for a change of a category."""
        return "" if self.path[0] == "category" else self.path[1]

    @property
    def is_accepted(self) -> bool:
        """Whether it will be written."""
        return self.status in (Status.NEW, Status.CHANGED)


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Every code and every category at some time."""

    entries: Mapping[str, Entry] = field(default_factory=dict)
    categories: Mapping[str, Category] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What an import would do."""

    parts: Parts
    changes: tuple[Change, ...]
    """Every value that differs, in the order of the files."""
    unchanged: int
    """How many values of the files are the draft's, or were left as they were exported."""
    theirs: frozenset[Path]
    """The conflicts that were decided for the files."""

    def having(self, *statuses: Status) -> list[Change]:
        """Return the changes with one of these statuses."""
        return [change for change in self.changes if change.status in statuses]

    @property
    def digest(self) -> str:
        """A text that differs when the plan does: what was shown is what is done."""
        return sha256(repr(self.changes).encode("utf-8", "backslashreplace")).hexdigest()


def dangling(parts: Parts, drafts: State) -> Iterator[str]:
    """Yield a sentence with file and line for everything in the files that names what does not exist."""
    known = drafts.entries.keys() | parts.codes.keys()
    categories = drafts.categories.keys() | parts.categories.keys()
    for part in parts.codes.values():
        for other in (*part.values["similar"], part.values["replaced_by"]):
            if other and other not in known:
                sentence = _("The code %(code)r is not in the catalog.") % {"code": other[:20]}
                yield f"{part.file}:{part.line}: {sentence}"
        if (category := part.values["category"]) not in categories:
            sentence = _("The category %(category)r is not in the catalog.") % {"category": category[:50]}
            yield f"{part.file}:{part.line}: {sentence}"
    of_codes = [(code, part) for (code, _language), part in parts.messages.items()] + list(parts.runbooks.items())
    for code, part in of_codes:
        if code not in known:
            sentence = _("The code %(code)s is not in the catalog.") % {"code": code}
            yield f"{part.file}:{part.line}: {sentence}"


def compare(
    parts: Parts,
    drafts: State,
    *,
    live_at: Callable[[int], State | None],
    source_language: str,
    history: Callable[[str, str], Iterable[State]] = lambda _kind, _key: (),
    theirs: Collection[Path] = (),
) -> tuple[list[Change], int]:
    """Return every value that differs from the drafts, and how many do not or were left as they were exported.

    ``live_at`` returns what was live at a revision, or None for one that is not known here. ``theirs`` are the
    conflicts in which the file wins. ``history`` returns everything that was ever live of a category ("category") or
    of a code (any other kind): of a file that does not say from what it was exported, a value that was live once is
    taken for an old one, and any other wins.
    """
    changes: list[Change] = []
    unchanged = 0
    for kind, key, part in _rows(parts):
        before, content = _row(drafts, kind, key, source_language)
        base: Mapping[str, Any] | None = {}
        if part.mark is not None:
            then = live_at(part.mark.revision)
            base = _row(then, kind, key, source_language)[0] if then is not None else None
            if part.mark.fingerprint and marks.fingerprint(content) == part.mark.fingerprint:
                base = before
        past: list[Mapping[str, _Draft]] | None = None
        for name, after in part.values.items():
            value = _File(after, part.confirmed.get(name), kind)
            here, is_old = before.get(name, _NOTHING), False
            if value.equals(here):
                status = None
            elif part.mark is None and kind == "message" and not after:
                status = None  # an empty translation is one that nobody has written yet
            elif part.mark is None:
                if past is None:
                    past = _past(history(kind, key[0]), kind, key, source_language)
                is_old = any(value.is_old(then.get(name, _NOTHING), here) for then in past)
                status = Status.CONFLICT if is_old else Status.CHANGED
            elif base is not None and value.equals(base.get(name, _NOTHING)):
                status = None  # it is as it was exported: somebody changed it here
            elif base is not None and here.state == base.get(name, _NOTHING).state:
                status = Status.CHANGED
            else:
                status = Status.CONFLICT
            path = (kind, *key, name)
            if status is None:
                unchanged += 1
                continue
            if status == Status.CONFLICT and path in theirs:
                status = Status.CHANGED
            if here.text in _BLANK and (status == Status.CHANGED or base is None):
                status = Status.NEW
            changes.append(
                Change(
                    path=path,
                    status=status,
                    before=here.text,
                    after=after,
                    confirmed=value.confirmed,
                    file=part.file,
                    line=part.lines.get(name, part.line),
                    is_old=is_old,
                )
            )
    return changes, unchanged


def merge(changes: Iterable[Change], drafts: State) -> dict[str, Entry]:
    """Return all drafts as they are with these changes."""
    rows: dict[Path, dict[str, Change]] = {}
    for change in changes:
        rows.setdefault(change.path[:-1], {})[change.path[-1]] = change
    categories = {
        **drafts.categories,
        **{
            slug: replace(drafts.categories.get(slug, Category(slug=slug)), **_values(row))
            for (kind, slug, *_), row in rows.items()
            if kind == "category"
        },
    }
    entries = dict(drafts.entries)
    for (kind, code, *_rest), row in rows.items():
        if kind == "code":
            entries[code] = _with_code(entries.get(code), code, row, categories)
    for (kind, code, *rest), row in rows.items():
        match kind:
            case "message":
                entries[code] = _with_message(entries[code], rest[0], row)
            case "runbook":
                entry = entries[code]
                entries[code] = replace(entry, runbook=replace(entry.runbook or Runbook(), **_values(row)))
    for code, entry in entries.items():
        if entry.category != categories[entry.category.slug]:
            entries[code] = replace(entry, category=categories[entry.category.slug])
    _link(entries, drafts.entries)
    return entries


@dataclass(frozen=True, slots=True)
class _Draft:
    """A value of the drafts, or of what was live. For a translation, with what it was confirmed against."""

    text: Any = None
    confirmed: str | None = None
    source: str | None = None
    """The source text of that time."""

    @property
    def state(self) -> tuple[object, object]:
        """What has to differ for two drafts to differ."""
        return (None, None) if self.text in _BLANK else (_plain(self.text), _plain(self.confirmed))


_NOTHING = _Draft()


@dataclass(frozen=True, slots=True)
class _File:
    """A value of a file."""

    text: Any
    confirmed: str | None
    kind: str

    def equals(self, draft: _Draft) -> bool:
        """Return whether the file says what the draft has."""
        if self.text in _BLANK and draft.text in _BLANK:
            return True
        if _plain(self.text) != _plain(draft.text):
            return False
        # A tool that marks a unit as fuzzy may forget the earlier source: it needs review all the same.
        is_vague = self.confirmed == "" and draft.confirmed != draft.source
        return self.kind != "message" or is_vague or _plain(self.confirmed) == _plain(draft.confirmed)

    def is_old(self, then: _Draft, here: _Draft) -> bool:
        """Return whether the file says what was there once; a text is old whatever it is confirmed against by now."""
        is_same = _plain(self.text) == _plain(then.text) != _plain(here.text)
        return is_same or self.equals(then)


def _rows(parts: Parts) -> Iterator[tuple[str, Path, Part]]:
    for slug, part in parts.categories.items():
        yield "category", (slug,), part
    for code, part in parts.codes.items():
        yield "code", (code,), part
    for key, part in parts.messages.items():
        yield "message", key, part
    for code, part in parts.runbooks.items():
        yield "runbook", (code,), part


def _row(state: State, kind: str, key: Path, source_language: str) -> tuple[dict[str, _Draft], object]:
    """Return the values of a row by field, empty if there is none, and its content as marks have it."""
    if kind == "category":
        category = state.categories.get(key[0])
        return _drafts(category, _CATEGORY_FIELDS), category and marks.category(category)
    entry = state.entries.get(key[0])
    if entry is None:
        return {}, None
    if kind == "code":
        values = _drafts(entry, _CODE_FIELDS)
        return {**values, "category": _Draft(entry.category.slug)}, marks.code(entry)
    if kind == "runbook":
        return _drafts(entry.runbook, _RUNBOOK_FIELDS), marks.runbook(entry)
    language = key[1]
    message, source = entry.messages.get(language, Message()), entry.messages.get(source_language, Message())
    row = {}
    for name in MESSAGE_FIELDS:
        text, original = getattr(message, name), getattr(source, name)
        if language == source_language or not text:
            row[name] = _Draft(text)
        else:
            row[name] = _Draft(text, message.source_text.get(name, original), original)
    return row, marks.message(entry, language)


def _past(states: Iterable[State], kind: str, key: Path, source_language: str) -> list[Mapping[str, _Draft]]:
    """Return what a row was in these states, each only once: there may be a hundred thousand of them."""
    rows = (_row(state, kind, key, source_language)[0] for state in states)
    return list({tuple(sorted(row.items())): row for row in rows}.values())


def _drafts(value: object, names: Iterable[str]) -> dict[str, _Draft]:
    return {} if value is None else {name: _Draft(getattr(value, name)) for name in names}


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\r\n", "\n").replace("\r", "\n")
    return frozenset(value) if isinstance(value, tuple) else value


def _values(row: Mapping[str, Change]) -> dict[str, Any]:
    return {name: change.after for name, change in row.items()}


def _with_code(entry: Entry | None, code: str, row: Mapping[str, Change], categories: Mapping[str, Category]) -> Entry:
    values = _values(row)
    if "category" in values:
        values["category"] = categories[values["category"]]
    if "similar" in values:
        values["similar"] = _ordered(values["similar"])
    return Entry(**{**values, "code": code}) if entry is None else replace(entry, **values)


def _with_message(entry: Entry, language: str, row: Mapping[str, Change]) -> Entry:
    message = entry.messages.get(language, Message())
    source_text = dict(message.source_text)
    for name, change in row.items():
        source_text.pop(name, None)
        if change.confirmed is not None:
            source_text[name] = change.confirmed
    message = replace(message, **_values(row), source_text=source_text)
    messages = {**entry.messages, language: message}
    if not any(getattr(message, name) for name in MESSAGE_FIELDS):
        del messages[language]
    return replace(entry, messages=messages)


def _link(entries: dict[str, Entry], before: Mapping[str, Entry]) -> None:
    """Carry what became similar, or no longer is, over to the other code: it holds both ways."""
    changed = []
    for code, entry in entries.items():
        old = set(before[code].similar) if code in before else set()
        changed += [(other, code, other in entry.similar) for other in old ^ set(entry.similar) if other in entries]
    for code, other, is_similar in changed:
        similar = set(entries[code].similar)
        wanted = similar | {other} if is_similar else similar - {other}
        if wanted != similar:
            entries[code] = replace(entries[code], similar=_ordered(wanted))


def _ordered(codes: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(codes), key=lambda code: (len(code), code)))
