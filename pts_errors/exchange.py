"""The catalog in people's form: ``categories.csv``, ``codes.csv``, ``messages/<language>.po``, ``runbooks/<code>.md``."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from pts_errors import markdown, po, sheets
from pts_errors.entry import RUNBOOK_SECTIONS, Category, Entry, Message, Runbook
from pts_errors.exceptions import ExchangeError
from pts_errors.marks import Mark, Marks
from pts_errors.part import CODE, Part, Problems, decode, with_newlines

_HEADING = "## "
# A heading of a section's own has one more space, which to Markdown is the same heading, so that all readers see the
# same blocks. A line of a code block is no heading, and a space in it would be seen.
_OWN_HEADING = f"{_HEADING} "


def read_directory(directory: Path, *, source_language: str = "en") -> tuple[Entry, ...]:
    """Return the entries of a directory in people's form, ordered by number.

    Raises:
        ExchangeError: a file is missing or wrong; every problem is named with file and line.
    """
    problems = Problems()
    rows_ = sheets.read_categories(_text(directory / "categories.csv", problems), problems)
    categories = {slug: Category(**part.values) for slug, part in rows_.items()}
    rows, known = _known_codes(_text(directory / "codes.csv", problems), categories, problems)
    messages: dict[str, dict[str, Message]] = {code: {} for code in rows}
    for path in sorted(directory.glob("messages/*.po")):
        read = po.read(_content(path, problems) or b"", file=f"messages/{path.name}", source_language=source_language)
        problems.found += read.problems
        for code, message in read.messages.items():
            if code in messages:
                messages[code][read.language] = message
            elif known is not None and code not in known:
                sentence = _("The code %(code)s is not in codes.csv.") % {"code": code}
                problems.add(f"messages/{path.name}", read.parts[code].line, sentence)
    runbooks: dict[str, Runbook] = {}
    for path in sorted(directory.glob("runbooks/*.md")):
        if known is not None and path.stem not in known:
            sentence = _("The code %(code)s is not in codes.csv.") % {"code": path.stem}
            problems.add(f"runbooks/{path.name}", 1, sentence)
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
    wrong = [entry.code for entry in entries if not CODE.fullmatch(entry.code)]
    wrong += [language for language in wanted if not po.LANGUAGE.fullmatch(language)]
    if wrong:
        raise ExchangeError(_("%(name)r cannot be the name of a file.") % {"name": name[:50]} for name in wrong)
    if not only:
        yield "categories.csv", sheets.write_categories(entries, origin)
        yield "codes.csv", sheets.write_codes(entries, origin)
    for language in wanted:
        yield f"messages/{language}.po", po.write(entries, language, source_language=source_language, origin=origin)
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


def _known_codes(
    text: str | None, categories: Mapping[str, Category], problems: Problems
) -> tuple[dict[str, dict[str, Any]], set[str] | None]:
    """Return the rows that are right, by code, and every code that is there at all; None if that cannot be told."""
    parts, known = sheets.read_codes(text, problems)
    rows = {}
    for code, part in parts.items():
        wrong = [
            _("The code %(code)r is not in codes.csv.") % {"code": other[:20]}
            for other in (*part.values["similar"], part.values["replaced_by"])
            if other and other not in (known or ())
        ]
        if part.values["category"] not in categories:
            sentence = _("The category %(category)r is not in categories.csv.")
            wrong.append(sentence % {"category": part.values["category"][:50]})
        for sentence in wrong:
            problems.add("codes.csv", part.line, sentence)
        if not wrong:
            rows[code] = {**part.values, "category": categories[part.values["category"]]}
    return rows, known


def write_runbook(code: str, runbook: Runbook, *, mark: Mark | None = None) -> str:
    """Return a runbook as a Markdown file: a head of a few lines, then the six sections in their order."""
    sections = (
        f"{_HEADING}{name.capitalize()}\n{_escaped(with_newlines(getattr(runbook, name)))}\n"
        for name in RUNBOOK_SECTIONS
    )
    head = [f"code: {code}", f"owner: {runbook.owner}" if runbook.owner else "owner:"]
    if mark is not None:
        head.append(f"revision: {mark}")
    return "\n".join(head) + "\n\n" + "\n".join(sections)


def _escaped(text: str) -> str:
    """Return the text of a section as a file holds it, with an end for a code block that has none."""
    code, opened = markdown.fenced(text)
    lines = [
        line.replace(_HEADING, _OWN_HEADING, 1) if line.startswith(_HEADING) and number not in code else line
        for number, line in enumerate(text.split("\n"))
    ]
    if opened:
        lines = [*lines[: -1 if lines[-1] == "" else None], opened[1]]
    return "\n".join(lines)


def read_runbook(text: str, code: str, problems: Problems) -> Part | None:
    """Return what the Markdown file of a code says, or None if it is no runbook."""
    file = f"runbooks/{code}.md"
    written = re.split(r"(?<=\n)", text)
    fenced, opened = markdown.fenced(text)
    if opened:
        sentence = _("The code block that begins here has no end. End it with a line %(fence)s.")
        problems.add(file, opened[0] + 1, sentence % {"fence": opened[1]})
        return None
    places = [
        number
        for number, line in enumerate(written)
        if line.startswith(_HEADING) and not line.startswith(_OWN_HEADING) and number not in fenced
    ]
    names = [written[n].removeprefix(_HEADING).strip() for n in places]
    if names != [name.capitalize() for name in RUNBOOK_SECTIONS]:
        wanted = ", ".join(name.capitalize() for name in RUNBOOK_SECTIONS)
        problems.add(file, 1, _("The headings must be %(headings)s, in this order.") % {"headings": wanted})
        return None
    head = "".join(written[: places[0]])
    found = re.fullmatch(r"code: (.*)\nowner:(?: (.*))?\n(?:revision: (.*)\n)?\n", head)
    if found is None or found[1] != code:
        sentence = _("The file must begin with the lines “code: %(code)s” and “owner: …”, and an empty line.")
        problems.add(file, 1, sentence % {"code": code})
        return None
    texts, lines = {"owner": found[2] or ""}, {"owner": 2}
    for name, begin, end in zip(RUNBOOK_SECTIONS, places, [*places[1:], len(written)], strict=True):
        section = "".join(
            line.replace(_OWN_HEADING, _HEADING, 1) if line.startswith(_OWN_HEADING) and number not in fenced else line
            for number, line in enumerate(written[begin + 1 : end], start=begin + 1)
        )
        ending = "\n" if name == RUNBOOK_SECTIONS[-1] else "\n\n"
        if not section.endswith(ending):
            sentence = _("The section %(section)s must end with an empty line.") % {"section": name.capitalize()}
            problems.add(file, begin + 1, sentence)
        texts[name] = section.removesuffix(ending)
        lines[name] = begin + 1
    return Part(file=file, line=1, values=texts, lines=lines, mark=problems.mark(file, 3, found[3] or ""))


def _text(path: Path, problems: Problems) -> str | None:
    """Return what a file holds, or None if it cannot be read as text."""
    content = _content(path, problems)
    return None if content is None else decode(content, _named(path), problems)


def _content(path: Path, problems: Problems) -> bytes | None:
    """Return what a file holds, or None if it cannot be read."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        problems.add(_named(path), 1, _("The file is missing."))
    except OSError as error:
        problems.add(_named(path), 1, _("The file cannot be read: %(reason)s.") % {"reason": error.strerror})
    return None


def _named(path: Path) -> str:
    return path.name if path.suffix == ".csv" else f"{path.parent.name}/{path.name}"
