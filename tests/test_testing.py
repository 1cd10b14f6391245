"""Tests of `pts_errors.testing`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import assert_type
from unittest import TestCase

import pytest
from django.db import connection

from pts_errors import lookup, snapshot
from pts_errors.testing import override_catalog
from pts_errors.values.catalog import Catalog, LocalizedError
from tests.support.hosts import Host, database

CHANGES = {"1007": {"customer_message": "Please call us."}}


@pytest.fixture
def packaged_text():
    """Return what the package itself says of 1007."""
    with override_catalog():
        return str(lookup.get("1007"))


def test_a_block_serves_the_changed_catalog(packaged_text):
    """What was served before is served again after it."""
    with override_catalog():
        with override_catalog(CHANGES) as catalog:
            assert snapshot.current() is snapshot.refresh() is catalog
            assert str(lookup.get("1007")) == "Please call us."

        assert str(lookup.get("1007")) == packaged_text


def test_an_error_in_the_block_leaves_nothing_behind(packaged_text):
    """A test that fails does not spoil the next one."""
    with override_catalog():
        with pytest.raises(ZeroDivisionError), override_catalog(CHANGES):
            1 / 0  # noqa: B018

        assert str(lookup.get("1007")) == packaged_text


@override_catalog(CHANGES)
def test_a_decorated_function_is_served_the_changed_catalog():
    """As with Django's own `override_settings`."""
    assert str(lookup.get("1007")) == "Please call us."


@override_catalog(CHANGES)
def test_a_decorated_function_still_gets_its_fixtures(packaged_text):
    """The signature is kept, so test runners see it."""
    assert str(lookup.get("1007")) != packaged_text


@override_catalog(CHANGES)
class DecoratedTest(TestCase):
    """A whole class of a host project's tests."""

    def test_every_method_is_served_the_changed_catalog(self):
        """The decorator reaches `setUp` and the tests."""
        assert str(lookup.get("1007")) == "Please call us."


def test_an_inner_block_begins_with_the_packaged_catalog(packaged_text):
    """Codes that it does not name are as shipped, and the outer catalog comes back."""
    with override_catalog(CHANGES):
        with override_catalog({"1008": {"customer_message": "Inner."}}):
            assert (str(lookup.get("1007")), str(lookup.get("1008"))) == (packaged_text, "Inner.")

        assert str(lookup.get("1007")) == "Please call us."


def test_one_object_may_be_entered_twice():
    """A decorator of a function that calls itself does so."""
    override = override_catalog(CHANGES)

    with override, override:
        assert str(lookup.get("1007")) == "Please call us."


def test_attributes_and_other_languages_can_be_changed():
    """The rest of the code stays as it is shipped."""
    with override_catalog({1007: {"http_status": 418, "messages": {"fr": {"customer_message": "Appelez-nous."}}}}):
        error = lookup.get(1007, language="fr")

        assert (error.http_status, str(error), error.provider_message) == (418, "Appelez-nous.", "Not enough balance")


def test_a_code_that_is_not_shipped_is_added():
    """A host may test how it treats a code of tomorrow."""
    with override_catalog({"7777": {"title": "New", "severity": "info"}}):
        error = lookup.get("7777")

        assert (error.is_known, error.name, error.title, error.severity) == (True, "CODE_7777", "New", "info")
        assert len(lookup.get_all()) == 60


def test_a_misspelled_attribute_is_told():
    """A test that changes nothing would pass for the wrong reason."""
    with pytest.raises(TypeError, match="custommer_message"), override_catalog({"1007": {"custommer_message": "x"}}):
        pass  # pragma: no cover - never reached


def test_settings_may_change_inside(settings):
    """A test that overrides a setting of this package keeps its catalog, and sees the setting."""
    with override_catalog({"1007": {"customer_message": "Call {brand}."}}):
        settings.PTS_ERRORS_CONTEXT = {"brand": "Acme"}

        assert str(lookup.get("1007")) == "Call Acme."


def test_no_database_is_needed():
    """The whole module runs without the mark that gives tests a database."""
    with override_catalog(CHANGES):
        lookup.get("1007")

    assert connection.connection is None or not connection.in_atomic_block


