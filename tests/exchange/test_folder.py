"""Tests of the files of a catalog: a folder is read, written, and read again."""

from __future__ import annotations

import csv
import io
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pts_errors.exceptions import ExchangeError
from pts_errors.exchange import po
from pts_errors.exchange.records import Problems
from pts_errors.values import markdown
from pts_errors.values.entry import (
    RUNBOOK_SECTIONS,
    Message,
)
from tests.support.catalog_files import read_directory, write_directory
from tests.support.hosts import program
from tests.support.paths import FIXTURES
from tests.support.strategies import catalogs
from tests.support.values import MESSAGE, RUNBOOK, make_entry

# Everything that has a meaning in one of the three formats, and what editors and spreadsheets like to change.
TWO_CODES = (
    make_entry(messages={"en": MESSAGE, "de": Message(title="Guthaben fehlt", source_text={"title": MESSAGE.title})}),
    make_entry(code="4001", name="UPSTREAM_FAILED", similar=("1007",)),
)


@pytest.fixture
def directory(tmp_path):
    """Return a directory in people's form with two codes, which may be damaged."""
    write_directory(tmp_path, TWO_CODES)
    return tmp_path


def problems_of(directory):
    """Return what is wrong with a directory."""
    with pytest.raises(ExchangeError) as caught:
        read_directory(directory)
    return list(caught.value.problems)


def problems_or_none(directory):
    """Return what is wrong with a directory, if anything is."""
    try:
        read_directory(directory)
    except ExchangeError as error:
        return list(error.problems)
    return []


def rewrite(path, *replacements):
    """Replace texts in a file, each of which must be there."""
    content = path.read_text(encoding="utf-8")
    for old, new in replacements:
        assert old in content
        content = content.replace(old, new, 1)
    path.write_text(content, encoding="utf-8", newline="")


def with_ends(entry, read):
    """Return the entry with those sections as they were read that only got an end for their last code block."""
    if entry.runbook is None:
        return entry
    ended = {}
    for name in RUNBOOK_SECTIONS:
        before, after = getattr(entry.runbook, name), getattr(read.runbook, name)
        if before != after and re.fullmatch(r"\n?(`{3,}|~{3,})", after.removeprefix(before.removesuffix("\n"))):
            # Without an end the last line end is no part of the code, nor is a last line of blanks.
            html, ended_html = (re.sub(r"\s*</code>", "</code>", markdown.render(text)) for text in (before, after))
            assert html == ended_html
            ended[name] = after
    return replace(entry, runbook=replace(entry.runbook, **ended))


@given(catalogs())
@example((make_entry(runbook=replace(RUNBOOK, meaning="- a\n## h\n   ```\n## x\n```\n## y")),))
@example((make_entry(runbook=replace(RUNBOOK, meaning="> a\n## h\n```\n## x")),))
@example((make_entry(runbook=replace(RUNBOOK, escalation="=1+1```\n## Impact\n```\n ")),))
@example((make_entry(provider_message="=1+1", runbook=replace(RUNBOOK, meaning="## Impact\n\n", owner=" x ")),))
@example((make_entry(messages={"de": Message(title="Nur hier", source_text={"title": ""})}),))
def test_what_was_written_is_read_again(entries):
    """Whatever the texts begin with, end with or hold, in every file."""
    with TemporaryDirectory() as name:
        directory = Path(name)
        paths = write_directory(directory, entries)
        written = {path: path.read_bytes() for path in paths}

        read = read_directory(directory)

        assert read == tuple(map(with_ends, entries, read))
        write_directory(directory, read)
        assert {path: path.read_bytes() for path in directory.rglob("*.*")} == written


@pytest.mark.parametrize(
    "text",
    [
        "```sh\n# One\n## Impact\n```",
        "~~~\n## Two\n~~~",
        "````\n```\n## Impact\n```\n````",
        "    ## Indented",
        "- ## In a list\n\n  ```\n  ## Impact\n  ```",
        "> ## In a quotation\n> ```\n> ## Impact",
        "1. Run it:\n\n   ```\n   ## Impact\n   ```\n2. Look.",
        "### Deeper\n\n# Higher",
        "##  With two spaces is written with two",
    ],
)
def test_what_is_no_heading_in_markdown_splits_no_section(directory, text):
    """A file is read as every other reader of Markdown reads it, and written so."""
    rewrite(directory / "runbooks/1007.md", ("## Impact\n", f"{text}\n\n## Impact\n"))

    (entry, _other) = read_directory(directory)
    write_directory(directory, [entry, _other])

    assert entry.runbook.meaning == f"{RUNBOOK.meaning}\n\n{text}".replace("\n##  W", "\n## W")
    assert text in (directory / "runbooks/1007.md").read_text(encoding="utf-8")
    assert read_directory(directory)[0] == entry


