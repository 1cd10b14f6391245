"""Tests of upgrades: the package moves on, edits stay."""

from __future__ import annotations

import io
import json
import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from pts_errors import publishing
from pts_errors.models import Category, ErrorCode, Head, Message, Revision, Runbook
from pts_errors.publishing import log
from pts_errors.values import seed
from pts_errors.values.entry import Entry
from tests.support.hosts import Host, database
from tests.support.paths import ROOT


def retitled(title: str) -> Any:
    """Return a change of the English title."""

    def change(entry: Entry) -> Entry:
        return replace(entry, messages={**entry.messages, "en": replace(entry.messages["en"], title=title)})

    return change


pytestmark = pytest.mark.django_db


def test_pristine_catalog_follows_the_package(ship: Any) -> None:
    """Live at once, as a shipped revision, and nothing is left to do."""
    ship(c1005=retitled("Too much"), c1006=lambda entry: replace(entry, severity="info"))

    changes = publishing.upgrade()

    assert [(c.code, c.path, c.action) for c in changes] == [
        ("1005", "en.title", "taken"),
        ("1006", "severity", "taken"),
    ]
    assert set(Revision.objects.filter(number=2).values_list("error__code", "origin")) == {
        ("1005", "shipped"),
        ("1006", "shipped"),
    }
    assert Head.objects.get().number == 2
    assert publishing.unpublished() == {}
    assert publishing.verify() == ""
    assert publishing.upgrade() == []


def test_edited_field_stays_live_and_waits_for_a_decision(ship: Any) -> None:
    """The other fields of the code follow. The log has the shipped state, and ours on top of it."""
    Message.objects.filter(error__code="1005", language="en").update(title="Far too much")
    publishing.publish()
    ship(c1005=lambda entry: replace(retitled("Too much")(entry), severity="info"))

    changes = publishing.upgrade()

    row = ErrorCode.objects.get(code="1005")
    assert {(c.path, c.action) for c in changes} == {("en.title", "kept"), ("severity", "taken")}
    assert row.unseen == ["en.title"]
    assert row.severity == "info"
    assert Message.objects.get(error=row, language="en").title == "Far too much"
    assert list(row.revisions.order_by("number").values_list("number", "origin")) == [
        (1, "shipped"),
        (2, "edited"),
        (3, "shipped"),
        (4, "edited"),
    ]
    assert publishing.unpublished() == {}
    assert publishing.upgrade() == []


def test_edit_stays_when_the_package_leaves_it_alone(ship: Any) -> None:
    """And nothing has to be decided."""
    Runbook.objects.filter(error__code="1005").update(impact="None of ours.")
    publishing.publish()
    ship(c1005=retitled("Too much"))

    publishing.upgrade()

    assert Runbook.objects.get(error__code="1005").impact == "None of ours."
    assert ErrorCode.objects.get(code="1005").unseen == []
    assert publishing.unpublished() == {}


def test_edit_that_contradicts_the_package_stays_whole(ship: Any) -> None:
    """No database takes a time to wait beside the advice to check first: both wait for one decision."""
    ErrorCode.objects.filter(code="1005").update(retry_advice="retry_later", retry_after=30)
    publishing.publish()
    ship(c1005=lambda entry: replace(entry, retry_advice="retry_later", retry_after=60))
    publishing.upgrade()
    ship(c1005=lambda entry: replace(entry, retry_advice="check_status_first", retry_after=None))

    publishing.upgrade()

    row = ErrorCode.objects.get(code="1005")
    assert (row.retry_advice, row.retry_after, row.unseen) == ("retry_later", 30, ["retry_advice", "retry_after"])
    live = Revision.objects.live_at(Head.objects.get().number).get(error__code="1005").snapshot["code"]
    assert (live["retry_advice"], live["retry_after"]) == ("retry_later", 30)
    publishing.take_shipped("1005", "retry_after")
    publishing.take_shipped("1005", "retry_advice")
    publishing.publish()
    assert ErrorCode.objects.get(code="1005", retry_after=None).retry_advice == "check_status_first"


