"""Tests of the command ``pts_import``, and of the comparison of files with drafts."""

from __future__ import annotations

import csv
import io
import os
import re
import shutil
import time
from collections.abc import Callable
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from pts_errors import publishing
from pts_errors.exceptions import DraftsChanged, ExchangeError
from pts_errors.exchange import folder, importing, plan
from pts_errors.models import Category, ErrorCode, Head, Message, Revision, Runbook
from pts_errors.publishing import draft
from pts_errors.values import seed
from tests.support.catalog_files import rewrite
from tests.support.paths import FIXTURES

pytestmark = pytest.mark.django_db

RUNBOOK = b"code: 7777\nowner:\n\n## Meaning\n\n\n## Impact\n\n\n## Diagnosis\n\n\n## Mitigation\n\n\n"
RUNBOOK += b"## Verification\n\n\n## Escalation\n\n"
PO = 'msgid ""\nmsgstr ""\n"Language: fr\\n"\n{header}\n{units}'
UNIT = '\nmsgctxt "{key}"\nmsgid "{source}"\nmsgstr "{text}"\n'


@pytest.fixture
def files(exported: Path, tmp_path: Path) -> Path:
    """Return a directory with an export of the fresh catalog."""
    shutil.copytree(exported, tmp_path, dirs_exist_ok=True)
    return tmp_path


def run(path: Path, *arguments: str) -> str:
    """Return what the command prints."""
    out = io.StringIO()
    call_command("pts_import", str(path), *arguments, stdout=out)
    return out.getvalue()


def refusal(path: Path, *arguments: str) -> str:
    """Return why the command fails."""
    with pytest.raises(CommandError) as caught:
        run(path, *arguments)
    return str(caught.value)


def text(code: str, language: str, name: str = "title") -> str:
    """Return a text of the drafts."""
    return str(getattr(Message.objects.get(error__code=code, language=language), name))


def set_text(code: str, language: str, value: str, name: str = "title") -> None:
    """Change a text of the drafts."""
    Message.objects.filter(error__code=code, language=language).update(**{name: value})


def test_an_export_changes_nothing(files: Path) -> None:
    """Neither rows nor versions."""
    versions = dict(ErrorCode.objects.values_list("code", "version"))

    printed = run(files, "--yes")

    assert printed == "New: 0, changed: 0, conflict: 0, rejected: 0, unchanged: 4558.\nThere is nothing to write.\n"
    assert publishing.unpublished() == {}
    assert dict(ErrorCode.objects.values_list("code", "version")) == versions


def test_the_shipped_files_change_nothing() -> None:
    """They say nothing of a revision."""
    printed = run(FIXTURES, "--yes")

    assert "There is nothing to write." in printed


def test_a_changed_text_goes_into_the_draft(files: Path) -> None:
    """The version of its code is raised, nothing is published, and everything else stays as it is."""
    rewrite(files / "messages/fr.po", 'msgstr "Requête acceptée"', 'msgstr "Requête reçue"')

    printed = run(files / "messages/fr.po", "--yes")

    assert "messages/fr.po:11: 1000 fr.title: changed: Requête [-acceptée-]{+reçue+}\n" in printed
    assert printed.endswith("drafts of 1 codes. Publish them when they are right:\npts_publish 1000\n")
    assert list(publishing.unpublished()) == ["1000"]
    assert text("1000", "fr") == "Requête reçue"
    assert dict(ErrorCode.objects.filter(version__gt=1).values_list("code", "version")) == {"1000": 2}
    assert Head.objects.get().number == 1


def test_every_kind_of_file_is_read(files: Path) -> None:
    """Categories, codes, texts and runbooks."""
    rewrite(files / "categories.csv", "Merchant integration on-call", "Payments team")
    rewrite(files / "codes.csv", "1002,TRANSACTION_NOT_FOUND,transaction,", "1002,TRANSACTION_NOT_FOUND,upstream,")
    rewrite(files / "runbooks/8010.md", "owner: Ledger on-call", "owner: Ledger team")

    run(files, "--yes")

    assert Category.objects.filter(owner="Payments team").exists()
    assert ErrorCode.objects.get(code="1002").category.slug == "upstream"
    assert Runbook.objects.get(error__code="8010").owner == "Ledger team"


def test_the_codes_of_a_changed_category_are_told(files: Path) -> None:
    """A form that is open on one of them shows the category's old owner."""
    category = Category.objects.get(slug="upstream")
    rewrite(files / "categories.csv", category.owner, "Another team")

    run(files / "categories.csv", "--yes")

    assert set(ErrorCode.objects.filter(version=2).values_list("category__owner", flat=True)) == {"Another team"}


def test_a_part_leaves_the_rest_of_a_code_alone(tmp_path: Path) -> None:
    """One unit of a PO file changes one text; neither the others nor the runbook."""
    before = draft.read(["1007"], using="default")["1007"]
    po = tmp_path / "fr.po"
    source = before.messages["en"].title
    po.write_text(PO.format(header="", units=UNIT.format(key="1007/title", source=source, text="Solde bas")), "utf-8")

    run(po, "--yes")

    after = draft.read(["1007"], using="default")["1007"]
    assert after.messages["fr"].title == "Solde bas"
    assert after.messages["fr"].customer_message == before.messages["fr"].customer_message
    assert after.messages.keys() == before.messages.keys()
    assert after.runbook == before.runbook


def test_what_was_changed_here_is_kept(files: Path) -> None:
    """The file is as it was exported; it says nothing about this text."""
    set_text("1000", "fr", "Reçu")

    printed = run(files, "--yes")

    assert "There is nothing to write." in printed
    assert text("1000", "fr") == "Reçu"


def test_a_conflict_is_shown_and_kept(files: Path) -> None:
    """Somebody changed it here since, and the translator there."""
    set_text("1000", "fr", "Reçu")
    rewrite(files / "messages/fr.po", 'msgstr "Requête acceptée"', 'msgstr "Requête reçue"')

    printed = run(files, "--yes")

    assert "messages/fr.po:11: 1000 fr.title: conflict: " in printed
    assert "conflict: 1," in printed
    assert text("1000", "fr") == "Reçu"


