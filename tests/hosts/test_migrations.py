"""Tests of the migrations and of the net under them, in host projects of their own."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from django.core.management import call_command

from tests.support.hosts import SITE, Host, database

pytestmark = pytest.mark.host

KINDS = ["sqlite", "postgresql", "mariadb"]

COUNT = """
from pts_errors import lookup, publishing
from pts_errors.models import ErrorCode, Message, Revision, Runbook
print(ErrorCode.objects.count(), Revision.objects.count(), len(publishing.unpublished()), publishing.verify() or "whole")
print(lookup.get("1005", language="zh-TW").language, lookup.get("1005").revision)
"""
SEEDED = "59 59 0 whole\nzh-hant 1\n"


@pytest.mark.django_db
def test_models_have_no_unwritten_migration() -> None:
    """The command fails if they have."""
    call_command("makemigrations", "--check", "--dry-run", verbosity=0)


@pytest.mark.parametrize("kind", KINDS)
def test_migrate_seeds_and_is_reversible(kind: str, tmp_path: Path) -> None:
    """Once, again, back to each step, to zero and forward again: the same catalog."""
    with database(kind, tmp_path) as settings:
        host = Host(tmp_path, {"default": settings})
        host.manage("migrate", "-v0")
        assert host.python(COUNT).stdout == SEEDED

        for arguments in ([], ["pts_errors", "0001"], ["pts_errors"], ["pts_errors", "zero"], ["pts_errors"]):
            host.manage("migrate", *arguments, "-v0")

        assert host.python(COUNT).stdout == SEEDED


@pytest.mark.parametrize("kind", KINDS)
def test_edits_survive_another_migrate(kind: str, tmp_path: Path) -> None:
    """Also going back before the seed and forward again; emoji and every script included."""
    with database(kind, tmp_path) as settings:
        host = Host(tmp_path, {"default": settings})
        host.manage("migrate", "-v0")
        host.python("""
            from pts_errors import publishing
            from pts_errors.models import Message
            Message.objects.filter(error__code="1005", language="fr").update(title="Trop 😀 élevé")
            publishing.publish()
        """)

        host.manage("migrate", "pts_errors", "0001", "-v0")
        host.manage("migrate", "-v0")

        shown = host.python('from pts_errors import lookup; print(ascii(lookup.get("1005", language="fr").title))')
        assert shown.stdout == ascii("Trop 😀 élevé") + "\n"


# A database as the release before this one left it, whose 8001 and 8002 have advice of ours.
BEFORE_BASIS = """
from django.contrib.auth import get_user_model
from django.db.models import QuerySet
from pts_errors import publishing
from pts_errors.models import ErrorCode, Head, Revision
ada = get_user_model().objects.create_user("ada")
rows = ErrorCode.objects.filter(code__in=["8001", "8002"])
rows.update(outcome_basis="confirmed", outcome_reason="", retry_advice="retry_later", retry_after=60)
publishing.publish(["8001"], author=ada)
for revision in Revision.objects.all():
    for name in ("outcome_basis", "outcome_reason"):
        del revision.snapshot["code"][name]
    QuerySet(Revision).filter(pk=revision.pk).update(snapshot=revision.snapshot)
Head.objects.update(catalog=3)
"""
AFTER_BASIS = """
from pts_errors import publishing
from pts_errors.models import ErrorCode
for row in ErrorCode.objects.filter(code__in=["1001", "8001", "8002", "8005"]):
    print(row.code, row.outcome_basis, row.retry_advice, row.retry_after, row.confirmed_by, row.unseen)
print(list(publishing.unpublished()), [issue.code for issue in publishing.check() if issue.id == "C007"])
"""


@pytest.mark.parametrize("kind", KINDS)
def test_advice_that_contradicts_what_is_assumed_survives_the_upgrade(kind: str, tmp_path: Path) -> None:
    """It counts as confirmed by whoever published it, and waits to be looked at."""
    with database(kind, tmp_path) as settings:
        host = Host(tmp_path, {"default": settings})
        host.manage("migrate", "-v0")
        host.python(BEFORE_BASIS)
        host.manage("migrate", "pts_errors", "0007", "-v0")

        host.manage("migrate", "-v0")

        assert host.python(AFTER_BASIS).stdout.splitlines() == [
            "1001 documented retry_after_correction None None []",
            "8001 confirmed retry_later 60 ada ['outcome_reason']",
            "8002 confirmed retry_later 60 None ['outcome_reason']",
            "8005 assumed check_status_first None None []",
            "['8002'] ['8001', '8002']",
        ]


def test_tables_without_migrations_are_seeded(tmp_path: Path) -> None:
    """What pytest's --nomigrations and ``--run-syncdb`` do."""
    with database("sqlite", tmp_path) as settings:
        host = Host(tmp_path, {"default": settings}, 'MIGRATION_MODULES = {"pts_errors": None}')

        host.manage("migrate", "--run-syncdb", "-v0")

        assert host.python(COUNT).stdout == SEEDED