def test_unpublished_draft_survives(ship: Any) -> None:
    """It is neither published nor lost; what is live follows the package."""
    Message.objects.filter(error__code="1005", language="en").update(title="A draft")
    ship(c1005=lambda entry: replace(retitled("Too much")(entry), severity="info"))

    publishing.upgrade()

    live = Revision.objects.live_at(Head.objects.get().number).get(error__code="1005")
    assert live.snapshot["messages"]["en"]["title"] == "Too much"
    assert Message.objects.get(error__code="1005", language="en").title == "A draft"
    assert ErrorCode.objects.get(code="1005").severity == "info"
    assert list(publishing.unpublished()) == ["1005"]
    assert ErrorCode.objects.get(code="1005").unseen == ["en.title"]


def test_new_and_retired_codes_arrive(ship: Any) -> None:
    """A code is retired, never removed."""
    ship(
        c4242=lambda _none: replace(seed.packaged()[0], code="4242", name="BANK_HOLIDAY", similar=()),
        c4243=lambda _none: replace(seed.packaged()[0], code="4243", name="BANK_STRIKE", similar=()),
        c1021=lambda entry: replace(entry, is_retired=True, replaced_by="4242"),
    )

    publishing.upgrade()

    assert ErrorCode.objects.get(code="4243").name == "BANK_STRIKE"
    assert ErrorCode.objects.get(code="4242").name == "BANK_HOLIDAY"
    assert ErrorCode.objects.get(code="4242").unseen == []
    assert ErrorCode.objects.get(code="1021").replaced_by == ErrorCode.objects.get(code="4242")
    assert publishing.unpublished() == {}


def test_code_of_our_own_is_kept_when_the_package_brings_it(ship: Any) -> None:
    """Its differences wait for a decision."""
    row = ErrorCode.objects.create(code="4242", name="OURS", category=Category.objects.get(slug="upstream"))
    ship(c4242=lambda _none: replace(seed.packaged()[0], code="4242", name="BANK_HOLIDAY", similar=()))

    publishing.upgrade()

    row.refresh_from_db()
    assert row.name == "OURS"
    assert "name" in row.unseen


@pytest.mark.parametrize("code", ["4100", "4300"])
def test_name_of_our_own_is_kept_when_the_package_uses_it(ship: Any, code: str) -> None:
    """The shipped one gives way, because names are unique."""
    ErrorCode.objects.create(code=code, name="BANK_HOLIDAY", category=Category.objects.get(slug="upstream"))
    ship(c4242=lambda _none: replace(seed.packaged()[0], code="4242", name="BANK_HOLIDAY", similar=()))

    publishing.upgrade()

    assert ErrorCode.objects.get(code="4242").name == "BANK_HOLIDAY_4242"
    assert publishing.upgrade() == []


def test_shipped_text_can_be_taken(ship: Any) -> None:
    """The decision for the package puts its text into the draft."""
    Message.objects.filter(error__code="1005", language="en").update(title="Far too much")
    publishing.publish()
    ship(c1005=retitled("Too much"))
    publishing.upgrade()

    publishing.take_shipped("1005", "en.title")

    assert Message.objects.get(error__code="1005", language="en").title == "Too much"
    assert ErrorCode.objects.get(code="1005").unseen == []
    assert list(publishing.unpublished()) == ["1005"]


def test_shipped_category_can_be_taken(ship: Any) -> None:
    """The code moves; what ops staff wrote about that category stays, and so does the one that it leaves."""
    Category.objects.filter(slug="server").update(owner="Ours")
    ErrorCode.objects.filter(code="1005").update(category=Category.objects.get(slug="upstream"))
    publishing.publish()
    server = next(entry.category for entry in seed.packaged() if entry.category.slug == "server")
    ship(c1005=lambda entry: replace(entry, category=server))
    publishing.upgrade()
    kept = ErrorCode.objects.get(code="1005").unseen

    publishing.take_shipped("1005", "category.slug")

    assert kept == ["category.slug"]
    assert ErrorCode.objects.get(code="1005").category == Category.objects.get(slug="server")
    assert Category.objects.get(slug="server").owner == "Ours"
    assert Category.objects.get(slug="upstream").owner != "Ours"