def test_a_conflict_may_be_decided_for_the_file(files: Path) -> None:
    """For all of them at once."""
    set_text("1000", "fr", "Reçu")
    rewrite(files / "messages/fr.po", 'msgstr "Requête acceptée"', 'msgstr "Requête reçue"')

    run(files, "--yes", "--theirs")

    assert text("1000", "fr") == "Requête reçue"


def test_the_same_change_on_both_sides_is_no_conflict(files: Path) -> None:
    """There is nothing to decide."""
    set_text("1000", "fr", "Requête reçue")
    rewrite(files / "messages/fr.po", 'msgstr "Requête acceptée"', 'msgstr "Requête reçue"')

    assert "changed: 0, conflict: 0," in run(files, "--yes")


def test_a_revision_that_is_not_known_here_makes_conflicts(files: Path) -> None:
    """Nobody can tell what changed since: only what is missing here is taken."""
    set_text("1000", "fr", "")
    rewrite(files / "messages/fr.po", "X-PTS-Revision: 1", "X-PTS-Revision: 99")
    rewrite(files / "messages/fr.po", 'msgstr "Champ', 'msgstr "Le champ')

    printed = run(files, "--yes")

    assert "new: 1, changed: 0, conflict: 1," in printed.lower()
    assert text("1000", "fr") == "Requête acceptée"


def publish(code: str, **texts: str) -> None:
    """Publish another French title, category owner, severity and runbook owner of a code."""
    error = ErrorCode.objects.get(code=code)
    set_text(code, "fr", texts["title"])
    Category.objects.filter(pk=error.category_id).update(owner=texts["category"])
    ErrorCode.objects.filter(pk=error.pk).update(severity=texts["severity"])
    Runbook.objects.filter(error=error).update(owner=texts["runbook"])
    publishing.publish(note="Another text")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"X-PTS-Revision: 1\\n"\n', ""),
        ("X-PTS-Revision: 1", "X-PTS-Revision:"),
        ("X-PTS-Revision: 1", "X-Pts-Revision: 1"),
        ("X-PTS-Revision: 1", "x-pts-revision :  1 "),
    ],
    ids=["dropped", "emptied", "recased", "spaced"],
)
def test_an_old_file_overwrites_nothing_whatever_a_tool_did_to_its_header(files: Path, old: str, new: str) -> None:
    """Nobody edited it, and what is here is newer, published or not."""
    publish("1000", title="Reçu", category="One", severity="warning", runbook="One")
    set_text("1001", "fr", "Brouillon")
    rewrite(files / "messages/fr.po", old, new)

    printed = run(files / "messages/fr.po", "--yes")

    assert "There is nothing to write." in printed
    assert (text("1000", "fr"), text("1001", "fr")) == ("Reçu", "Brouillon")


def without_marks(directory: Path) -> None:
    """Take the marks out of the files, as tools do that keep what they know."""
    for path in directory.rglob("*.*"):
        content = path.read_text(encoding="utf-8")
        if path.suffix == ".csv":
            content = re.sub(r",[^,\n]*$", "", content, flags=re.MULTILINE)
        content = re.sub(r'^("X-PTS-.*|revision: .*)\n', "", content, flags=re.MULTILINE)
        path.write_text(content, encoding="utf-8", newline="")


def test_what_was_live_once_is_a_conflict_in_a_file_without_its_mark(files: Path) -> None:
    """In every kind of file, however long ago; what nobody has seen here is a change."""
    publish("1000", title="Reçu", category="One", severity="warning", runbook="One")
    publish("1000", title="Bien reçu", category="Two", severity="error", runbook="Two")
    without_marks(files)
    rewrite(files / "messages/fr.po", 'msgstr "Champ', 'msgstr "Le champ')

    printed = run(files, "--yes")

    conflicts = re.findall(r"^(\S+):\d+: (.*): conflict: an earlier value, in a file without", printed, re.MULTILINE)
    slug = ErrorCode.objects.get(code="1000").category.slug
    assert conflicts == [
        ("categories.csv", f"{slug} category.owner"),
        ("codes.csv", "1000 severity"),
        ("messages/fr.po", "1000 fr.title"),
        ("runbooks/1000.md", "1000 runbook.owner"),
    ]
    assert "new: 0, changed: 1, conflict: 4," in printed.lower()
    assert text("1000", "fr") == "Bien reçu"


def test_an_earlier_value_may_be_decided_for_the_file(files: Path) -> None:
    """Somebody may well mean it."""
    publish("1000", title="Reçu", category="One", severity="warning", runbook="One")
    without_marks(files)

    run(files, "--yes", "--theirs")

    assert text("1000", "fr") == "Requête acceptée"


def test_what_was_removed_here_does_not_come_back_by_a_file_without_its_mark(files: Path) -> None:
    """Neither a text nor what it was confirmed against."""
    set_text("1000", "fr", "")
    set_text("1001", "en", "A field is missing")
    Message.objects.filter(error__code="1001", language="fr").update(source_text={"title": "A field is missing"})
    without_marks(files)

    assert "new: 0, changed: 0, conflict: 2," in run(files / "messages/fr.po", "--yes").lower()


def test_what_a_tool_wrote_is_read_the_same(files: Path) -> None:
    """Every letter beyond ASCII as bytes, in octal digits."""
    content = (files / "messages/fr.po").read_text(encoding="utf-8").replace('"Requête acceptée"', '"Requête reçue"')
    escaped = re.sub("[^\\x00-\\x7f]", lambda found: "".join(f"\\{byte:03o}" for byte in found[0].encode()), content)
    (files / "messages/fr.po").write_text(escaped, encoding="ascii")

    assert "changed: 1, conflict: 0," in run(files / "messages/fr.po", "--yes")
    assert text("1000", "fr") == "Requête reçue"