def test_a_code_block_without_an_end_is_named(directory):
    """To every reader the rest of the file is a part of it."""
    rewrite(directory / "runbooks/1007.md", ("## Impact\n", "~~~~ sh\n## Impact\n"))

    assert [problem for problem in problems_of(directory) if "runbooks" in problem] == [
        "runbooks/1007.md:7: The code block that begins here is not closed. Close it with a line ~~~~."
    ]


def test_line_ends_of_browsers_become_those_of_files(tmp_path):
    """A form sends CR LF; files hold LF, and so does what is read from them."""
    text = "One.\r\nTwo.\rThree."
    before = make_entry(
        provider_message=text, messages={"en": replace(MESSAGE, title=text)}, runbook=replace(RUNBOOK, meaning=text)
    )

    write_directory(tmp_path, [before])
    (after,) = read_directory(tmp_path)

    assert after.provider_message == after.messages["en"].title == after.runbook.meaning == "One.\nTwo.\nThree."
    assert all(b"\r" not in path.read_bytes() for path in tmp_path.rglob("*.*"))


def test_formulas_are_inert_in_a_spreadsheet(tmp_path):
    """No cell begins with a character that starts one."""
    texts = ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "'x"]
    entries = [
        make_entry(code=str(code), name=f"N{code}", provider_message=text) for code, text in enumerate(texts, start=1)
    ]

    write_directory(tmp_path, entries)

    content = (tmp_path / "codes.csv").read_text(encoding="utf-8")
    assert all(f",'{text}," in content for text in texts)


@pytest.mark.parametrize(
    "change",
    [
        lambda content: b"\xef\xbb\xbf" + content,
        lambda content: content.replace(b"\n", b"\r\n"),
        lambda content: b"\xef\xbb\xbf" + content.replace(b"\n", b"\r\n"),
        lambda content: content.replace(b"\n", b"\r"),
    ],
    ids=["BOM", "CRLF", "BOM and CRLF", "CR"],
)
def test_files_of_windows_editors_are_read(directory, change):
    """A byte order mark and other line ends change nothing."""
    before = read_directory(directory)
    for path in directory.rglob("*.*"):
        path.write_bytes(change(path.read_bytes()))

    assert read_directory(directory) == before


@pytest.mark.parametrize(
    "change",
    [
        lambda content: content.decode().encode("utf-16"),
        lambda content: b"\xfe\xff" + content.decode().replace("\n", "\r\n").encode("utf-16-be"),
    ],
    ids=["UTF-16", "UTF-16, big end first, and CRLF"],
)
def test_tables_and_runbooks_may_be_utf_16(directory, change):
    """As spreadsheets save "Unicode text"; gettext reads no such file, so neither do we."""
    before = read_directory(directory)
    for path in [*directory.glob("*.csv"), *directory.rglob("*.md")]:
        path.write_bytes(change(path.read_bytes()))

    assert read_directory(directory) == before


FILES = ["categories.csv", "codes.csv", "messages/de.po", "runbooks/1007.md"]


NO_TEXTS = [
    (b"\xff\xfex", ":1: The file is not UTF-16: truncated data at byte 2. Save it as UTF-8, "),
    ("x\n".encode("utf-16-le"), ":1: The file contains the control character U+0000. Save it as UTF-8, "),
    (b"line\n\xff\xfe", ":2: The file is not UTF-8: invalid start byte at byte 5. Save it as UTF-8, "),
    ("line\né".encode("cp1252"), ":2: The file is not UTF-8: unexpected end of data at byte 5. Save it as UTF-8, "),
    (b"line\nline\n\x00", ":3: The file contains the control character U+0000. Save it as UTF-8, "),
    (b"\x1b[31m", ":1: The file contains the control character U+001B."),
]


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize(
    ("content", "expected"),
    NO_TEXTS,
    ids=["half of UTF-16", "UTF-16 that does not say so", "latin", "Windows-1252", "NUL", "escape"],
)
def test_a_file_that_is_no_text_is_named_once(directory, file, content, expected):
    """And its contents are not complained about on top."""
    (directory / file).write_bytes(content)

    (problem,) = [problem for problem in problems_of(directory) if problem.startswith(file)]
    if file.endswith(".po"):
        expected = expected.replace("UTF-16: truncated data at byte 2", "UTF-8: invalid start byte at byte 0")
    assert problem.startswith(f"{file}{expected}")


