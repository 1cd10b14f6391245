"""Tests of the catalog in the process: fresh, last good, never in the way."""

from __future__ import annotations

import asyncio
import logging
import os
import threading
import warnings
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import AsyncClient

from pts_errors import health, lookup, publishing, snapshot
from pts_errors.models import Head
from pts_errors.models import Message as MessageRow
from pts_errors.values.entry import Category, Entry, Message

pytestmark = pytest.mark.cold


def edit(title: str, code: str = "1005") -> None:
    """Change a draft."""
    MessageRow.objects.filter(error__code=code, language="en").update(title=title)


def held_number() -> int | None:
    """Return the revision that the process holds, without a look at the database."""
    catalog = snapshot.holder.catalog
    return None if catalog is None else catalog.number


@pytest.fixture
def broken_database() -> Any:
    """Let every query fail, as when the server has gone away."""
    state = {"broken": True, "asked": 0}

    def refuse(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if state["broken"]:
            state["asked"] += 1
            raise DatabaseError("server closed the connection")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(refuse):
        yield state


@contextmanager
def own_connection() -> Iterator[None]:
    """Close what a thread opens: Django itself keeps a database in memory open."""
    connection.ensure_connection()
    with closing(connection.connection):
        yield


@contextmanager
def question_that_hangs() -> Iterator[None]:
    """Let another thread ask the database, which answers only after the block."""
    asked, may_answer = threading.Event(), threading.Event()

    def hang(execute: Any, *query: Any) -> Any:
        asked.set()
        may_answer.wait(30)
        return execute(*query)

    def ask() -> None:
        with own_connection(), connection.execute_wrapper(hang):
            snapshot.refresh()

    thread = threading.Thread(target=ask)
    thread.start()
    assert asked.wait(30)
    try:
        yield
    finally:
        may_answer.set()
        thread.join()


@pytest.mark.django_db(transaction=True)
def test_warm_read_costs_no_query(settings: Any, django_assert_num_queries: Any) -> None:
    """However often it happens within the refresh time."""
    settings.PTS_ERRORS_REFRESH_SECONDS = 60
    lookup.get("1005")

    with django_assert_num_queries(0):
        lookup.get("1005", language="fr")
        lookup.get_all()


@pytest.mark.django_db(transaction=True)
def test_probe_costs_one_query_while_nothing_is_new(django_assert_num_queries: Any) -> None:
    """Refresh time 0 asks for every read."""
    lookup.get("1005")

    with django_assert_num_queries(1):
        lookup.get("1005")


@pytest.mark.django_db(transaction=True)
def test_refresh_loads_only_what_is_new() -> None:
    """The other entries are the same objects as before."""
    before = snapshot.current()
    edit("Too much")
    publishing.publish()

    after = snapshot.current()

    assert after.entries["1005"] is not before.entries["1005"]
    assert after.entries["1006"] is before.entries["1006"]
    assert before.entries["1005"].messages["en"].title == "Withdrawal amount too large"


@pytest.mark.django_db(transaction=True)
def test_restored_backup_is_noticed() -> None:
    """The number may be an old one again, or run backwards; the digest tells."""
    edit("Too much")
    publishing.publish()
    assert lookup.get("1005").title == "Too much"
    with connection.cursor() as cursor:  # what a restore from a backup does
        cursor.execute("DELETE FROM pts_errors_revision WHERE number = 2")
        cursor.execute(
            "UPDATE pts_errors_head SET number = 1, digest = (SELECT digest FROM pts_errors_revision"
            " ORDER BY id DESC LIMIT 1)"
        )

    assert lookup.get("1005").title == "Withdrawal amount too large"
    edit("Another")
    publishing.publish()
    assert lookup.get("1005").title == "Another"


@pytest.mark.django_db(transaction=True)
def test_database_that_goes_away_leaves_the_last_good_catalog(
    caplog: pytest.LogCaptureFixture, broken_database: Any
) -> None:
    """Stale and right, one line in the log, no question until the back-off is over, and back by itself."""
    broken_database["broken"] = False
    edit("Too much")
    publishing.publish()
    assert lookup.get("1005").title == "Too much"
    broken_database["broken"] = True

    with caplog.at_level(logging.WARNING, logger="pts_errors"):
        titles = {lookup.get("1005").title for _ in range(100)}

    assert titles == {"Too much"}
    assert broken_database["asked"] == 1
    assert len(caplog.records) == 1
    broken_database["broken"] = False
    assert snapshot.refresh().number == 2
    assert "refreshed again" in caplog.text


@pytest.mark.django_db
def test_cold_process_without_a_database_serves_the_packaged_catalog(broken_database: Any) -> None:
    """Every code, in every language."""
    assert lookup.get("1005").title == "Withdrawal amount too large"
    assert lookup.get("1005", language="fr").language == "fr"
    assert lookup.get("1005").revision == 0


def test_test_without_a_database_is_served_too() -> None:
    """A host's test that may not touch the database renders its templates all the same."""
    assert lookup.get("1005").is_known


@pytest.mark.django_db(transaction=True)
def test_empty_tables_serve_the_packaged_catalog_and_say_so(caplog: pytest.LogCaptureFixture) -> None:
    """Ops staff are told that something is wrong; customers read a text."""
    Head.objects.update(number=0)

    assert lookup.get("1005").is_known

    assert "migrate" in caplog.text


@pytest.mark.django_db(transaction=True)
def test_lookup_inside_a_broken_transaction_answers() -> None:
    """And leaves the transaction as broken as it was, no more."""
    lookup.get("1005")

    with pytest.raises(DatabaseError), transaction.atomic():
        try:
            Head.objects.create(pk=Head.PK)
        finally:
            assert lookup.get("1005").is_known


@pytest.mark.django_db(transaction=True)
def test_cold_lookup_inside_a_transaction_keeps_it_usable() -> None:
    """A failing load, such as before migrate, happens in a savepoint."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE pts_errors_head RENAME TO pts_errors_away")
    try:
        with transaction.atomic():
            assert lookup.get("1005").is_known
            assert MessageRow.objects.count() > 0
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE pts_errors_away RENAME TO pts_errors_head")


@pytest.mark.django_db(transaction=True)
def test_uncommitted_publish_is_never_served() -> None:
    """Neither during the transaction nor after it was rolled back."""
    before = lookup.get("1005").title

    with pytest.raises(RuntimeError), transaction.atomic():
        edit("A draft")
        publishing.publish()
        assert lookup.get("1005").title == before
        raise RuntimeError

    assert lookup.get("1005").title == before


@pytest.mark.django_db(transaction=True)
def test_uncommitted_publish_read_cold_is_forgotten() -> None:
    """A process whose first read is inside its own publish looks again afterwards."""
    with pytest.raises(RuntimeError), transaction.atomic():
        edit("A draft")
        publishing.publish()
        snapshot.swap(snapshot.Holder())
        lookup.get("1005")
        raise RuntimeError

    assert lookup.get("1005").title == "Withdrawal amount too large"


@pytest.mark.django_db(transaction=True)
def test_publish_that_a_test_case_rolls_back_is_forgotten() -> None:
    """A TestCase runs on_commit callbacks inside its transaction; the next one must not read what they served."""
    lookup.get("1005")

    with pytest.raises(RuntimeError), transaction.atomic():
        edit("Of one test")
        publishing.publish()
        snapshot.refresh()  # what captureOnCommitCallbacks(execute=True) leads to
        assert lookup.get("1005").title == "Of one test"
        raise RuntimeError
    with transaction.atomic():
        shown = lookup.get("1005").title

    assert shown == "Withdrawal amount too large"


@pytest.mark.django_db
def test_one_unreadable_revision_degrades_one_code(caplog: pytest.LogCaptureFixture) -> None:
    """The others are served, that one is unknown, and ops staff are told."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE pts_errors_revision SET snapshot = '[]' WHERE error_id ="
            " (SELECT id FROM pts_errors_errorcode WHERE code = '1005')"
        )

    assert not lookup.get("1005").is_known
    assert lookup.get("1006").is_known
    assert "Revision 1 of code 1005 is damaged" in caplog.text