# ---- how tools name files ----


@pytest.mark.parametrize(
    ("name", "language"),
    [
        ("FR.po", "fr"),
        ("fr (1).po", "fr"),
        ("fr(12).po", "fr"),
        ("pt_BR.po", "pt-br"),
        ("PT-BR (2).po", "pt-br"),
        ("zh_Hans.po", "zh-hans"),
        ("fr.UTF-8.po", "fr"),
    ],
)
def test_another_spelling_leads_to_the_language_of_the_catalog(files: Path, name: str, language: str) -> None:
    """There is nobody whom it could mean otherwise."""
    before = importing.languages()
    path = files / name
    path.write_bytes((files / f"messages/{language}.po").read_bytes())
    set_text("1001", language, "")
    rewrite(path, f'msgstr "{text("1000", language)}"', 'msgstr "Neu"')

    run(path, "--yes")

    assert text("1000", language) == "Neu"
    assert importing.languages() == before


@pytest.mark.parametrize(
    ("name", "language"),
    [
        ("fr_FR.po", "fr"),
        ("fr-fr.po", "fr"),
        ("fr_FR (1).po", "fr"),
        ("fr - Copy.po", "fr"),
        ("zh_CN.po", "zh-hans"),
        ("zh-cn.po", "zh-hans"),
        ("zh_TW.po", "zh-hant"),
        ("zh.po", "zh-hans"),
        ("pt.po", "pt-br"),
        ("pt_PT.po", "pt-br"),
        ("de_DE@euro.po", "de"),
        ("fr@quot.po", "fr"),
        ("tl.po", "fil"),
        ("it_IT.po", "it-it"),
    ],
)
def test_a_name_that_would_make_a_second_language_is_refused_with_the_right_one(
    files: Path, name: str, language: str
) -> None:
    """Though its header says that it was exported here."""
    path = files / name
    path.write_bytes((files / "messages/fr.po").read_bytes())

    assert refusal(path, "--yes").startswith(f"messages/{name}:1: The file must be named {language}.po")


def test_a_language_of_its_own_begins_with_an_export(files: Path) -> None:
    """Portuguese of Portugal beside that of Brazil; from then on its name is known."""
    call_command("pts_export", str(files), "--language", "pt-pt", stdout=io.StringIO())
    rewrite(
        files / "messages/pt-pt.po", 'msgid "Request accepted"\nmsgstr ""', 'msgid "Request accepted"\nmsgstr "Aceite"'
    )

    run(files / "messages/pt-pt.po", "--yes")

    assert text("1000", "pt-pt") == "Aceite"
    (files / "messages/pt-pt.po").rename(files / "pt_PT.po")
    assert "There is nothing to write." in run(files / "pt_PT.po")


@pytest.mark.parametrize("name", ["FR.po", "fr (1).po", "fr_FR.po"])
def test_two_files_of_one_language_are_refused(files: Path, name: str) -> None:
    """Each of them would be written over the other."""
    (files / "messages" / name).write_bytes((files / "messages/fr.po").read_bytes())

    first, second = sorted(["messages/fr.po", f"messages/{name}"])
    sentence = f"{second}:1: This is a second messages/fr.po, next to {first}. Import only one of them."
    assert sentence in refusal(files)


def test_a_file_is_not_uploaded_twice() -> None:
    """By the two names that it may have."""
    with pytest.raises(ExchangeError, match=r"^runbooks/7777.md:1: This is a second .*, next to 7777.md\."):
        folder.parse({"7777.md": RUNBOOK, "runbooks/7777.md": RUNBOOK})


def test_drafts_that_nobody_touched_since_take_what_is_corrected(tmp_path: Path) -> None:
    """A translator may correct a draft again and again before it is published."""
    set_text("1000", "fr", "Brouillon")
    ErrorCode.objects.filter(code="1000").update(severity="warning")
    Runbook.objects.filter(error__code="1000").update(owner="Draft")
    call_command("pts_export", str(tmp_path), "--drafts", "1000", stdout=io.StringIO())
    rewrite(tmp_path / "messages/fr.po", 'msgstr "Brouillon"', 'msgstr "Corrigé"')
    rewrite(tmp_path / "codes.csv", ",warning,", ",error,")
    rewrite(tmp_path / "runbooks/1000.md", "owner: Draft", "owner: Corrected")

    printed = run(tmp_path, "--yes")

    assert "changed: 3, conflict: 0," in printed
    assert text("1000", "fr") == "Corrigé"


def test_drafts_that_somebody_touched_since_make_conflicts(tmp_path: Path) -> None:
    """The file was exported from a draft that is gone."""
    set_text("1000", "fr", "Brouillon")
    call_command("pts_export", str(tmp_path), "--drafts", "1000", stdout=io.StringIO())
    rewrite(tmp_path / "messages/fr.po", 'msgstr "Brouillon"', 'msgstr "Corrigé"')
    set_text("1000", "fr", "Autre brouillon")

    assert "conflict: 1," in run(tmp_path, "--yes")


def test_a_new_code_comes_whole(files: Path) -> None:
    """Its row, its texts and its runbook."""
    with (files / "codes.csv").open("a", encoding="utf-8") as file:
        file.write(
            "1999,BRAND_NEW,transaction,New,rejected,derived,Said.,do_not_retry,,merchant,400,warning,yes,no,,1007,1\n"
        )
    with (files / "messages/en.po").open("a", encoding="utf-8") as file:
        file.write(UNIT.format(key="1999/title", source="Brand new", text="Brand new"))
    runbook = (files / "runbooks/8010.md").read_text(encoding="utf-8")
    (files / "runbooks/1999.md").write_text(runbook.replace("code: 8010", "code: 1999"), encoding="utf-8")

    run(files, "--yes")

    entry = draft.read(["1999"], using="default")["1999"]
    assert (entry.name, entry.messages["en"].title) == ("BRAND_NEW", "Brand new")
    assert entry.runbook is not None
    assert "1999" in draft.read(["1007"], using="default")["1007"].similar