def test_category_that_ops_edited_stays_when_codes_come_into_it(ship: Any) -> None:
    """A new code and one that moves take it as it is; only a text that the package changed follows it."""
    Category.objects.filter(slug="server").update(owner="Ours")
    publishing.publish()
    server = next(entry.category for entry in seed.packaged() if entry.category.slug == "server")
    ship(
        c4242=lambda _none: replace(seed.packaged()[0], code="4242", name="BANK_HOLIDAY", category=server, similar=()),
        c1005=lambda entry: replace(entry, category=server),
    )

    publishing.upgrade()

    rows = ErrorCode.objects.filter(code__in=["4242", "1005"])
    assert {(row.category.slug, row.category.owner) for row in rows} == {("server", "Ours")}
    assert lookup_category("4242").owner == lookup_category("1005").owner == "Ours"
    assert publishing.unpublished() == {}
    assert publishing.upgrade() == []


def test_category_that_a_code_has_left_is_none_of_its_business(ship: Any) -> None:
    """The package renames it; the code that ops staff moved elsewhere has nothing to decide and changes nothing."""
    upstream = Category.objects.get(slug="upstream")
    transaction = Category.objects.get(slug="transaction")
    ErrorCode.objects.filter(code="1005").update(category=upstream)
    Category.objects.filter(slug="upstream").update(owner=transaction.owner)
    publishing.publish()
    inside = {e.code for e in seed.packaged() if e.category.slug == "transaction"}
    ship(
        **{
            f"c{code}": lambda entry: replace(entry, category=replace(entry.category, owner="Somebody new"))
            for code in inside
        }
    )

    changes = publishing.upgrade()

    assert {(change.path, change.action) for change in changes} == {("category.owner", "taken")}
    assert "1005" not in {change.code for change in changes}
    assert Category.objects.get(slug="upstream").owner == transaction.owner
    assert Category.objects.get(slug="transaction").owner == "Somebody new"
    assert publishing.unpublished() == {}


def lookup_category(code: str) -> Any:
    """Return the category that is live with a code."""
    return log.live(using="default", codes=[code])[code].category


def test_shipped_severity_can_be_taken_beside_an_edited_category(ship: Any) -> None:
    """One decision is one value: the category's texts are those that ops staff wrote."""
    Category.objects.filter(errors__code="1005").update(owner="Ours")
    ErrorCode.objects.filter(code="1005").update(severity="critical")
    publishing.publish()
    ship(c1005=lambda entry: replace(entry, severity="info"))
    publishing.upgrade()

    publishing.take_shipped("1005", "severity")

    row = ErrorCode.objects.get(code="1005")
    assert (row.severity, row.category.owner) == ("info", "Ours")


def test_our_text_can_be_kept(ship: Any) -> None:
    """The decision for ours only takes it off the list, and raises the version."""
    Message.objects.filter(error__code="1005", language="en").update(title="Far too much")
    publishing.publish()
    ship(c1005=retitled("Too much"))
    publishing.upgrade()
    version = ErrorCode.objects.get(code="1005").version

    publishing.keep_ours("1005", "en.title")

    row = ErrorCode.objects.get(code="1005")
    assert (row.unseen, row.version) == ([], version + 1)
    assert publishing.unpublished() == {}


def test_one_decision_leaves_the_others_open() -> None:
    """Whatever their names."""
    ErrorCode.objects.filter(code="1005").update(unseen=["de.title", "en.title", "severity"])

    publishing.keep_ours("1005", "en.title")

    assert ErrorCode.objects.get(code="1005").unseen == ["de.title", "severity"]


def test_open_decision_outlives_the_next_upgrade(ship: Any) -> None:
    """Unless ours has become what is shipped."""
    for code in ("1005", "1006"):
        Message.objects.filter(error__code=code, language="en").update(title="Ours")
    publishing.publish()
    ship(c1005=retitled("First"), c1006=retitled("First"))
    publishing.upgrade()
    ship(c1005=lambda entry: replace(entry, severity="info"), c1006=retitled("Ours"))

    publishing.upgrade()

    assert ErrorCode.objects.get(code="1005").unseen == ["en.title"]
    assert ErrorCode.objects.get(code="1006").unseen == []


