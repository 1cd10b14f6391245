"""Tests of the on-call pages over HTTP."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import time_machine
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.http import HttpResponse
from django.test import Client
from django.urls import include, path
from django.utils import timezone
from pytest_django import Settings

from pts_errors.models import ErrorCode, Flag, Runbook
from pts_errors.testing import override_catalog
from pts_errors.values.entry import Runbook as RunbookValue

pytestmark = pytest.mark.django_db

PATHS = ["/errors/runbooks/", "/errors/runbooks/8010/", "/errors/runbooks/8010.md", "/errors/runbooks/8009/"]

LONG = """1. Take `<ORDER_ID>` of <SHARD>, see [the dashboard](https://d.example/?q=<ORDER_ID> "<ORDER_ID>"). Then more.
   Expect: one of `<MERCHANT_ID>`. Otherwise go to 2.

[Board](<BOARD>) says %3CORDER_ID%3E."""


class Host:
    """Addresses of a host without the admin."""

    urlpatterns = [path("errors/", include("pts_errors.urls"))]


class HostWithAdmin:
    """Addresses of a host with an admin that lists codes."""

    _codes = path("codes/", lambda request: HttpResponse(), name="pts_errors_errorcode_changelist")
    urlpatterns = [path("admin/", include(([_codes], "admin"))), *Host.urlpatterns]


def runbook(**sections: str) -> dict[str, dict[str, object]]:
    """Return the change of the catalog that gives 8010 this runbook."""
    return {"8010": {"runbook": RunbookValue(meaning="Meaning.", **sections)}}


@pytest.fixture
def reader(client: Client) -> Client:
    """Return the client of somebody who may view runbooks, and nothing else."""
    user = User.objects.create_user("ada")
    user.user_permissions.add(Permission.objects.get(codename="view_runbook"))
    client.force_login(user)
    return client


@pytest.mark.parametrize("path", [*PATHS, "/errors/runbooks/?q=8010", "/errors/runbooks/8010/flag/"])
def test_nobody_reads_without_login(client: Client, path: str) -> None:
    """An anonymous client is sent to the login, whether the code exists or not."""
    response = client.get(path)

    assert response.status_code == 302
    assert response.headers["Location"].startswith("/accounts/login/?next=/errors/runbooks/")
    assert response.headers["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize("path", [*PATHS, "/errors/runbooks/?q=8010", "/errors/runbooks/8010/flag/"])
def test_nobody_reads_without_permission(client: Client, path: str) -> None:
    """Staff without the permission get a page that says so, and nothing else."""
    client.force_login(User.objects.create_user("bob", is_staff=True))

    response = client.get(path)

    assert response.status_code == 403
    assert "You do not have permission to read runbooks" in response.content.decode()
    assert response.headers["Cache-Control"] == "private, no-store"


def test_permission_that_was_taken_away_counts_at_once(reader: Client) -> None:
    """The next request is refused."""
    before = reader.get("/errors/runbooks/8010/").status_code
    User.objects.get(username="ada").user_permissions.clear()
    after = reader.get("/errors/runbooks/8010/").status_code

    assert (before, after) == (200, 403)


def test_inactive_user_is_nobody(reader: Client) -> None:
    """Who left is sent to the login."""
    User.objects.update(is_active=False)

    assert reader.get("/errors/runbooks/8010/").status_code == 302


@pytest.mark.parametrize("path", PATHS)
def test_no_cache_keeps_a_runbook(reader: Client, path: str) -> None:
    """Whatever the answer is."""
    response = reader.get(path)

    assert response.headers["Cache-Control"] == "private, no-store"
    assert "ETag" not in response.headers


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_pages_are_only_read(reader: Client, path: str, method: str) -> None:
    """Nothing but GET and HEAD."""
    assert getattr(reader, method)(path).status_code == 405


def test_list_names_every_code(reader: Client) -> None:
    """All codes in one list with severity and owner, no paging."""
    html = reader.get("/errors/runbooks/").content.decode()

    assert html.count("data-row") == 59
    assert '<span class="badge severity-critical">Critical</span>' in html
    assert ">Ledger on-call</bdi>" in html


def test_list_is_filtered_by_words(reader: Client) -> None:
    """Every word must be found in what a row shows."""
    html = reader.get("/errors/runbooks/?q=hold+LEDGER").content.decode()

    assert re.findall(r'<bdi class="number">(\d+)</bdi>', html) == ["8010"]


@pytest.mark.parametrize(
    ("line", "target"),
    [
        ("8010", "8010/"),
        ("2026-11-22 08:10:15,123 ERROR pts: code=8010 1007", "8010/"),
        ('{"code":"1007","message":"Not enough balance","data":{"order_id":"A-77"}}', "1007/?order_id=A-77"),
        ("[pts] 1007: order_id=A77, request_id = <script> amount=1000.50", "1007/?order_id=A77"),
        ("code: 8010, other 99999", "8010/"),
    ],
)
def test_pasted_log_line_finds_its_page(reader: Client, line: str, target: str) -> None:
    """The code that it labels, with the values that it names."""
    response = reader.get("/errors/runbooks/", {"q": line})

    assert response.status_code == 302
    assert response.headers["Location"] == f"/errors/runbooks/{target}"


@pytest.mark.parametrize("line", ["no number", "order A1007", "8009", "(a+)+$" * 2000, "1" * 10_000, "\x00"])
def test_line_without_a_known_code_shows_the_list(reader: Client, line: str) -> None:
    """What no code is in is taken for words."""
    response = reader.get("/errors/runbooks/", {"q": line})

    assert response.status_code == 200
    assert "No code matches." in response.content.decode()


@pytest.mark.parametrize(
    ("line", "codes", "orders"),
    [
        ("id f1007a 9f-1003-aa then, much later, (8010)", ["8010"], ""),
        ("code=1000 order_id=A77, and then again code=4001 and code 1002", ["4001", "1002", "1000"], "?order_id=A77"),
        ("Gateway not found", ["8108", "9005"], ""),
        ("code=4001, then code=7777", ["4001", "7777"], ""),
    ],
)
def test_line_that_may_mean_several_codes_is_not_guessed(
    reader: Client, line: str, codes: list[str], orders: str
) -> None:
    """They are listed, money first, each with what is known of it, and the order is carried over."""
    html = reader.get("/errors/runbooks/", {"q": line}).content.decode()

    assert re.findall(r'<bdi class="number">(\d+)</bdi>', html) == codes
    assert "Which code did the gateway answer with?" in html
    assert html.count('<span class="money">') == len(codes)
    assert f'href="/errors/runbooks/{codes[0]}/{orders}"' in html


def test_line_that_names_no_code_says_what_is_safe(reader: Client) -> None:
    """A status is none, and neither is the number of a process."""
    html = reader.get("/errors/runbooks/", {"q": "worker[1001]: status=1000"}).content.decode()

    assert 'class="number"' not in html
    assert "send nothing under a new order id" in html


def test_codes_that_a_runbook_names_are_links(reader: Client) -> None:
    """But not statuses, numbers in code, nor the page's own code."""
    text = "Not 1007, `1013` or [1014](https://e.example/); status 1000 is none, `status` 1000 neither, nor 8010."
    with override_catalog({"8010": {"runbook": RunbookValue(meaning=text)}}):
        html = reader.get("/errors/runbooks/8010/").content.decode()
    section = html.partition('<section class="prose"')[2].partition("</section>")[0]

    assert re.findall(r'href="([^"]+)"', section) == ["/errors/runbooks/1007/", "https://e.example/"]


def test_strip_answers_the_first_questions(reader: Client) -> None:
    """Money, retry, impact, first step, owner, escalation: before the first section, and no half of a decision."""
    strip = reader.get("/errors/runbooks/8010/").content.decode().partition('<nav class="contents"')[0]

    texts = (
        "Balance hold failed",
        "Money may have moved.",
        "Query the order before anything else.",
        "Orders from the affected balance are in doubt; under a new order id they can pay twice.",
        "What to expect, and what to do next",
        "Ledger on-call",
        "Upstream without a hold, or paid twice: Incident lead and Fi",
        "Never reviewed. Changed today.",
    )
    assert [text for text in texts if text not in strip] == []
    assert "Expect:" not in strip


def test_category_stands_in_for_owner_and_escalation(reader: Client) -> None:
    """A runbook that names none has those of its category."""
    with override_catalog(runbook(owner="", escalation="")):
        html = reader.get("/errors/runbooks/8010/").content.decode()

    assert "Platform on-call" in html
    assert "Platform on-call at once; the Incident lead after 15 minutes" in html


def test_query_string_fills_placeholders(reader: Client, settings: Settings) -> None:
    """In texts, in code and in links; site constants are filled everywhere, the rest stays open and is listed."""
    settings.PTS_ERRORS_RUNBOOK_CONTEXT = {"BOARD": "https://board.example/"}
    with override_catalog(runbook(diagnosis=LONG)):
        html = reader.get("/errors/runbooks/8010/?order_id=A-77&page=2").content.decode()

    assert '<code><mark class="filled">A-77</mark></code>' in html
    assert 'href="https://d.example/?q=A-77" title="A-77"' in html
    assert '<a href="https://board.example/" rel=' in html
    assert "%3CORDER_ID%3E" in html
    assert '<mark class="open">&lt;SHARD&gt;</mark>' in html
    assert '<code dir="ltr">&lt;SHARD&gt;</code> <code dir="ltr">&lt;MERCHANT_ID&gt;</code>' in html
    assert 'name="order_id" value="A-77"' in html
    assert 'name="merchant_id" value=""' in html


@pytest.mark.parametrize(
    "value", ["<script>", "a b", "a/b", "x" * 65, "", "\u0661", "a\n", "$(id)", "`id`", "a;b", "\x00"]
)
def test_value_that_could_do_harm_is_ignored(reader: Client, value: str) -> None:
    """Only letters, digits and four signs."""
    html = reader.get("/errors/runbooks/8010/", {"order_id": value}).content.decode()

    assert '<mark class="open">&lt;ORDER_ID&gt;</mark>' in html
    assert 'name="order_id" value=""' in html


def test_name_that_is_not_listed_is_ignored(reader: Client, settings: Settings) -> None:
    """The setting names the parameters."""
    settings.PTS_ERRORS_RUNBOOK_PARAMETERS = ["merchant_id"]

    html = reader.get("/errors/runbooks/8010/?order_id=A77").content.decode()

    assert "A77" not in html


def test_markdown_form_is_filled_too(reader: Client) -> None:
    """Chat bots get the same text."""
    response = reader.get("/errors/runbooks/8010.md?order_id=A77")

    assert response.headers["Content-Type"] == "text/markdown; charset=utf-8"
    text = response.content.decode()
    assert text.startswith("# 8010 Balance hold failed (Error)\n\n> Balance hold failed\n\n- Money: **Unknown**.")
    assert "1. Query `A77`, then every other order with 8010." in text
    assert "## Escalation" in text


def test_hostile_markdown_is_inert(reader: Client) -> None:
    """Neither script, nor handler, nor foreign scheme."""
    with override_catalog(runbook(impact="<script>alert(1)</script> [x](javascript:alert(1)) ![i](https://e.example)")):
        html = reader.get("/errors/runbooks/8010/").content.decode()

    assert "<script>" not in html
    assert 'href="javascript' not in html
    assert "<img" not in html


def test_code_without_runbook_says_so(reader: Client) -> None:
    """The strip still tells about money and retry."""
    with override_catalog({"5000": {"title": "Odd"}}):
        html = reader.get("/errors/runbooks/5000/").content.decode()

    assert "This code has no runbook yet." in html
    assert "Money may have moved." in html


def test_retired_code_names_its_replacement(reader: Client) -> None:
    """The runbook of old orders points to the new one."""
    with override_catalog({"1020": {"is_retired": True, "replaced_by": "1001"}}):
        html = reader.get("/errors/runbooks/1020/").content.decode()

    assert re.search(r'It is replaced by:\s+<a href="/errors/runbooks/1001/">', html)


def test_unknown_code_says_what_is_safe(reader: Client) -> None:
    """Orders with a code that nobody knows are unknown."""
    response = reader.get("/errors/runbooks/8009/")

    assert response.status_code == 404
    assert "Treat its orders as unknown" in response.content.decode()


def test_page_says_whether_it_can_be_trusted(reader: Client) -> None:
    """When it was reviewed, whether that is overdue, and what readers found wrong."""
    Runbook.objects.filter(error__code="8010").update(reviewed_at=timezone.now() - timedelta(days=200))
    reader.post("/errors/runbooks/8010/flag/?order_id=A-1", {"text": "Step 3 is <old>."})
    reader.post("/errors/runbooks/8010/flag/", {"text": "Step 4 as well."})

    html = reader.get("/errors/runbooks/8010/").content.decode()

    assert "Reviewed 200 days ago. Changed today. Revision 1." in html
    assert "The runbook has changed since its last review." in html
    assert "The review is overdue by 20 days." in html
    assert "<bdi>Step 3 is &lt;old&gt;.</bdi>" in html
    assert "<bdi>order_id=A-1</bdi>" in html
    assert "<bdi>Step 4 as well.</bdi>" in html
    assert html.count("<bdi>ada</bdi>") == 2


def test_page_that_was_reviewed_just_now_says_so(reader: Client) -> None:
    """Less than a day is today."""
    Runbook.objects.filter(error__code="8010").update(reviewed_at=timezone.now())

    html = reader.get("/errors/runbooks/8010/").content.decode()

    assert "Reviewed today. Changed today." in html
    assert "since it was last reviewed" not in html


def test_page_says_how_old_its_text_is(reader: Client) -> None:
    """In days since the publish that changed the runbook."""
    with time_machine.travel(timezone.now() + timedelta(days=3), tick=False):
        reader.force_login(User.objects.get())
        html = reader.get("/errors/runbooks/8010/").content.decode()

    assert "Never reviewed. Changed 3 days ago." in html


def test_reader_flags_a_runbook(reader: Client) -> None:
    """It is on the page at once, and the code's history says who it was."""
    response = reader.post("/errors/runbooks/8010/flag/?order_id=A-77&page=2", {"text": " Step 3 is old. "})

    assert (response.status_code, response.headers["Location"]) == (302, "/errors/runbooks/8010/?order_id=A-77")
    assert "<bdi>Step 3 is old.</bdi>" in reader.get("/errors/runbooks/8010/").content.decode()
    entry = LogEntry.objects.get()
    assert (entry.user.get_username(), entry.get_edited_object()) == ("ada", ErrorCode.objects.get(code="8010"))
    assert entry.get_change_message() == "Flagged the runbook as wrong: Step 3 is old."


def test_flag_is_stored_without_the_admin(reader: Client, settings: Settings) -> None:
    """A host may do without it."""
    settings.INSTALLED_APPS = [app for app in settings.INSTALLED_APPS if app != "django.contrib.admin"]
    settings.ROOT_URLCONF = Host

    reader.post("/errors/runbooks/8010/flag/", {"text": "Old."})

    assert [flag.text for flag in Flag.objects.open()] == ["Old."]


@pytest.mark.parametrize("text", ["", "  ", "x" * 201, "a\x07b"])
def test_flag_that_cannot_be_stored_comes_back(reader: Client, text: str) -> None:
    """The page says what is wrong with it, and nothing is stored."""
    response = reader.post("/errors/runbooks/8010/flag/", {"text": text})

    assert response.status_code == 400
    assert 'id="flag-error"' in response.content.decode()
    assert not Flag.objects.exists()


def test_flag_is_not_set_by_get(reader: Client) -> None:
    """An image on another site cannot flag."""
    response = reader.get("/errors/runbooks/8010/flag/?text=Wrong")

    assert response.status_code == 405
    assert response.headers["Allow"] == "POST"
    assert not Flag.objects.exists()


def test_flag_is_closed_by_somebody_who_may_change_runbooks(reader: Client) -> None:
    """One by one; it is kept with who closed it, and the code's history says so."""
    for text in ("One.", "Two."):
        reader.post("/errors/runbooks/8010/flag/", {"text": text})
    one, _two = Flag.objects.all()
    address = f"/errors/runbooks/8010/flag/{one.pk}/close/"

    refused = reader.post(address)
    User.objects.get().user_permissions.add(Permission.objects.get(codename="change_runbook"))
    elsewhere = reader.post(f"/errors/runbooks/1007/flag/{one.pk}/close/?order_id=A-1")
    before = Flag.objects.open().count()
    closed = reader.post(f"{address}?order_id=A-1")
    html = reader.get("/errors/runbooks/8010/").content.decode()

    assert (refused.status_code, elsewhere.status_code, before) == (403, 404, 2)
    assert closed.headers["Location"] == "/errors/runbooks/8010/?order_id=A-1"
    assert [flag.text for flag in Flag.objects.open()] == ["Two."]
    assert Flag.objects.get(text="One.").closed_by == User.objects.get()
    assert "<bdi>One.</bdi>" not in html
    assert "<bdi>Two.</bdi>" in html
    assert LogEntry.objects.first().get_change_message() == "Closed a flag on the runbook: One."  # type: ignore[union-attr]


def test_flag_is_not_closed_by_get(reader: Client) -> None:
    """An image on another site cannot close one."""
    reader.post("/errors/runbooks/8010/flag/", {"text": "One."})

    response = reader.get(f"/errors/runbooks/8010/flag/{Flag.objects.get().pk}/close/")

    assert response.status_code == 405
    assert Flag.objects.open().exists()


@pytest.mark.parametrize(
    ("asked", "language"), [("ar", "en"), ("zh-hant", "en"), ("zh-CN", "zh-hans"), ("en-GB", "en")]
)
def test_staff_pages_speak_a_language_only_where_they_have_all_of_it(reader: Client, asked: str, language: str) -> None:
    """Half a page in another language is read wrongly at night."""
    for address in ("/errors/runbooks/", "/errors/runbooks/8010/", "/errors/runbooks/7777/"):
        html = reader.get(address, headers={"accept-language": asked}).content.decode()

        assert f'<html lang="{language}" dir="ltr">' in html


def test_flag_needs_a_token() -> None:
    """A form on another site cannot flag."""
    client = Client(enforce_csrf_checks=True)
    user = User.objects.create_superuser("root")
    client.force_login(user)

    assert client.post("/errors/runbooks/8010/flag/", {"text": "Wrong."}).status_code == 403


def test_code_that_nobody_drafted_cannot_be_flagged(reader: Client) -> None:
    """There is nothing to write it on."""
    response = reader.post("/errors/runbooks/8009/flag/", {"text": "Wrong."})

    assert response.status_code == 404


def test_editor_finds_the_way_to_the_admin(client: Client, settings: Settings) -> None:
    """A link for those who may change the code, where the host has an admin."""
    client.force_login(User.objects.create_superuser("root"))

    settings.ROOT_URLCONF = HostWithAdmin
    html = client.get("/errors/runbooks/8010/").content.decode()
    settings.ROOT_URLCONF = Host
    without = client.get("/errors/runbooks/8010/").content.decode()

    assert '<a href="/admin/codes/?q=8010">Edit</a>' in html
    assert "Edit</a>" not in without


def test_page_is_small_and_asks_nobody_else(reader: Client) -> None:
    """No runbook's page has 60 kB, an inline script or an inline style."""
    for code in ErrorCode.objects.values_list("code", flat=True):
        html = reader.get(f"/errors/runbooks/{code}/").content.decode()

        assert len(html.encode()) < 60_000
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|<script(?! src=)", html)


def test_roles_are_shown_with_the_rotas_of_the_site(reader: Client, settings: Settings) -> None:
    """In the list, on the strip, in the sections and in Markdown; stored texts stay as they are."""
    settings.PTS_ERRORS_ROLES = {"Ledger on-call": "rota_7", "Incident lead": "<script>alert(1)</script>"}
    with override_catalog(runbook(owner="Ledger on-call", escalation="- **Incident lead**; `Incident lead`.")):
        listed = reader.get("/errors/runbooks/?q=rota_7").content.decode()
        html = reader.get("/errors/runbooks/8010/").content.decode()
        text = reader.get("/errors/runbooks/8010.md").content.decode()

    assert "<bdi>Ledger on-call (rota_7)</bdi>" in listed
    strip, _rest, sections = html.partition('<nav class="contents"')
    assert ">Ledger on-call (rota_7)</dd>" in strip
    assert "Incident lead (&lt;script&gt;alert(1)&lt;/script&gt;); Incident lead." in strip
    inert = "<strong>Incident lead (&lt;script&gt;alert(1)&lt;/script&gt;)</strong>; <code>Incident lead</code>."
    assert inert in sections
    assert "<script>" not in html
    assert "- Owner: Ledger on-call (rota\\_7)" in text
    assert "- **Incident lead (\\<script\\>alert(1)\\</script\\>)**; `Incident lead`." in text
    assert "rota_7" not in str(ErrorCode.objects.get(code="8010").revisions.latest("number").snapshot)


def test_unconfirmed_statement_has_a_label(reader: Client) -> None:
    """A word, not a colour alone, in the section and on the strip; Markdown says it in its own words."""
    text = "1. Read it (assumption to confirm: PTS keeps it).\n   Expect: one."
    with override_catalog(runbook(diagnosis=text, impact="Bad (assumption to confirm: for one).")):
        html = reader.get("/errors/runbooks/8010/").content.decode()
        source = reader.get("/errors/runbooks/8010.md").content.decode()
    strip, _rest, sections = html.partition('<nav class="contents"')

    assert "Read it (Unconfirmed: PTS keeps it)." in strip
    assert "Bad (Unconfirmed: for one)." in strip
    assert 'Read it <span class="unconfirmed">(<b>Unconfirmed</b>: PTS keeps it)</span>.' in sections
    assert "1. Read it (assumption to confirm: PTS keeps it)." in source


def test_strip_says_whose_the_runbook_is(reader: Client) -> None:
    """With the way to what the merchant was told."""
    strip = reader.get("/errors/runbooks/8010/").content.decode().partition('<nav class="contents"')[0]

    assert "Runbooks are for the operator&#x27;s people, resolutions for the merchant&#x27;s." in strip.replace(
        "&#39;", "&#x27;"
    ).replace("'", "&#x27;")
    assert '<a href="/errors/8010/#resolution">What the merchant was told</a>' in strip