def test_similar_codes_are_unlinked_on_both_sides(files: Path) -> None:
    """Whichever of the two rows says so."""
    assert "1020" in draft.read(["1001"], using="default")["1001"].similar
    rewrite(files / "codes.csv", ",1008 1017 1020 8013,", ",1008 1017 8013,")

    run(files, "--yes")

    drafts = draft.read(["1001", "1020"], using="default")
    assert "1020" not in drafts["1001"].similar
    assert "1001" not in drafts["1020"].similar


def test_a_translation_may_be_taken_back(files: Path) -> None:
    """An emptied unit of an export is a text that somebody removed; the last one takes the message along."""
    po = files / "messages/fr.po"
    for name in ("title", "customer_message", "merchant_action"):
        if old := text("1000", "fr", name):
            rewrite(po, f'msgstr "{old}"', 'msgstr ""')

    run(po, "--yes")

    assert not Message.objects.filter(error__code="1000", language="fr").exists()


def test_a_translation_that_nobody_wrote_yet_takes_nothing_back(tmp_path: Path) -> None:
    """An empty unit of a file that was not exported says nothing."""
    po = tmp_path / "fr.po"
    po.write_text(PO.format(header="", units=UNIT.format(key="1000/title", source="x", text="")), "utf-8")

    assert "There is nothing to write." in run(po, "--yes")


def test_fuzzy_is_needs_review(files: Path) -> None:
    """A tool may keep the earlier source, or forget it."""
    rewrite(files / "messages/fr.po", 'msgctxt "1000/title"', '#, fuzzy\n#| msgid "Earlier"\nmsgctxt "1000/title"')
    rewrite(files / "messages/fr.po", 'msgctxt "1001/title"', '#, fuzzy\nmsgctxt "1001/title"')

    printed = run(files, "--yes")

    assert "1000 fr.title: changed: the translation is confirmed against: Earlier\n" in printed
    assert Message.objects.get(error__code="1000", language="fr").source_text["title"] == "Earlier"
    assert Message.objects.get(error__code="1001", language="fr").source_text["title"] == ""


def test_fuzzy_comes_back_as_it_went(tmp_path: Path) -> None:
    """A changed source, exported and imported, changes nothing."""
    set_text("1000", "en", "Request taken")
    call_command("pts_export", str(tmp_path), "--drafts", stdout=io.StringIO())
    before = Message.objects.get(error__code="1000", language="fr").source_text

    printed = run(tmp_path, "--yes")

    assert "There is nothing to write." in printed
    assert Message.objects.get(error__code="1000", language="fr").source_text == before


def test_a_fuzzy_unit_whose_earlier_source_a_tool_forgot_is_unchanged(tmp_path: Path) -> None:
    """It needed review before, and does so now."""
    set_text("1000", "en", "Request taken")
    call_command("pts_export", str(tmp_path), "--drafts", "--language", "fr", stdout=io.StringIO())
    rewrite(tmp_path / "messages/fr.po", '#| msgid "Request accepted"\n', "")

    assert "There is nothing to write." in run(tmp_path, "--yes")


def test_a_translator_confirms_by_taking_the_flag_away(tmp_path: Path) -> None:
    """The text stays, and is right for today's source."""
    set_text("1000", "en", "Request taken")
    call_command("pts_export", str(tmp_path), "--drafts", "--language", "fr", stdout=io.StringIO())
    rewrite(tmp_path / "messages/fr.po", '#, fuzzy\n#| msgid "Request accepted"\n', "")

    printed = run(tmp_path, "--yes")

    assert "1000 fr.title: changed: the translation is confirmed against: Request taken\n" in printed
    assert Message.objects.get(error__code="1000", language="fr").source_text["title"] == "Request taken"


REJECTED = [
    ("messages/fr.po", 'msgstr "Requête acceptée"', 'msgstr "<b>Requête</b>"', "messages/fr.po:11: .*(M006)"),
    ("messages/fr.po", 'msgstr "Requête acceptée"', f'msgstr "{"x" * 121}"', "messages/fr.po:11: .* at most 120 "),
    ("messages/fr.po", 'msgid "Request accepted"', f'msgid "{"x" * 121}"', "messages/fr.po:11: .* at most 120 "),
    ("messages/fr.po", 'msgstr "Requête acceptée"', 'msgstr "a\\b"', "messages/fr.po:11: .* character U.0008"),
    ("codes.csv", "REQUEST_ACCEPTED", "ACCEPTED", "codes.csv:2: .* name of an existing code .*: REQUEST_ACCEPTED"),
    ("codes.csv", "not_applicable,,none,202", "not_applicable,,none,500", "codes.csv:2: .*C002"),
    ("codes.csv", ",,none,202", ",10,none,202", "codes.csv:2: .*C003"),
    ("runbooks/8010.md", "## Impact\n", "## Impact\nTODO ", "runbooks/8010.md:18: .*R002"),
    ("categories.csv", "Transaction Error", "x" * 101, "categories.csv:2: .* at most 100 "),
]


@pytest.mark.parametrize(("file", "old", "new", "expected"), REJECTED)
def test_what_breaks_a_rule_is_rejected(files: Path, file: str, old: str, new: str, expected: str) -> None:
    """File, line and rule are named; the rest of the import is written."""
    rewrite(files / file, old, new)
    rewrite(files / "messages/de.po", 'msgstr "Anfrage', 'msgstr "Neue Anfrage')
    out = io.StringIO()

    with pytest.raises(CommandError, match="Rejected values: "):
        call_command("pts_import", str(files), "--yes", stdout=out)

    lines = [line for line in out.getvalue().splitlines() if ": rejected: " in line]
    assert lines
    assert re.search(expected, lines[0]), lines[0]
    changed = publishing.unpublished()
    assert all("Neue Anfrage" in entry.messages["de"].title for entry in changed.values())
    assert len(changed) == 1


