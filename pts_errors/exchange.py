"""The catalog in people's form: ``categories.csv``, ``codes.csv``, ``messages/<language>.po``, ``runbooks/<code>.md``."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from pts_errors import languages
from pts_errors.entry import (
    MESSAGE_FIELDS,
    RUNBOOK_SECTIONS,
    Category,
    Entry,
    Message,
    Outcome,
    ResponsibleParty,
    RetryAdvice,
    Runbook,
    Severity,
)
from pts_errors.exceptions import ExchangeError

try:
    import polib
except ImportError:  # pragma: no cover - the extra "exchange" is not installed
    polib = None  # type: ignore[assignment]  # told apart below, with the remedy

_CODE = re.compile(r"[1-9][0-9]{0,8}")
_CODE_COLUMNS = (
    "code",
    "name",
    "category",
    "provider_message",
    "outcome",
    "retry_advice",
    "retry_after",
    "responsible_party",
    "http_status",
    "severity",
    "reveal_to_customer",
    "is_retired",
    "replaced_by",
    "similar",
)
_CATEGORY_COLUMNS = tuple(f.name for f in fields(Category))
_CHOICES: dict[str, tuple[str, ...]] = {
    "outcome": tuple(Outcome),
    "retry_advice": tuple(RetryAdvice),
    "responsible_party": tuple(ResponsibleParty),
    "severity": tuple(Severity),
}
# A spreadsheet runs a cell that begins like this as a formula. The quote keeps it text, and is taken off on reading.
_GUARDED = ("=", "+", "-", "@", "\t", "\r", "'")
_HEADING = re.compile(r"^(\\*)## ", re.MULTILINE)
# What no database, XML file or terminal bears alike: no text of a catalog may hold it, and no file either.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_LINE_END = re.compile(r"\r\n?")
_PO_LINE = re.compile(r"\(line (\d+)\)")
_NAME = re.compile(r"[A-Z][A-Z0-9_]*")
_SLUG = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(slots=True)
class _Problems:
    """Everything wrong in one directory, so that a person can mend it in one go."""

    found: list[str] = field(default_factory=list)

    def add(self, file: str, line: int, text: str) -> None:
        self.found.append(f"{file}:{line}: {text}")


def read_directory(directory: Path, *, source_language: str = "en") -> tuple[Entry, ...]:
    """Return the entries of a directory in people's form, ordered by number.

    Raises:
        ExchangeError: a file is missing or wrong; every problem is named with file and line.
    """
    problems = _Problems()
    categories = _read_categories(_text(directory / "categories.csv", problems), problems)
    rows, known = _read_codes(_text(directory / "codes.csv", problems), categories, problems)
    messages: dict[str, dict[str, Message]] = {code: {} for code in rows}
    for path in sorted(directory.glob("messages/*.po")):
        language = path.stem
        read = read_po(_text(path, problems) or "", file=f"messages/{path.name}", is_source=language == source_language)
        problems.found += read.problems
        for code, message in read.messages.items():
            if code in messages:
                messages[code][language] = message
            elif known is not None and code not in known:
                problems.add(f"messages/{path.name}", read.lines[code], f"The code {code} is not in codes.csv.")
    runbooks: dict[str, Runbook] = {}
    for path in sorted(directory.glob("runbooks/*.md")):
        if known is not None and path.stem not in known:
            problems.add(f"runbooks/{path.name}", 1, f"The code {path.stem} is not in codes.csv.")
        elif (text := _text(path, problems)) is not None:
            runbook = _read_runbook(text, path.stem, problems)
            if runbook is not None:
                runbooks[path.stem] = runbook
    if problems.found:
        raise ExchangeError(problems.found)
    entries = (
        Entry(**row, messages=messages[code], runbook=runbooks.get(code))  # the row was checked column by column
        for code, row in rows.items()
    )
    return tuple(sorted(entries, key=lambda entry: (len(entry.code), entry.code)))


def write_directory(directory: Path, entries: Iterable[Entry], *, source_language: str = "en") -> list[Path]:
    """Write the entries in people's form, and return the files, each as `read_directory` reads it."""
    entries = tuple(entries)
    files = {"categories.csv": _write_categories(entries), "codes.csv": _write_codes(entries)}
    for language in sorted({language for entry in entries for language in entry.messages}):
        files[f"messages/{language}.po"] = write_po(entries, language, source_language=source_language)
    for entry in entries:
        if entry.runbook is not None:
            files[f"runbooks/{entry.code}.md"] = write_runbook(entry.code, entry.runbook)
    paths = []
    for name, text in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="")
        paths.append(path)
    return paths


