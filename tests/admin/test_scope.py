"""A host's own admin classes: their querysets and their permissions on single rows hold on every page and action."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client
from guardian.shortcuts import assign_perm
from pytest_django import Settings

from pts_errors import publishing
from pts_errors.models import ErrorCode, Flag, Message, Revision, Runbook
from tests.support.admin_pages import fields, routes
from tests.support.api import client_of
from tests.support.factories import FlagFactory, UserFactory
from tests.support.scoped_urls import HIDDEN, SITES

pytestmark = pytest.mark.django_db

SECRET = "zebra-crossing"
SEEN = "1007"

GLOBAL = ("view_message", "change_message", "view_runbook", "change_runbook", "view_revision", "view_category")


@pytest.fixture(autouse=True)
def hosts(settings: Settings) -> None:
    """Serve the hosts' admin sites, with permissions on single rows."""
    settings.ROOT_URLCONF = "tests.support.scoped_urls"
    settings.AUTHENTICATION_BACKENDS = [
        "django.contrib.auth.backends.ModelBackend",
        "guardian.backends.ObjectPermissionBackend",
    ]


@pytest.fixture
def hidden(django_capture_on_commit_callbacks: Any) -> ErrorCode:
    """Write a word into everything that a code has: live, edited, flagged, and left to decide by an upgrade."""
    row = ErrorCode.objects.get(code=HIDDEN)
    ErrorCode.objects.filter(pk=row.pk).update(provider_message=SECRET)
    Message.objects.filter(error=row).update(title=SECRET)
    with django_capture_on_commit_callbacks(execute=True):
        publishing.publish([HIDDEN], note=SECRET)
    Runbook.objects.filter(error=row).update(impact=f"{SECRET}.")
    ErrorCode.objects.filter(pk=row.pk).update(unseen=["severity"], severity="info", version=7)
    FlagFactory(code=HIDDEN, text=SECRET)
    return ErrorCode.objects.get(pk=row.pk)


def client(host: str) -> Client:
    """Return a browser on one of the sites: somebody who may do all that the site lets anybody do."""
    if host != "guarded":
        return client_of(UserFactory(is_superuser=True))
    user = UserFactory(username="row-by-row", permissions=GLOBAL)
    for verb in ("view", "change", "publish"):
        assign_perm(f"pts_errors.{verb}_errorcode", user, ErrorCode.objects.get(code=SEEN))
    return client_of(user)


def addresses(host: str, row: ErrorCode) -> Iterator[str]:
    """Yield every address of our models on a site, about one code; also those that a later version adds."""

    keys = {
        "pts_errors/errorcode/": row.pk,
        "pts_errors/message/": Message.objects.get(error=row, language="fr").pk,
        "pts_errors/revision/": Revision.objects.filter(error=row).latest("number").pk,
        "pts_errors/category/": row.category_id,
    }
    flag = Flag.objects.filter(runbook__error=row).values_list("pk", flat=True).first()
    for route in routes(SITES[host].get_urls()):
        if not route.startswith("pts_errors/"):
            continue
        key = next((keys[start] for start in keys if route.startswith(start)), row.pk)
        for part, value in (
            ("<int:pk>", key),
            ("<path:object_id>", key),
            ("<int:number>", 1),
            ("<int:flag>", flag),
            ("<str:language>", "fr"),
        ):
            route = route.replace(part, str(value))
        assert "<" not in route, "a converter that this test does not know"
        yield f"/{host}/{route}"


def told(response: Any) -> str:
    """Return the text of an answer, of every file in it where it is a zip."""
    if response["Content-Type"] != "application/zip":
        return str(response.content.decode())
    with zipfile.ZipFile(io.BytesIO(response.content)) as archive:
        return "\n".join(archive.read(name).decode() for name in archive.namelist())


def state(row: ErrorCode) -> list[object]:
    """Return everything of a code that a request could change."""
    return [
        list(ErrorCode.objects.filter(pk=row.pk).values()),
        *(list(model._default_manager.filter(error=row).values()) for model in (Message, Runbook, Revision)),
        list(Flag.objects.filter(runbook__error=row).values()),
        list(ErrorCode.objects.get(pk=row.pk).similar.order_by("pk").values_list("pk", flat=True)),
    ]