@pytest.mark.django_db
def test_a_revision_after_an_unreadable_one_is_served() -> None:
    """Also when one refresh brings both."""
    lookup.get("1005")
    for title in ("Damaged", "Mended"):
        edit(title)
        publishing.publish()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE pts_errors_revision SET snapshot = '[]' WHERE number = 2")

    snapshot.refresh()

    assert lookup.get("1005").title == "Mended"


def test_readers_never_see_half_a_catalog() -> None:
    """Sixteen threads read while catalogs are swapped: each answer is of one of them, never an older one again."""

    def catalog(number: int) -> snapshot.Pinned:
        entries = [
            Entry(code=code, name=f"N{code}", category=Category(slug="c"), messages={"en": Message(title=str(number))})
            for code in ("1", "2")
        ]
        return snapshot.Pinned(snapshot.build(entries, number=number, digest=str(number)))

    catalogs = [catalog(number) for number in range(300)]
    wrong: list[object] = []
    done = threading.Event()

    def read() -> None:
        last = 0
        while not done.is_set():
            one, other = lookup.get_all(language="en")
            if one.title != other.title or int(one.title) < last:
                wrong.append((one.title, other.title, last))
            last = int(one.title)

    snapshot.swap(catalogs[0])
    threads = [threading.Thread(target=read) for _ in range(16)]
    for thread in threads:
        thread.start()
    for one in catalogs:
        snapshot.swap(one)
        lookup.get("1", language="en")
    done.set()
    for thread in threads:
        thread.join()

    assert wrong == []


@pytest.mark.django_db(transaction=True)
def test_warm_readers_do_not_wait_for_a_slow_refresh(django_assert_num_queries: Any) -> None:
    """One thread asks; the others serve what they have, and ask nothing."""
    lookup.get("1005")

    with question_that_hangs(), django_assert_num_queries(0):
        assert lookup.get("1005").is_known


def test_event_loop_is_served(caplog: pytest.LogCaptureFixture) -> None:
    """A lookup on the event loop, where no query is allowed, answers with what is there: told if that is the package's."""

    async def view() -> str:
        return lookup.get("1005").title

    assert asyncio.run(view()) == asyncio.run(view()) == "Withdrawal amount too large"
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert "event loop" in caplog.text