# ---- CSV ----


def _write_codes(entries: Iterable[Entry]) -> str:
    return _write_csv(
        _CODE_COLUMNS,
        (
            {
                **{name: getattr(entry, name) for name in _CODE_COLUMNS},
                "category": entry.category.slug,
                "retry_after": "" if entry.retry_after is None else entry.retry_after,
                "reveal_to_customer": "yes" if entry.reveal_to_customer else "no",
                "is_retired": "yes" if entry.is_retired else "no",
                "similar": " ".join(entry.similar),
            }
            for entry in entries
        ),
    )


def _write_categories(entries: Iterable[Entry]) -> str:
    categories = {entry.category.slug: entry.category for entry in entries}
    ordered = sorted(categories.values(), key=lambda category: (category.position, category.slug))
    return _write_csv(_CATEGORY_COLUMNS, ({n: getattr(c, n) for n in _CATEGORY_COLUMNS} for c in ordered))


def _write_csv(columns: Iterable[str], rows: Iterable[Mapping[str, object]]) -> str:
    file = io.StringIO(newline="")
    writer = csv.DictWriter(file, tuple(columns), lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: _guard(_lines(str(value))) for name, value in row.items()})
    return file.getvalue()


def _lines(text: str) -> str:
    """Return the text with line ends as files have them: browsers send others."""
    return _LINE_END.sub("\n", text)


def _guard(text: str) -> str:
    return f"'{text}" if text.startswith(_GUARDED) else text


def _read_csv(
    text: str | None, file: str, columns: tuple[str, ...], problems: _Problems
) -> list[tuple[int, dict[str, str]]] | None:
    """Return the lines that have the right number of cells, each with its number; None if this is no such table."""
    if text is None:
        return None
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    rows = []
    try:
        if tuple(reader.fieldnames or ()) != columns:
            problems.add(file, 1, f"The columns must be {','.join(columns)}.")
            return None
        for row in reader:
            if None in row or None in row.values():
                problems.add(file, reader.line_num, f"The line must have {len(columns)} cells.")
            else:
                rows.append((reader.line_num, {name: value.removeprefix("'") for name, value in row.items()}))
    except csv.Error as error:
        problems.add(file, reader.line_num + 1, f"This is not CSV: {str(error).rstrip('.')}.")
        return None
    return rows


def _read_categories(text: str | None, problems: _Problems) -> dict[str, Category]:
    categories: dict[str, Category] = {}
    for line, row in _read_csv(text, "categories.csv", _CATEGORY_COLUMNS, problems) or ():
        if not _is_number(row["position"]):
            problems.add("categories.csv", line, f"The position {row['position'][:20]!r} is not a number.")
        elif not _SLUG.fullmatch(row["slug"]):
            problems.add("categories.csv", line, f"The slug {row['slug'][:50]!r} is not like upstream.")
        elif row["slug"] in categories:
            problems.add("categories.csv", line, f"The category {row['slug']!r} is there twice.")
        else:
            values: dict[str, Any] = {**row, "position": int(row["position"])}
            categories[row["slug"]] = Category(**values)
    return categories


