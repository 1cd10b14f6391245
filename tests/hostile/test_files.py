"""Every file that is imported or exported holds anything."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from pts_errors.exceptions import ExchangeError
from pts_errors.exchange import folder
from pts_errors.models import ErrorCode
from pts_errors.models import Message as MessageRow
from pts_errors.models import Runbook as RunbookRow
from pts_errors.values.entry import UNSTORABLE, Entry, Message, Runbook
from tests.hostile.oracle import ATTACKS, faults
from tests.hostile.strings import EVERY, STRINGS, is_sendable
from tests.support.admin_pages import LIST
from tests.support.api import client_of
from tests.support.factories import UserFactory
from tests.support.values import make_entry

STORABLE = tuple(text for text in EVERY if not UNSTORABLE.search(text) and len(text) < 2_000)


def catalog() -> list[Entry]:
    """Return a code for each text, which stands in every field of it."""
    return [
        make_entry(
            code=str(2000 + number),
            name=f"CODE_{number}",
            provider_message=text,
            messages={
                "en": Message(title=text, customer_message=text, merchant_action=text),
                "fr": Message(title=text, customer_message=text, merchant_action=text),
            },
            runbook=Runbook(
                owner=text.replace("\r", "").replace("\n", ""),
                meaning=text,
                impact=text,
                diagnosis=text,
                mitigation=text,
                escalation=text,
            ),
        )
        for number, text in enumerate(STORABLE)
    ]


@pytest.fixture(scope="module")
def files() -> Mapping[str, bytes]:
    """Return the files of that catalog."""
    return {name: text.encode() for name, text in folder.write(catalog())}


def test_every_text_comes_back_from_every_file(files: Mapping[str, bytes]) -> None:
    """CSV, PO and Markdown lose nothing, and no text ends its cell, its string or its section."""
    found = {(record.key, record.block): record.values for record in folder.parse(files)}

    wrong = []
    for entry in catalog():
        text = entry.provider_message
        lines = text.replace("\r\n", "\n").replace("\r", "\n")
        read = [found[entry.code, "code"]["provider_message",]]
        if text:  # an empty text is no unit of a PO file
            read += found[entry.code, "fr"].values()
        if any(value not in (text, lines) for value in read):
            wrong.append(ascii(text))
        section = found[entry.code, "runbook"]["runbook", "impact"]
        if section.strip() != lines.strip():  # blank lines between sections are the file's own
            wrong.append(f"section {text!a}")
    assert len([block for _code, block in found if block == "code"]) == len(STORABLE) > 150
    assert not wrong


def test_no_cell_of_any_file_is_a_formula(files: Mapping[str, bytes]) -> None:
    """A spreadsheet that opens them computes nothing."""
    for name in ("codes.csv", "categories.csv"):
        for row in csv.reader(io.StringIO(files[name].decode())):
            assert not [cell for cell in row if cell.startswith(("=", "+", "-", "@", "\t", "\r"))], row


@pytest.mark.parametrize("name", ["codes.csv", "categories.csv", "fr.po", "1007.md", "en.po"])
def test_any_text_as_a_file_is_read_or_named(name: str) -> None:
    """Alone, in a cell, in a string, in a heading: the only exception is the one that names file and line."""
    shapes = (
        "{}",
        '"{}"',
        "code,name\n{},{}",
        'msgctxt "{}"\nmsgid "{}"\nmsgstr "{}"\n',
        "## Impact\n\n{}",
        "\ufeff{}",
    )
    refused: list[str] = []
    for text in EVERY:
        for shape in shapes:
            content = shape.replace("{}", text).encode("utf-8", "surrogatepass")
            try:
                folder.parse({name: content})
            except ExchangeError as error:
                refused += [problem for problem in error.problems if not problem.split(":")[0].endswith(name)] or [""]
    assert set(refused) == {""}
    assert len(refused) > 100


@pytest.mark.parametrize(
    "text", [*STRINGS["paths"], *STRINGS["nul"], *ATTACKS, "codes.csv/../../x.csv", ".po", "CON.po"]
)
def test_any_name_of_a_file_is_a_name_of_ours_or_refused(text: str) -> None:
    """Nothing is opened by it, so no path leads anywhere."""
    for name in (text, f"{text}.po", f"{text}.md", f"messages/{text}.po", f"runbooks/{text}.csv"):
        with pytest.raises(ExchangeError):
            folder.parse({name: b""})


@pytest.mark.django_db
def test_hostile_files_in_the_browser_change_nothing() -> None:
    """Every text, as content and as name: the page says what is wrong, and not a row is touched."""
    client = client_of(UserFactory(is_superuser=True))
    before = [*ErrorCode.objects.values(), *MessageRow.objects.values(), *RunbookRow.objects.values()]
    texts = [text for text in EVERY if is_sendable(text)]
    uploads = [
        [SimpleUploadedFile("codes.csv", "\n".join(texts).encode())],
        [SimpleUploadedFile("fr.po", "\n".join(texts).encode())],
        [SimpleUploadedFile(f"{text[:100]}.po", b"") for text in texts[:90]],
        [SimpleUploadedFile("1007.md", b"\xff\xfe\x00"), SimpleUploadedFile("codes.csv", b"\x00" * 1000)],
        [SimpleUploadedFile("codes.csv", b'"' * 200_000), SimpleUploadedFile("fr.po", b'"' * 200_000)],
    ]

    for files in uploads:
        response = client.post(f"{LIST}import/", {"files": files})
        assert response.status_code == 200
        assert faults(response.content.decode()) == []
        assert "signed" not in response.context
    assert [*ErrorCode.objects.values(), *MessageRow.objects.values(), *RunbookRow.objects.values()] == before
