"""What an upgrade left to decide: shown on the form, decided by a button, counted in the list."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.test import Client

from pts_errors import publishing
from pts_errors.models import Category, ErrorCode, Message
from pts_errors.models import Runbook as RunbookRow
from pts_errors.values.entry import Entry, Runbook
from tests.support.admin_pages import LIST, code_url, said
from tests.support.factories import CategoryFactory, GroupFactory, UserFactory

pytestmark = pytest.mark.django_db


def shipped(entry: Entry) -> Entry:
    """Return what the next version of the package ships."""
    english = replace(entry.messages["en"], title="Too much")
    return replace(
        entry,
        name="TOO_MUCH",
        severity="info",
        http_status=418,
        similar=("1006",),
        category=replace(entry.category, owner="The package", escalation="Page the package."),
        messages={**entry.messages, "en": english},
        runbook=replace(entry.runbook or Runbook(), impact="Of the package."),
    )


@pytest.fixture
def upgraded(ship: Any) -> ErrorCode:
    """Return code 1005, which an upgrade found changed on both sides in everything that `shipped` changes."""
    row = ErrorCode.objects.get(code="1005")
    ErrorCode.objects.filter(pk=row.pk).update(name="FAR_TOO_MUCH", severity="critical", http_status=499)
    row.similar.set([ErrorCode.objects.get(code="1000")])
    Category.objects.filter(pk=row.category_id).update(owner="Ours", escalation="Page us.")
    Message.objects.filter(error=row, language="en").update(title="Far too much")
    RunbookRow.objects.filter(error=row).update(impact="Of ours.")
    ship(c1005=shipped)
    publishing.upgrade()
    row.refresh_from_db()
    return row


def decide(client: Client, row: ErrorCode, **data: Any) -> Any:
    """Press a button of the panel."""
    version = ErrorCode.objects.get(pk=row.pk).version
    return client.post(code_url("1005", "decide/"), {"version": version, **data}, follow=True)


def test_the_form_shows_every_path_that_waits(editor, upgraded):
    """With ours and theirs word by word. The published name cannot be taken."""
    response = editor.get(code_url("1005"))

    shown = response.context["decisions"]
    text = response.content.decode()
    assert {decision.path for decision in shown} == set(upgraded.unseen)
    assert {"en.title", "severity", "runbook.impact", "category.owner", "name", "similar"} <= set(upgraded.unseen)
    assert [decision.path for decision in shown if not decision.may_take] == ["name"]
    assert "<del>" in text
    assert "<ins>" in text
    assert 'name="take" value="en.title"' in text
    assert 'name="keep" value="en.title"' in text


def test_the_form_of_a_code_with_nothing_to_decide_shows_no_panel(editor, upgraded):
    """Nobody reads what is of no use."""
    assert "pts-decide" not in editor.get(code_url("1006")).content.decode()


def test_taking_theirs_puts_it_into_the_draft(editor, upgraded):
    """And publishes nothing. The log of the admin has it."""
    response = decide(editor, upgraded, take="en.title")

    row = ErrorCode.objects.get(code="1005")
    assert "Took the shipped value: English (en): title." in said(response)
    assert Message.objects.get(error=row, language="en").title == "Too much"
    assert "en.title" not in row.unseen
    assert "severity" in row.unseen
    assert row.version > upgraded.version
    assert LogEntry.objects.get().user.username == "edda"


def test_keeping_ours_ends_the_question(editor, upgraded):
    """The draft stays as it is."""
    response = decide(editor, upgraded, keep="runbook.impact")

    assert "Kept the local value: Runbook: impact." in said(response)
    assert RunbookRow.objects.get(error=upgraded).impact == "Of ours."
    assert "runbook.impact" not in ErrorCode.objects.get(code="1005").unseen


def test_the_owner_of_the_category_can_be_taken(editor, upgraded):
    """It is the category's, for all of its codes."""
    decide(editor, upgraded, take="category.owner")

    assert Category.objects.get(pk=upgraded.category_id).owner == "The package"


@pytest.mark.parametrize("is_known", [True, False])
def test_another_category_comes_with_its_own_texts(ship, is_known):
    """Not with those of the former one."""
    other = CategoryFactory(slug="other", name="Another", owner="Others")
    if is_known:
        ErrorCode.objects.filter(code="1006").update(category=other)
    ErrorCode.objects.filter(code="1005").update(category=Category.objects.get(slug="upstream"))
    ship(c1005=lambda entry: replace(entry, category=replace(entry.category, slug="other", name="Shipped")))
    publishing.upgrade()

    publishing.take_shipped("1005", "category.slug")

    other.refresh_from_db()
    assert other.name == ("Another" if is_known else "Shipped")
    assert ErrorCode.objects.get(code="1005").category == other