# What spreadsheets and their users make of a table: its cells, and how they are written.
SEPARATORS = st.sampled_from(",;\t|")
ENCODINGS = st.sampled_from(["utf-8", "utf-8-sig", "utf-16"])
LINE_ENDS = st.sampled_from(["\n", "\r\n", "\r"])


def saved_by_spreadsheet(text, draw):
    """Return the bytes of a table with its columns moved, empty ones and empty lines added, and other separators."""
    rows = list(csv.reader(io.StringIO(text, newline="")))
    order = draw(st.permutations(range(len(rows[0]))))
    separator, says_so = draw(SEPARATORS), draw(st.booleans())
    width, height = draw(st.integers(0, 3)), draw(st.integers(0, 3))
    file = io.StringIO(newline="")
    line_end, quoting = draw(LINE_ENDS), draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
    if line_end != "\r\n":  # Python before 3.13 leaves the other line end in a cell without quotation marks
        quoting = csv.QUOTE_ALL
    writer = csv.writer(file, delimiter=separator, lineterminator=line_end, quoting=quoting)
    writer.writerows([row[index] for index in order] + [""] * width for row in rows)
    writer.writerows([[""] * draw(st.integers(2, 20))] * height)
    first = f"sep={separator}\r\n" if says_so or separator == "|" else ""
    return (first + file.getvalue()).encode(draw(ENCODINGS))


@given(catalogs(), st.data())
def test_a_table_is_read_as_any_spreadsheet_saves_it(entries, data):
    """Separators, their declaration, the order of columns, empty columns and lines, encodings and line ends."""
    with TemporaryDirectory() as name:
        directory = Path(name)
        write_directory(directory, entries)
        for file in ("categories.csv", "codes.csv"):
            text = (directory / file).read_text(encoding="utf-8")
            (directory / file).write_bytes(saved_by_spreadsheet(text, data.draw))
        read = read_directory(directory)

        assert read == tuple(map(with_ends, entries, read))


SPOILED = [
    (lambda text: text.replace(",", "|"), "codes.csv:1: The columns must be .* does not separate them with commas, "),
    (lambda text: text.replace(",name,", ",nom,"), "codes.csv:1: .* name is missing; 'nom' is not one of them. Name "),
    (lambda text: text.replace(",name,", ",,"), "codes.csv:1: .* name is missing; '' is not one of them. Name "),
    (lambda text: text.replace(",name,", ",code,"), "codes.csv:1: .* name is missing; code occurs twice. Name "),
    (lambda text: "sep=;\n" + text, "codes.csv:2: The columns must be .* does not separate them with commas, "),
    (lambda text: "sep=,\n" + text.replace("\n4001", "\nx"), "codes.csv:4: The code 'x' is not a number "),
    (
        lambda text: text.replace("too low", "a,b") + "1,2,,\n",
        "codes.csv:4: The line must have 16 cells, but has 4",
    ),
    (lambda text: "", "codes.csv:1: The columns must be .* The first line names none of them"),
    (lambda text: "\n" + text, "codes.csv:1: The columns must be .* The first line names none of them"),
]


@pytest.mark.parametrize(
    ("change", "expected"),
    SPOILED,
    ids=["separator", "unknown", "empty", "twice", "sep= and another", "counted", "cells", "nothing", "first line"],
)
def test_what_a_spreadsheet_spoiled_is_named_with_its_cure(directory, change, expected):
    """By line, as the editor shows it."""
    text = (directory / "codes.csv").read_text(encoding="utf-8")
    (directory / "codes.csv").write_text(change(text), encoding="utf-8")

    assert re.match(expected, problems_of(directory)[0])


