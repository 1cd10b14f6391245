"""Who may do what: every role, every action, by direct request and not only by hidden buttons."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import pytest
from django.test import Client

from pts_errors.models import Category, ErrorCode, Head, Message, Runbook
from tests.support.admin_pages import LIST, MATRIX, PUBLISH, code_url, fields, message_url
from tests.support.factories import UserFactory

pytestmark = pytest.mark.django_db

ROLES = ("reader", "editor", "translator", "publisher")


def edit_code(client: Client) -> bool:
    """Change a field of a code and say whether it is stored."""
    url = code_url("1001")
    client.post(url, {**_seen(url), "http_status": "418", "_save": "draft"})
    return ErrorCode.objects.get(code="1001").http_status == 418


def edit_message(client: Client) -> bool:
    """Change a message on its own form."""
    url = message_url("1001", "fr")
    client.post(url, {**_seen(url), "title": "Nouveau", "_save": "draft"})
    return Message.objects.get(error__code="1001", language="fr").title == "Nouveau"


def edit_message_in_code(client: Client) -> bool:
    """Change a message on the form of the code."""
    url = code_url("1001")
    client.post(url, {**_seen(url), "messages-fr-title": "Nouveau", "_save": "draft"})
    return Message.objects.get(error__code="1001", language="fr").title == "Nouveau"


def edit_runbook(client: Client) -> bool:
    """Change a runbook."""
    url = code_url("1001")
    client.post(url, {**_seen(url), "runbook-impact": "New.", "_save": "draft"})
    return Runbook.objects.get(error__code="1001").impact == "New."


def add_code(client: Client) -> bool:
    """Add a code."""
    url = f"{LIST}add/"
    new = {"code": "7777", "name": "NEW", "category": Category.objects.get(slug="upstream").pk, "_save": "draft"}
    client.post(url, {**_seen(url), **new})
    return ErrorCode.objects.filter(code="7777").exists()


def publish_by_button(client: Client) -> bool:
    """Press the button on the form."""
    url = code_url("1001")
    client.post(url, {**_seen(url), "runbook-impact": "New.", "_save": "publish"})
    return Head.objects.get().number == 2


def publish_by_screen(client: Client) -> bool:
    """Press the button on the publish screen."""
    Runbook.objects.filter(error__code="1001").update(impact="New.")
    client.post(PUBLISH, {"tick": f"1001:{ErrorCode.objects.get(code='1001').version}"})
    return Head.objects.get().number == 2


def publish_by_action(client: Client) -> bool:
    """Choose the action in the list."""
    Runbook.objects.filter(error__code="1001").update(impact="New.")
    row = ErrorCode.objects.get(code="1001")
    response = client.post(LIST, {"action": "publish_selected", "_selected_action": [row.pk]})
    return response.headers.get("Location", "").startswith(PUBLISH)


def restore(client: Client) -> bool:
    """Go back to an earlier revision."""
    Runbook.objects.filter(error__code="1001").update(impact="New.")
    client.post(code_url("1001", "restore/1/"), {"note": "Back.", "discard_edits": "on"})
    return Runbook.objects.get(error__code="1001").impact != "New."


def review_by_button(client: Client) -> bool:
    """Mark a runbook as reviewed."""
    client.post(code_url("1001", "review/"))
    return Runbook.objects.get(error__code="1001").reviewed_at is not None


def review_by_action(client: Client) -> bool:
    """Mark a runbook as reviewed in the list."""
    row = ErrorCode.objects.get(code="1001")
    client.post(LIST, {"action": "mark_reviewed", "_selected_action": [row.pk]})
    return Runbook.objects.get(error__code="1001").reviewed_at is not None


def import_files(client: Client) -> bool:
    """Open the import screen."""
    return client.get(f"{LIST}import/").status_code == 200


def preview_text(client: Client) -> bool:
    """Render a section."""
    return client.post(f"{LIST}preview/", {"text": "x"}).status_code == 200


def preview_draft(client: Client) -> bool:
    """Look at the draft of a runbook."""
    return client.get(code_url("1001", "preview/")).status_code == 200


def see_code(client: Client) -> bool:
    """Look at a code."""
    return client.get(code_url("1001")).status_code == 200


def see_runbook_in_code(client: Client) -> bool:
    """Look at a runbook on the form of the code."""
    text = client.get(code_url("8010")).content.decode()
    return "PTS failed to set an order" in text


def compare(client: Client) -> bool:
    """Compare two states."""
    return client.get(code_url("1001", "compare/")).status_code == 200


def see_log(client: Client) -> bool:
    """Look at the log of revisions."""
    return client.get("/admin/pts_errors/revision/").status_code == 200


def edit_category(client: Client) -> bool:
    """Change a category."""
    row = Category.objects.get(slug="upstream")
    url = f"/admin/pts_errors/category/{row.pk}/change/"
    client.post(url, {**_seen(url), "owner": "New"})
    return Category.objects.get(slug="upstream").owner == "New"


def delete_code(client: Client) -> bool:
    """Delete a code."""
    client.post(code_url("1001", "delete/"), {"post": "yes"})
    return not ErrorCode.objects.filter(code="1001").exists()


def delete_message(client: Client) -> bool:
    """Delete a message."""
    client.post(f"{MATRIX}{Message.objects.get(error__code='1001', language='fr').pk}/delete/", {"post": "yes"})
    return not Message.objects.filter(error__code="1001", language="fr").exists()


TABLE = {
    see_code: {"reader", "editor", "translator", "publisher"},
    compare: {"reader", "editor", "translator", "publisher"},
    see_runbook_in_code: {"reader", "editor", "publisher"},
    preview_text: {"reader", "editor", "publisher"},
    preview_draft: {"reader", "editor", "publisher"},
    see_log: {"reader", "editor", "publisher"},
    edit_code: {"editor", "publisher"},
    import_files: {"editor", "publisher"},
    edit_message: {"editor", "translator", "publisher"},
    edit_message_in_code: {"editor", "publisher"},
    edit_runbook: {"editor", "publisher"},
    edit_category: {"editor"},
    add_code: {"editor"},
    review_by_button: {"editor", "publisher"},
    review_by_action: {"editor", "publisher"},
    publish_by_button: {"publisher"},
    publish_by_screen: {"publisher"},
    publish_by_action: {"publisher"},
    restore: {"publisher"},
    delete_code: set(),
    delete_message: set(),
}


@cache
def _seen(url: str) -> dict[str, Any]:
    """Return what a superuser's form would send, so that a request holds everything that could be sent."""
    client = Client()
    client.force_login(UserFactory(is_superuser=True))
    return fields(client.get(url))


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("action", TABLE, ids=lambda action: action.__name__)
def test_a_role_may_do_what_the_table_says_and_nothing_else(client, role, action):
    """The server decides, whatever a browser sends."""
    client.force_login(UserFactory(role=role))

    assert action(client) == (role in TABLE[action])