def test_a_table_of_an_earlier_release_leaves_what_it_lacks(files: Path) -> None:
    """It has no columns for how outcomes are known, so those values stay, and others are taken."""
    path = files / "codes.csv"
    rows = list(csv.DictReader(path.read_text("utf-8").splitlines()))
    names = [name for name in rows[0] if name not in ("outcome_basis", "outcome_reason")]
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, names, extrasaction="ignore")
        table.writeheader()
        table.writerows({**row, "severity": "info"} if row["code"] == "8001" else row for row in rows)

    call_command("pts_import", str(files), "--yes", stdout=io.StringIO())

    row = ErrorCode.objects.get(code="8001")
    assert (row.severity, row.outcome_basis, row.outcome_reason[:15]) == ("info", "assumed", '"Not available"')


def test_what_hangs_on_a_rejected_code_is_rejected(files: Path) -> None:
    """A new code whose name is taken, its texts, and a code that names it."""
    kept = [line for line in (files / "codes.csv").read_text(encoding="utf-8").splitlines() if line[:4] != "1000"]
    kept.append("1999,REQUEST_ACCEPTED,new,New,rejected,derived,Said.,do_not_retry,,merchant,400,warning,yes,no,,,1\n")
    (files / "codes.csv").write_text("\n".join(kept), encoding="utf-8")
    with (files / "categories.csv").open("a", encoding="utf-8") as file:
        file.write("new,New,9,,,1\n")
    with (files / "messages/en.po").open("a", encoding="utf-8") as file:
        file.write(UNIT.format(key="1999/title", source="Brand new", text="Brand new"))
    rewrite(files / "codes.csv", ",1008 1017 1020 8013,", ",1008 1017 1020 1999 8013,")
    out = io.StringIO()

    with pytest.raises(CommandError):
        call_command("pts_import", str(files), "--yes", stdout=out)

    printed = out.getvalue()
    assert "The name REQUEST_ACCEPTED already belongs to code 1000." in printed
    assert "1999 en.title: rejected: The code 1999 was rejected." in printed
    assert "1001 similar: rejected: The code 1999 was rejected." in printed
    assert "new category.name: rejected: This category has no codes." in printed
    assert "There is nothing to write." in printed
    assert not ErrorCode.objects.filter(code="1999").exists()


def test_what_hangs_on_a_rejected_category_is_rejected(files: Path) -> None:
    """A code cannot be in it."""
    with (files / "categories.csv").open("a", encoding="utf-8") as file:
        file.write(f"new,{'x' * 101},9,,,1\n")
    rewrite(files / "codes.csv", "1000,REQUEST_ACCEPTED,transaction", "1000,REQUEST_ACCEPTED,new")
    out = io.StringIO()

    with pytest.raises(CommandError):
        call_command("pts_import", str(files), "--yes", stdout=out)

    assert "1000 category.slug: rejected: The category new was rejected." in out.getvalue()


def test_general_texts_may_be_reworded_together(files: Path) -> None:
    """Codes that are not revealed share their text, and the file changes all of them."""
    general = text("9999", "fr", "customer_message")
    po = files / "messages/fr.po"
    po.write_text(po.read_text(encoding="utf-8").replace(general, f"Bonjour. {general}"), encoding="utf-8")

    printed = run(po, "--yes")

    assert "rejected: 0," in printed
    assert text("9999", "fr", "customer_message").startswith("Bonjour.")


def test_silenced_rules_reject_nothing(files: Path, settings: Any) -> None:
    """The host decided so."""
    settings.PTS_ERRORS_SILENCED_LINTS = ["M006"]
    rewrite(files / "messages/fr.po", 'msgstr "Requête acceptée"', 'msgstr "<b>Requête</b>"')

    run(files, "--yes")

    assert text("1000", "fr") == "<b>Requête</b>"


def test_a_dry_run_writes_nothing(files: Path) -> None:
    """It shows the same."""
    rewrite(files / "messages/fr.po", 'msgstr "Requête acceptée"', 'msgstr "Requête reçue"')

    printed = run(files, "--dry-run")

    assert "changed: 1," in printed
    assert publishing.unpublished() == {}


@pytest.mark.parametrize(("answer", "is_written"), [("y", True), ("Yes ", True), ("n", False), ("", False)])
def test_it_asks_before_it_writes(files: Path, monkeypatch: pytest.MonkeyPatch, answer: str, is_written: bool) -> None:
    """Only a yes is a yes."""
    rewrite(files / "messages/fr.po", 'msgstr "Requête acceptée"', 'msgstr "Requête reçue"')
    asked: list[str] = []

    def ask(prompt: str) -> str:
        asked.append(prompt)
        return answer

    monkeypatch.setattr("builtins.input", ask)

    if is_written:
        run(files)
    else:
        assert refusal(files) == "Nothing was written."

    assert asked == ["Write 1 values into the drafts? Nothing is published. [y/N] "]
    assert (publishing.unpublished() != {}) is is_written


