"""Tests of the command ``pts_export``: the files that people edit."""

from __future__ import annotations

import io
from pathlib import Path

import polib
import pytest
from django.core.management import CommandError, call_command

from pts_errors.models import ErrorCode, Head, Message, Revision
from pts_errors.values import seed
from tests.support.catalog_files import read_directory

pytestmark = pytest.mark.django_db


def export(directory: Path, *arguments: str) -> str:
    """Return what the command prints."""
    out = io.StringIO()
    call_command("pts_export", str(directory), *arguments, stdout=out)
    return out.getvalue()


def names(directory: Path) -> set[str]:
    """Return the names of all files."""
    return {str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file()}


def test_the_whole_catalog_is_exported(tmp_path: Path) -> None:
    """Tables, 17 languages and 59 runbooks, as the shipped catalog is kept."""
    printed = export(tmp_path)

    assert printed == (
        f"{tmp_path}: published catalog at revision 1, 78 files.\nAnchor: 1:{Head.objects.get().digest}\n"
    )
    assert len([name for name in names(tmp_path) if name.startswith("messages/")]) == 17
    assert read_directory(tmp_path) == seed.packaged()


def test_every_file_says_from_which_revision_it_is(tmp_path: Path) -> None:
    """In its own way: a column, a header, a line of the head."""
    export(tmp_path, "1007")

    assert (tmp_path / "codes.csv").read_text(encoding="utf-8").splitlines()[1].endswith(",1")
    assert (tmp_path / "categories.csv").read_text(encoding="utf-8").splitlines()[1].endswith(",1")
    assert polib.pofile(str(tmp_path / "messages/fr.po")).metadata["X-PTS-Revision"] == "1"
    anchor = f"1:{Head.objects.get().digest}"
    assert polib.pofile(str(tmp_path / "messages/fr.po")).metadata["Project-Id-Version"] == f"pts_errors {anchor}"
    assert (tmp_path / "runbooks/1007.md").read_text(encoding="utf-8").splitlines()[2] == "revision: 1"


def test_live_is_what_is_published(tmp_path: Path) -> None:
    """What somebody is still writing stays here."""
    Message.objects.filter(error__code="1007", language="fr").update(title="Brouillon")

    export(tmp_path, "--live")

    assert "Brouillon" not in (tmp_path / "messages/fr.po").read_text(encoding="utf-8")


def test_drafts_are_what_the_admin_edits(tmp_path: Path) -> None:
    """Those that differ from what is live say so."""
    Message.objects.filter(error__code="1007", language="fr").update(title="Brouillon")
    ErrorCode.objects.filter(code="1007").update(severity="critical")

    printed = export(tmp_path, "--drafts", "1007", "1008")

    assert printed.startswith(f"{tmp_path}: drafts at revision 1, ")
    po = polib.pofile(str(tmp_path / "messages/fr.po"))
    assert po.find("Brouillon", by="msgstr") is not None
    assert po.metadata["X-PTS-Drafts"].startswith("1007-")
    assert "X-PTS-Drafts" not in polib.pofile(str(tmp_path / "messages/de.po")).metadata
    rows = (tmp_path / "codes.csv").read_text(encoding="utf-8").splitlines()
    assert ",1 draft-" in rows[1]
    assert rows[2].endswith(",1")


def test_one_language_is_one_file(tmp_path: Path) -> None:
    """It is what a translator gets. The tag may be written in another way."""
    export(tmp_path, "--language", "pt_BR", "--language", "zh-hant")

    assert names(tmp_path) == {"messages/pt-br.po", "messages/zh-hant.po"}


def test_a_new_language_begins_with_an_empty_file(tmp_path: Path) -> None:
    """Every text of the source is there to be translated."""
    export(tmp_path, "--language", "tr")

    po = polib.pofile(str(tmp_path / "messages/tr.po"))
    assert len(po) == 59 * 4
    assert not po.translated_entries()


def test_a_changed_source_makes_its_translations_fuzzy(tmp_path: Path) -> None:
    """The translator sees the earlier source beside it."""
    before = Message.objects.get(error__code="1007", language="en").title
    Message.objects.filter(error__code="1007", language="en").update(title="Too little money")

    export(tmp_path, "1007", "--drafts", "--language", "fr")

    unit = polib.pofile(str(tmp_path / "messages/fr.po")).find("1007/title", by="msgctxt")
    assert unit is not None
    assert unit.fuzzy
    assert (unit.msgid, unit.previous_msgid) == ("Too little money", before)


def test_only_the_named_codes_are_exported(tmp_path: Path) -> None:
    """And only their category."""
    export(tmp_path, "1007", "8010")

    assert {name for name in names(tmp_path) if name.startswith("runbooks/")} == {
        "runbooks/1007.md",
        "runbooks/8010.md",
    }
    assert len((tmp_path / "codes.csv").read_text(encoding="utf-8").splitlines()) == 3
    assert len((tmp_path / "categories.csv").read_text(encoding="utf-8").splitlines()) == 3


def test_formulas_are_inert(tmp_path: Path) -> None:
    """In every cell, also those of the categories."""
    ErrorCode.objects.filter(code="1007").update(provider_message='=HYPERLINK("http://example.org")')

    export(tmp_path, "1007", "--drafts")

    assert ",\"'=HYPERLINK(" in (tmp_path / "codes.csv").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["7777", "1007"], "Not in the catalog: 7777. Nothing was written."),
        (["--language", "/etc/x"], "'/etc/x' cannot be used as a file name."),
    ],
)
def test_what_cannot_be_exported_is_named(tmp_path: Path, arguments: list[str], expected: str) -> None:
    """And nothing is written."""
    with pytest.raises(CommandError) as caught:
        export(tmp_path, *arguments)

    assert str(caught.value) == expected
    assert not names(tmp_path)


def test_no_row_leads_out_of_the_directory(tmp_path: Path) -> None:
    """Somebody may have written it into the table by SQL."""
    ErrorCode.objects.filter(code="1007").update(code="../../x")

    with pytest.raises(CommandError, match=r"'\.\./\.\./x' cannot be used as a file name"):
        export(tmp_path / "inside", "--drafts")

    assert not names(tmp_path)


def test_a_link_is_replaced_and_not_followed(tmp_path: Path) -> None:
    """What it points to stays as it is."""
    other = tmp_path / "other"
    other.write_text("mine", encoding="utf-8")
    directory = tmp_path / "export"
    directory.mkdir()
    (directory / "codes.csv").symlink_to(other)

    export(directory)

    assert other.read_text(encoding="utf-8") == "mine"


def test_a_directory_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    """It says what the operating system says."""
    file = tmp_path / "file"
    file.write_text("", encoding="utf-8")

    with pytest.raises(CommandError, match="The export is incomplete: "):
        export(file)


@pytest.mark.cold
def test_nothing_published_is_an_error(tmp_path: Path) -> None:
    """What the package ships would be taken for this site's catalog."""
    Revision.objects.all()._raw_delete("default")
    Head.objects.update(number=0)

    with pytest.raises(CommandError, match="cannot be read from the database"):
        export(tmp_path)