def test_flush_leaves_a_seeded_catalog(tmp_path: Path) -> None:
    """As after a TransactionTestCase."""
    with database("sqlite", tmp_path) as settings:
        host = Host(tmp_path, {"default": settings})
        host.manage("migrate", "-v0")

        host.manage("flush", "--no-input", "-v0")

        assert host.python(COUNT).stdout == SEEDED


def test_migration_and_net_seed_the_same(tmp_path: Path) -> None:
    """Row for row, but for keys, times and versions, and the digests that cover times."""
    dump = """
from pts_errors.publishing import draft
from pts_errors.models import Head, Revision
print(draft.read(using="default"))
print(Head.objects.get().number)
print(list(Revision.objects.order_by("pk").values_list("error__code", "number", "origin", "note", "snapshot")))
"""
    with database("sqlite", tmp_path) as settings:
        host = Host(tmp_path, {"default": settings})
        host.manage("migrate", "-v0")
        by_migration = host.python(dump).stdout

        host.manage("flush", "--no-input", "-v0")

        assert host.python(dump).stdout == by_migration


def test_router_decides_where_the_catalog_lives(tmp_path: Path) -> None:
    """Only the alias that the router allows is migrated, seeded and read."""
    other = tmp_path / "other"
    other.mkdir()
    with database("sqlite", tmp_path) as default, database("sqlite", other) as elsewhere:
        host = Host(
            tmp_path,
            {"default": default, "other": elsewhere},
            """
            class Router:
                def alias_of(self, label):
                    return "other" if label == "pts_errors" else "default"
                def db_for_read(self, model, **hints):
                    return self.alias_of(model._meta.app_label)
                def db_for_write(self, model, **hints):
                    return self.alias_of(model._meta.app_label)
                def allow_relation(self, one, two, **hints):
                    return True
                def allow_migrate(self, db, app_label, model_name=None, **hints):
                    return db == self.alias_of(app_label)
            DATABASE_ROUTERS = ["settings.Router"]
            """,
        )
        host.manage("migrate", "-v0")
        nothing = host.python("""
            from django.db import connections
            print(connections["default"].introspection.table_names().count("pts_errors_errorcode"))
        """)

        host.manage("migrate", "--database=other", "-v0")

        assert nothing.stdout == "0\n"
        assert host.python(COUNT).stdout == SEEDED


def test_process_without_tables_is_served(tmp_path: Path) -> None:
    """Checks, static files and the first migrate run before there is anything; a lookup answers from the package."""
    with database("sqlite", tmp_path) as settings:
        host = Host(tmp_path, {"default": settings})

        done = host.python('from pts_errors import lookup; print(lookup.get("1005", language="fr").language)')

        assert done.stdout == "fr\n"
        assert "cannot be refreshed" in done.stderr
        host.manage("check")


def test_seed_that_was_not_recorded_is_not_repeated(tmp_path: Path) -> None:
    """MariaDB commits the rows before Django records the migration: killed in between, a second migrate completes."""
    with database("sqlite", tmp_path) as settings:
        host = Host(tmp_path, {"default": settings})
        host.manage("migrate", "pts_errors", "0002", "-v0")
        host.python("""
            from django.db.migrations.recorder import MigrationRecorder
            MigrationRecorder.Migration.objects.filter(app="pts_errors", name="0002_seed").delete()
        """)

        host.manage("migrate", "-v0")

        assert host.python(COUNT).stdout == SEEDED


FLAGGED = """
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from pts_errors.models import ErrorCode
ada, row = User.objects.create_user("ada"), ErrorCode.objects.only("pk", "code").get(code="8010")
with connection.cursor() as cursor:
    cursor.execute("UPDATE pts_errors_runbook SET flag = 'Step 3 is old.' WHERE error_id = %s", [row.pk])
LogEntry.objects.create(user=ada, content_type=ContentType.objects.get_for_model(ErrorCode), object_id=str(row.pk),
    object_repr="", action_flag=2, change_message="Flagged the runbook as wrong: Step 3 is old.")
"""
SHOWN = """
from pts_errors.models import ErrorCode, Flag, Runbook
print([(flag.runbook.error.code, flag.text, flag.author.username) for flag in Flag.objects.open()])
"""