def test_a_script_has_to_say_yes(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is there to ask."""
    rewrite(files / "messages/fr.po", 'msgstr "Requête acceptée"', 'msgstr "Requête reçue"')
    monkeypatch.setattr("sys.stdin", io.StringIO())

    assert refusal(files) == "Nothing was written: there is no input to confirm it. Pass --yes."


def test_what_was_shown_is_what_is_written(files: Path) -> None:
    """Somebody saved between the look and the answer."""
    rewrite(files / "messages/fr.po", 'msgstr "Requête acceptée"', 'msgstr "Requête reçue"')
    shown = importing.plan(folder.parse(folder.read(files)))
    set_text("1000", "fr", "Reçu")

    with pytest.raises(DraftsChanged):
        importing.apply(shown)

    assert text("1000", "fr") == "Reçu"


def test_the_command_says_that_somebody_saved(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may be run again."""
    rewrite(files / "messages/fr.po", 'msgstr "Requête acceptée"', 'msgstr "Requête reçue"')

    def ask(_prompt: str) -> str:
        set_text("1000", "fr", "Reçu")
        return "y"

    monkeypatch.setattr("builtins.input", ask)

    assert refusal(files).endswith("Nothing was written; run the command again.")


def test_other_edits_meanwhile_are_kept(files: Path) -> None:
    """They are not in the files."""
    rewrite(files / "messages/fr.po", 'msgstr "Requête acceptée"', 'msgstr "Requête reçue"')
    shown = importing.plan(folder.parse(folder.read(files / "messages/fr.po")))
    set_text("1000", "de", "Angekommen")

    codes = importing.apply(shown)

    assert codes == ["1000"]
    assert (text("1000", "fr"), text("1000", "de")) == ("Requête reçue", "Angekommen")


def test_a_revision_that_cannot_be_read_makes_conflicts(files: Path) -> None:
    """What is here counts as changed, and stays."""
    Revision.objects.filter(error__code="1000")._raw_delete("default")
    Revision(
        number=1,
        error=ErrorCode.objects.get(code="1000"),
        snapshot={},
        origin="shipped",
        created_at="2026-01-01T00:00Z",
    ).save()
    rewrite(files / "messages/fr.po", 'msgstr "Requête acceptée"', 'msgstr "Requête reçue"')

    assert "conflict: 1," in run(files, "--yes")


def test_revision_zero_is_what_the_package_ships(files: Path) -> None:
    """Such as an export of a database that has not been migrated yet."""
    rewrite(files / "messages/fr.po", "X-PTS-Revision: 1", "X-PTS-Revision: 0")
    set_text("1000", "fr", "Reçu")

    assert "There is nothing to write." in run(files / "messages/fr.po", "--yes")


def test_long_work_says_how_far_it_is(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On standard error, so that the output can be kept."""
    monkeypatch.setattr(
        time, "monotonic", partial(next, count(step=3.0))
    )  # every look at the clock takes three seconds
    rewrite(files / "messages/fr.po", 'msgstr "Requête acceptée"', 'msgstr "Requête reçue"')
    err = io.StringIO()

    call_command("pts_import", str(files), "--dry-run", stdout=io.StringIO(), stderr=err)

    assert "Read 78 of 78 files.\n" in err.getvalue()
    assert "Checked 1 of 1 codes.\n" in err.getvalue()


def test_texts_do_nothing_to_the_terminal(files: Path) -> None:
    """What is not seen is spelled out, and what is long is cut."""
    rewrite(files / "messages/fr.po", 'msgstr "Requête acceptée"', f'msgstr "\u202e\u2066\\nx {"y" * 500}"')

    printed = refusal_output(files)

    assert "{+<U+202E><U+2066>\n    x+}" in printed
    assert "…" in printed


def refusal_output(path: Path) -> str:
    """Return what the command prints before it fails."""
    out = io.StringIO()
    with pytest.raises(CommandError):
        call_command("pts_import", str(path), "--yes", stdout=out)
    return out.getvalue()


# ---- files that nobody should send ----

HEADER = "code,name,category,provider_message,outcome,retry_advice,retry_after,responsible_party,http_status,severity,"
HEADER += "reveal_to_customer,is_retired,replaced_by,similar\n"
ROW = "1007,INSUFFICIENT_BALANCE,transaction,x,rejected,do_not_retry,,merchant,400,warning,yes,no,,\n"


HOSTILE = [
    ("codes.csv", b"x" * 50_000_000, "codes.csv:1: The file is larger than 20000 KB."),
    ("fr.po", b'""\n' * 6_000_000, "messages/fr.po:400001: The file is too large for a catalog: "),
    ("fr.po", b'msgid "a"\nmsgstr ""\n' + b'""\n' * 2000, "messages/fr.po:1002: The file is too large for a catalog: "),
    (
        "fr.po",
        b'msgid ""\nmsgstr "' + b"x" * 300_000 + b'"\n',
        "messages/fr.po:2: The file is too large for a catalog: ",
    ),
    ("fr.po", b'msgid "a"msgstr""\n' * 60_000, "messages/fr.po:50001: The file is too large for a catalog: "),
    ("codes.csv", HEADER.encode() + ROW.encode() * 60_000, "codes.csv:50002: The file has more than 50000 lines."),
    ("codes.csv", b"code," * 1_000_000, "codes.csv:1: This is not CSV: the line is too long."),
    ("codes.csv", HEADER.encode() + b'"' + b"x\n" * 200_000, "codes.csv:2: This is not CSV: field larger than"),
    ("1007.md", b"## a\n" * 30_000, "runbooks/1007.md:1: The file is larger than 100 KB."),
    ("codes.csv", HEADER.encode() + b"1007,\x00\n", "codes.csv:2: The file contains the control character U+0000."),
    ("codes.csv", HEADER.encode("utf-16-le"), "codes.csv:1: The file contains the control character U+0000. Save "),
    ("codes.csv", HEADER.encode() + b"1007,\xe9\n", "codes.csv:2: The file is not UTF-8: "),
    ("codes.csv", HEADER.replace(",", "|").encode(), "codes.csv:1: The columns must be code,name,"),
    ("codes.csv", (HEADER + ROW + ROW).encode(), "codes.csv:3: The code 1007 occurs twice."),
    ("codes.csv", (HEADER + ROW[:-1] + "1234\n").encode(), "codes.csv:2: The code '1234' is not in the catalog."),
    (
        "codes.csv",
        (HEADER + ROW.replace("transaction", "x")).encode(),
        "codes.csv:2: The category 'x' is not in the",
    ),
    (
        "codes.csv",
        (HEADER[:-1] + ",revision\n" + ROW[:-1] + ",soon\n").encode(),
        "codes.csv:2: The revision 'soon' is not a revision such as 12.",
    ),
    (
        "fr.po",
        UNIT.format(key="7777/title", source="a", text="b").encode(),
        "messages/fr.po:2: The code 7777 is not",
    ),
    (
        "fr.po",
        b'msgctxt "1007/title"\nmsgid "a"\nmsgid_plural "b"\nmsgstr[0] "c"\n',
        "messages/fr.po:1: The unit has plural forms",
    ),
    (
        "fr.po",
        PO.format(header='"X-PTS-Revision: x\\n"', units=UNIT.format(key="1007/title", source="a", text="b")).encode(),
        "messages/fr.po:1: The revision 'x' is not a revision such as 12.",
    ),
    ("fr.po", b"\x7fELF", "messages/fr.po:1: The file contains the control character U+007F."),
    ("fr.po", "# \x85".encode(), "messages/fr.po:1: The file contains the control character U+0085."),
    (f"{'x' * 40}.po", b"", f"messages/{'x' * 40}.po:1: The file must be named "),
    ("中文.po", b"", "messages/中文.po:1: The file must be named after its language, such as fr.po."),
    ("pt_PT.po", b"", "messages/pt_PT.po:1: The file must be named pt-br.po. To add pt-pt as a separate"),
    ("7777.md", b"", "runbooks/7777.md:1: The headings must be "),
    ("1007.exe", b"", "1007.exe:1: This is not a CSV (.csv), PO (.po) or Markdown (.md) file."),
    (
        "notes.md",
        b"",
        "runbooks/notes.md:1: This is not a catalog file name such as codes.csv, fr.po or 1007.md.",
    ),
]


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    HOSTILE,
    ids=lambda value: None if isinstance(value, bytes) else value[:40],
)
def test_a_hostile_file_is_refused(tmp_path: Path, name: str, content: bytes, expected: str) -> None:
    """With file and line, in a short time, and nothing is written."""
    (tmp_path / name).write_bytes(content)

    problem = refusal(tmp_path / name, "--yes")

    assert problem.startswith(expected)
    assert problem.endswith("Nothing was written.")
    assert publishing.unpublished() == {}


@pytest.mark.parametrize(
    "name",
    [
        "../../etc/1007.md",
        "/etc/codes.csv",
        "runbooks/../1007.md",
        "C:\\1007.md",
        "messages/a/fr.po",
        "x\n.po",
        "",
        "x",
    ],
)
def test_a_path_is_no_name(name: str) -> None:
    """An upload's name never leads anywhere."""
    with pytest.raises(ExchangeError, match=r":1: (This is not a catalog file name|The file must be named)"):
        folder.parse({name: b""})


def test_an_upload_is_bounded() -> None:
    """Whoever calls it without having read the file."""
    with pytest.raises(ExchangeError, match=r"runbooks/1007.md:1: The file is larger than 100 KB\."):
        folder.parse({"1007.md": b"x" * 100_001})


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda path, secret: path.symlink_to(secret), "This is a symbolic link. Put the file itself there."),
        (lambda path, secret: os.mkfifo(path), "This is not a regular file."),
        (lambda path, secret: path.mkdir(), "This is not a regular file."),
    ],
    ids=["link", "pipe", "directory"],
)
@pytest.mark.parametrize("name", ["codes.csv", "messages/fr.po", "runbooks/1007.md"])
def test_only_regular_files_are_read(files: Path, make: Callable[[Path, Path], None], expected: str, name: str) -> None:
    """A link may lead out of the directory, and a pipe never ends."""
    secret = files / "secret"
    secret.write_text("secret", encoding="utf-8")
    (files / name).unlink()
    make(files / name, secret)

    problem = refusal(files, "--yes")

    assert problem == f"{name}:1: {expected}\nNothing was written."