@pytest.mark.parametrize(
    "page",
    [
        "publish/",
        "{pk}/compare/",
        "{pk}/restore/1/",
        "{pk}/preview/",
        "{pk}/review/",
        "{pk}/decide/",
        "preview/",
        "import/",
    ],
)
def test_nobody_comes_in_without_a_login(client, page):
    """Every page of our own sends strangers to the login."""
    url = LIST + page.format(pk=ErrorCode.objects.get(code="1001").pk)

    assert "/admin/login/" in client.get(url).headers["Location"]
    assert "/admin/login/" in client.post(url).headers["Location"]


@pytest.mark.parametrize(
    "page",
    [
        PUBLISH,
        f"{LIST}{{pk}}/restore/1/",
        f"{LIST}{{pk}}/review/",
        f"{LIST}{{pk}}/decide/",
        f"{LIST}preview/",
        f"{LIST}import/",
    ],
)
def test_a_request_without_a_token_does_nothing(page):
    """Nor one from another site."""
    client = Client(enforce_csrf_checks=True)
    client.force_login(UserFactory(role="publisher"))

    assert client.post(page.format(pk=ErrorCode.objects.get(code="1001").pk), {"note": "x"}).status_code == 403


@pytest.mark.parametrize("page", ["preview/", "{pk}/review/"])
def test_what_changes_something_is_no_link(client, page):
    """An image tag on another site cannot press it."""
    client.force_login(UserFactory(role="publisher"))

    assert client.get(LIST + page.format(pk=ErrorCode.objects.get(code="1001").pk)).status_code == 405


def test_a_permission_that_was_taken_away_is_gone_at_once(client):
    """No session remembers it."""
    user = UserFactory(role="publisher")
    client.force_login(user)
    user.groups.clear()

    assert client.get(PUBLISH).status_code == 403


def test_no_page_has_inline_script_or_style(client):
    """A host may forbid both by its Content-Security-Policy."""
    Message.objects.filter(error__code="1007", language="en").update(title="Changed")
    client.force_login(UserFactory(is_superuser=True))
    pages = [
        LIST,
        MATRIX,
        PUBLISH,
        f"{LIST}import/",
        message_url("1007", "fr"),
        *(code_url("1007", page) for page in ("change/", "history/", "compare/", "restore/1/", "preview/")),
    ]

    for page in pages:
        text = client.get(page).content.decode()
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:|<script(?![^>]*\ssrc=)", text), page


def test_a_user_without_any_permission_sees_nothing(client):
    """Being staff is not enough."""
    client.force_login(UserFactory())

    for url in (LIST, MATRIX, PUBLISH, code_url("1007"), code_url("1007", "history/"), code_url("1007", "compare/")):
        assert client.get(url).status_code == 403