def test_type_checkers_know_what_a_block_gives() -> None:
    """It is ``mypy`` that looks at this test: a host gets help and warnings where it reads the catalog."""
    with override_catalog(CHANGES) as catalog:
        assert_type(catalog, Catalog)
        assert_type(lookup.get("1007"), LocalizedError)

    assert catalog.number == 0


HOST_TESTS = """
import pytest
from django.core.management import call_command
from django.test import TestCase, TransactionTestCase

from pts_errors import lookup, publishing
from pts_errors.models import ErrorCode, Message, Revision
from pts_errors.testing import override_catalog


class Seeded:
    def test_catalog_is_there(self):
        with override_catalog({"1007": {"title": "Overridden"}}):
            assert lookup.get("1007", language="en").title == "Overridden"
        assert (ErrorCode.objects.count(), Revision.objects.count()) == (59, 59)
        assert not publishing.unpublished() and not publishing.verify()
        assert lookup.get("1007", language="en").title not in ("Overridden", "No money left")

    test_catalog_is_there_again = test_catalog_is_there


class Publishing(Seeded):
    def test_publish(self):
        Message.objects.filter(error__code="1007", language="en").update(title="No money left")
        publishing.publish(["1007"])
        assert lookup.get("1007", language="en").title == "No money left"

    test_a_publish, test_z_publish = test_publish, test_publish


class PlainTests(Seeded, TestCase):
    pass
"""
TRANSACTIONS = """

class TransactionTests(Publishing, TransactionTestCase):
    pass


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("time", [1, 2])
def test_server(live_server, time):
    Seeded().test_catalog_is_there()
"""
SERIALIZED = """

class SerializedTests(Publishing, TransactionTestCase):
    serialized_rollback = True


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
@pytest.mark.parametrize("time", [1, 2])
def test_marked(time):
    Seeded().test_catalog_is_there()
"""
FILLED = """

class FilledTests(Publishing, TransactionTestCase):
    serialized_rollback = True

    def setUp(self):
        call_command("migrate", verbosity=0)


class FilledWithoutTests(Publishing, TransactionTestCase):
    def setUp(self):
        call_command("migrate", verbosity=0)


class EmptyTests(TransactionTestCase):
    serialized_rollback = True

    def test_a_text_is_read_all_the_same(self):
        with override_catalog({"1007": {"title": "Overridden"}}):
            assert lookup.get("1007", language="en").title == "Overridden"
        assert lookup.get("1007").is_known
        assert lookup.get("1007", language="en").title != "No money left"

    test_again = test_a_text_is_read_all_the_same
"""


@pytest.mark.host
@pytest.mark.parametrize(
    ("tests", "options"),
    [
        (TRANSACTIONS, []),
        (TRANSACTIONS, ["--nomigrations"]),
        (TRANSACTIONS, ["--reuse-db"]),
        (SERIALIZED, []),
        (SERIALIZED, ["--reuse-db"]),
        (FILLED, ["--nomigrations"]),
    ],
    ids=["transactions", "no migrations", "reused", "serialized", "serialized, reused", "filled, no migrations"],
)
def test_the_catalog_is_there_in_every_test_of_a_host(tests: str, options: list[str], tmp_path: Path) -> None:
    """Whatever the host's runner does with the tables between two of them, and when it is run again."""
    with database("sqlite", tmp_path) as settings:
        kept = {**settings, "TEST": {"NAME": str(tmp_path / "test.sqlite3")}}
        host = Host(tmp_path, {"default": kept}, "PTS_ERRORS_REFRESH_SECONDS = 0")
        (tmp_path / "test_host.py").write_text(HOST_TESTS + tests)
        plain = ["-q", "-p", "no:cacheprovider", "-p", "no:randomly", "-p", "no:xdist"]

        for _run in range(2 if "--reuse-db" in options else 1):
            done = subprocess.run(
                [sys.executable, "-m", "pytest", *plain, *options],
                cwd=tmp_path,
                env=host.env,
                capture_output=True,
                text=True,
                timeout=300,
                check=False,
            )

            assert done.returncode == 0, done.stdout + done.stderr
