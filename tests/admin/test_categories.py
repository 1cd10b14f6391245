"""Tests of the screens of categories: two people with one form."""

from __future__ import annotations

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client

from pts_errors.models import Category
from tests.support.admin_pages import fields, said, send

pytestmark = pytest.mark.django_db


def url_of(slug: str) -> str:
    """Return the address of the form."""
    return f"/admin/pts_errors/category/{Category.objects.get(slug=slug).pk}/change/"


def test_the_second_of_two_editors_is_told_and_loses_nothing(editor: Client) -> None:
    """Theirs is shown beside ours; what only they touched is taken over; the next save is a decision."""
    url = url_of("upstream")
    mine = {**fields(editor.get(url)), "owner": "Mine", "_save": "Save"}
    Category.objects.filter(slug="upstream").update(owner="Theirs", escalation="Call them.")

    told = editor.post(url, mine)

    assert told.status_code == 200
    text = told.content.decode()
    assert "This category was changed while you were editing" in text
    assert "Somebody else saved this category while you were editing" in text
    assert [str(label) for label, _conflict in told.context["conflicts"]] == ["Owner", "Escalation"]
    assert Category.objects.get(slug="upstream").owner == "Theirs"
    again = fields(told)
    assert (again["owner"], again["escalation"]) == (["Mine"], ["Call them."])

    saved = editor.post(url, {**again, "_save": "draft"})

    assert saved.status_code == 302
    category = Category.objects.get(slug="upstream")
    assert (category.owner, category.escalation) == ("Mine", "Call them.")


def test_a_form_that_nobody_else_touched_is_saved(editor: Client) -> None:
    """Line ends and blanks make no difference between what was opened and what is stored."""
    Category.objects.filter(slug="upstream").update(owner="", escalation="One.\n\nTwo.")

    response = send(editor, url_of("upstream"), {"name": "Upstream"}, button="Save")

    assert response.status_code == 302
    assert "was changed successfully" in said(response)
    assert Category.objects.get(slug="upstream").escalation == "One.\n\nTwo."


@pytest.mark.parametrize("loaded", ["", "null", "{}", "[", '{"owner": 1}'])
def test_a_form_that_does_not_say_what_it_was_opened_with_overwrites_nothing(editor: Client, loaded: str) -> None:
    """It may be older than anything that is stored."""
    url = url_of("upstream")
    data = {**fields(editor.get(url)), "owner": "Mine", "loaded": loaded, "_save": "Save"}

    response = editor.post(url, data)

    assert response.status_code == 200
    assert Category.objects.get(slug="upstream").owner != "Mine"


def test_a_new_category_has_nobody_to_meet(admin_client: Client) -> None:
    """There is nothing stored to compare with."""
    response = send(
        admin_client,
        "/admin/pts_errors/category/add/",
        {"slug": "wallets", "name": "Wallets", "position": "9"},
        button="Save",
    )

    assert response.status_code == 302
    assert Category.objects.filter(slug="wallets").exists()


def test_a_change_is_in_the_history_of_the_category_and_of_its_codes(editor: Client) -> None:
    """With the one who made it: it changed the draft of each of them."""
    send(editor, url_of("upstream"), {"owner": "The night shift"}, button="Save")

    entries = LogEntry.objects.filter(user__username="edda")
    category = Category.objects.get(slug="upstream")
    histories = [
        editor.get(f"/admin/pts_errors/category/{category.pk}/history/").content.decode(),
        editor.get(f"/admin/pts_errors/errorcode/{category.errors.first().pk}/history/").content.decode(),  # type: ignore[union-attr]
    ]

    assert entries.count() == 1 + category.errors.count()
    assert "Changed Owner." in histories[0]
    assert f"Its category {category} was edited." in histories[1]
    assert all("edda" in history for history in histories)


def test_a_form_that_changes_nothing_leaves_the_history_of_the_codes(editor: Client) -> None:
    """Or everybody would look for what was changed."""
    send(editor, url_of("upstream"), {}, button="Save")

    assert not LogEntry.objects.filter(change_message__startswith="Its category").exists()