def test_libreoffice_saves_what_is_read_again(tmp_path):
    """With the separators and the characters that its dialog offers."""
    soffice = program("soffice", "libreoffice-calc")
    shutil.copytree(FIXTURES, tmp_path / "catalog")
    entries = read_directory(tmp_path / "catalog")
    for separator in (44, 59, 9):
        for name in ("categories.csv", "codes.csv"):
            subprocess.run(
                [
                    soffice,
                    f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}",
                    "--headless",
                    "--infilter=CSV:44,34,76,1",
                    "--convert-to",
                    f"csv:Text - txt - csv (StarCalc):{separator},34,76,1",
                    "--outdir",
                    str(tmp_path / "catalog"),
                    str(FIXTURES / name),
                ],
                check=True,
                capture_output=True,
                timeout=300,
            )

        assert read_directory(tmp_path / "catalog") == entries


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("categories.csv", "codes.csv:2: The category 'transaction' is not in the catalog."),
        ("codes.csv", "codes.csv:1: The file is missing, or has no code."),
    ],
)
def test_a_missing_table_is_named(directory, file, expected):
    """It is not taken for an empty one."""
    (directory / file).unlink()

    assert problems_of(directory)[0] == expected


def test_an_unreadable_table_of_codes_is_the_only_problem(directory):
    """Nobody is told that all the codes are missing from it."""
    (directory / "codes.csv").write_text("nonsense\n", encoding="utf-8")

    (problem,) = problems_of(directory)

    assert problem.startswith("codes.csv:1: The columns must be code,name,")


def test_a_directory_in_place_of_a_file_is_named(directory):
    """It is no file."""
    (directory / "codes.csv").unlink()
    (directory / "codes.csv").mkdir()

    assert problems_of(directory) == ["codes.csv:1: This is not a regular file."]


