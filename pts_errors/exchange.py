"""The catalog in people's form: ``categories.csv``, ``codes.csv``, ``messages/<language>.po``, ``runbooks/<code>.md``."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from pts_errors import languages, marks
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
from pts_errors.marks import Mark, Marks

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
_PO_REVISION = "X-PTS-Revision"
_PO_DRAFTS = "X-PTS-Drafts"
_PO_DRAFT = re.compile(r"([1-9][0-9]{0,8})-([0-9a-f]{8})")
_PO_LINE = re.compile(r"\(line (\d+)\)")
_NAME = re.compile(r"[A-Z][A-Z0-9_]*")
_LANGUAGE = re.compile(r"[a-z]{2,8}(-[a-z0-9]{1,8})*")
_SLUG = re.compile(r"[A-Za-z0-9_-]+")
_REVISION = "revision"
# Far more than the largest catalog needs, and little enough to be read in seconds: a library that reads PO line by line
# takes hours for a text of a million lines.
_MAX_ROWS = 50_000
_MAX_PO_UNITS = 50_000
_MAX_PO_LINES = 400_000
_MAX_PO_RUN = 1_000
_MAX_PO_TEXT = 200_000


@dataclass(slots=True)
class Problems:
    """Everything wrong in one directory, so that a person can mend it in one go."""

    found: list[str] = field(default_factory=list)

    def add(self, file: str, line: int, text: str) -> None:
        """Note a sentence about a line of a file."""
        self.found.append(f"{file}:{line}: {text}")

    def mark(self, file: str, line: int, text: str) -> Mark | None:
        """Return the mark that stands there, or note that it is none."""
        try:
            return marks.parse(text)
        except ValueError as error:
            self.add(file, line, str(error))
            return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What a file says of one category, one code, one code's messages in a language, or one runbook."""

    file: str
    line: int
    values: Mapping[str, Any]
    """By field, those that the file has."""
    lines: Mapping[str, int] = field(default_factory=dict)
    """By field, where it does not stand on the line of the whole."""
    confirmed: Mapping[str, str] = field(default_factory=dict)
    """By field of a translation, the source text that it was confirmed against."""
    mark: Mark | None = None
    """From what it was exported; None for a file that does not say so."""


def read_directory(directory: Path, *, source_language: str = "en") -> tuple[Entry, ...]:
    """Return the entries of a directory in people's form, ordered by number.

    Raises:
        ExchangeError: a file is missing or wrong; every problem is named with file and line.
    """
    problems = Problems()
    rows_ = read_categories(_text(directory / "categories.csv", problems), problems)
    categories = {slug: Category(**part.values) for slug, part in rows_.items()}
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
                problems.add(f"messages/{path.name}", read.parts[code].line, f"The code {code} is not in codes.csv.")
    runbooks: dict[str, Runbook] = {}
    for path in sorted(directory.glob("runbooks/*.md")):
        if known is not None and path.stem not in known:
            problems.add(f"runbooks/{path.name}", 1, f"The code {path.stem} is not in codes.csv.")
        elif (text := _text(path, problems)) is not None:
            part = read_runbook(text, path.stem, problems)
            if part is not None:
                runbooks[path.stem] = Runbook(**part.values)
    if problems.found:
        raise ExchangeError(problems.found)
    entries = (
        Entry(**row, messages=messages[code], runbook=runbooks.get(code))  # the row was checked column by column
        for code, row in rows.items()
    )
    return tuple(sorted(entries, key=lambda entry: (len(entry.code), entry.code)))


def write(
    entries: Iterable[Entry],
    *,
    source_language: str = "en",
    only: Collection[str] = (),
    origin: Marks | None = None,
) -> Iterator[tuple[str, str]]:
    """Yield name and text of every file of the entries in people's form.

    ``only`` are languages whose PO files are wanted, and no other file. ``origin`` says in every file from which
    revision it was exported.

    Raises:
        ExchangeError: a code or a language cannot be the name of a file.
    """
    entries = tuple(entries)
    wanted = sorted(only or {language for entry in entries for language in entry.messages})
    wrong = [entry.code for entry in entries if not _CODE.fullmatch(entry.code)]
    wrong += [language for language in wanted if not _LANGUAGE.fullmatch(language)]
    if wrong:
        raise ExchangeError(f"{name[:50]!r} cannot be the name of a file." for name in wrong)
    if not only:
        yield "categories.csv", _write_categories(entries, origin)
        yield "codes.csv", _write_codes(entries, origin)
    for language in wanted:
        yield f"messages/{language}.po", write_po(entries, language, source_language=source_language, origin=origin)
    for entry in () if only else entries:
        if entry.runbook is not None:
            mark = origin.runbook(entry) if origin else None
            yield f"runbooks/{entry.code}.md", write_runbook(entry.code, entry.runbook, mark=mark)


