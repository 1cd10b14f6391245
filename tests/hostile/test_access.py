"""Who gets at what: other people's things, redirects, frames, tokens, and what must not be done by a link."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from django.contrib import admin
from django.test import Client
from pytest_django import Settings

from pts_errors import publishing
from pts_errors.models import Category, ErrorCode, Head, Message, Revision, Runbook
from tests.support.admin_pages import LIST, PUBLISH, code_url, fields, message_url, routes, said
from tests.support.api import client_of
from tests.support.factories import UserFactory

pytestmark = pytest.mark.django_db

ADMIN = "/admin/pts_errors/"


def state() -> list[object]:
    """Return everything that a request could change."""
    return [
        *(
            list(model._default_manager.order_by("pk").values())
            for model in (Category, ErrorCode, Message, Runbook, Head)
        ),
        Revision.objects.count(),
    ]


def addresses() -> Iterator[str]:
    """Yield every address that our models have in the admin, also those that a later version adds."""

    key = str(ErrorCode.objects.get(code="1007").pk)
    for route in routes(admin.site.get_urls()):
        if not route.startswith("pts_errors/"):
            continue
        for part in ("<int:pk>", "<path:object_id>", "<int:number>", "<int:flag>", "<str:language>"):
            route = route.replace(part, {"<int:number>": "1", "<int:flag>": "1", "<str:language>": "fr"}.get(part, key))
        assert "<" not in route, "a converter that this test does not know"
        yield f"/admin/{route}"


def test_every_address_of_the_admin_is_closed_to_strangers(client: Client) -> None:
    """And to those who are no staff, or are not active any more."""
    before = state()
    outsiders = [client, client_of(UserFactory(is_staff=False)), client_of(UserFactory(is_superuser=True))]
    user = UserFactory(is_superuser=True)
    outsiders[2] = client_of(user)
    type(user).objects.filter(pk=user.pk).update(is_active=False)
    count = 0

    for url in addresses():
        for who in outsiders:
            for method in (who.get, who.post):
                response = method(url)
                assert response.status_code == 302, url
                assert response["Location"].startswith("/admin/login/?next=/admin/"), url
                count += 1

    assert count > 6 * 25
    assert state() == before


def test_every_address_of_the_admin_is_refused_to_staff_without_permissions() -> None:
    """Nothing of ours opens by being staff alone."""
    client = client_of(UserFactory())
    before = state()

    for url in addresses():
        for response in (client.get(url), client.post(url)):
            assert response.status_code in (302, 403, 405), url
            if response.status_code == 302 and response["Location"] != "/admin/":  # there is no such row
                assert client.get(response["Location"]).status_code == 403, url  # the short form of an address

    assert state() == before


def test_no_address_changes_anything_by_being_opened() -> None:
    """An image on another site may open them all in the name of somebody who may do everything."""
    client = client_of(UserFactory(is_superuser=True))
    before = state()

    for url in [*addresses(), "/errors/runbooks/1007/flag/"]:
        query = (
            "?action=mark_reviewed&_selected_action=1&tick=1007:0&note=x&discard_edits=on&take=en.title&_save=publish"
        )
        assert client.get(url + query).status_code in (200, 302, 400, 403, 404, 405), url

    assert state() == before


def test_no_post_is_taken_without_a_token() -> None:
    """Of any page, by somebody who may do everything."""
    user = UserFactory(is_superuser=True)
    client = client_of(user, enforce_csrf_checks=True)
    before = state()

    for url in [*addresses(), "/errors/runbooks/1007/flag/"]:
        response = client.post(url, {"post": "yes", "_save": "publish", "text": "x", "note": "x"})
        assert response.status_code == 403, url

    assert state() == before


FRAMED = (PUBLISH, f"{LIST}import/", "/errors/runbooks/", "/errors/runbooks/1007/")


def test_no_page_for_staff_can_be_put_into_a_frame(settings: Settings) -> None:
    """Django's own guard is there in every new project, and no page of ours steps out of it."""
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "django.middleware.clickjacking.XFrameOptionsMiddleware"]
    client = client_of(UserFactory(is_superuser=True))
    pages = [*FRAMED, *(code_url("1007", page) for page in ("compare/", "preview/"))]

    assert [page for page in pages if client.get(page).headers.get("X-Frame-Options") != "DENY"] == []
    assert client.post(f"{LIST}preview/", {"text": "x"})["X-Frame-Options"] == "DENY"


ELSEWHERE = (
    "//evil.example",
    "///evil.example",
    "https://evil.example",
    "https:evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "http:///evil.example",
    "javascript:alert(1)",
    "//evil.example@localhost",
    "/%09/evil.example",
    "\t//evil.example",
    "%2f%2fevil.example",
)