@pytest.mark.parametrize("kind", KINDS)
def test_flag_of_the_release_before_becomes_a_row(kind: str, tmp_path: Path) -> None:
    """With who it was; there and back; and the database fills the old column where the models no longer know it."""
    with database(kind, tmp_path) as settings:
        host = Host(tmp_path, {"default": settings}, SITE)
        host.manage("migrate", "-v0")
        host.manage("migrate", "pts_errors", "0002", "-v0")
        host.python(FLAGGED)

        for arguments in ([], ["pts_errors", "0002"], ["pts_errors"]):
            host.manage("migrate", *arguments, "-v0")

        assert host.python(SHOWN).stdout == "[('8010', 'Step 3 is old.', 'ada')]\n"
        host.python("""
            from pts_errors.models import ErrorCode, Runbook
            row = ErrorCode.objects.only("pk", "code").get(code="8010")
            Runbook.objects.filter(error=row).delete()
            Runbook.objects.create(error=row, meaning="New.")
        """)


def test_sqlmigrate_works(tmp_path: Path) -> None:
    """For hosts that review what will run."""
    with database("sqlite", tmp_path) as settings:
        host = Host(tmp_path, {"default": settings})

        assert "CREATE TABLE" in host.manage("sqlmigrate", "pts_errors", "0001").stdout
        host.manage("sqlmigrate", "pts_errors", "0002")


def test_host_with_other_habits_is_served(tmp_path: Path) -> None:
    """Another user model, no time zones, no English, another source of defaults."""
    app = tmp_path / "people"
    app.mkdir()
    (app / "__init__.py").touch()
    (app / "models.py").write_text(
        "import uuid\n"
        "from django.contrib.auth.models import AbstractUser\n"
        "from django.db import models\n"
        "class Person(AbstractUser):\n"
        "    id = models.UUIDField(primary_key=True, default=uuid.uuid4)\n"
    )
    with database("sqlite", tmp_path) as settings:
        host = Host(
            tmp_path,
            {"default": settings},
            """
            INSTALLED_APPS = ["people", *INSTALLED_APPS]
            AUTH_USER_MODEL = "people.Person"
            USE_TZ = False
            LANGUAGE_CODE = "zh-hans"
            LANGUAGES = [("zh-hans", "Chinese")]
            """,
        )
        host.manage("migrate", "--run-syncdb", "-v0")

        done = host.python("""
            from people.models import Person
            from pts_errors import lookup, publishing
            from pts_errors.models import Message
            Message.objects.filter(error__code="1005", language="en").update(title="Too much")
            (revision,) = publishing.publish(author=Person.objects.create_user("n.n."))
            print(revision.author_name, publishing.as_of(revision.created_at).number, lookup.get("1005").language)
        """)

        assert done.stdout == "n.n. 2 en\n" or done.stdout == "n.n. 2 zh-hans\n"


NAMES = {
    "Translators [fil]": ["fil"],
    "Translators [FIL , fr]": ["fil", "fr"],
    "Translators [zh-CN]": ["zh-cn"],
    "Translators [zh_Hans]": ["zh-hans"],
    "Translators [zh-hans].": ["zh-hans"],
    "Translators (zh-hans)": ["zh-hans"],
    "Translators [Klingon!]": [],
    "Translators (xx)": [],
    "Translators （fr、de）": ["de", "fr"],
    "Translators": None,
    "Publishers (night shift)": None,
}


@pytest.mark.parametrize("kind", KINDS)
def test_names_of_groups_become_limits(kind: str, tmp_path: Path) -> None:
    """What was read keeps its meaning, and what was misspelled no longer opens every language."""
    with database(kind, tmp_path) as settings:
        host = Host(tmp_path, {"default": settings})
        host.manage("migrate", "-v0")
        host.manage("migrate", "pts_errors", "0004", "-v0")
        host.python(f"""
            from django.contrib.auth.models import Group, Permission
            for name in {[*NAMES]!r}:
                Group.objects.create(name=name).permissions.add(Permission.objects.get(codename="change_message"))
            Group.objects.create(name="Readers [fr]")
        """)

        host.manage("migrate", "-v0")

        found = host.python(
            "from pts_errors.models import LanguageLimit\n"
            "print(ascii({str(row): row.languages for row in LanguageLimit.objects.all()}))"
        )
        limited = {name: languages for name, languages in NAMES.items() if languages is not None}
        assert ast.literal_eval(found.stdout) == limited
