"""Tests of the log of revisions as an auditor uses it: what a change behind the app's back leaves to be seen."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.db.models import Field, ForeignKey, QuerySet

from pts_errors import publishing
from pts_errors.models import ErrorCode, Head, Message, Revision
from pts_errors.values.entry import digest
from tests.support.hosts import Host, database

pytestmark = pytest.mark.django_db

# The columns that a digest does not cover, because nothing is read from them but the order, which it does.
DERIVED = {"id"}

COVERED = [field for field in Revision._meta.concrete_fields if field.name not in DERIVED]


def publish(code: str, title: str, **arguments: Any) -> Revision:
    """Publish another title of a code."""
    Message.objects.filter(error__code=code, language="en").update(title=title)
    (revision,) = publishing.publish([code], **arguments)
    return revision


def change(revision: Revision, field: Field[Any, Any], value: object) -> None:
    """Change a column as who may write to the database does."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE pts_errors_revision SET {field.column} = %s WHERE id = %s",
            [field.get_db_prep_save(value, connection), revision.pk],
        )


def another(revision: Revision, field: Field[Any, Any]) -> object:
    """Return a value that the column could hold as well."""
    value = getattr(revision, field.attname)
    if field.name == "error":
        return (
            ErrorCode.objects.exclude(pk=value)
            .exclude(revisions__number=revision.number)
            .values_list("pk", flat=True)
            .first()
            or ErrorCode.objects.create(code="999", name="FORGED", category=revision.error.category).pk
        )
    if isinstance(field, ForeignKey):
        return User.objects.create_user("mallory").pk
    if field.name == "created_at":
        # Times of an earlier release are sealed in the milliseconds that `dumpdata` keeps.
        return value - (timedelta(microseconds=1) if revision.format == 2 else timedelta(milliseconds=1))
    if field.name == "number":
        return value + 5 if revision.format == 2 else 0
    if isinstance(value, int):
        return value - 1
    if isinstance(value, dict):
        return {**value, "messages": {}}
    return "shipped" if value == "edited" else "edited"


def age() -> None:
    """Write the log as the first release would have.

    The migration does so, too, but an earlier test that emptied the tables had them seeded by this release.
    """
    chain = ""
    for revision in Revision.objects.order_by("pk"):
        names = ("number", "origin", "note", "author_name", "snapshot")
        chain = digest(chain, **{name: getattr(revision, name) for name in names})
        QuerySet(Revision).filter(pk=revision.pk).update(format=1, digest=chain, seal="")
    Head.objects.update(digest=chain)


@pytest.mark.parametrize("field", COVERED, ids=lambda field: field.name)
@pytest.mark.parametrize("is_old", [False, True], ids=["new", "old"])
def test_a_change_of_any_column_is_named(field: Field[Any, Any], is_old: bool) -> None:
    """In a row of this release, and in one that the release before wrote."""
    if is_old:
        age()
    new = publish("1007", "Seven", author=User.objects.create_user("ada"), note="Why.")
    revision = Revision.objects.get(number=1, error__code="1007") if is_old else new
    assert publishing.verify() == ""
    assert revision.format == (1 if is_old else 2)

    change(revision, field, another(revision, field))

    assert f"(row {revision.pk}) is not what was published" in publishing.verify()


def test_a_publish_in_the_middle_that_is_taken_out_is_found() -> None:
    """What came after it covers it."""
    revision = publish("1007", "Seven")
    later = publish("1008", "Eight", process="night shift")

    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM pts_errors_revision WHERE id = %s", [revision.pk])

    assert f"(row {later.pk})" in publishing.verify()


def test_an_author_who_is_deleted_leaves_the_log_whole() -> None:
    """The account is gone from the row, and what was digested of it stays."""
    author = User.objects.create_user("ada")
    revision = publish("1007", "Seven", author=author)
    key = author.pk

    author.delete()

    revision = Revision.objects.get(pk=revision.pk)
    assert (revision.author, revision.actor, revision.author_key) == (None, "ada", str(key))
    assert publishing.verify() == ""