def posts(row: ErrorCode, end: str, form: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield everything that somebody could send to an address, about a code."""
    if end in ("pts_errors/errorcode/", "pts_errors/message/"):
        for action in form["actions"]:
            yield {"action": action, "_selected_action": [row.pk], "select_across": "1"}
            yield {"action": action, "_selected_action": [row.pk]}
        return
    said = {"note": "x", "discard_edits": "on", "tick": f"{row.code}:{row.version}", "version": str(row.version)}
    typed = {"title": "Bad", "http_status": "418", "text": "x", "post": "yes"} if form else {"text": "x", "post": "yes"}
    for button in ("publish", "draft") if "title" in form or "http_status" in form else ("publish",):
        yield {**form, **said, **typed, "take": "severity", "_save": button}
    if end.endswith("/decide/"):
        yield {**said, "keep": "severity"}


@pytest.fixture
def sent(hidden: ErrorCode) -> dict[str, dict[str, Any]]:
    """Return what the forms of an admin without any limits would send, by the end of their address."""
    browser = client("open")
    forms = {
        url.removeprefix("/open/"): fields(response)
        for url in addresses("open", hidden)
        if (response := browser.get(url)).status_code == 200 and response["Content-Type"].startswith("text/html")
    }
    choices = browser.get("/open/pts_errors/errorcode/").context["action_form"].fields["action"].choices
    for listing in ("pts_errors/errorcode/", "pts_errors/message/"):
        forms[listing]["actions"] = [name for name, _label in choices if name]
    return forms


# A category belongs to codes that are seen, too, and its form shows no code.
SHARED = ("pts_errors/category/",)


@pytest.mark.parametrize("host", ["hiding", "guarded"])
def test_a_hidden_code_is_on_no_page_and_under_no_action(host, hidden, sent):
    """Every address of the admin, by every way of asking: nothing of the code is told, and nothing is done to it."""
    browser = client(host)
    before = state(hidden)

    for url in addresses(host, hidden):
        end = url.removeprefix(f"/{host}/")
        answers = [browser.get(url), browser.get(f"{url}?q={HIDDEN}&codes={HIDDEN}&error={hidden.pk}&language=fr")]
        if not end.startswith(SHARED):
            answers += [browser.post(url, data) for data in posts(hidden, end, sent.get(end, {}))]
        for response in answers:
            assert response.status_code in (200, 302, 400, 403, 404, 405), url
            assert SECRET not in told(response), url
        assert state(hidden) == before, url


def test_without_limits_the_same_requests_do_show_and_change_it(hidden, sent):
    """Or the test above would say nothing."""
    browser = client("open")
    shown, changed = set(), set()

    for url in addresses("open", hidden):
        end = url.removeprefix("/open/")
        name = end.rstrip("/").rsplit("/", 1)[-1]
        if SECRET in told(browser.get(url)):
            shown.add(name)
        if end.startswith(SHARED):
            continue
        for data in posts(hidden, end, sent.get(end, {})):
            before = state(hidden)
            with transaction.atomic():
                browser.post(url, data)
                if state(hidden) != before:
                    changed.add(name)
                transaction.set_rollback(True)

    assert shown >= {"errorcode", "revision", "publish", "compare", "history", "preview", "change", "export"}
    assert changed >= {"errorcode", "change", "publish", "decide", "review"}


@pytest.mark.parametrize("host", ["hiding", "guarded"])
def test_counts_and_filters_know_of_no_hidden_code(host, hidden):
    """The work queue, the table of messages, the categories."""
    browser = client(host)
    others = 58 if host == "hiding" else 1

    codes = browser.get(f"/{host}/pts_errors/errorcode/").context
    messages = browser.get(f"/{host}/pts_errors/message/").context
    log = browser.get(f"/{host}/pts_errors/revision/").context
    categories = browser.get(f"/{host}/pts_errors/category/").context

    assert codes["cl"].result_count == others
    assert codes["queue"] == [] or all("edited" not in item["text"] for item in codes["queue"])
    assert [head["all"] for head in messages["heads"]] == [others] * 17
    assert messages["cl"].result_count == others * 17
    assert log["cl"].result_count == others
    assert sum(row.codes for row in categories["cl"].result_list) == others


def test_a_code_with_a_permission_of_its_own_is_edited_and_published():
    """And the list holds it alone."""
    browser = client("guarded")
    row = ErrorCode.objects.get(code=SEEN)
    url = f"/guarded/pts_errors/errorcode/{row.pk}/change/"

    response = browser.post(url, {**fields(browser.get(url)), "http_status": "418", "_save": "publish"})

    assert response.status_code == 302
    assert Revision.objects.filter(error=row).count() == 2
    assert ErrorCode.objects.get(code=SEEN).http_status == 418


def test_a_code_that_may_only_be_seen_is_not_changed_or_published(hidden):
    """Each verb is asked about the code."""
    user = UserFactory(username="row-by-row", permissions=GLOBAL)
    assign_perm("pts_errors.view_errorcode", user, hidden)
    for verb in ("view", "change", "publish"):
        assign_perm(f"pts_errors.{verb}_errorcode", user, ErrorCode.objects.get(code=SEEN))
    browser = client_of(user)
    url = f"/guarded/pts_errors/errorcode/{hidden.pk}"
    before = state(hidden)

    assert browser.get(f"{url}/change/").status_code == 200
    for page in ("restore/1/", "decide/", "change/"):
        data = {"note": "x", "discard_edits": "on", "take": "severity", "version": "7", "_save": "publish"}
        assert browser.post(f"{url}/{page}", data).status_code == 403
    browser.post("/guarded/pts_errors/errorcode/publish/", {"tick": f"{HIDDEN}:7"})
    assert SECRET not in browser.get("/guarded/pts_errors/errorcode/publish/").content.decode()
    assert state(hidden) == before


def test_saving_a_code_keeps_the_hidden_codes_that_it_names(hidden):
    """By their numbers alone, as every page of the code has them."""
    row = ErrorCode.objects.get(code=SEEN)
    row.similar.add(hidden)
    ErrorCode.objects.filter(pk=row.pk).update(replaced_by=hidden)
    browser = client("guarded")
    url = f"/guarded/pts_errors/errorcode/{row.pk}/change/"

    shown = browser.get(url)
    browser.post(url, {**fields(shown), "http_status": "418", "_save": "draft"})

    row.refresh_from_db()
    assert hidden.name not in shown.content.decode()
    assert (row.http_status, row.replaced_by) == (418, hidden)
    assert hidden in row.similar.all()


def test_a_hidden_code_cannot_be_named():
    """Its key in what is sent is no choice."""
    browser = client("hiding")
    row = ErrorCode.objects.get(code="1001")  # which does not name it
    url = f"/hiding/pts_errors/errorcode/{row.pk}/change/"
    form = fields(browser.get(url))

    response = browser.post(url, {**form, "replaced_by": ErrorCode.objects.get(code=HIDDEN).pk, "_save": "draft"})

    assert response.status_code == 200
    assert "Select a valid choice" in response.content.decode()


@pytest.mark.parametrize(("host", "code"), [("hiding", HIDDEN), ("guarded", "1001")])
def test_files_change_no_hidden_code(host, code):
    """Each place is named with file and line."""
    browser = client(host)
    head, *rows = Path("fixtures/codes.csv").read_text(encoding="utf-8").splitlines()
    row = next(row for row in rows if row.startswith(f"{code},"))
    lines = f"{head}\n{row.replace(',error,', ',info,').replace(',warning,', ',info,')}\n".encode()

    response = browser.post(f"/{host}/pts_errors/errorcode/import/", {"files": SimpleUploadedFile("codes.csv", lines)})

    assert response.status_code == 200
    assert "codes.csv:2: You may not change this code." in response.content.decode()


def test_hidden_messages_are_no_cells_and_no_forms():
    """A host may hide languages, too."""
    browser = client("french")
    Message.objects.filter(language__in=["fr", "de"], error__code=SEEN).update(title="")

    context = browser.get("/french/pts_errors/message/").context

    assert {head["language"] for head in context["heads"] if head["all"]} == {"en", "fr"}
    german = Message.objects.get(language="de", error__code=SEEN)
    assert browser.get(f"/french/pts_errors/message/{german.pk}/change/").status_code == 302
    assert browser.post(f"/french/pts_errors/message/{german.pk}/change/", {"title": "x"}).status_code == 302
    adding = f"/french/pts_errors/message/add/?error={german.error_id}&language=de"
    assert browser.get(adding).status_code == 403
    assert browser.post(adding, {"title": "x"}).status_code == 403
    assert "nothing is left" in _said(browser.get("/french/pts_errors/message/next/de/", follow=True)).lower()


def _said(response: Any) -> str:
    return " ".join(str(message) for message in response.context["messages"])