def test_a_linked_directory_is_not_read(files: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """It may lead anywhere, too."""
    (files / "messages").rename(files / "elsewhere")
    (files / "messages").symlink_to(files / "elsewhere")

    assert refusal(files).startswith("messages:1: This is a symbolic link.")


def test_a_file_that_is_named_may_be_a_link(files: Path) -> None:
    """The person at the command line means it."""
    link = files / "fr.po"
    link.symlink_to(files / "messages/fr.po")

    assert "There is nothing to write." in run(link)


def test_a_file_that_may_not_be_read_is_named(tmp_path: Path) -> None:
    """Whatever the operating system says of it."""
    assert refusal(tmp_path / "codes.csv") == (
        "codes.csv:1: The file cannot be read: No such file or directory.\nNothing was written."
    )


def test_a_directory_without_a_catalog_is_named(tmp_path: Path) -> None:
    """Hidden files are none of ours."""
    (tmp_path / "messages").mkdir()
    (tmp_path / "messages/.fr.po").write_text("", encoding="utf-8")

    assert "There is no categories.csv, codes.csv, messages/*.po or runbooks/*.md." in refusal(tmp_path)


def test_the_operating_system_may_refuse_the_directory(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Such as one that goes away, or that others may not read."""

    def gone(_path: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("os.scandir", gone)

    assert refusal(files) == f"{files}: Permission denied.\nNothing was written."


def test_too_many_files_are_refused(tmp_path: Path) -> None:
    """Before the first of them is read."""
    (tmp_path / "messages").mkdir()
    for number in range(20_001):
        (tmp_path / f"messages/{number:05}.po").touch()

    assert refusal(tmp_path).startswith("messages/20000.po:1: There are more than 20000 files.")


def test_all_files_together_are_bounded(tmp_path: Path) -> None:
    """Each of them may be small."""
    (tmp_path / "messages").mkdir()
    for number in range(6):
        (tmp_path / f"messages/{number}.po").touch()
        os.truncate(tmp_path / f"messages/{number}.po", 19_000_000)

    assert refusal(tmp_path).startswith("messages/5.po:1: All files together are larger than 100 MB.")


def test_a_person_reads_no_more_than_a_hundred_problems(tmp_path: Path) -> None:
    """And is told how many there are."""
    (tmp_path / "codes.csv").write_text(HEADER + "x\n" * 300, encoding="utf-8")

    problem = refusal(tmp_path)

    assert problem.count("\n") == 101
    assert "And 200 more problems." in problem


def test_ten_thousand_codes_are_read_and_compared() -> None:
    """In seconds."""
    rows = "".join(ROW.replace("1007,INSUFFICIENT_BALANCE", f"{code},CODE_{code}") for code in range(20_000, 30_000))

    found = folder.parse({"codes.csv": (HEADER + rows).encode()})
    changes, unchanged = plan.compare(found, plan.State(), live_at=lambda _number: None, source_language="en")

    assert len(found) == 10_000
    assert len(changes) + unchanged == 10_000 * 14


def test_hundreds_of_codes_are_imported(tmp_path: Path) -> None:
    """At once, each as a draft of its own."""
    rows = "".join(ROW.replace("1007,INSUFFICIENT_BALANCE", f"{code},CODE_{code}") for code in range(20_000, 20_300))
    (tmp_path / "codes.csv").write_text(HEADER + rows, encoding="utf-8")

    run(tmp_path, "--yes")

    assert ErrorCode.objects.count() == 359


def test_files_of_too_many_revisions_are_refused(tmp_path: Path) -> None:
    """Each would have to be loaded."""
    header = HEADER.replace("\n", ",revision\n")
    rows = "".join(
        ROW.replace("1007,INSUFFICIENT_BALANCE", f"{code},CODE_{code}").replace("\n", f",{code}\n")
        for code in range(2000, 2030)
    )
    (tmp_path / "codes.csv").write_text(header + rows, encoding="utf-8")

    assert refusal(tmp_path).startswith("codes.csv:22: The files were exported from more than 20 revisions.")


def test_files_of_windows_are_read(files: Path) -> None:
    """A byte order mark and other line ends change nothing."""
    for path in files.rglob("*.*"):
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))

    assert "There is nothing to write." in run(files)


def test_line_ends_of_browsers_are_no_difference(tmp_path: Path) -> None:
    """A form sends CR LF, and files hold LF."""
    Runbook.objects.filter(error__code="1000").update(impact="One.\r\nTwo.")
    call_command("pts_export", str(tmp_path), "--drafts", "1000", stdout=io.StringIO())

    assert "There is nothing to write." in run(tmp_path)


def test_a_formula_comes_back_as_text(tmp_path: Path) -> None:
    """The guard of the export is taken off again."""
    Category.objects.filter(slug="upstream").update(owner="=1+1")
    call_command("pts_export", str(tmp_path), "--drafts", stdout=io.StringIO())
    Category.objects.filter(slug="upstream").update(owner="x")

    run(tmp_path / "categories.csv", "--yes", "--theirs")

    assert Category.objects.get(slug="upstream").owner == "=1+1"


def test_an_import_is_published_like_any_draft(files: Path) -> None:
    """Until then, readers see what they saw."""
    rewrite(files / "messages/fr.po", 'msgstr "Requête acceptée"', 'msgstr "Requête reçue"')
    run(files, "--yes")

    (revision,) = publishing.publish(note="Translations of November")

    assert revision.snapshot["messages"]["fr"]["title"] == "Requête reçue"
    assert len(seed.packaged()) == 59


def publish_by_command(*arguments: str) -> dict[str, str]:
    """Publish by the command, and return the origin of every revision that it wrote."""
    call_command("pts_publish", *arguments, stdout=io.StringIO())
    number = Head.objects.get().number
    return dict(Revision.objects.filter(number=number).values_list("error__code", "origin"))


def test_what_came_from_files_is_published_as_imported(files: Path) -> None:
    """A category with all of its codes; what was edited by hand is not, in the same publish."""
    rewrite(files / "messages/fr.po", 'msgstr "Requête acceptée"', 'msgstr "Requête reçue"')
    owner = Category.objects.get(slug="upstream").owner
    rewrite(files / "categories.csv", owner, "The night shift")
    set_text("1007", "en", "By hand")
    run(files, "--yes")

    origins = publish_by_command("--all")

    upstream = ErrorCode.objects.filter(category__slug="upstream").values_list("code", flat=True)
    assert origins == {**dict.fromkeys(["1000", *upstream], "imported"), "1007": "edited"}


def test_what_was_imported_again_before_a_publish_is_imported(files: Path) -> None:
    """Nobody has written anything by hand."""
    rewrite(files / "messages/fr.po", 'msgstr "Requête acceptée"', 'msgstr "Requête reçue"')
    run(files, "--yes")
    rewrite(files / "messages/fr.po", 'msgstr "Requête reçue"', 'msgstr "Requête bien reçue"')
    run(files, "--yes", "--theirs")

    assert publish_by_command("1000", "--wording-only") == {"1000": "imported"}


def edit_after(files: Path) -> None:
    run(files, "--yes")
    set_text("1000", "de", "Von Hand")


def edit_before(files: Path) -> None:
    set_text("1000", "de", "Von Hand")
    run(files, "--yes")


def edit_before_two(files: Path) -> None:
    edit_before(files)
    rewrite(files / "messages/fr.po", 'msgstr "Requête reçue"', 'msgstr "Requête bien reçue"')
    run(files, "--yes", "--theirs")


@pytest.mark.parametrize("mix", [edit_after, edit_before, edit_before_two])
def test_a_draft_of_files_and_hands_is_edited(files: Path, mix: Callable[[Path], None]) -> None:
    """Whichever came first: a person has to answer for it."""
    rewrite(files / "messages/fr.po", 'msgstr "Requête acceptée"', 'msgstr "Requête reçue"')
    mix(files)

    assert publish_by_command("1000") == {"1000": "edited"}


def test_an_import_is_over_when_it_is_published(files: Path) -> None:
    """The next edit is one."""
    rewrite(files / "messages/fr.po", 'msgstr "Requête acceptée"', 'msgstr "Requête reçue"')
    run(files, "--yes")
    publish_by_command("1000")
    set_text("1000", "fr", "De la main")

    assert publish_by_command("1000") == {"1000": "edited"}
