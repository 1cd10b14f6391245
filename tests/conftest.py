"""Fixtures of the whole suite."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import translation
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis

from pts_errors import snapshot
from pts_errors.testing import override_catalog
from pts_errors.values import seed
from pts_errors.values.catalog import Catalog
from pts_errors.values.entry import Entry
from tests.support.factories import UserFactory

# How long an example takes says more about the machine than about the code. Whoever looks for more faults asks for
# "thorough"; continuous integration for "steady", so that nobody's change is refused for an old fault found by chance.
hypothesis.register_profile("thorough", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis.register_profile("tests", hypothesis.get_profile("thorough"), max_examples=25)
hypothesis.register_profile("steady", hypothesis.get_profile("tests"), derandomize=True)
hypothesis.load_profile("tests")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Begin with the tests that start processes: a long one at the end would leave all cores but one idle.

    On a server run what asks a database; the rest would only say again what it says on SQLite.
    """
    if "TEST_DATABASE" in os.environ:
        config.hook.pytest_deselected(items=[item for item in items if not _asks_a_database(item)])
        items[:] = filter(_asks_a_database, items)
    items.sort(key=lambda item: item.get_closest_marker("host") is None)


def _asks_a_database(item: pytest.Item) -> bool:
    fixtures = getattr(item, "fixturenames", ())
    return item.get_closest_marker("django_db") is not None or not {"db", "transactional_db"}.isdisjoint(fixtures)


class Seeded:
    """The catalog that every test finds in the database, loaded once."""

    def __init__(self, blocker: Any) -> None:
        """Take what lets a fixture ask the database."""
        self._blocker = blocker
        self._catalog: Catalog | None = None

    def catalog(self) -> Catalog:
        """Return it."""
        if self._catalog is None:
            with self._blocker.unblock():
                self._catalog = snapshot.Holder().refresh()
        return self._catalog

    def forget(self) -> None:
        """Load it anew for the next test, because the tables were emptied and seeded again: another log, at another time."""
        self._catalog = None


@pytest.fixture(scope="session")
def seeded(django_db_setup: None, django_db_blocker: Any) -> Seeded:
    """Return what has the catalog that every test finds in the database."""
    return Seeded(django_db_blocker)


@pytest.fixture(autouse=True)
def fresh_process(request: pytest.FixtureRequest, seeded: Seeded) -> Iterator[None]:
    """Begin every test as a process of its own: one that has read the seeded catalog, or nothing yet (mark ``cold``)."""
    is_cold = request.node.get_closest_marker("cold") is not None
    snapshot.swap(snapshot.Holder(None if is_cold else seeded.catalog()))
    snapshot.uncommitted.clear()
    with translation.override("en"):  # a test that activates a language, or sends a request, would leave it behind
        yield
    snapshot.swap(snapshot.Holder())
    if _empties_the_tables(request.node):
        seeded.forget()


def _empties_the_tables(item: pytest.Item) -> bool:
    marker = item.get_closest_marker("django_db")
    is_transactional = marker is not None and bool(marker.kwargs.get("transaction"))
    fixtures = getattr(item, "fixturenames", ())
    return is_transactional or not {"transactional_db", "live_server"}.isdisjoint(fixtures)


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory, django_db_setup: None, django_db_blocker: Any) -> Path:
    """Return a directory with an export of the fresh catalog, which no test changes."""
    directory = tmp_path_factory.mktemp("catalog")
    with django_db_blocker.unblock():
        call_command("pts_export", str(directory), stdout=io.StringIO())
    return directory


@pytest.fixture
def ship(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return a function that makes the installed package one that ships other entries: ``ship(c1005=changed)``."""

    def change(**changes: Callable[[Any], Entry]) -> None:
        entries = {entry.code: entry for entry in seed.packaged()}
        for name, changed in changes.items():
            code = name.removeprefix("c")
            entries[code] = changed(entries.get(code))
        monkeypatch.setattr(seed, "packaged", lambda: tuple(entries.values()))

    return change


@pytest.fixture
def packaged() -> Iterator[None]:
    """Serve the packaged catalog, without a database."""
    with override_catalog():
        yield


@pytest.fixture
def editor(client: Client) -> Client:
    """A browser in which an editor is logged in."""
    client.force_login(UserFactory(username="edda", role="editor"))
    return client


@pytest.fixture
def publisher() -> Client:
    """Another browser, in which a publisher is logged in."""
    client = Client()
    client.force_login(UserFactory(username="pub", role="publisher"))
    return client
