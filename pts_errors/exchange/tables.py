"""The tables of a catalog: ``categories.csv`` and ``codes.csv``."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from pts_errors.exchange.baselines import Baselines
from pts_errors.exchange.records import CODE, Problems, Record, with_newlines
from pts_errors.values.entry import Category, Entry, categories
from pts_errors.values.fields import CATEGORY_FIELDS, CODE_FIELDS, SLUG, Path, value_at, vocabulary

# Name and type of each column: a vocabulary, a number, yes or no, several codes, or a text.
_CODE_COLUMNS: dict[str, Any] = {"code": str, "name": str, "category": str, **CODE_FIELDS}
# Spreadsheets evaluate cells that begin like this as formulas. A quote before them prevents it; reading removes it.
_GUARDED = ("=", "+", "-", "@", "\t", "\r", "'")
_NAME = re.compile(r"[A-Z][A-Z0-9_]*")
_SLUG = re.compile(r"[A-Za-z0-9_-]+")
_REVISION = "revision"
# Files of earlier releases lack these columns: then their values stay.
_NEWER = ("outcome_basis", "outcome_reason")
# The first one is the default.
_SEPARATORS = (",", ";", "\t")
# Excel writes and reads this line before the header.
_SEPARATOR = re.compile(r'"?sep=([,;|\t])"?[,;|\t]*\n', re.IGNORECASE)
# Far more than the largest catalog needs, and little enough to be read in seconds.
_MAX_ROWS = 50_000


def write_codes(entries: Iterable[Entry], baselines: Baselines | None) -> str:
    """Return ``codes.csv``."""
    cells = ((entry, [value_at(entry, _path(name)) for name in _CODE_COLUMNS]) for entry in entries)
    return _write_csv(_CODE_COLUMNS, cells, "code", baselines)


def write_categories(entries: Iterable[Entry], baselines: Baselines | None) -> str:
    """Return ``categories.csv``."""
    ordered = sorted(categories(entries).values(), key=lambda category: (category.position, category.slug))
    cells = ((category, [getattr(category, name) for name in CATEGORY_FIELDS]) for category in ordered)
    return _write_csv(CATEGORY_FIELDS, cells, "category", baselines)


def _path(column: str) -> Path:
    return SLUG if column == "category" else (column,)


def _write_csv(
    columns: Iterable[str],
    rows: Iterable[tuple[Category | Entry, list[object]]],
    block: str,
    baselines: Baselines | None,
) -> str:
    file = io.StringIO(newline="")
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow([*columns, _REVISION] if baselines else columns)
    for value, cells in rows:
        texts = [_cell(cell) for cell in cells]
        writer.writerow([*texts, str(baselines.of(value, block))] if baselines else texts)
    return file.getvalue()


def _cell(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case tuple():
            return " ".join(value)
    text = with_newlines(str(value))
    return f"'{text}" if text.startswith(_GUARDED) else text


def _read_csv(text: str, file: str, columns: Collection[str], problems: Problems) -> list[tuple[int, dict[str, str]]]:
    """Return the rows with the right number of cells, each with its line number; none if the columns are wrong.

    Spreadsheets use the country's separator, put a line ``sep=;`` first, and add empty columns and lines. Their users
    reorder columns.
    """
    declared = _SEPARATOR.match(text)
    body, line = (text[declared.end() :], 1) if declared else (text, 0)
    skipped = line
    first = body.partition("\n")[0]
    reader = csv.reader(
        _short_lines(body), delimiter=declared[1] if declared else max(_SEPARATORS, key=first.count), strict=True
    )
    rows: list[tuple[int, dict[str, str]]] = []
    try:
        names = _without_empty_end(next(reader, []))
        if wrong := _wrong_columns(names, columns):
            problems.add(file, line + 1, wrong)
            return []
        line = reader.line_num + skipped
        for number, cells in enumerate(reader):
            line = reader.line_num + skipped
            if number == _MAX_ROWS:
                problems.add(file, line, _("The file has more than %(n)d lines.") % {"n": _MAX_ROWS})
                return []
            filled = len(_without_empty_end(cells))
            if not filled:
                continue
            if not filled <= len(names) <= len(cells):
                sentence = _(
                    "The line must have %(wanted)d cells, but has %(found)d. Keep empty cells, "
                    "and put quotation marks around a text that contains the separator."
                )
                problems.add(file, line, sentence % {"wanted": len(names), "found": len(cells)})
            else:
                texts = (cell.removeprefix("'") for cell in cells)
                rows.append((line, dict(zip(names, texts, strict=False))))
    except csv.Error as error:
        problems.add(file, line + 1, _("This is not CSV: %(reason)s.") % {"reason": str(error).rstrip(".")})
        return []
    return rows


def _without_empty_end(cells: list[str]) -> list[str]:
    return cells[: max((number for number, cell in enumerate(cells, start=1) if cell.strip()), default=0)]


def _wrong_columns(names: list[str], columns: Collection[str]) -> str:
    """Return a sentence about wrong columns and their remedy, or an empty text."""
    expected = ",".join(columns)
    if len(names) < 2:
        return _(
            "The columns must be %(columns)s. The first line names none of them, "
            "or does not separate them with commas, semicolons or tabs."
        ) % {"columns": expected}
    wrong = [_("%(name)s is missing") % {"name": name} for name in columns if name not in (*names, *_NEWER)]
    wrong += [
        _("%(name)r is not one of them") % {"name": name[:50]} for name in names if name not in (*columns, _REVISION)
    ]
    wrong += [_("%(name)s occurs twice") % {"name": name} for name in dict.fromkeys(names) if names.count(name) > 1]
    if not wrong:
        return ""
    sentence = _("The columns must be %(columns)s. %(wrong)s. Name each of them once, in any order.")
    return sentence % {"columns": expected, "wrong": pgettext("between what is wrong", "; ").join(wrong)}


def _short_lines(text: str) -> Iterator[str]:
    for line in io.StringIO(text, newline=""):
        if len(line) > csv.field_size_limit():
            raise csv.Error(_("the line is too long"))
        yield line


def read_categories(text: str, problems: Problems) -> Iterator[Record]:
    """Yield a record for each category of ``categories.csv``."""
    file, slugs = "categories.csv", set[str]()
    for line, row in _read_csv(text, file, CATEGORY_FIELDS, problems):
        slug = row["slug"]
        if not _is_number(row["position"]):
            sentence = _("The position %(value)r is not a number.") % {"value": row["position"][:20]}
            problems.add(file, line, sentence)
        elif not _SLUG.fullmatch(slug):
            problems.add(file, line, _("%(value)r is not a slug such as upstream.") % {"value": slug[:50]})
        elif slug in slugs:
            problems.add(file, line, _("The category %(category)r occurs twice.") % {"category": slug})
        else:
            slugs.add(slug)
            baseline = problems.baseline(file, line, row.pop(_REVISION, ""))
            values: dict[Path, Any] = {("category", name): text for name, text in row.items()}
            values["category", "position"] = int(row["position"])
            yield Record(key=slug, block="category", file=file, line=line, values=values, baseline=baseline)


def read_codes(text: str, problems: Problems) -> Iterator[Record]:
    """Yield a record for each code of ``codes.csv``, without checking references to other codes or categories."""
    file, codes, names = "codes.csv", set[str](), set[str]()
    for line, row in _read_csv(text, file, _CODE_COLUMNS, problems):
        wrong = _wrong_cells(row)
        if row["code"] in codes:
            wrong.append(_("The code %(code)s occurs twice.") % {"code": row["code"]})
        if row["name"] in names:
            wrong.append(_("The name %(name)s occurs twice.") % {"name": row["name"][:50]})
        names.add(row["name"])
        baseline = problems.baseline(file, line, row.pop(_REVISION, ""))
        for sentence in wrong:
            problems.add(file, line, sentence)
        if not wrong:
            codes.add(row["code"])
            values = {_path(name): _value(cell, _CODE_COLUMNS[name]) for name, cell in row.items()}
            yield Record(key=row["code"], block="code", file=file, line=line, values=values, baseline=baseline)


def _value(cell: str, kind: object) -> Any:
    """Return the value of a valid cell."""
    if kind is bool:
        return cell == "yes"
    if kind == tuple[str, ...]:
        return cell.split()
    if kind in (int, int | None):
        return int(cell) if cell else None
    return cell


def _wrong_cells(row: Mapping[str, str]) -> list[str]:
    wrong = [
        _("The %(field)s %(value)r is not one of %(choices)s.")
        % {"field": name, "value": row[name][:20], "choices": ", ".join(choices)}
        for name, kind in CODE_FIELDS.items()
        if (choices := vocabulary(kind)) and name in row and row[name] not in choices
    ]
    wrong += [
        _("The %(field)s %(value)r is neither yes nor no.") % {"field": name, "value": row[name][:20]}
        for name, kind in CODE_FIELDS.items()
        if kind is bool and row[name] not in ("yes", "no")
    ]
    if row["retry_after"] and not _is_number(row["retry_after"]):
        wrong.append(_("The retry_after %(value)r is not a number.") % {"value": row["retry_after"][:20]})
    if not CODE.fullmatch(row["code"]):
        wrong.append(_("The code %(value)r is not a number without leading zeros.") % {"value": row["code"][:20]})
    if not _NAME.fullmatch(row["name"]):
        wrong.append(_("%(value)r is not a name such as INSUFFICIENT_BALANCE.") % {"value": row["name"][:50]})
    if not re.fullmatch("[2-5][0-9]{2}", row["http_status"], re.ASCII):
        wrong.append(_("The http_status %(value)r is not between 200 and 599.") % {"value": row["http_status"][:20]})
    return wrong


def _is_number(text: str) -> bool:
    # The column checks the range. 19 digits fit into 64 bits, which every database accepts.
    return text.isascii() and text.isdecimal() and len(text) < 20
