"""Tests of `pts_errors.values.seed`, and of the catalog that is shipped."""

from __future__ import annotations

import csv
import filecmp
import json
from collections import Counter
from pathlib import Path

import pytest
from django.core.management import call_command

from pts_errors import publishing
from pts_errors.models import Category, ErrorCode, Head, Revision, Runbook
from pts_errors.models import Message as MessageRow
from pts_errors.publishing import draft
from pts_errors.values import seed
from pts_errors.values.entry import MESSAGE_FIELDS, Message, Outcome
from tests.support.catalog_files import read_directory, write_directory
from tests.support.paths import FIXTURES, ROOT
from tests.support.values import LANGUAGES, make_entry

COMPILED = ROOT / "pts_errors" / "fixtures" / "catalog.json"
PROVIDER_MESSAGES = Path(__file__).with_name("provider_messages.tsv")

# In each language, the words for "failed", "declined" and "cancelled": none is known before the order was queried.
FAILED = {
    "ar": ["فشل", "رُفض", "رفض", "أُلغ"],
    "de": ["fehlgeschlagen", "abgelehnt", "gescheitert", "storniert"],
    "en": ["fail", "declin", "reject", "cancel", "unsuccessful", "wasn't", "hasn't", "no money"],
    "es": ["fall", "rechaz", "cancel", "no se ha"],
    "fil": ["nabigo", "tinanggihan", "kinansela", "hindi na"],
    "fr": ["échou", "échec", "refus", "annul"],
    "hi": ["विफल", "असफल", "अस्वीकार", "रद्द"],
    "id": ["gagal", "ditolak", "dibatalkan"],
    "ja": ["失敗", "拒否", "取消", "キャンセル", "できませんでした"],
    "ko": ["실패", "거절", "거부", "취소"],
    "ms": ["gagal", "ditolak", "dibatalkan"],
    "pt-br": ["falh", "recus", "rejeit", "cancel"],
    "ru": ["не удал", "отклон", "ошибк", "отмен", "не прош"],
    "th": ["ล้มเหลว", "ไม่สำเร็จ", "ปฏิเสธ", "ยกเลิก"],
    "vi": ["thất bại", "không thành công", "từ chối", "bị hủy"],
    "zh-hans": ["失败", "拒绝", "取消", "未成功"],
    "zh-hant": ["失敗", "拒絕", "取消", "未成功"],
}


@pytest.fixture(scope="module")
def shipped():
    """Return the entries of the shipped catalog, by code."""
    return {entry.code: entry for entry in seed.packaged()}


def test_the_packaged_catalog_is_compiled_from_the_fixtures():
    """Run `manage.py pts_compile fixtures pts_errors/fixtures/catalog.json` after every change of `fixtures/`."""
    assert seed.write(read_directory(FIXTURES)) == COMPILED.read_text(encoding="utf-8")


def test_the_fixtures_are_written_as_people_wrote_them(tmp_path):
    """An export of the catalog is byte-equal to the files under review, so a diff shows only what changed."""
    write_directory(tmp_path, read_directory(FIXTURES))

    names = sorted(str(path.relative_to(FIXTURES)) for path in FIXTURES.rglob("*.*"))
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.*")) == names
    assert filecmp.cmpfiles(FIXTURES, tmp_path, names, shallow=False) == (names, [], [])


def test_a_fixture_is_read_as_it_was_written():
    """Also with links between codes, several languages and without a runbook."""
    entries = (
        make_entry(similar=("4001",)),
        make_entry(
            code="4001",
            name="UPSTREAM_FAILED",
            is_retired=True,
            replaced_by="1007",
            similar=("1007",),
            messages={"en": Message(title="A"), "de": Message(title="B", source_text={"title": "A"})},
            runbook=None,
        ),
    )

    assert seed.read(seed.write(entries)) == entries


def test_rows_of_other_apps_are_left_out():
    """A dump of a host's whole database may be read for its catalog."""
    text = json.dumps([*json.loads(seed.write([make_entry()])), {"model": "auth.user", "fields": {"username": "a"}}])

    assert seed.read(text) == (make_entry(),)


def test_the_fixture_has_one_line_a_row():
    """A change of one text is one line of a diff."""
    lines = COMPILED.read_text(encoding="utf-8").splitlines()

    assert len(lines) == len(json.loads("\n".join(lines))) + 2


def test_every_message_of_the_gateway_is_there_to_the_letter(shipped):
    """Integrators search for them, with their mistakes."""
    with PROVIDER_MESSAGES.open(encoding="utf-8", newline="") as file:
        rows = {row["code"]: row for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)}

    assert len(rows) == 59
    assert {code: row["message"] for code, row in rows.items()} == {
        code: entry.provider_message for code, entry in shipped.items()
    }
    assert {code: row["category"] for code, row in rows.items()} == {
        code: entry.category.name for code, entry in shipped.items()
    }


def test_every_language_is_complete(shipped):
    """Customers read their own language in all 17 of them; merchants' developers at least English and Chinese."""
    for entry in shipped.values():
        assert set(entry.messages) == set(LANGUAGES), entry.code
        for language, message in entry.messages.items():
            assert message.title, (entry.code, language)
            assert message.customer_message, (entry.code, language)
            assert message.merchant_action or language not in ("en", "zh-hans", "zh-hant"), (entry.code, language)


