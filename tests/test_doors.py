"""What one door refuses, every door refuses: the forms of the back office, its import, and the command."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.test import Client

from pts_errors.models import Category, ErrorCode, Message, Runbook
from tests.support.admin_pages import LIST, code_url, fields, send
from tests.support.factories import ErrorCodeFactory

pytestmark = pytest.mark.django_db

# Kind, field and value; the rows are the category "upstream", the code 1007, its French texts and its runbook.
Case = tuple[str, str, str]

REFUSED: list[Case] = [
    ("category", "name", ""),
    ("category", "name", "   "),
    ("category", "name", "x" * 101),
    ("category", "name", "a\x1bb"),
    ("category", "position", ""),
    ("category", "position", "-1"),
    ("category", "position", "first"),
    ("category", "position", "9" * 20),
    ("category", "owner", "x" * 81),
    ("category", "escalation", "x" * 10_001),
    ("code", "name", "ANOTHER_NAME"),
    ("code", "name", "lower_case"),
    ("code", "category", ""),
    ("code", "provider_message", "Balance isn\u2019t enough"),
    ("code", "provider_message", ""),
    ("code", "outcome", "maybe"),
    ("code", "outcome", "unknown"),
    ("code", "outcome", "accepted"),
    ("code", "retry_advice", ""),
    ("code", "retry_after", "10"),
    ("code", "retry_after", "soon"),
    ("code", "retry_after", "-1"),
    ("code", "responsible_party", "bank"),
    ("code", "http_status", ""),
    ("code", "http_status", "199"),
    ("code", "http_status", "600"),
    ("code", "severity", "fatal"),
    ("code", "replaced_by", "7777"),
    ("message", "title", "x" * 121),
    ("message", "title", "a\x08b"),
    ("message", "customer_message", "x" * 2_001),
    ("message", "merchant_action", "x" * 2_001),
    ("runbook", "owner", "x" * 81),
    ("runbook", "impact", "x" * 10_001),
    ("runbook", "impact", "a\x7fb"),
]
TAKEN: list[Case] = [
    ("category", "position", "12"),
    ("category", "owner", ""),
    ("category", "escalation", "Call the lead.\nThen wait."),
    ("code", "retry_advice", "do_not_retry"),
    ("code", "http_status", "409"),
    ("code", "severity", "info"),
    ("message", "title", "Solde trop bas \u2019"),
    ("message", "merchant_action", ""),
    ("runbook", "owner", "Somebody else"),
    ("runbook", "impact", "One.\n\n## Two\n\n`x`"),
]


def row(kind: str) -> Any:
    """Return the stored row that the cases are about."""
    match kind:
        case "category":
            return Category.objects.get(slug="upstream")
        case "code":
            return ErrorCode.objects.get(code="1007")
        case "message":
            return Message.objects.get(error__code="1007", language="fr")
    return Runbook.objects.get(error__code="1007")


def stored(case: Case) -> str:
    """Return the stored value of a case's field, as files have it."""
    value = getattr(row(case[0]), case[1])
    return "" if value is None else value.slug if isinstance(value, Category) else str(value)


def edited(exported: Path, case: Case) -> tuple[str, bytes]:
    """Return name and content of an exported file with the value of a case in it."""
    kind, field, value = case
    if kind in ("category", "code"):
        name = {"category": "categories.csv", "code": "codes.csv"}[kind]
        rows = list(csv.DictReader(io.StringIO((exported / name).read_text("utf-8"))))
        (line,) = (line for line in rows if line.get("slug") == "upstream" or line.get("code") == "1007")
        line[field] = value
        file = io.StringIO()
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
        return name, file.getvalue().encode()
    name = {"message": "messages/fr.po", "runbook": "runbooks/1007.md"}[kind]
    text = (exported / name).read_text("utf-8")
    if kind == "runbook":
        old = f"owner: {stored(case)}".rstrip() if field == "owner" else stored(case)
        new = f"owner: {value}" if field == "owner" else value.replace("\n## ", "\n##  ")
        assert old in text
        return name, text.replace(old, new, 1).encode()
    key = f'msgctxt "1007/{field}"\n'
    before, unit = text.split(key)
    source, _old, rest = unit.partition("msgstr ")
    value = value.replace("\n", "\\n").replace("\x08", "\\b")
    return name, f'{before}{key}{source}msgstr "{value}"\n\n{rest[rest.index("msgctxt") :]}'.encode()


def by_form(client: Client, exported: Path, tmp_path: Path, case: Case) -> None:
    """Type it into the form of its row, and save."""
    kind, field, value = case
    if kind == "category":
        send(client, f"/admin/pts_errors/category/{row(kind).pk}/change/", {field: value})
    else:
        prefix = {"code": "", "message": "messages-fr-", "runbook": "runbook-"}[kind]
        send(client, code_url("1007"), {f"{prefix}{field}": value})


def by_upload(client: Client, exported: Path, tmp_path: Path, case: Case) -> None:
    """Upload it, and write what can be written."""
    name, content = edited(exported, case)
    shown = client.post(f"{LIST}import/", {"files": [SimpleUploadedFile(Path(name).name, content)]})
    assert shown.status_code == 200
    client.post(f"{LIST}import/", fields(shown))


