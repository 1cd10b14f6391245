"""Tests of hosts whose cache is away, wrong, or keeps nothing."""

from __future__ import annotations

import pytest
from django.core.cache import caches
from django.core.cache.backends.dummy import DummyCache
from django.test import Client
from pytest_django import Settings

from pts_errors.models import Revision
from tests.support.admin_pages import LIST, MATRIX, PUBLISH, code_url, send
from tests.support.factories import UserFactory


class CacheThatIsAway(DummyCache):
    """What a host gets from its cache when the server of it is gone."""

    def _fail(self, *args: object, **kwargs: object) -> None:
        raise ConnectionError("The cache is away.")

    add = get = set = touch = delete = clear = _fail  # type: ignore[assignment]


class CacheThatIsWrong(DummyCache):
    """What a host gets from its cache when another site writes into the same one."""

    def add(self, *args: object, **kwargs: object) -> bool:
        """Seem to keep it."""
        return True

    def get(self, *args: object, **kwargs: object) -> object:
        """Return what nobody put there."""
        return {"somebody": "else's"}


@pytest.mark.django_db
@pytest.mark.parametrize(
    "backend",
    [
        "tests.hostile.test_cache.CacheThatIsAway",
        "tests.hostile.test_cache.CacheThatIsWrong",
        "django.core.cache.backends.dummy.DummyCache",
    ],
)
def test_nothing_here_needs_a_cache(backend: str, client: Client, settings: Settings) -> None:
    """Pages, API and back office work, and publishing."""
    settings.CACHES = {"default": {"BACKEND": backend}}
    client.force_login(UserFactory(role="publisher"))
    paths = [
        *("/errors/", "/errors/1005/", "/errors/1005.md", "/errors/runbooks/", "/errors/runbooks/1005/"),
        *("/api/errors/", "/api/errors/1005/", "/api/categories/", "/api/next-steps/"),
        *("/api/runbooks/1005/", "/api/revisions/"),
        *(LIST, MATRIX, PUBLISH, code_url("1005"), code_url("1005", "history/")),
    ]

    statuses = {path: client.get(path).status_code for path in paths}
    send(client, code_url("1005"), {"messages-fr-title": "Montant au-dessus du maximum"}, button="publish")

    assert type(caches["default"]).__name__ == backend.rpartition(".")[2]
    assert set(statuses.values()) == {200}, statuses
    assert Revision.objects.get(number=2).snapshot["messages"]["fr"]["title"] == "Montant au-dessus du maximum"