def test_every_translation_is_confirmed_against_the_source_of_today(shipped):
    """Nothing is shipped that a translator has still to look at."""
    for entry in shipped.values():
        source = entry.messages["en"]
        for language, message in entry.messages.items():
            for name in MESSAGE_FIELDS:
                confirmed = message.source_text.get(name, "")
                expected = getattr(source, name) if language != "en" and getattr(message, name) else ""
                assert confirmed == expected, (entry.code, language, name)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_hidden_code_cannot_be_told_from_its_text(shipped, language):
    """Each text of a code that is not revealed is the text of several, of the same outcome."""
    texts = [
        (entry.outcome == Outcome.UNKNOWN, entry.messages[language].customer_message, entry.code)
        for entry in shipped.values()
        if not entry.reveal_to_customer
    ]
    shared = Counter((is_unknown, text) for is_unknown, text, _code in texts)

    alone = {code for is_unknown, text, code in texts if shared[is_unknown, text] == 1}

    assert alone == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_unknown_outcome_is_never_called_a_failure(shipped, language):
    """The money may have moved: who reads that it failed pays again."""
    texts = {
        entry.messages[language].customer_message.casefold()
        for entry in shipped.values()
        if entry.outcome == Outcome.UNKNOWN
    }

    assert texts
    assert not [(word, text) for text in texts for word in FAILED[language] if word in text]


def test_the_gateways_unknown_outcomes_are_known(shipped):
    """After these the order must be queried first, and a list that shrinks is a decision to make on purpose."""
    codes = {code for code, entry in shipped.items() if entry.outcome == Outcome.UNKNOWN}

    assert codes == {"4001", "4002", "4003", "8010", "9002", "9003", "9007", "9008", "9009", "9999"}
    assert all(shipped[code].retry_advice == "check_status_first" for code in codes)


def test_codes_that_are_easily_confused_name_one_another(shipped):
    """A link in one direction only would be half a help."""
    for entry in shipped.values():
        for code in entry.similar:
            assert entry.code in shipped[code].similar, (entry.code, code)
    for group in (["8108", "9005"], ["8005", "9000"], ["1004", "8003"], ["1018", "8007"], ["1007", "1013", "1014"]):
        for code in group:
            assert {*group} - {code} <= {*shipped[code].similar}, code


@pytest.mark.django_db
def test_the_shipped_catalog_is_clean():
    """On a fresh install and with the default settings, nothing but statements that only the site can confirm."""
    assert {issue.id for issue in publishing.check()} == {"R023"}


@pytest.mark.django_db
def test_a_fresh_database_holds_the_packaged_catalog(shipped):
    """As drafts, and published as revision 1."""
    assert draft.read(using="default") == shipped
    assert publishing.unpublished() == {}
    assert Revision.objects.filter(number=1, origin="shipped").count() == 59
    assert Head.objects.get().number == 1


def rows():
    """Return every draft row as values, without keys of the database and without what readers reported."""
    return [
        list(Category.objects.order_by("slug").values_list("slug", "name", "position", "owner", "escalation")),
        draft.read(using="default"),
        MessageRow.objects.count(),
        Runbook.objects.count(),
        ErrorCode.similar.through.objects.count(),
    ]


@pytest.mark.django_db
def test_loading_the_packaged_fixture_changes_nothing():
    """Its rows have natural keys: they meet those of the seed and add none."""
    before = rows()

    call_command("loaddata", "catalog", verbosity=0)

    assert rows() == before
    assert publishing.unpublished() == {}
    assert publishing.verify() == ""


@pytest.mark.django_db
def test_a_dump_can_be_loaded_again(tmp_path):
    """Into the database from which it comes, and into one from which the drafts are gone."""
    message = MessageRow.objects.get_by_natural_key("1007", "en")
    message.title = "Edited"
    message.save()
    MessageRow.objects.exclude(language__in=["en", "ar"]).delete()  # the others would take time and show nothing more
    publishing.publish()
    before = rows()
    path = tmp_path / "dump.json"
    call_command(
        "dumpdata",
        "pts_errors",
        use_natural_primary_keys=True,
        use_natural_foreign_keys=True,
        output=str(path),
        verbosity=0,
    )
    message.title = "Lost"
    message.save()
    MessageRow.objects.filter(language="ar").delete()
    Runbook.objects.all().delete()

    call_command("loaddata", str(path), verbosity=0)

    assert rows() == before
    assert publishing.unpublished() == {}
    assert publishing.verify() == ""
    assert Head.objects.get().number == 2


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("model", "key"),
    [(Category, ["upstream"]), (ErrorCode, ["1007"]), (MessageRow, ["1007", "zh-hans"]), (Runbook, ["1007"])],
)
def test_natural_keys_find_their_rows(model, key):
    """The key that a row says of itself is the one by which it is found."""
    row = model.objects.get_by_natural_key(*key)

    assert list(row.natural_key()) == key