def write_directory(directory: Path, entries: Iterable[Entry], *, source_language: str = "en") -> list[Path]:
    """Write the entries in people's form, and return the files, each as `read_directory` reads it."""
    paths = []
    for name, text in tuple(write(entries, source_language=source_language)):
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="")
        paths.append(path)
    return paths


# ---- CSV ----


def _write_codes(entries: Iterable[Entry], origin: Marks | None) -> str:
    return _write_csv(
        (*_CODE_COLUMNS, _REVISION) if origin else _CODE_COLUMNS,
        (
            {
                **({_REVISION: origin.code(entry)} if origin else {}),
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


def _write_categories(entries: Iterable[Entry], origin: Marks | None) -> str:
    categories = {entry.category.slug: entry.category for entry in entries}
    ordered = sorted(categories.values(), key=lambda category: (category.position, category.slug))
    return _write_csv(
        (*_CATEGORY_COLUMNS, _REVISION) if origin else _CATEGORY_COLUMNS,
        (
            {
                **({_REVISION: origin.category(category)} if origin else {}),
                **{name: getattr(category, name) for name in _CATEGORY_COLUMNS},
            }
            for category in ordered
        ),
    )


def _write_csv(columns: Iterable[str], rows: Iterable[Mapping[str, object]]) -> str:
    file = io.StringIO(newline="")
    writer = csv.DictWriter(file, tuple(columns), lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: _guard(_lines(str(value))) for name, value in row.items()})
    return file.getvalue()


def _lines(text: str) -> str:
    """Return the text with line ends as files have them: browsers send others."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _guard(text: str) -> str:
    return f"'{text}" if text.startswith(_GUARDED) else text


def _read_csv(
    text: str | None, file: str, columns: tuple[str, ...], problems: Problems
) -> list[tuple[int, dict[str, str]]] | None:
    """Return the lines that have the right number of cells, each with its number; None if this is no such table."""
    if text is None:
        return None
    reader = csv.DictReader(_short_lines(text), strict=True)
    rows: list[tuple[int, dict[str, str]]] = []
    try:
        if tuple(reader.fieldnames or ()) not in (columns, (*columns, _REVISION)):
            problems.add(file, 1, f"The columns must be {','.join(columns)}, separated by commas.")
            return None
        for number, row in enumerate(reader):
            if number == _MAX_ROWS:
                problems.add(file, reader.line_num, f"The file has more than {_MAX_ROWS} lines.")
                return None
            if None in row or None in row.values():
                problems.add(file, reader.line_num, f"The line must have {len(reader.fieldnames or ())} cells.")
            else:
                rows.append((reader.line_num, {name: value.removeprefix("'") for name, value in row.items()}))
    except csv.Error as error:
        problems.add(file, reader.line_num + 1, f"This is not CSV: {str(error).rstrip('.')}.")
        return None
    return rows


def _short_lines(text: str) -> Iterator[str]:
    for line in io.StringIO(text, newline=""):
        if len(line) > csv.field_size_limit():
            raise csv.Error("the line is too long")
        yield line


def read_categories(text: str | None, problems: Problems) -> dict[str, Part]:
    """Return the categories of a file, by slug."""
    categories: dict[str, Part] = {}
    for line, row in _read_csv(text, "categories.csv", _CATEGORY_COLUMNS, problems) or ():
        if not _is_number(row["position"]):
            problems.add("categories.csv", line, f"The position {row['position'][:20]!r} is not a number.")
        elif not _SLUG.fullmatch(row["slug"]):
            problems.add("categories.csv", line, f"The slug {row['slug'][:50]!r} is not like upstream.")
        elif row["slug"] in categories:
            problems.add("categories.csv", line, f"The category {row['slug']!r} is there twice.")
        else:
            mark = problems.mark("categories.csv", line, row.pop(_REVISION, ""))
            values: dict[str, Any] = {**row, "position": int(row["position"])}
            categories[row["slug"]] = Part(file="categories.csv", line=line, values=values, mark=mark)
    return categories


def read_codes(text: str | None, problems: Problems) -> tuple[dict[str, Part], set[str] | None]:
    """Return the rows of a file that are right in themselves, by code, and all its codes; None if there is no telling.

    Whether the codes and categories that they name exist, is for the caller to see.
    """
    rows: dict[str, Part] = {}
    lines = _read_csv(text, "codes.csv", _CODE_COLUMNS, problems)
    if lines is None:
        return rows, None
    names: set[str] = set()
    for line, row in lines:
        wrong = _wrong_cells(row)
        if row["code"] in rows:
            wrong.append(f"The code {row['code']} is there twice.")
        if row["name"] in names:
            wrong.append(f"The name {row['name'][:50]} is there twice.")
        names.add(row["name"])
        mark = problems.mark("codes.csv", line, row.pop(_REVISION, ""))
        for sentence in wrong:
            problems.add("codes.csv", line, sentence)
        if not wrong:
            values = {
                **row,
                "http_status": int(row["http_status"]),
                "retry_after": int(row["retry_after"]) if row["retry_after"] else None,
                "reveal_to_customer": row["reveal_to_customer"] == "yes",
                "is_retired": row["is_retired"] == "yes",
                "similar": tuple(row["similar"].split()),
            }
            rows[row["code"]] = Part(file="codes.csv", line=line, values=values, mark=mark)
    return rows, {row["code"] for _line, row in lines}


def _wrong_cells(row: Mapping[str, str]) -> list[str]:
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
    if not _CODE.fullmatch(row["code"]):
        wrong.append(f"The code {row['code'][:20]!r} is not a number without leading zero.")
    if not _NAME.fullmatch(row["name"]):
        wrong.append(f"The name {row['name'][:50]!r} is not like INSUFFICIENT_BALANCE.")
    if not re.fullmatch("[2-5][0-9]{2}", row["http_status"], re.ASCII):
        wrong.append(f"The http_status {row['http_status'][:20]!r} is not between 200 and 599.")
    return wrong


def _read_codes(
    text: str | None, categories: Mapping[str, Category], problems: Problems
) -> tuple[dict[str, dict[str, Any]], set[str] | None]:
    """Return the rows that are right, by code, and every code that is there at all; None if that cannot be told."""
    parts, known = read_codes(text, problems)
    rows = {}
    for code, part in parts.items():
        wrong = [
            f"The code {other[:20]!r} is not in codes.csv."
            for other in (*part.values["similar"], part.values["replaced_by"])
            if other and other not in (known or ())
        ]
        if part.values["category"] not in categories:
            wrong.append(f"The category {part.values['category'][:50]!r} is not in categories.csv.")
        for sentence in wrong:
            problems.add("codes.csv", part.line, sentence)
        if not wrong:
            rows[code] = {**part.values, "category": categories[part.values["category"]]}
    return rows, known


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 10


# ---- PO ----


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadPO:
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


def write_po(entries: Iterable[Entry], language: str, *, source_language: str, origin: Marks | None = None) -> str:
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
        file.metadata[_PO_REVISION] = str(origin.revision)
        if edited := " ".join(f"{code}-{print}" for code, print in drafts.items() if print):
            file.metadata[_PO_DRAFTS] = edited
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
    problems = Problems()
    values: dict[str, dict[str, str]] = {}
    confirmed: dict[str, dict[str, str]] = {}
    lines: dict[str, dict[str, int]] = {}
    language = Path(file).stem
    if len(language) > languages.MAX_LENGTH or not _LANGUAGE.fullmatch(language):
        problems.add(file, 1, f"The file must be named {languages.normalize(language)[:40]}.po.")
    units = _units(text, file, problems)
    for unit in units:
        code, _slash, name = (unit.msgctxt or "").partition("/")
        line = unit.linenum or 1
        if unit.obsolete:
            continue
        if name not in MESSAGE_FIELDS or not _CODE.fullmatch(code):
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
    mark, prints = _po_marks(getattr(units, "metadata", {}), file, problems)
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
    return ReadPO(parts=parts, problems=tuple(problems.found))


def _units(text: str, file: str, problems: Problems) -> Iterable[Any]:
    """Return the units of a PO file; none if it is no PO file, or one that would take too long."""
    if not text.strip() or _is_bomb(text, file, problems):
        return ()
    try:
        # With a line break at its end the text cannot be taken for the name of a file to open.
        return polib.pofile(_Text(f"{text}\n"), encoding="utf-8")
    except (OSError, ValueError, IndexError) as error:
        place = _PO_LINE.search(str(error))
        problems.add(file, int(place[1]) if place else 1, f"This is not a PO file: {error}.")
        return ()


def _is_bomb(text: str, file: str, problems: Problems) -> bool:
    """Return whether the library would take minutes or longer, which is noted."""
    bad = _MAX_PO_LINES + 1 if text.count("\n") > _MAX_PO_LINES else _too_much(text)
    if bad:
        problems.add(
            file,
            bad,
            f"This is too much for a catalog: at most {_MAX_PO_UNITS} units and {_MAX_PO_LINES} lines in a file, "
            f"and {_MAX_PO_RUN} lines or {_MAX_PO_TEXT} characters for one text.",
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
        if run > _MAX_PO_RUN or length > _MAX_PO_TEXT or units > _MAX_PO_UNITS:
            return number
    return 0


def _po_marks(metadata: Mapping[str, str], file: str, problems: Problems) -> tuple[Mark | None, dict[str, str]]:
    """Return the mark of the file, and by code the fingerprints of those that were drafts."""
    mark = problems.mark(file, 1, metadata.get(_PO_REVISION, ""))
    prints = dict(_PO_DRAFT.findall(metadata.get(_PO_DRAFTS, "")))
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


# ---- Markdown ----


def write_runbook(code: str, runbook: Runbook, *, mark: Mark | None = None) -> str:
    """Return a runbook as a Markdown file: a head of a few lines, then the six sections in their order."""
    # A line that looks like one of our headings is escaped as Markdown escapes it.
    sections = (
        f"## {name.capitalize()}\n{_HEADING.sub(lambda m: chr(92) + m[0], _lines(getattr(runbook, name)))}\n"
        for name in RUNBOOK_SECTIONS
    )
    head = [f"code: {code}", f"owner: {runbook.owner}" if runbook.owner else "owner:"]
    if mark is not None:
        head.append(f"revision: {mark}")
    return "\n".join(head) + "\n\n" + "\n".join(sections)


def read_runbook(text: str, code: str, problems: Problems) -> Part | None:
    """Return what the Markdown file of a code says, or None if it is no runbook."""
    file = f"runbooks/{code}.md"
    head, *rest = re.split(r"^## (.*)\n", text, flags=re.MULTILINE)
    names, sections = rest[::2], rest[1::2]
    if names != [name.capitalize() for name in RUNBOOK_SECTIONS]:
        wanted = ", ".join(name.capitalize() for name in RUNBOOK_SECTIONS)
        problems.add(file, 1, f"The headings must be {wanted}, in this order.")
        return None
    found = re.fullmatch(r"code: (.*)\nowner:(?: (.*))?\n(?:revision: (.*)\n)?\n", head)
    if found is None or found[1] != code:
        problems.add(file, 1, f"The file must begin with the lines “code: {code}” and “owner: …”, and an empty line.")
        return None
    texts, lines = {"owner": found[2] or ""}, {"owner": 2}
    line = head.count("\n") + 1
    for name, section in zip(RUNBOOK_SECTIONS, sections, strict=True):
        ending = "\n" if name == RUNBOOK_SECTIONS[-1] else "\n\n"
        if not section.endswith(ending):
            problems.add(file, line, f"The section {name.capitalize()} must end with an empty line.")
        texts[name] = re.sub(r"^\\(\\*## )", r"\1", section.removesuffix(ending), flags=re.MULTILINE)
        lines[name] = line
        line += section.count("\n") + 1
    return Part(file=file, line=1, values=texts, lines=lines, mark=problems.mark(file, 3, found[3] or ""))


def _text(path: Path, problems: Problems) -> str | None:
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
    return decode(content, file, problems)


def decode(content: bytes, file: str, problems: Problems) -> str | None:
    """Return the text of a file's content, or None if it is none."""
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
