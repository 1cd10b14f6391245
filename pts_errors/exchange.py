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
except ImportError:  # the extra "exchange" is not installed
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
    rows = _read_codes(_text(directory / "codes.csv", problems), categories, problems)
    messages: dict[str, dict[str, Message]] = {code: {} for code in rows}
    for path in sorted(directory.glob("messages/*.po")):
        language = path.stem
        read = read_po(_text(path, problems), file=f"messages/{path.name}", is_source=language == source_language)
        problems.found += read.problems
        for code, message in read.messages.items():
            if code in messages:
                messages[code][language] = message
            else:
                problems.add(f"messages/{path.name}", read.lines[code], f"The code {code} is not in codes.csv.")
    runbooks: dict[str, Runbook] = {}
    for path in sorted(directory.glob("runbooks/*.md")):
        if path.stem not in rows:
            problems.add(f"runbooks/{path.name}", 1, f"The code {path.stem} is not in codes.csv.")
        else:
            runbook = _read_runbook(_text(path, problems), path.stem, problems)
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
        writer.writerow({name: _guard(str(value)) for name, value in row.items()})
    return file.getvalue()


def _guard(text: str) -> str:
    return f"'{text}" if text.startswith(_GUARDED) else text


def _read_csv(text: str, file: str, columns: tuple[str, ...], problems: _Problems) -> list[tuple[int, dict[str, str]]]:
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    rows = []
    try:
        if tuple(reader.fieldnames or ()) != columns:
            problems.add(file, 1, f"The columns must be {','.join(columns)}.")
            return []
        for row in reader:
            if None in row or None in row.values():
                problems.add(file, reader.line_num, f"The line must have {len(columns)} cells.")
            else:
                rows.append((reader.line_num, {name: value.removeprefix("'") for name, value in row.items()}))
    except csv.Error as error:
        problems.add(file, reader.line_num, f"This is not CSV: {error}.")
    return rows


def _read_categories(text: str, problems: _Problems) -> dict[str, Category]:
    categories: dict[str, Category] = {}
    for line, row in _read_csv(text, "categories.csv", _CATEGORY_COLUMNS, problems):
        if not row["position"].isdecimal():
            problems.add("categories.csv", line, f"The position {row['position']!r} is not a number.")
        elif row["slug"] in categories:
            problems.add("categories.csv", line, f"The category {row['slug']!r} is there twice.")
        else:
            values: dict[str, Any] = {**row, "position": int(row["position"])}
            categories[row["slug"]] = Category(**values)
    return categories


def _read_codes(text: str, categories: Mapping[str, Category], problems: _Problems) -> dict[str, dict[str, Any]]:
    rows: dict[str, dict[str, Any]] = {}
    lines = _read_csv(text, "codes.csv", _CODE_COLUMNS, problems)
    known = {row["code"] for _line, row in lines}
    for line, row in lines:
        wrong = [
            f"The {name} {row[name]!r} is none of {', '.join(choices)}."
            for name, choices in _CHOICES.items()
            if row[name] not in choices
        ]
        wrong += [
            f"The {name} {row[name]!r} is neither yes nor no."
            for name in ("reveal_to_customer", "is_retired")
            if row[name] not in ("yes", "no")
        ]
        wrong += [
            f"The {name} {row[name]!r} is not a number."
            for name in ("http_status", "retry_after")
            if not _is_number(row[name], may_be_blank=name == "retry_after")
        ]
        wrong += [
            f"The code {code!r} is not in codes.csv."
            for code in (*row["similar"].split(), row["replaced_by"])
            if code and code not in known
        ]
        if not _CODE.fullmatch(row["code"]):
            wrong.append(f"The code {row['code'][:20]!r} is not a number without leading zero.")
        if row["code"] in rows:
            wrong.append(f"The code {row['code']} is there twice.")
        if row["category"] not in categories:
            wrong.append(f"The category {row['category']!r} is not in categories.csv.")
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
    return rows


def _is_number(text: str, *, may_be_blank: bool) -> bool:
    return (may_be_blank and not text) or (text.isascii() and text.isdecimal() and len(text) < 10)


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
            text, original = getattr(message, name), getattr(source, name)
            if not text and not original:
                continue
            confirmed = message.source_text.get(name, original)
            unit = polib.POEntry(msgctxt=f"{entry.code}/{name}", msgid=original or text, msgstr=text)
            if text and confirmed != original and language != source_language:
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
        units = polib.pofile(f"{text}\n") if text.strip() else ()
    except (OSError, ValueError, IndexError) as error:
        problems.add(file, 1, f"This is not a PO file: {error}.")
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


def _require_polib() -> None:
    if polib is None:
        raise ExchangeError(["PO files need polib: pip install 'django-pts-errors[exchange]'."])


# ---- Markdown ----


def write_runbook(code: str, runbook: Runbook) -> str:
    """Return a runbook as a Markdown file: two lines of head, then the six sections in their order."""
    # A line that looks like one of our headings is escaped as Markdown escapes it.
    sections = (
        f"## {name.capitalize()}\n{_HEADING.sub(lambda m: chr(92) + m[0], getattr(runbook, name))}\n"
        for name in RUNBOOK_SECTIONS
    )
    return f"code: {code}\nowner: {runbook.owner}".rstrip(" ") + "\n\n" + "\n".join(sections)


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
    for name, section in zip(RUNBOOK_SECTIONS, sections, strict=True):
        ending = "\n" if name == RUNBOOK_SECTIONS[-1] else "\n\n"
        if not section.endswith(ending):
            problems.add(file, 1, f"The section {name.capitalize()} must end with an empty line.")
        texts[name] = re.sub(r"^\\(\\*## )", r"\1", section.removesuffix(ending), flags=re.MULTILINE)
    return Runbook(owner=found[2] or "", **texts)


def _text(path: Path, problems: _Problems) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
    except FileNotFoundError:
        problems.add(path.name, 1, "The file is missing.")
    except UnicodeDecodeError as error:
        problems.add(path.name, 1, f"The file is not UTF-8: {error.reason} at byte {error.start}.")
    return ""