MISTAKES = [
    ("categories.csv", "slug,name", "slug,slug", "categories.csv:1: The columns must be slug,name,position,"),
    ("categories.csv", ",1,", ",one,", "categories.csv:2: The position 'one' is not a number."),
    (
        "categories.csv",
        ",1,",
        f",{'1' * 5000},",
        "categories.csv:2: The position '11111111111111111111' is not a",
    ),
    ("categories.csv", ",1,", ",-1,", "categories.csv:2: The position '-1' is not a number."),
    ("categories.csv", "transaction,", "a b,", "categories.csv:2: 'a b' is not a slug such as upstream."),
    ("categories.csv", "transaction,", ",", "categories.csv:2: '' is not a slug such as upstream."),
    (
        "categories.csv",
        "transaction,T",
        "transaction,x,1,,\ntransaction,T",
        "categories.csv:3: The category 'transaction' occurs twice.",
    ),
    ("codes.csv", ",severity", "", "codes.csv:1: The columns must be code,name,"),
    ("codes.csv", ",similar", ",similar,extra", "codes.csv:1: The columns must be code,name,"),
    ("codes.csv", ",", ";", "codes.csv:1: The columns must be code,name,"),
    ("codes.csv", ",1007\n", ",1007,more\n", "codes.csv:3: The line must have 16 cells, but has "),
    ("codes.csv", ",,1007\n", "\n", "codes.csv:3: The line must have 16 cells, but has "),
    ("codes.csv", "Balance not enough", '"Balance', "codes.csv:2: This is not CSV: unexpected end of data."),
    ("codes.csv", "Balance not enough", '"Bal"ance', "codes.csv:2: This is not CSV: "),
    ("codes.csv", "\n4001", "\n1007", "codes.csv:3: The code 1007 occurs twice."),
    ("codes.csv", "UPSTREAM_FAILED", "BALANCE_TOO_LOW", "codes.csv:3: The name BALANCE_TOO_LOW occurs twice."),
    (
        "codes.csv",
        "UPSTREAM_FAILED",
        "upstream",
        "codes.csv:3: 'upstream' is not a name such as INSUFFICIENT_BALANCE.",
    ),
    ("codes.csv", "\n4001", "\n04001", "codes.csv:3: The code '04001' is not a number without leading zeros."),
    ("codes.csv", "\n4001", "\n４００１", "codes.csv:3: The code '４００１' is not a number without leading zeros."),
    ("codes.csv", "\n4001", "\n", "codes.csv:3: The code '' is not a number without leading zeros."),
    ("codes.csv", "rejected", "refused", "codes.csv:2: The outcome 'refused' is not one of accepted, rejected,"),
    ("codes.csv", "retry_after_resolution", "", "codes.csv:2: The retry_advice '' is not one of not_applicable,"),
    ("codes.csv", "operator", "them", "codes.csv:2: The responsible_party 'them' is not one of none, customer,"),
    ("codes.csv", "error,", "ERROR,", "codes.csv:2: The severity 'ERROR' is not one of info, warning,"),
    ("codes.csv", ",yes,", ",true,", "codes.csv:2: The reveal_to_customer 'true' is neither yes nor no."),
    ("codes.csv", ",no,", ",,", "codes.csv:2: The is_retired '' is neither yes nor no."),
    ("codes.csv", ",422,", ",600,", "codes.csv:2: The http_status '600' is not between 200 and 599."),
    ("codes.csv", ",422,", ",,", "codes.csv:2: The http_status '' is not between 200 and 599."),
    ("codes.csv", ",422,", ",٤٢٢,", "codes.csv:2: The http_status '٤٢٢' is not between 200 and 599."),
    ("codes.csv", "resolution,,", "resolution,soon,", "codes.csv:2: The retry_after 'soon' is not a number."),
    ("codes.csv", ",1007\n", ",7777\n", "codes.csv:3: The code '7777' is not in the catalog."),
    ("codes.csv", ",,1007\n", ",7777,\n", "codes.csv:3: The code '7777' is not in the catalog."),
    ("codes.csv", ",transaction,", ",lost,", "codes.csv:2: The category 'lost' is not in the catalog."),
    ("messages/de.po", "1007/title", "7777/title", "messages/de.po:10: The code 7777 is not in the catalog."),
    (
        "messages/de.po",
        "1007/title",
        "1007/name",
        "messages/de.po:10: The msgctxt '1007/name' does not have the form 1007/title.",
    ),
    (
        "messages/de.po",
        "1007/title",
        "title",
        "messages/de.po:10: The msgctxt 'title' does not have the form 1007/title.",
    ),
    (
        "messages/de.po",
        'msgctxt "1007/title"\n',
        "",
        "messages/de.po:10: The msgctxt None does not have the form 1007/title.",
    ),
    (
        "messages/de.po",
        "1007/customer_message",
        "1007/title",
        "messages/de.po:14: The msgctxt '1007/title' occurs twice",
    ),
    (
        "messages/de.po",
        'msgid "Balance',
        'msgid "Bal"ance',
        "messages/de.po:11: This is not a PO file: 'ance' is not a keyword. Put each text in straight quotes",
    ),
    (
        "messages/de.po",
        "msgid",
        "message",
        "messages/de.po:2: This is not a PO file: 'message' is not a keyword. ",
    ),
    (
        "messages/en.po",
        'msgstr "Balance',
        'msgstr "Other',
        "messages/en.po:10: This is the source language: msgid and",
    ),
    ("runbooks/1007.md", "## Impact", "## Effect", "runbooks/1007.md:1: The headings must be Meaning, Impact,"),
    ("runbooks/1007.md", "## Impact\n", "", "runbooks/1007.md:1: The headings must be Meaning, Impact,"),
    (
        "runbooks/1007.md",
        "code: 1007",
        "code: 1008",
        "runbooks/1007.md:1: The file must begin with the lines “code: 1007”",
    ),
    (
        "runbooks/1007.md",
        "owner: ",
        "team: ",
        "runbooks/1007.md:1: The file must begin with the lines “code: 1007”",
    ),
    (
        "runbooks/1007.md",
        "little.\n\n",
        "little.\n",
        "runbooks/1007.md:4: The section Meaning must end with an empty",
    ),
]


@pytest.mark.parametrize(("file", "old", "new", "expected"), MISTAKES, ids=lambda value: None)
def test_each_mistake_is_named_with_file_and_line(directory, file, old, new, expected):
    """So that the person who made it can mend it."""
    rewrite(directory / file, (old, new))

    problems = problems_of(directory)

    assert [problem for problem in problems if problem.startswith(expected)], problems
    assert all(re.match(r"[\w/.-]+:\d+: .{1,400}\.\Z", problem) for problem in problems)