def test_what_changed_since_is_not_decided_unseen(editor, upgraded):
    """Neither over somebody's newer text, nor twice."""
    stale = decide(editor, upgraded, take="en.title", version="1000")
    decide(editor, upgraded, keep="severity")
    twice = decide(editor, upgraded, take="severity")

    assert "Nothing was decided" in said(stale)
    assert "Nothing was decided" in said(twice)
    assert Message.objects.get(error=upgraded, language="en").title == "Far too much"
    assert ErrorCode.objects.get(code="1005").severity == "critical"


def test_a_value_that_does_not_fit_alone_is_refused(editor, upgraded):
    """The tables hold no code that is unknown to callers and says to send again."""
    ErrorCode.objects.filter(pk=upgraded.pk).update(outcome="accepted", http_status=202)

    response = decide(editor, upgraded, take="http_status")

    assert "does not fit the rest of the draft" in said(response)
    assert ErrorCode.objects.get(pk=upgraded.pk).http_status == 202
    assert "http_status" in ErrorCode.objects.get(pk=upgraded.pk).unseen


def test_deciding_is_no_link(editor, upgraded):
    """An image tag on another site cannot press it."""
    assert editor.get(code_url("1005", "decide/")).status_code == 405


@pytest.mark.parametrize("action", ["take", "keep"])
@pytest.mark.parametrize(
    ("role", "path", "status"),
    [
        ("reader", "severity", 403),
        ("translator", "en.title", 403),
        ("publisher", "severity", 302),
        ("publisher", "runbook.impact", 302),
        ("publisher", "category.owner", 403),
        ("editor", "category.escalation", 302),
    ],
)
def test_a_role_decides_what_it_may_change(client, upgraded, action, role, path, status):
    """By direct request."""
    client.force_login(UserFactory(role=role))

    response = client.post(code_url("1005", "decide/"), {"version": upgraded.version, action: path})

    assert response.status_code == status
    assert (path in ErrorCode.objects.get(code="1005").unseen) == (status == 403)


@pytest.mark.parametrize("path", ["runbook.impact", "category.escalation"])
def test_runbooks_need_their_own_permission(client, upgraded, path):
    """To read them, and to decide about them."""
    user = UserFactory()
    user.user_permissions.set(
        Permission.objects.filter(codename__in=["view_errorcode", "change_errorcode", "change_category"])
    )
    client.force_login(user)

    text = client.get(code_url("1005")).content.decode()

    assert f'value="{path}"' not in text
    assert "Of the package." not in text
    assert "Page the package." not in text
    assert decide(client, upgraded, keep=path).status_code == 403


def test_a_language_of_somebody_else_is_not_decided(client, upgraded):
    """A group may narrow translating to some languages. Others are shown without buttons."""
    user = UserFactory()
    user.groups.add(GroupFactory(role="translator", limit=["fil"]))
    user.user_permissions.set(Permission.objects.filter(codename="change_errorcode"))
    client.force_login(user)

    text = client.get(code_url("1005")).content.decode()

    assert "pts-decisions-heading" in text
    assert 'value="en.title"' not in text
    assert decide(client, upgraded, take="en.title").status_code == 403


def test_a_published_name_is_not_taken(editor, upgraded):
    """No button asks for it, and publishing would refuse it."""
    assert decide(editor, upgraded, take="name").status_code == 403
    assert decide(editor, upgraded, keep="name").status_code == 200


def test_the_list_counts_the_codes_that_differ(editor, upgraded):
    """With a filter that lists them."""
    before = editor.get(f"{LIST}?state=differs")
    ErrorCode.objects.filter(code="1006").update(unseen=["severity"])

    text = editor.get(LIST).content.decode()

    assert [row.code for row in before.context["cl"].result_list] == ["1005"]
    assert '<a href="?state=differs">2 codes differ from the shipped catalog</a>' in text


def test_the_list_is_silent_where_nothing_differs(editor):
    """Before any upgrade."""
    assert "from the shipped catalog</a></li>" not in editor.get(LIST).content.decode()