@pytest.mark.django_db(transaction=True)
def test_event_loop_reads_what_a_thread_has_loaded(caplog: pytest.LogCaptureFixture) -> None:
    """As after the beginning of a request."""
    edit("Too much")
    publishing.publish()

    async def view() -> str:
        return lookup.get("1005").title

    assert asyncio.run(view()) == "Too much"
    assert caplog.records == []


@pytest.mark.django_db(transaction=True)
def test_a_database_that_answers_wrongly_is_told_apart(caplog: pytest.LogCaptureFixture) -> None:
    """It says that something is published, and does not give it: readers get the package's texts, and staff are told."""
    edit("Too much")
    publishing.publish()
    snapshot.swap(snapshot.Holder())

    def lose(execute: Any, sql: str, *rest: Any) -> Any:
        if "snapshot" in sql and sql.startswith(("SELECT", "DECLARE")):
            raise DatabaseError('cursor "_django_curs_1" does not exist')
        return execute(sql, *rest)

    with connection.execute_wrapper(lose):
        title, report = lookup.get("1005").title, health.check()

    assert title == "Withdrawal amount too large"
    assert (report.is_healthy, report.revision) == (False, 0)
    assert "does not exist" in report.error
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert "without what was published here" in caplog.text
    assert snapshot.refresh().number == 2
    assert lookup.get("1005").title == "Too much"


@pytest.mark.django_db(transaction=True)
def test_request_refreshes_before_it_begins(client: Any) -> None:
    """Also in a host with ATOMIC_REQUESTS, where nothing is asked inside the request."""
    client.get("/nowhere/")

    assert held_number() == 1


@pytest.mark.django_db(transaction=True)
def test_async_request_refreshes_in_a_thread() -> None:
    """The signal's receiver is synchronous, and Django runs it in a thread."""

    async def request() -> None:
        await AsyncClient().get("/nowhere/")

    asyncio.run(request())

    assert held_number() == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.django_db(transaction=True)
def test_fork_leaves_no_held_lock(settings: Any) -> None:
    """A child that is forked while a thread refreshes asks for itself, though its parent was not due."""
    settings.PTS_ERRORS_REFRESH_SECONDS = 60
    lookup.get("1005")
    read, write = os.pipe()
    with question_that_hangs(), warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # a fork of a process with threads is what is tested
        child = os.fork()
        if not child:
            with connection.execute_wrapper(lambda *query: os.write(write, b"asked") and os._exit(0)):
                lookup.get("1005")
            os._exit(1)
        ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

    assert ended == 0
    assert os.read(read, 5) == b"asked"


@pytest.mark.django_db(transaction=True)
def test_forked_child_asks_before_it_answers(settings: Any, django_assert_num_queries: Any) -> None:
    """What its parent knew may be old by now."""
    settings.PTS_ERRORS_REFRESH_SECONDS = 60
    lookup.get("1005")

    snapshot.holder.after_fork()

    with django_assert_num_queries(1):
        lookup.get("1005")


@pytest.mark.django_db(transaction=True)
def test_changed_setting_rebuilds_the_catalog(settings: Any) -> None:
    """A test that overrides the brand reads it at once."""
    assert "PTS customer service" in lookup.get("1004").merchant_action

    settings.PTS_ERRORS_CONTEXT = {"brand": "Acme Pay"}

    assert "Acme Pay customer service" in lookup.get("1004").merchant_action


@pytest.mark.django_db(transaction=True)
def test_reader_does_not_wait_for_ever_for_the_first_catalog() -> None:
    """While the first question hangs, the packaged catalog has to do; a refresh that has to wait changes nothing."""
    holder = snapshot.holder
    holder.patience = 0.01
    with question_that_hangs():
        first, second, refreshed = holder.current(), holder.current(), holder.refresh()

    assert first is second
    assert (first.number, refreshed.number) == (0, 0)
    assert holder.current().number == 1


@pytest.mark.django_db(transaction=True)
def test_reader_who_waited_takes_what_the_other_has_loaded(settings: Any, django_assert_num_queries: Any) -> None:
    """And asks nothing."""
    settings.PTS_ERRORS_REFRESH_SECONDS = 60
    found: list[Any] = []

    def read() -> None:
        with own_connection(), django_assert_num_queries(0, connection=connection):
            found.append(snapshot.current())

    reader = threading.Thread(target=read)
    with question_that_hangs():
        reader.start()
        reader.join(timeout=0.1)
        assert reader.is_alive()
    reader.join()

    assert found == [snapshot.holder.catalog]


@pytest.mark.django_db(transaction=True)
def test_an_outage_is_one_line_however_often_it_is_felt(broken_database: Any, caplog: pytest.LogCaptureFixture) -> None:
    """And a second one when it is over."""
    holder = snapshot.Holder()
    for _time in range(3):
        holder.refresh()
    broken_database["broken"] = False
    holder.refresh()

    assert [record.levelname for record in caplog.records if record.name == "pts_errors"] == ["ERROR", "WARNING"]