def test_no_answer_leads_to_another_site() -> None:
    """Whatever a parameter says of the way back: after a save, a flag, a review, a search, and to the login."""
    client = client_of(UserFactory(is_superuser=True))
    form = fields(client.get(message_url("1007", "fr")))
    wrong = []
    for number, target in enumerate(ELSEWHERE):
        way = "&".join(
            f"{name}={quote(target)}" for name in ("next", "return", "url", "redirect", "_changelist_filters")
        )
        answers = [
            Client().get(f"/errors/runbooks/?{way}"),
            Client().get(f"{LIST}?{way}"),
            client.get(f"/errors/runbooks/?q=1007&{way}"),
            client.post(f"/errors/runbooks/1007/flag/?{way}", {"text": "x", "next": target}),
        ]
        if number < 1:  # these take long, and are Django's own way
            answers.append(client.post(f"{code_url('1007', 'review/')}?{way}", {"next": target}))
            answers.append(client.get(f"{LIST}?q=1007&{way}"))
            answers.append(
                client.post(f"{message_url('1007', 'fr')}?{way}", {**form, "next": target, "_save": "draft"})
            )
        for response in answers:
            location = response.headers.get("Location", "/")
            if urlsplit(location).netloc or not location.startswith("/") or location.startswith(("//", "/\\")):
                wrong.append(location)

    assert not wrong


def test_what_belongs_to_another_code_is_not_found(django_capture_on_commit_callbacks: Any) -> None:
    """A number in the address does not open or restore the revision of another code."""
    Message.objects.filter(error__code="1001", language="en").update(title="Another title")
    with django_capture_on_commit_callbacks(execute=True):
        publishing.publish(["1001"])
    client = client_of(UserFactory(is_superuser=True))
    before = state()

    assert client.get(code_url("1007", "compare/?from=1&to=2")).status_code == 404
    assert client.get(code_url("1007", "restore/2/")).status_code == 404
    assert client.post(code_url("1007", "restore/2/"), {"note": "x", "discard_edits": "on"}).status_code == 404
    assert client.get(code_url("1001", "compare/?from=1&to=2")).status_code == 200
    assert state() == before


SECRET = "zebra-crossing"


@pytest.fixture
def secret(django_capture_on_commit_callbacks: Any) -> Client:
    """Write a word into a runbook: live, edited, flagged; return staff who may see codes and the log, but no runbook."""
    Runbook.objects.filter(error__code="8010").update(impact=f"{SECRET} one.", escalation=f"{SECRET} two.")
    ErrorCode.objects.filter(code="8010").update(version=7, unseen=["runbook.impact"])
    with django_capture_on_commit_callbacks(execute=True):
        publishing.publish(["8010"])
    Runbook.objects.filter(error__code="8010").update(impact=f"{SECRET} three. ![{SECRET}](x)")
    client_of(UserFactory(username="reader", permissions=("view_runbook",))).post(
        "/errors/runbooks/8010/flag/", {"text": SECRET}
    )
    names = (
        "view_errorcode",
        "change_errorcode",
        "view_revision",
        "publish_errorcode",
        "view_message",
        "change_message",
    )
    return client_of(UserFactory(username="publisher", permissions=names))


def test_a_runbook_is_nowhere_for_who_may_not_read_it(secret: Client) -> None:
    """Not on the form, in a difference, the history, the log, the publish screen, or a search; nor that it changed."""
    last = Revision.objects.latest("pk").pk
    pages = [
        f"{LIST}?q={SECRET}",
        PUBLISH,
        code_url("8010"),
        code_url("8010", "history/"),
        code_url("8010", "compare/"),
        code_url("8010", "compare/?from=1&to=2"),
        code_url("8010", "restore/1/"),
        f"{ADMIN}revision/",
        f"{ADMIN}revision/{last}/change/",
        "/api/errors/8010/",
        "/api/revisions/",
    ]

    for page in pages:
        response = secret.get(page)
        text = re.sub(f"q={SECRET}|value=.{SECRET}.", "", response.content.decode())  # the client's own word
        assert response.status_code == 200, page
        assert SECRET not in text, page
        assert "Runbook: impact" not in text, page
    for page in (code_url("8010", "preview/"), "/errors/runbooks/8010/", "/api/runbooks/8010/", "/api/revisions/2/"):
        assert secret.get(page).status_code == 403, page
    assert secret.post(f"{LIST}preview/", {"text": "x"}).status_code == 403


def test_a_refused_publish_tells_nothing_of_a_runbook(secret: Client) -> None:
    """What the rules say quotes the text."""
    row = ErrorCode.objects.get(code="8010")

    response = secret.post(PUBLISH, {"tick": f"8010:{row.version}"})

    assert Head.objects.get().number == 2
    assert SECRET not in response.content.decode()
    assert "(R006)" in said(response)


def test_who_may_read_runbooks_sees_all_of_that(secret: Client) -> None:
    """What is not there could not leak."""
    client = client_of(UserFactory(is_superuser=True))

    for page in (code_url("8010"), code_url("8010", "history/"), code_url("8010", "compare/"), PUBLISH):
        assert SECRET in client.get(page).content.decode(), page
