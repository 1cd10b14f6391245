"""Tests of the page “Confirm before you go live” over HTTP."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.test import Client
from pytest_django import Settings

from pts_errors import publishing
from pts_errors.models import ErrorCode, Runbook
from pts_errors.testing import override_catalog
from pts_errors.values import markdown
from pts_errors.values.entry import Runbook as RunbookValue
from tests.pages.test_runbook_views import Host
from tests.support.admin_pages import code_url, fields

pytestmark = pytest.mark.django_db

PAGE = "/errors/runbooks/unconfirmed/"
CONFIRM = "/errors/runbooks/1019/confirm/"
SENTENCE = (
    "Read what the confirmation URL answered for <ORDER_ID> (assumption to confirm: PTS keeps the answer of each call)."
)
FACT = "Read what the confirmation URL answered for `<ORDER_ID>` (PTS keeps the answer of each call)."
STATEMENT = {"section": "diagnosis", "statement": SENTENCE}


def client_with(*permissions: str) -> Client:
    """Return the client of somebody with these permissions and no others."""
    user = User.objects.create_user("ada", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(user)
    return client


def read(client: Client) -> str:
    """Return the page, on one line."""
    return re.sub(r"\s+", " ", client.get(PAGE).content.decode())


def section_of(html: str, code: str) -> str:
    """Return the part of the page about one code."""
    return html.partition(f'id="code-{code}"')[2].partition("</section>")[0]


@pytest.fixture
def reader() -> Client:
    """Return the client of somebody who may view runbooks."""
    return client_with("view_runbook")


@pytest.fixture
def editor() -> Client:
    """Return the client of somebody who may change runbooks."""
    return client_with("view_runbook", "change_runbook", "view_errorcode", "change_errorcode")


def test_nobody_reads_or_confirms_without_login() -> None:
    """They are sent to the login, and nothing is stored in a cache."""
    client = Client()
    for response in (client.get(PAGE), client.post(CONFIRM, STATEMENT)):
        assert response.status_code == 302
        assert response["Location"].startswith("/accounts/login/?next=/errors/runbooks/")
        assert response["Cache-Control"] == "private, no-store"


def test_nobody_reads_or_confirms_without_permission() -> None:
    """Whatever else they may do."""
    client = client_with("change_errorcode", "change_runbook")
    for response in (client.get(PAGE), client.post(CONFIRM, STATEMENT)):
        assert response.status_code == 403
        assert "PTS keeps the answer" not in response.content.decode()
    assert "assumption to confirm: PTS keeps" in Runbook.objects.get(error__code="1019").diagnosis


def test_every_mark_of_the_shipped_runbooks_is_listed(reader: Client) -> None:
    """With code, section and sentence, and a link to the place in the runbook."""
    html = read(reader)

    assert "<h1>Confirm before you go live</h1>" in html
    assert "84 statements are unconfirmed." in html
    assert html.count('class="unconfirmed"') == 84
    section = section_of(html, "1019")
    assert '<a class="label" href="/errors/runbooks/1019/#diagnosis">Diagnosis</a>' in section
    assert (
        'Read what the confirmation URL answered for &lt;ORDER_ID&gt; <span class="unconfirmed">'
        '(<b lang="en" >Unconfirmed</b>: PTS keeps the answer of each call)</span>.'
    ) in section
    assert 'id="code-8001"' not in html


def test_reader_may_only_read(reader: Client) -> None:
    """No button, no form of the admin, and the address of the button refuses."""
    html = read(reader)

    assert "<form" not in html
    assert "/admin/" not in html
    assert reader.post(CONFIRM, STATEMENT).status_code == 403
    assert "assumption to confirm: PTS keeps" in Runbook.objects.get(error__code="1019").diagnosis


def test_list_of_runbooks_leads_to_the_page(reader: Client) -> None:
    """And the page leads back."""
    assert f'<a href="{PAGE}">Confirm before you go live</a>' in reader.get("/errors/runbooks/").content.decode()


def test_editor_finds_the_section_in_the_admin(editor: Client) -> None:
    """The list of codes opens the form of the one code, at the section."""
    html = read(editor)
    address = re.search(r'<a href="([^"]+)">Correct it', section_of(html, "1019"))

    assert address is not None
    assert address[1] == "/admin/pts_errors/errorcode/?q=1019#pts-runbook.diagnosis"
    page = editor.get(address[1], follow=True)
    assert page.redirect_chain == [(code_url("1019"), 302)]
    assert 'id="pts-runbook.diagnosis"' in page.content.decode()


def test_statement_is_confirmed_in_the_draft_and_waits_for_the_publish(
    editor: Client, django_capture_on_commit_callbacks: Any
) -> None:
    """The page says so, the history names who it was, and readers see it after the publish."""
    before = ErrorCode.objects.get(code="1019").version
    form = re.search(r'name="statement" value="([^"]+)"', section_of(read(editor), "1019"))
    assert form is not None
    response = editor.post(CONFIRM, {"section": "diagnosis", "statement": unescape(form[1])})

    assert (response.status_code, response["Location"]) == (302, f"{PAGE}#code-1019")
    assert FACT in Runbook.objects.get(error__code="1019").diagnosis
    assert ErrorCode.objects.get(code="1019").version == before + 1
    entry = LogEntry.objects.get()
    assert (entry.user.get_username(), entry.get_edited_object()) == ("ada", ErrorCode.objects.get(code="1019"))
    assert entry.get_change_message() == "Confirmed a statement of the runbook: diagnosis."
    html = read(editor)
    assert "Changed in the draft. Readers see it once the code is published." in section_of(html, "1019")
    assert "84 statements are unconfirmed. 1 of them is changed in the draft and waits to be published." in html
    with django_capture_on_commit_callbacks(execute=True):
        publishing.publish(["1019"])
    html = read(editor)
    assert "83 statements are unconfirmed." in html
    assert "PTS keeps the answer" not in html


def test_form_that_was_open_meanwhile_reports_a_conflict(editor: Client) -> None:
    """Its author sees the confirmed text, and overwrites nothing unawares."""
    page = editor.get(code_url("1019"))
    data = fields(page)
    editor.post(CONFIRM, STATEMENT)

    response = editor.post(code_url("1019"), {**data, "runbook-impact": "Another impact.", "_save": "draft"})

    assert "Somebody else saved this code while you were editing" in response.content.decode()
    assert FACT in Runbook.objects.get(error__code="1019").diagnosis


@pytest.mark.parametrize(
    "data",
    [
        {"section": "diagnosis", "statement": "Another sentence (assumption to confirm: x)."},
        {"section": "meaning", "statement": SENTENCE},
        {"section": "owner", "statement": SENTENCE},
        {"section": "error", "statement": SENTENCE},
        {"section": "diagnosis"},
        {"section": "diagnosis", "statement": "\x00"},
        {},
    ],
)
def test_what_the_draft_does_not_hold_is_not_confirmed(editor: Client, data: dict[str, str]) -> None:
    """Somebody else was quicker, or the request was made up."""
    before = list(Runbook.objects.order_by("pk").values())

    response = editor.post(CONFIRM, data)

    assert response.status_code == 409
    assert "Nothing was confirmed" in response.content.decode()
    assert list(Runbook.objects.order_by("pk").values()) == before
    assert not LogEntry.objects.exists()


def test_second_click_confirms_nothing(editor: Client) -> None:
    """Only the first finds the statement."""
    assert [editor.post(CONFIRM, STATEMENT).status_code for _click in range(2)] == [302, 409]
    assert LogEntry.objects.count() == 1


@pytest.mark.parametrize("code", ["8009", "5000"])
def test_code_without_a_draft_cannot_be_confirmed(editor: Client, code: str) -> None:
    """There is nothing to write it on."""
    assert editor.post(f"/errors/runbooks/{code}/confirm/", STATEMENT).status_code == 409


def test_sentence_that_is_there_twice_is_confirmed_twice(editor: Client) -> None:
    """One after the other."""
    twice = {"section": "impact", "statement": "Wait (assumption to confirm: it ends)."}
    with override_catalog({"1019": {"runbook": RunbookValue(impact=f"{twice['statement']}\n\n{twice['statement']}")}}):
        Runbook.objects.filter(error__code="1019").update(impact=f"{twice['statement']}\n\n{twice['statement']}")
        editor.post(CONFIRM, twice)
        html = section_of(read(editor), "1019")

        assert html.count("Changed in the draft") == html.count("<button") == 1
        editor.post(CONFIRM, twice)
        assert section_of(read(editor), "1019").count("Changed in the draft") == 2
    assert Runbook.objects.get(error__code="1019").impact == "Wait (it ends).\n\nWait (it ends)."


def test_nothing_to_confirm_is_said(editor: Client, django_capture_on_commit_callbacks: Any) -> None:
    """When all is done."""
    for row in Runbook.objects.all():
        for name in ("meaning", "impact", "diagnosis", "mitigation", "verification", "escalation"):
            while markdown.unconfirmed(getattr(row, name)):
                setattr(row, name, markdown.confirmed(getattr(row, name), 0))
        row.save()
    with django_capture_on_commit_callbacks(execute=True):
        publishing.publish()

    html = read(editor)

    assert "Every statement of the published runbooks is confirmed." in html
    assert publishing.check() == []


@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_page_is_only_read(reader: Client, method: str) -> None:
    """Nothing but GET and HEAD."""
    assert getattr(reader, method)(PAGE).status_code == 405


def test_statement_is_not_confirmed_by_get_nor_without_a_token(editor: Client) -> None:
    """A page of another site can confirm nothing."""
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(User.objects.get())

    assert editor.get(CONFIRM).status_code == 405
    assert strict.post(CONFIRM, STATEMENT).status_code == 403
    assert not LogEntry.objects.exists()


def test_statement_is_confirmed_without_the_admin(editor: Client, settings: Settings) -> None:
    """A host may do without it; then there is no link to it."""
    settings.INSTALLED_APPS = [app for app in settings.INSTALLED_APPS if app != "django.contrib.admin"]
    settings.ROOT_URLCONF = Host

    html = read(editor)

    assert "Correct it in the runbook" not in html
    assert editor.post(CONFIRM, STATEMENT).status_code == 302


def test_hostile_statement_is_inert(editor: Client, settings: Settings) -> None:
    """Neither a sentence nor a rota brings markup."""
    settings.PTS_ERRORS_ROLES = {"Incident lead": "<script>alert(1)</script>"}
    text = 'Call the Incident lead "<img src=x onerror=alert(1)>" (assumption to confirm: `<script>` "x" the Incident lead).'
    with override_catalog({"1019": {"runbook": RunbookValue(impact=text)}}):
        html = read(editor)

    assert "<script>" not in html.replace('<script src="', "")
    assert "<img" not in html
    assert "the Incident lead (&lt;script&gt;alert(1)&lt;/script&gt;)" in html


def test_page_is_in_simplified_chinese_too(reader: Client) -> None:
    """As all pages for staff are."""
    html = reader.get(PAGE, headers={"accept-language": "zh-cn"}).content.decode()

    assert '<html lang="zh-hans"' in html
    assert "Confirm before you go live" not in html