def _read_codes(
    text: str | None, categories: Mapping[str, Category], problems: _Problems
) -> tuple[dict[str, dict[str, Any]], set[str] | None]:
    """Return the rows that are right, by code, and every code that is there at all; None if that cannot be told."""
    rows: dict[str, dict[str, Any]] = {}
    lines = _read_csv(text, "codes.csv", _CODE_COLUMNS, problems)
    if lines is None:
        return rows, None
    known = {row["code"] for _line, row in lines}
    names: set[str] = set()
    for line, row in lines:
        wrong = [
            f"The {name} {row[name][:20]!r} is none of {', '.join(choices)}."
            for name, choices in _CHOICES.items()
            if row[name] not in choices
        ]
        wrong += [
            f"The {name} {row[name][:20]!r} is neither yes nor no."
            for name in ("reveal_to_customer", "is_retired")
            if row[name] not in ("yes", "no")
        ]
        if row["retry_after"] and not _is_number(row["retry_after"]):
            wrong.append(f"The retry_after {row['retry_after'][:20]!r} is not a number.")
        wrong += [
            f"The code {code[:20]!r} is not in codes.csv."
            for code in (*row["similar"].split(), row["replaced_by"])
            if code and code not in known
        ]
        if not _CODE.fullmatch(row["code"]):
            wrong.append(f"The code {row['code'][:20]!r} is not a number without leading zero.")
        elif row["code"] in rows:
            wrong.append(f"The code {row['code']} is there twice.")
        if not _NAME.fullmatch(row["name"]):
            wrong.append(f"The name {row['name'][:50]!r} is not like INSUFFICIENT_BALANCE.")
        elif row["name"] in names:
            wrong.append(f"The name {row['name']} is there twice.")
        names.add(row["name"])
        if not re.fullmatch("[2-5][0-9]{2}", row["http_status"], re.ASCII):
            wrong.append(f"The http_status {row['http_status'][:20]!r} is not between 200 and 599.")
        if row["category"] not in categories:
            wrong.append(f"The category {row['category'][:50]!r} is not in categories.csv.")
        for sentence in wrong:
            problems.add("codes.csv", line, sentence)
        if not wrong:
            rows[row["code"]] = {
                **row,
                "category": categories[row["category"]],
                "http_status": int(row["http_status"]),
                "retry_after": int(row["retry_after"]) if row["retry_after"] else None,
                "reveal_to_customer": row["reveal_to_customer"] == "yes",
                "is_retired": row["is_retired"] == "yes",
                "similar": tuple(row["similar"].split()),
            }
    return rows, known


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 10


# ---- PO ----


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadPO:
    """What a PO file holds."""

    messages: Mapping[str, Message]
    """By code."""
    lines: Mapping[str, int]
    """By code, the line on which it first appears."""
    problems: tuple[str, ...]


def write_po(entries: Iterable[Entry], language: str, *, source_language: str) -> str:
    """Return a PO file of one language: msgctxt is the key, msgid the source text.

    A text whose source changed since it was confirmed is fuzzy and carries the earlier source as previous msgid.
    """
    _require_polib()
    file = polib.POFile(wrapwidth=0)
    file.metadata = {
        "Project-Id-Version": "pts_errors",
        "Language": language,
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=UTF-8",
        "Content-Transfer-Encoding": "8bit",
    }
    for entry in entries:
        message = entry.messages.get(language, Message())
        source = entry.messages.get(source_language, Message())
        for name in MESSAGE_FIELDS:
            text, original = _lines(getattr(message, name)), _lines(getattr(source, name))
            if not text and not original:
                continue
            confirmed = _lines(message.source_text.get(name, original))
            unit = polib.POEntry(msgctxt=f"{entry.code}/{name}", msgid=original or text, msgstr=text)
            # A translation without a source text is fuzzy, too: its msgid is only there because there must be one.
            if text and (confirmed != original or not original) and language != source_language:
                unit.flags.append("fuzzy")
                unit.previous_msgid = confirmed
            file.append(unit)
    return f"{file}\n".rstrip("\n") + "\n"