def test_all_mistakes_are_named_at_once(directory):
    """Nobody has to run it again for each of them."""
    rewrite(directory / "codes.csv", ("rejected", "refused"), (",422,", ",99,"))
    rewrite(directory / "messages/de.po", ("1007/title", "1007/titel"))
    rewrite(directory / "runbooks/4001.md", ("## Impact", "## Effect"))

    assert [problem.partition(": ")[0] for problem in problems_of(directory)] == [
        "codes.csv:2",
        "codes.csv:2",
        "messages/de.po:10",
        "runbooks/4001.md:1",
    ]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("messages/zh-Hans.po", "messages/zh-Hans.po:1: The file must be named zh-hans.po."),
        ("messages/pt_BR.po", "messages/pt_BR.po:1: The file must be named pt-br.po."),
    ],
)
def test_a_file_with_a_wrong_name_is_named(directory, name, expected):
    """A language in another spelling would be another language."""
    (directory / name).write_text("", encoding="utf-8")

    assert problems_of(directory) == [expected]


def test_an_empty_translation_file_is_an_empty_language(directory):
    """A translator begins with one."""
    (directory / "messages/fr.po").write_text("", encoding="utf-8")

    assert len(read_directory(directory)) == 2


def test_a_file_name_is_not_taken_for_a_file(directory, tmp_path):
    """Some libraries that parse PO open a text that names a file; nothing of ours may."""
    secret = tmp_path / "secret.po"
    secret.write_text('msgctxt "1007/title"\nmsgid "a"\nmsgstr "SECRET"\n', encoding="utf-8")

    problems = Problems()
    read = po.read(str(secret).encode(), file="de.po", source_language="en", problems=problems)

    assert read == ("de", [])
    (problem,) = problems.found
    assert problem.startswith("de.po:1: This is not a PO file: '/' is not allowed here. ")


def test_a_fuzzy_unit_was_confirmed_against_its_earlier_source(directory):
    """What gettext calls fuzzy is what the admin calls needs review."""
    rewrite(
        directory / "messages/de.po",
        ('msgctxt "1007/title"', '#, fuzzy\n#| msgctxt "1007/title"\n#| msgid "Balance is low"\nmsgctxt "1007/title"'),
    )

    entry, _other = read_directory(directory)

    assert entry.messages["de"].source_text == {"title": "Balance is low"}


def test_obsolete_units_are_left_out(directory):
    """Translators' tools keep texts that are gone as comments."""
    with (directory / "messages/de.po").open("a", encoding="utf-8") as file:
        file.write('\n#~ msgctxt "7777/title"\n#~ msgid "Gone"\n#~ msgstr "Weg"\n')

    assert len(read_directory(directory)) == 2


@given(
    st.text()
    | st.lists(
        st.sampled_from(
            [
                "msgid ",
                "msgstr ",
                "msgctxt ",
                '"',
                "1007/title",
                "\n",
                "#",
                "#| ",
                "#~ ",
                "#, fuzzy",
                "msgstr[0] ",
                "[",
                "\\",
                " ",
            ]
        ),
        max_size=30,
    ).map("".join)
)
def test_any_text_is_read_as_po_or_named(text):
    """Whatever somebody uploads, there is an answer and no crash."""
    problems = Problems()
    po.read(text.encode("utf-8", "replace"), file="de.po", source_language="en", problems=problems)

    assert all(problem.startswith("de.po:") for problem in problems.found)


@given(st.sampled_from(["codes.csv", "categories.csv", "runbooks/1007.md"]), st.binary(max_size=200))
def test_any_file_is_read_or_named(file, content):
    """Whatever stands in a file, there is an answer and no crash."""
    with TemporaryDirectory() as name:
        directory = Path(name)
        write_directory(directory, [make_entry()])
        whole = (directory / file).read_bytes()
        (directory / file).write_bytes(whole[: len(content) * 2] + content)

        assert all(re.match(r"[\w/.]+:\d+: ", problem) for problem in problems_or_none(directory))


def test_writing_po_files_needs_a_library(monkeypatch, directory):
    """Writing them, that is: it says what to install, and everything else works without."""
    monkeypatch.setattr(po, "polib", None)

    assert len(read_directory(directory)) == 2
    with pytest.raises(ExchangeError, match=r"pip install 'django-pts-errors\[exchange\]'"):
        po.write([make_entry()], "en", source_language="en")
