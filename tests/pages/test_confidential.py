"""An anonymous client that tries everything never receives one byte that staff alone may see."""

from __future__ import annotations

import io
import re
from dataclasses import fields
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.management import call_command
from django.test import Client
from django.urls import get_resolver
from pytest_django import Settings

from pts_errors import publishing, snapshot
from pts_errors.models import Category, ErrorCode, Message, Runbook
from pts_errors.pages.public import PublicError
from pts_errors.values.catalog import LocalizedError
from pts_errors.values.entry import RUNBOOK_SECTIONS
from tests.support.factories import FlagFactory

CODE = "8010"
ACCEPTS = ["*/*", "text/html", "text/markdown", "application/json", "application/problem+json", "application/xml"]
PARAMETERS = [
    "q",
    "language",
    "format",
    "suffix",
    "runbook",
    "include",
    "fields",
    "draft",
    "preview",
    "order_id",
    "since",
]

SEVERITY = "critical"


def canary(name: str) -> str:
    """Return a text that stands nowhere else."""
    return f"canary-{name}"


@pytest.fixture
def planted(db: None, django_capture_on_commit_callbacks: Any) -> None:
    """Plant a canary in every field that staff alone may see: live, in the history, and in the draft."""
    author = User.objects.create_user(canary("author"), first_name=canary("first"), email="canary-mail@example.org")
    error = ErrorCode.objects.get(code=CODE)
    Category.objects.filter(pk=error.category_id).update(
        owner=canary("category-owner"), escalation=canary("category-escalation")
    )
    ErrorCode.objects.filter(code=CODE).update(severity=SEVERITY)
    sections = {name: canary(name) for name in RUNBOOK_SECTIONS}
    sections["diagnosis"] = f"1. {canary('diagnosis')}\n   Expect: {canary('expectation')}."
    sections["mitigation"] = f"{canary('mitigation')} It cannot be undone."
    Runbook.objects.filter(error=error).update(owner=canary("owner"), reviewed_by=author, **sections)
    FlagFactory(code=CODE, text=canary("flag"), author_name=canary("reader"), reference=canary("reference"))
    Message.objects.filter(error=error, language="fr").update(source_text={"title": canary("source")})
    with django_capture_on_commit_callbacks(execute=True):
        publishing.publish([CODE], author=author, note=canary("note"))
    # And then edits that nobody has published.
    Message.objects.filter(error=error).update(title=canary("draft-title"), customer_message=canary("draft-message"))
    ErrorCode.objects.filter(code=CODE).update(name="CANARY_DRAFT_NAME", provider_message=canary("draft-provider"))
    ErrorCode.objects.create(code="7777", name="CANARY_NEW", category=error.category)


def secrets() -> re.Pattern[bytes]:
    """Return what must not be found: canaries, severities, and the words of the staff's own fields."""
    return re.compile(rb"canary|severity|reveal|runbook|reviewed|escalat|" + SEVERITY.encode(), re.IGNORECASE)


def paths() -> list[str]:
    """Return every address of the pages, with every code that exists or might."""
    routes = [str(pattern.pattern) for pattern in get_resolver("pts_errors.urls").url_patterns]
    codes = [CODE, "7777", "8009", "9999"]
    return [
        "/errors/" + route.replace("<pts_code:code>", code)
        for route in routes
        for code in (codes if "<pts_code:code>" in route else codes[:1])
    ]


@pytest.mark.usefixtures("planted")
def test_canaries_are_planted(client: Client) -> None:
    """Staff do see them: what is not there cannot leak."""
    user = User.objects.create_user("ada")
    user.user_permissions.add(Permission.objects.get(codename="view_runbook"))
    client.force_login(user)

    html = client.get(f"/errors/runbooks/{CODE}/").content

    names = [*RUNBOOK_SECTIONS, "expectation", "owner", "flag", "reader", "reference"]
    assert [name for name in names if canary(name).encode() not in html] == []
    assert b"severity-critical" in html
    assert snapshot.current().entries[CODE].category.owner == canary("category-owner")


@pytest.mark.usefixtures("planted")
def test_anonymous_client_never_receives_a_byte_of_staff_texts(client: Client) -> None:
    """Every address, form, language and parameter, and every method; headers count, too."""
    answers = 0
    for path in paths():
        tries = [(path, {"accept": accept}) for accept in ACCEPTS]
        tries += [(f"{path}?language={language}", {}) for language in snapshot.current().languages]
        tries += [(f"{path}?{name}={value}", {}) for name in PARAMETERS for value in ("1", "canary", CODE, "all")]
        for address, headers in tries:
            _assert_clean(client.get(address, headers=headers), address)
            answers += 1
        for method in ("head", "options", "post", "put", "patch", "delete", "trace"):
            _assert_clean(getattr(client, method)(path), f"{method} {path}")
    assert answers > 1000


@pytest.mark.usefixtures("planted")
def test_crawler_that_follows_every_link_finds_nothing(client: Client) -> None:
    """From the list, through every link of every page."""
    open_, seen = ["/errors/"], set[str]()
    while open_:
        address = open_.pop()
        if address in seen or "language=" in address:
            continue
        seen.add(address)
        response = client.get(address)
        _assert_clean(response, address)
        links = [unescape(found) for found in re.findall(r'href="(/errors/[^"]*)"', response.content.decode())]
        open_ += links
    assert len(seen) > 3 * 59
    assert not [address for address in seen if "runbooks" in address]


@pytest.mark.usefixtures("planted")
def test_staff_without_the_permission_receive_nothing_either(client: Client) -> None:
    """Being staff is not enough."""
    client.force_login(User.objects.create_user("bob", is_staff=True))

    for path in paths():
        response = client.get(path)

        assert b"canary" not in response.content, path


@pytest.mark.usefixtures("planted")
def test_public_copy_holds_nothing(tmp_path: Path, settings: Settings) -> None:
    """The files of the public copy are as clean as the pages."""
    settings.PTS_ERRORS_LANGUAGES = ["en", "fr"]

    call_command("pts_export", html=tmp_path, stdout=io.StringIO())

    for path in tmp_path.rglob("*.html"):
        assert not secrets().search(path.read_bytes()), path


def test_public_error_takes_no_field_that_is_new() -> None:
    """Whoever adds a field to the catalog says here whether integrators may see it."""
    staff = {"is_known", "severity", "reveal_to_customer", "language", "direction", "text_languages"}

    assert {f.name for f in fields(LocalizedError)} - {f.name for f in fields(PublicError)} == staff


def _assert_clean(response: Any, address: str) -> None:
    headers = "\n".join(f"{name}: {value}" for name, value in response.headers.items()).encode()
    body = response.content
    if response.status_code == 302:  # the login, which repeats the address that was asked for
        headers = headers.replace(response.headers["Location"].encode(), b"")
    # The value of a query comes back in the search box: that is the client's own word.
    body = re.sub(rb'<input id="q"[^>]*>', b"", body)
    assert not secrets().search(headers + b"\n" + body), f"{address}: {secrets().search(headers + body)}"
