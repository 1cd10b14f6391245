"""A real browser on a live server, one session a person."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from django.test import Client

from tests.browser import chromium_path
from tests.support.factories import GroupFactory, UserFactory

playwright_api = pytest.importorskip("playwright.sync_api")

_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    """The browser of the machine."""
    # Playwright keeps an event loop in this thread, in which Django would refuse the queries of the tests themselves.
    with pytest.MonkeyPatch.context() as patch, playwright_api.sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=_ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def open_as(browser, live_server) -> Iterator[Callable[..., object]]:
    """Return a function that opens the page of a new session: ``open_as("edda", "editor")``."""
    contexts = []

    def open_page(name: str, role: str, *, limit: list[str] | None = None, **options: object) -> object:
        user = UserFactory(username=name, role=None if limit or role == "admin" else role, is_superuser=role == "admin")
        if limit:
            user.groups.add(GroupFactory(role=role, limit=limit))
        client = Client()
        client.force_login(user)
        context = browser.new_context(base_url=live_server.url, **options)
        context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}])
        contexts.append(context)
        return context.new_page()

    yield open_page
    for context in contexts:
        context.close()