def read_po(text: str, *, file: str, is_source: bool) -> ReadPO:
    """Return the messages of a PO file of one language; problems are returned, not raised."""
    _require_polib()
    problems = _Problems()
    texts: dict[str, dict[str, str]] = {}
    sources: dict[str, dict[str, str]] = {}
    lines: dict[str, int] = {}
    language = Path(file).stem
    if languages.normalize(language) != language:
        problems.add(file, 1, f"The file must be named {languages.normalize(language)}.po.")
    try:
        # With a line break at its end the text cannot be taken for the name of a file to open.
        units = polib.pofile(_Text(f"{text}\n")) if text.strip() else ()
    except (OSError, ValueError, IndexError) as error:
        place = _PO_LINE.search(str(error))
        problems.add(file, int(place[1]) if place else 1, f"This is not a PO file: {error}.")
        units = ()
    for unit in units:
        code, _slash, name = (unit.msgctxt or "").partition("/")
        line = unit.linenum or 1
        if unit.obsolete:
            continue
        if name not in MESSAGE_FIELDS or not _CODE.fullmatch(code):
            problems.add(file, line, f"The msgctxt {unit.msgctxt!r} is not like 1007/title.")
            continue
        if name in texts.setdefault(code, {}):
            problems.add(file, line, f"The msgctxt {unit.msgctxt!r} is there twice.")
        lines.setdefault(code, line)
        texts[code][name] = unit.msgstr
        if is_source and unit.msgstr != unit.msgid:
            problems.add(file, line, "This is the source language: msgid and msgstr must be the same.")
        if unit.msgstr and not is_source:
            sources.setdefault(code, {})[name] = (unit.previous_msgid or "") if unit.fuzzy else unit.msgid
    messages = {
        code: Message(**fields, source_text=sources.get(code, {}))
        for code, fields in texts.items()
        if any(fields.values())
    }
    return ReadPO(messages=messages, lines=lines, problems=tuple(problems.found))


class _Text(str):
    """A file's text whose lines end where an editor ends them; a str knows more ends, which texts may hold."""

    __slots__ = ()

    def splitlines(self, keepends: bool = False) -> list[str]:
        return self.split("\n")


def _require_polib() -> None:
    if polib is None:
        raise ExchangeError(["PO files need polib: pip install 'django-pts-errors[exchange]'."])


# ---- Markdown ----


def write_runbook(code: str, runbook: Runbook) -> str:
    """Return a runbook as a Markdown file: two lines of head, then the six sections in their order."""
    # A line that looks like one of our headings is escaped as Markdown escapes it.
    sections = (
        f"## {name.capitalize()}\n{_HEADING.sub(lambda m: chr(92) + m[0], _lines(getattr(runbook, name)))}\n"
        for name in RUNBOOK_SECTIONS
    )
    owner = f"owner: {runbook.owner}" if runbook.owner else "owner:"
    return f"code: {code}\n{owner}\n\n" + "\n".join(sections)


def _read_runbook(text: str, code: str, problems: _Problems) -> Runbook | None:
    file = f"runbooks/{code}.md"
    head, *rest = re.split(r"^## (.*)\n", text, flags=re.MULTILINE)
    names, sections = rest[::2], rest[1::2]
    if names != [name.capitalize() for name in RUNBOOK_SECTIONS]:
        wanted = ", ".join(name.capitalize() for name in RUNBOOK_SECTIONS)
        problems.add(file, 1, f"The headings must be {wanted}, in this order.")
        return None
    found = re.fullmatch(r"code: (.*)\nowner:(?: (.*))?\n\n", head)
    if found is None or found[1] != code:
        problems.add(file, 1, f"The file must begin with the lines “code: {code}” and “owner: …”, and an empty line.")
        return None
    texts = {}
    line = head.count("\n") + 1
    for name, section in zip(RUNBOOK_SECTIONS, sections, strict=True):
        ending = "\n" if name == RUNBOOK_SECTIONS[-1] else "\n\n"
        if not section.endswith(ending):
            problems.add(file, line, f"The section {name.capitalize()} must end with an empty line.")
        texts[name] = re.sub(r"^\\(\\*## )", r"\1", section.removesuffix(ending), flags=re.MULTILINE)
        line += section.count("\n") + 1
    return Runbook(owner=found[2] or "", **texts)


def _text(path: Path, problems: _Problems) -> str | None:
    """Return what a file holds, or None if it cannot be read as text."""
    file = path.name if path.suffix == ".csv" else f"{path.parent.name}/{path.name}"
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        problems.add(file, 1, "The file is missing.")
        return None
    except OSError as error:
        problems.add(file, 1, f"The file cannot be read: {error.strerror}.")
        return None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        problems.add(file, line, f"The file is not UTF-8: {error.reason} at byte {error.start}.")
        return None
    if found := _CONTROL.search(text):
        line = text.count("\n", 0, found.start()) + 1
        problems.add(file, line, f"The file holds the control character U+{ord(found[0]):04X}.")
        return None
    return _lines(text)