def test_dry_run_prints_and_writes_nothing(ship: Any) -> None:
    """One line a field, and the counts."""
    ship(c1005=retitled("Too much " * 10))
    out = io.StringIO()

    call_command("pts_upgrade", "--dry-run", stdout=out)

    assert re.search(r"^1005 +taken +en\.title +local: Withdrawal amount too large .*…$", out.getvalue(), re.MULTILINE)
    assert "0 codes would be added, 1 fields would be updated" in out.getvalue()
    assert Head.objects.get().number == 1


def test_command_upgrades(ship: Any) -> None:
    """By hand, whatever version was merged last."""
    ship(c1005=retitled("Too much"))
    out = io.StringIO()

    call_command("pts_upgrade", stdout=out)

    assert "1 fields were updated" in out.getvalue()
    assert Head.objects.get().number == 2


# ---- three releases, installed one after the other ----

_COLUMN = '''"""Add a column, as a release may."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("pts_errors", "0008_basis")]

    operations = [
        # With a default of the database's, so that processes of the release before can go on writing rows.
        migrations.AddField("errorcode", "hint", models.CharField(db_default="", max_length=80))
    ]
'''

DUMP = """
import json
from pts_errors import publishing
from pts_errors.publishing import draft, log
from pts_errors.models import ErrorCode, Head
drafts = draft.read(using="default")
print(json.dumps([entry.as_json() for entry in drafts.values()], sort_keys=True, default=list))
"""

EDIT = """
from pts_errors import publishing
from pts_errors.models import Message, Runbook
Message.objects.filter(error__code="1005", language="en").update(title="Ours")
Message.objects.filter(error__code="1006", language="fr").update(title="À nous 😀")
Runbook.objects.filter(error__code="8010").update(impact="Nobody.")
publishing.publish()
Message.objects.filter(error__code="1008", language="en").update(title="A draft")
"""

KEPT = """
from pts_errors import lookup, publishing
from pts_errors.models import ErrorCode, Message, Runbook
print(lookup.get("1005", language="en").title, ascii(lookup.get("1006", language="fr").title))
print(Runbook.objects.get(error__code="8010").impact, Message.objects.get(error__code="1008", language="en").title)
print(ErrorCode.objects.get(code="1005").unseen, list(publishing.unpublished()), publishing.verify() or "whole")
"""


def release(folder: Path, version: int) -> Path:
    """Write the package as a release would install it, and return where it can be imported from."""
    place = folder / f"release{version}"
    shutil.copytree(ROOT / "pts_errors", place / "pts_errors", ignore=shutil.ignore_patterns("__pycache__", "api"))
    module = place / "pts_errors" / "values" / "seed.py"
    module.write_text(re.sub(r"VERSION = \d+\n", f"VERSION = {version}\n", module.read_text()))
    fixture = place / "pts_errors" / "fixtures" / "catalog.json"
    rows = json.loads(fixture.read_text(encoding="utf-8"))

    def fields(model: str, code: str, language: str = "") -> dict[str, Any]:
        return next(
            row["fields"]
            for row in rows
            if row["model"] == f"pts_errors.{model}"
            and (row["fields"].get("code") or row["fields"].get("error", [""])[0]) == code
            and row["fields"].get("language", "") == language
        )

    if version >= 2:  # a text that ops edited, a renamed code, a removed message, an added code and language
        fields("message", "1005", "en")["title"] = "Too much"
        fields("errorcode", "1011")["name"] = "SERVICE_MISSING"
        fields("message", "1006", "hi").update(title="", customer_message="", merchant_action="", source_text={})
        added = {**fields("errorcode", "1008"), "code": "4242", "name": "BANK_HOLIDAY", "similar": []}
        rows.append({"model": "pts_errors.errorcode", "fields": added})
        message = {**fields("message", "1008", "en"), "error": ["4242"]}
        rows.append({"model": "pts_errors.message", "fields": message})
        rows.append({"model": "pts_errors.message", "fields": {**message, "language": "nl", "title": "Feestdag"}})
    if version >= 3:  # a new column, and another round of texts
        fields("message", "1005", "en")["customer_message"] = "Please enter less."
        fields("message", "4242", "nl")["title"] = "Vrije dag"
        migration = place / "pts_errors" / "migrations" / "0009_hint.py"
        migration.write_text(_COLUMN)
        models = place / "pts_errors" / "models.py"
        anchor = '    unseen = models.JSONField(_("unseen"), default=list, blank=True, editable=False)\n'
        column = '    hint = models.CharField(db_default="", max_length=80)\n'
        models.write_text(models.read_text().replace(anchor, anchor + column))
    fixture.write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")
    return place