def test_a_new_account_with_the_number_of_a_deleted_one_is_no_author() -> None:
    """The row of an author cannot be given to somebody else."""
    author = User.objects.create_user("ada")
    revision = publish("1007", "Seven", author=author)
    author.delete()

    change(revision, Revision._meta.get_field("author"), User.objects.create_user("mallory", id=10_000).pk)

    assert f"(row {revision.pk})" in publishing.verify()


@pytest.mark.parametrize(("column", "value"), [("number", 1), ("digest", "0" * 64)])
def test_a_changed_head_is_named(column: str, value: object) -> None:
    """Readers are served up to its number, so one that goes back hides a publish."""
    publish("1007", "Seven")

    Head.objects.update(**{column: value})

    assert "the head was changed" in publishing.verify()


def test_a_head_that_is_gone_is_named() -> None:
    """It is the one row that says where the log ends."""
    Head.objects.all().delete()

    assert "the head was changed" in publishing.verify()


# What a release before format 2 did to publish: it knows none of the newer columns.
OLD = """
import json

from django.contrib.auth import get_user_model
from django.db import connection
from pts_errors.values.entry import digest
ada, _created = get_user_model().objects.get_or_create(username="ada")
with connection.cursor() as cursor:
    cursor.execute("SELECT number, digest FROM pts_errors_head")
    number, chain = cursor.fetchone()
    cursor.execute("SELECT error_id, snapshot, created_at FROM pts_errors_revision ORDER BY number DESC, id DESC")
    error, state, moment = cursor.fetchone()
    state = state if isinstance(state, dict) else json.loads(state)
    state["messages"]["en"]["title"] = "Seven"
    number += 1
    common = {"number": number, "origin": "edited", "note": "By an old release.", "author_name": "ada"}
    chain = digest(chain, snapshot=state, **common)
    row = {**common, "snapshot": json.dumps(state), "digest": chain, "error_id": error, "author_id": ada.pk,
           "created_at": "2026-03-14 09:26:53.589793" + ("+00:00" if connection.vendor == "postgresql" else "")}
    names, marks = ", ".join(row), ", ".join(["%s"] * len(row))
    cursor.execute(f"INSERT INTO pts_errors_revision ({names}) VALUES ({marks})", list(row.values()))
    cursor.execute("UPDATE pts_errors_head SET number = %s, digest = %s", [number, chain])
"""

STATE = """
from pts_errors import publishing
from pts_errors.models import Revision
print(publishing.verify() or "whole", [*Revision.objects.order_by("pk").values_list("number", "format")][-3:])
"""

NEW = """
from pts_errors import publishing
from pts_errors.models import Message
Message.objects.filter(error__code="1007", language="en").update(title="Newer")
publishing.publish(["1007"])
"""

CHANGE = """
from django.db import connection
with connection.cursor() as cursor:
    cursor.execute("UPDATE pts_errors_revision SET created_at = '2020-01-01 00:00:00' WHERE number = 2")
"""


@pytest.mark.host
@pytest.mark.parametrize("kind", ["sqlite", "postgresql", "mariadb"])
def test_the_log_of_an_earlier_release_is_verified_on(kind: str, tmp_path: Path) -> None:
    """After the upgrade, with rows of both formats in turn, also those of an old process of a rolling deploy."""
    with database(kind, tmp_path) as settings:
        host = Host(tmp_path, {"default": settings})
        host.manage("migrate", "pts_errors", "0004", "-v0")
        host.manage("migrate", "auth", "-v0")
        host.python(OLD)
        host.manage("migrate", "-v0")
        upgraded = host.python(STATE).stdout
        host.python(NEW)
        host.python(OLD)
        rolling = host.python(STATE).stdout
        host.python(NEW.replace("Newer", "Newest"))
        mixed = host.python(STATE).stdout
        host.python(CHANGE)
        changed = host.python(STATE).stdout

    assert upgraded == "whole [(1, 1), (1, 1), (2, 1)]\n"
    assert rolling == "whole [(2, 1), (3, 2), (4, 1)]\n"
    assert mixed == "whole [(3, 2), (4, 1), (5, 2)]\n"
    assert changed.startswith("Revision 2 (row ")