def by_command(client: Client, exported: Path, tmp_path: Path, case: Case) -> None:
    """Let the command write what can be written."""
    name, content = edited(exported, case)
    path = tmp_path / Path(name).name
    path.write_bytes(content)
    with suppress(CommandError):
        call_command("pts_import", str(path), "--yes", "--theirs", stdout=io.StringIO())


every_door = pytest.mark.parametrize("door", [by_form, by_upload, by_command])
Door = Callable[[Client, Path, Path, Case], None]


@every_door
@pytest.mark.parametrize("case", REFUSED, ids=lambda case: f"{case[0]}-{case[1]}-{case[2][:12]!a}")
def test_a_bad_value_comes_in_by_no_door(
    editor: Client, exported: Path, tmp_path: Path, door: Door, case: Case
) -> None:
    """What is stored stays."""
    before = stored(case)

    door(editor, exported, tmp_path, case)

    assert stored(case) == before != case[2]


@every_door
@pytest.mark.parametrize("case", TAKEN, ids=lambda case: f"{case[0]}-{case[1]}-{case[2][:12]!a}")
def test_a_good_value_comes_in_by_every_door(
    editor: Client, exported: Path, tmp_path: Path, door: Door, case: Case
) -> None:
    """To the letter."""
    door(editor, exported, tmp_path, case)

    assert stored(case) == case[2]


@every_door
@pytest.mark.parametrize(
    "case",
    [("category", "name", "Two\nlines"), ("category", "owner", "Two\nlines"), ("message", "title", "Two\nlines")],
    ids=lambda case: f"{case[0]}-{case[1]}",
)
def test_a_field_of_one_line_holds_one_line(
    editor: Client, exported: Path, tmp_path: Path, door: Door, case: Case
) -> None:
    """Browsers drop line ends, so the next save of the form would change the text unseen."""
    door(editor, exported, tmp_path, case)

    assert "\n" not in stored(case)


@every_door
@pytest.mark.parametrize("silenced", ["C001", "C001:1007"])
def test_a_rule_that_the_tables_hold_cannot_be_silenced(
    editor: Client, exported: Path, tmp_path: Path, settings: Any, door: Door, silenced: str
) -> None:
    """The value is refused with a sentence, and not by the database."""
    settings.PTS_ERRORS_SILENCED_LINTS = [silenced]

    door(editor, exported, tmp_path, ("code", "outcome", "unknown"))

    assert stored(("code", "outcome", "")) == "rejected"


@every_door
def test_the_message_of_a_code_of_our_own_is_fixed_too(
    editor: Client, exported: Path, tmp_path: Path, door: Door
) -> None:
    """Its name is not, as long as nobody has published it."""
    ErrorCodeFactory(code="7001", name="OURS", provider_message="Theirs", category=Category.objects.first())
    call_command("pts_export", str(tmp_path), "--drafts", "7001", stdout=io.StringIO())
    for old, new in (("Theirs", "Other"), ("OURS", "STILL_OURS")):
        text = (tmp_path / "codes.csv").read_text("utf-8").replace(old, new)
        if door is by_form:
            send(editor, code_url("7001"), {"provider_message": "Other", "name": "STILL_OURS"})
        elif door is by_upload:
            shown = editor.post(f"{LIST}import/", {"files": [SimpleUploadedFile("codes.csv", text.encode())]})
            editor.post(f"{LIST}import/", fields(shown))
        else:
            (tmp_path / "changed").mkdir(exist_ok=True)
            (tmp_path / "changed/codes.csv").write_text(text, "utf-8")
            with suppress(CommandError):
                call_command("pts_import", str(tmp_path / "changed"), "--yes", stdout=io.StringIO())

    code = ErrorCode.objects.get(code="7001")
    assert (code.name, code.provider_message) == ("STILL_OURS", "Theirs")


def test_whoever_changes_a_locked_value_is_told_what_it_was(exported: Path, tmp_path: Path) -> None:
    """A spreadsheet that makes apostrophes round changes the gateway's words, and its user does not see it."""
    text = (exported / "codes.csv").read_text("utf-8")
    (tmp_path / "codes.csv").write_text(text.replace("'", "\u2019"), "utf-8")
    out = io.StringIO()

    with pytest.raises(CommandError, match="Rejected values: 4"):
        call_command("pts_import", str(tmp_path), "--yes", stdout=out)

    refusal = "The provider message of an existing code cannot be changed; keep its current value: "
    assert f"8011 provider_message: rejected: {refusal}" in out.getvalue()
    assert not ErrorCode.objects.filter(provider_message__contains="\u2019").exists()


def test_a_number_that_a_form_takes_is_imported_again(editor: Client, tmp_path: Path) -> None:
    """How large it may be says its column."""
    send(editor, code_url("1007"), {"retry_advice": "retry_later", "retry_after": "1000000000", "http_status": "500"})
    call_command("pts_export", str(tmp_path), "--drafts", "1007", stdout=io.StringIO())
    send(editor, code_url("1007"), {"retry_after": ""})

    call_command("pts_import", str(tmp_path), "--yes", "--theirs", stdout=io.StringIO())

    assert stored(("code", "retry_after", "")) == "1000000000"