def install(host: Host, place: Path, *, then: str = "") -> str:
    """Install a release into a host, migrate, and return what some code prints then."""
    host.env["PYTHONPATH"] = f"{host.path}:{place}"
    return host.python(
        f'from django.core.management import call_command\ncall_command("migrate", verbosity=0)\n{then}'
    ).stdout


@pytest.mark.host
@pytest.mark.parametrize("kind", ["sqlite", "postgresql", "mariadb"])
def test_every_way_to_a_release_ends_alike(kind: str, tmp_path: Path) -> None:
    """Fresh, step by step and skipping a release; edited rows intact; back to zero and forward."""
    releases = {version: release(tmp_path, version) for version in (1, 2, 3)}
    dumps = {}
    for way in ((3,), (1, 2, 3), (1, 3)):
        folder = tmp_path / "".join(map(str, way))
        folder.mkdir()
        with database(kind, folder) as settings:
            host = Host(folder, {"default": settings})
            for version in way:
                dumps[way] = install(host, releases[version], then=DUMP)
    edited = tmp_path / "edited"
    edited.mkdir()
    with database(kind, edited) as settings:
        host = Host(edited, {"default": settings})
        install(host, releases[1], then=EDIT)
        install(host, releases[2])
        install(host, releases[1])  # an old process of a rolling deploy runs migrate once more
        install(host, releases[3])
        kept = host.python(KEPT).stdout
        host.manage("migrate", "pts_errors", "zero", "-v0")
        again = install(host, releases[3], then=DUMP)

    assert dumps[(3,)] == dumps[(1, 2, 3)] == dumps[(1, 3)] == again
    assert "Vrije dag" in dumps[(3,)]
    assert kept == f"Ours {'À nous 😀'!a}\nNobody. A draft\n['en.title'] ['1008'] whole\n"


OLD = """
from pts_errors import lookup, publishing, snapshot
from pts_errors.models import Category, ErrorCode, Message
snapshot.refresh()
print(lookup.get("4242", language="nl").title, publishing.plan_upgrade() != [])
Message.objects.filter(error__code="1008", language="en").update(title="By an old process")
row = ErrorCode.objects.create(code="4343", name="OLD", category=Category.objects.first(), outcome="rejected",
    outcome_basis="derived", retry_advice="do_not_retry", severity="info", reveal_to_customer=True)
Message.objects.create(error=row, language="en", title="Old", customer_message="Your payment wasn't made.",
    merchant_action="Do not send it again.")
publishing.publish(["1008", "4343"])
publishing.restore(row.revisions.get(), note="Nothing differs")
print(lookup.get("1008", language="en").title, lookup.get("4343", language="en").title, publishing.verify() or "whole")
"""

NEW = """
from pts_errors import lookup, publishing
from pts_errors.models import ErrorCode, Head
print(lookup.get("1008", language="en").title, lookup.get("4343", language="en").title, publishing.verify() or "whole")
print(Head.objects.get().catalog, ErrorCode.objects.get(code="4343").hint == "", list(publishing.unpublished()))
"""


@pytest.mark.host
@pytest.mark.parametrize("kind", ["sqlite", "postgresql", "mariadb"])
def test_processes_of_the_last_release_work_on(kind: str, tmp_path: Path) -> None:
    """During a rolling deploy they read, edit, add and publish on the new tables, and the new ones read it."""
    old, new = release(tmp_path, 1), release(tmp_path, 3)
    with database(kind, tmp_path) as settings:
        host = Host(tmp_path, {"default": settings})
        install(host, old)
        install(host, new)
        host.env["PYTHONPATH"] = f"{host.path}:{old}"
        by_old = host.python(OLD).stdout
        host.env["PYTHONPATH"] = f"{host.path}:{new}"
        by_new = host.python(NEW).stdout

    assert by_old == "Vrije dag True\nBy an old process Old whole\n"
    assert by_new == "By an old process Old whole\n3 True []\n"
