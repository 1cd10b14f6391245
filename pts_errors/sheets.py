"""The tables of a catalog: ``categories.csv`` and ``codes.csv``."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from pts_errors.entry import Category, Entry, Outcome, ResponsibleParty, RetryAdvice, Severity
from pts_errors.marks import Marks
from pts_errors.part import CODE, Part, Problems, with_newlines

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
_NAME = re.compile(r"[A-Z][A-Z0-9_]*")
_SLUG = re.compile(r"[A-Za-z0-9_-]+")
_REVISION = "revision"
# The first of them where a line holds none.
_SEPARATORS = (",", ";", "\t")
# What Excel writes and reads before the first line.
_SEPARATOR = re.compile(r'"?sep=([,;|\t])"?[,;|\t]*\n', re.IGNORECASE)
# Far more than the largest catalog needs, and little enough to be read in seconds.
_MAX_ROWS = 50_000


def write_codes(entries: Iterable[Entry], origin: Marks | None) -> str:
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


def write_categories(entries: Iterable[Entry], origin: Marks | None) -> str:
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
        writer.writerow({name: _guard(with_newlines(str(value))) for name, value in row.items()})
    return file.getvalue()


def _guard(text: str) -> str:
    return f"'{text}" if text.startswith(_GUARDED) else text


def _read_csv(
    text: str | None, file: str, columns: tuple[str, ...], problems: Problems
) -> list[tuple[int, dict[str, str]]] | None:
    """Return the lines that have the right number of cells, each with its number; None if this is no such table.

    Spreadsheets separate cells as the country does, put a line ``sep=;`` first, add empty columns and lines, and their
    users move columns about.
    """
    if text is None:
        return None
    told = _SEPARATOR.match(text)
    body, line = (text[told.end() :], 1) if told else (text, 0)
    skipped = line
    first = body.partition("\n")[0]
    reader = csv.reader(
        _short_lines(body), delimiter=told[1] if told else max(_SEPARATORS, key=first.count), strict=True
    )
    rows: list[tuple[int, dict[str, str]]] = []
    try:
        names = _without_empty_end(next(reader, []))
        if wrong := _wrong_columns(names, columns):
            problems.add(file, line + 1, wrong)
            return None
        line = reader.line_num + skipped
        for number, cells in enumerate(reader):
            line = reader.line_num + skipped
            if number == _MAX_ROWS:
                problems.add(file, line, _("The file has more than %(n)d lines.") % {"n": _MAX_ROWS})
                return None
            filled = len(_without_empty_end(cells))
            if not filled:
                continue
            if not filled <= len(names) <= len(cells):
                sentence = _(
                    "The line must have %(wanted)d cells, and has %(found)d. Leave no cell out, not even an empty one, "
                    "and put a text that holds the separator between quotation marks."
                )
                problems.add(file, line, sentence % {"wanted": len(names), "found": len(cells)})
            else:
                texts = (cell.removeprefix("'") for cell in cells)
                rows.append((line, dict(zip(names, texts, strict=False))))
    except csv.Error as error:
        problems.add(file, line + 1, _("This is not CSV: %(reason)s.") % {"reason": str(error).rstrip(".")})
        return None
    return rows


def _without_empty_end(cells: list[str]) -> list[str]:
    return cells[: max((number for number, cell in enumerate(cells, start=1) if cell.strip()), default=0)]


def _wrong_columns(names: list[str], columns: tuple[str, ...]) -> str:
    """Return what is wrong with the first line of a table, and what to do about it, or an empty text."""
    wanted = ",".join(columns)
    if len(names) < 2:
        return _(
            "The columns must be %(columns)s. The first line names none of them, "
            "or separates them by something else than commas, semicolons or tabs."
        ) % {"columns": wanted}
    wrong = [_("%(name)s is missing") % {"name": name} for name in columns if name not in names]
    wrong += [
        _("%(name)r is none of them") % {"name": name[:50]} for name in names if name not in (*columns, _REVISION)
    ]
    wrong += [_("%(name)s is there twice") % {"name": name} for name in dict.fromkeys(names) if names.count(name) > 1]
    if not wrong:
        return ""
    sentence = _("The columns must be %(columns)s. %(wrong)s. Name each of them once, in any order.")
    return sentence % {"columns": wanted, "wrong": pgettext("between what is wrong", "; ").join(wrong)}


def _short_lines(text: str) -> Iterator[str]:
    for line in io.StringIO(text, newline=""):
        if len(line) > csv.field_size_limit():
            raise csv.Error(_("the line is too long"))
        yield line


def read_categories(text: str | None, problems: Problems) -> dict[str, Part]:
    """Return the categories of a file, by slug."""
    categories: dict[str, Part] = {}
    for line, row in _read_csv(text, "categories.csv", _CATEGORY_COLUMNS, problems) or ():
        if not _is_number(row["position"]):
            sentence = _("The position %(value)r is not a number.") % {"value": row["position"][:20]}
            problems.add("categories.csv", line, sentence)
        elif not _SLUG.fullmatch(row["slug"]):
            sentence = _("The slug %(value)r is not like upstream.") % {"value": row["slug"][:50]}
            problems.add("categories.csv", line, sentence)
        elif row["slug"] in categories:
            sentence = _("The category %(category)r is there twice.") % {"category": row["slug"]}
            problems.add("categories.csv", line, sentence)
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
            wrong.append(_("The code %(code)s is there twice.") % {"code": row["code"]})
        if row["name"] in names:
            wrong.append(_("The name %(name)s is there twice.") % {"name": row["name"][:50]})
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
        _("The %(field)s %(value)r is none of %(choices)s.")
        % {"field": name, "value": row[name][:20], "choices": ", ".join(choices)}
        for name, choices in _CHOICES.items()
        if row[name] not in choices
    ]
    wrong += [
        _("The %(field)s %(value)r is neither yes nor no.") % {"field": name, "value": row[name][:20]}
        for name in ("reveal_to_customer", "is_retired")
        if row[name] not in ("yes", "no")
    ]
    if row["retry_after"] and not _is_number(row["retry_after"]):
        wrong.append(_("The retry_after %(value)r is not a number.") % {"value": row["retry_after"][:20]})
    if not CODE.fullmatch(row["code"]):
        wrong.append(_("The code %(value)r is not a number without leading zero.") % {"value": row["code"][:20]})
    if not _NAME.fullmatch(row["name"]):
        wrong.append(_("The name %(value)r is not like INSUFFICIENT_BALANCE.") % {"value": row["name"][:50]})
    if not re.fullmatch("[2-5][0-9]{2}", row["http_status"], re.ASCII):
        wrong.append(_("The http_status %(value)r is not between 200 and 599.") % {"value": row["http_status"][:20]})
    return wrong


def _is_number(text: str) -> bool:
    # How large it may be is for its column to say; 64 bits are what any database takes.
    return text.isascii() and text.isdecimal() and len(text) < 20
