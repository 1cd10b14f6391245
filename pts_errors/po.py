"""Translations as PO files: ``messages/<language>.po``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pts_errors import languages
from pts_errors.entry import MESSAGE_FIELDS, Entry, Message
from pts_errors.exceptions import ExchangeError
from pts_errors.marks import Mark, Marks
from pts_errors.part import CODE, Part, Problems, with_newlines

try:
    import polib
except ImportError:  # pragma: no cover - the extra "exchange" is not installed
    polib = None  # type: ignore[assignment]  # told apart below, with the remedy

LANGUAGE = re.compile(r"[a-z]{2,8}(-[a-z0-9]{1,8})*")
_REVISION = "X-PTS-Revision"
_DRAFTS = "X-PTS-Drafts"
_DRAFT = re.compile(r"([1-9][0-9]{0,8})-([0-9a-f]{8})")
_LINE = re.compile(r"\(line (\d+)\)")
# Far more than the largest catalog needs, and little enough to be read in seconds: a library that reads PO line by line
# takes hours for a text of a million lines.
_MAX_UNITS = 50_000
_MAX_LINES = 400_000
_MAX_RUN = 1_000
_MAX_TEXT = 200_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """What a PO file holds."""

    parts: Mapping[str, Part]
    """By code, those of its texts that are in the file."""
    problems: tuple[str, ...]

    @property
    def messages(self) -> Mapping[str, Message]:
        """By code, the message of those that have a text."""
        return {
            code: Message(**part.values, source_text=part.confirmed)
            for code, part in self.parts.items()
            if any(part.values.values())
        }


def write(entries: Iterable[Entry], language: str, *, source_language: str, origin: Marks | None = None) -> str:
    """Return a PO file of one language: msgctxt is the key, msgid the source text.

    A text whose source changed since it was confirmed is fuzzy and carries the earlier source as previous msgid.
    """
    _require_polib()
    entries = tuple(entries)
    file = polib.POFile(wrapwidth=0)
    file.metadata = {
        "Project-Id-Version": "pts_errors",
        "Language": language,
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=UTF-8",
        "Content-Transfer-Encoding": "8bit",
    }
    if origin is not None:
        drafts = {entry.code: origin.message(entry, language).fingerprint for entry in entries}
        file.metadata[_REVISION] = str(origin.revision)
        if edited := " ".join(f"{code}-{print}" for code, print in drafts.items() if print):
            file.metadata[_DRAFTS] = edited
    for entry in entries:
        message = entry.messages.get(language, Message())
        source = entry.messages.get(source_language, Message())
        for name in MESSAGE_FIELDS:
            text, original = with_newlines(getattr(message, name)), with_newlines(getattr(source, name))
            if not text and not original:
                continue
            confirmed = with_newlines(message.source_text.get(name, original))
            unit = polib.POEntry(msgctxt=f"{entry.code}/{name}", msgid=original or text, msgstr=text)
            # A translation without a source text is fuzzy, too: its msgid is only there because there must be one.
            if text and (confirmed != original or not original) and language != source_language:
                unit.flags.append("fuzzy")
                unit.previous_msgid = confirmed
            file.append(unit)
    return f"{file}\n".rstrip("\n") + "\n"


def read(text: str, *, file: str, is_source: bool) -> Read:
    """Return the messages of a PO file of one language; problems are returned, not raised."""
    _require_polib()
    problems = Problems()
    values: dict[str, dict[str, str]] = {}
    confirmed: dict[str, dict[str, str]] = {}
    lines: dict[str, dict[str, int]] = {}
    language = Path(file).stem
    if len(language) > languages.MAX_LENGTH or not LANGUAGE.fullmatch(language):
        problems.add(file, 1, f"The file must be named {languages.normalize(language)[:40]}.po.")
    units = _units(text, file, problems)
    for unit in units:
        code, _slash, name = (unit.msgctxt or "").partition("/")
        line = unit.linenum or 1
        if unit.obsolete:
            continue
        if name not in MESSAGE_FIELDS or not CODE.fullmatch(code):
            problems.add(file, line, f"The msgctxt {_short(unit.msgctxt)} is not like 1007/title.")
            continue
        if unit.msgid_plural or unit.msgstr_plural:
            problems.add(file, line, "The unit has plural forms, and no text of the catalog has.")
        if name in values.setdefault(code, {}):
            problems.add(file, line, f"The msgctxt {unit.msgctxt!r} is there twice.")
        lines.setdefault(code, {})[name] = line
        values[code][name] = unit.msgstr
        if is_source and unit.msgstr != unit.msgid:
            problems.add(file, line, "This is the source language: msgid and msgstr must be the same.")
        if unit.msgstr and not is_source:
            confirmed.setdefault(code, {})[name] = (unit.previous_msgid or "") if unit.fuzzy else unit.msgid
    mark, prints = _marks(getattr(units, "metadata", {}), file, problems)
    parts = {
        code: Part(
            file=file,
            line=min(lines[code].values()),
            values=fields,
            lines=lines[code],
            confirmed=confirmed.get(code, {}),
            mark=mark and Mark(mark.revision, prints.get(code, "")),
        )
        for code, fields in values.items()
    }
    return Read(parts=parts, problems=tuple(problems.found))


def _units(text: str, file: str, problems: Problems) -> Iterable[Any]:
    """Return the units of a PO file; none if it is no PO file, or one that would take too long."""
    if not text.strip() or _is_bomb(text, file, problems):
        return ()
    try:
        # With a line break at its end the text cannot be taken for the name of a file to open.
        return polib.pofile(_Text(f"{text}\n"), encoding="utf-8")
    except (OSError, ValueError, IndexError) as error:
        place = _LINE.search(str(error))
        problems.add(file, int(place[1]) if place else 1, f"This is not a PO file: {error}.")
        return ()


def _is_bomb(text: str, file: str, problems: Problems) -> bool:
    """Return whether the library would take minutes or longer, which is noted."""
    bad = _MAX_LINES + 1 if text.count("\n") > _MAX_LINES else _too_much(text)
    if bad:
        problems.add(
            file,
            bad,
            f"This is too much for a catalog: at most {_MAX_UNITS} units and {_MAX_LINES} lines in a file, "
            f"and {_MAX_RUN} lines or {_MAX_TEXT} characters for one text.",
        )
    return bool(bad)


def _too_much(text: str) -> int:
    """Return the line with which a PO file has too many units or one of its texts is too long, or 0."""
    units = run = length = 0
    for number, line in enumerate(text.split("\n"), start=1):
        if line.startswith("msg"):
            run = length = 0
        run += bool(line)
        length += len(line)
        units += line.startswith(("msgid ", "#~ msgid "))
        if run > _MAX_RUN or length > _MAX_TEXT or units > _MAX_UNITS:
            return number
    return 0


def _marks(metadata: Mapping[str, str], file: str, problems: Problems) -> tuple[Mark | None, dict[str, str]]:
    """Return the mark of the file, and by code the fingerprints of those that were drafts."""
    mark = problems.mark(file, 1, metadata.get(_REVISION, ""))
    prints = dict(_DRAFT.findall(metadata.get(_DRAFTS, "")))
    return mark, prints


def _short(text: str | None) -> str:
    return repr(text if text is None else text[:50])


class _Text(str):
    """A file's text whose lines end where an editor ends them; a str knows more ends, which texts may hold."""

    __slots__ = ()

    def splitlines(self, keepends: bool = False) -> list[str]:
        return self.split("\n")


def _require_polib() -> None:
    if polib is None:
        raise ExchangeError(["PO files need polib: pip install 'django-pts-errors[exchange]'."])
