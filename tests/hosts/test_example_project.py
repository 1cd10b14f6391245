from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from html import unescape
from pathlib import Path
from threading import Timer
from urllib.request import urlopen

import polib
import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client, override_settings
from django.urls import reverse
from django.utils import translation

from example_project import settings as demo_settings
from example_project.forms import new_order_id
from example_project.gateway import PAYMENT, WITHDRAWAL, Gateway, Order
from example_project.management.commands import demo
from pts_errors import lookup
from pts_errors.values import seed
from tests.support.paths import ROOT

_CATALOGS = sorted((ROOT / "example_project" / "locale").glob("*/LC_MESSAGES/django.po"))
_TAGS = [tag for tag, _name in demo_settings.LANGUAGES]


@pytest.fixture(autouse=True)
def demo_site() -> Iterator[None]:
    """Let the demo's own settings hold, but for the database and what the suite needs to be quick."""
    names = ("INSTALLED_APPS", "LANGUAGES", "MIDDLEWARE", "ROOT_URLCONF", "TEMPLATES")
    with override_settings(**{name: getattr(demo_settings, name) for name in names}), translation.override("en"):
        yield


def _page(client: Client) -> str:
    return unescape(client.get("/").content.decode())


def _alert(page: str) -> str:
    found = re.search(r'<div class="pts-error".*?</div>', page, re.DOTALL)
    assert found is not None
    return found[0]


def _order(order_id: str = "W-7K2M4Q") -> Order:
    return Order(
        order_id=order_id,
        kind=WITHDRAWAL,
        amount=Decimal(500),
        currency="PHP",
        channel="gcash",
        payee="Sample Recipient",
    )


# ---- the page ----


@pytest.mark.django_db
def test_first_visit_shows_a_failed_withdrawal_in_the_customers_words(client):
    """Whoever opens the demo sees at once what it is about."""
    page = _page(client)

    assert "Your withdrawal wasn't made because the amount is above the maximum." in _alert(page)
    assert "1005" in _alert(page)


@pytest.mark.django_db
def test_developers_see_everything_that_they_act_on(client):
    """The second audience has its own panel."""
    error = lookup.get("1005", language="en")

    page = _page(client)

    panel = page[page.index('id="developers"') : page.index('id="ops"')]
    for text in (error.title, error.name, error.outcome, error.retry_advice, error.merchant_action, "422"):
        assert text in panel
    assert '"message": "Withdraw amount too large"' in panel


@pytest.mark.django_db
def test_ops_see_severity_and_the_first_lines_of_the_runbook(client):
    """The third audience has its own panel, and it says that others would not see it."""
    (runbook,) = (entry.runbook for entry in seed.packaged() if entry.code == "1005")

    page = _page(client)

    panel = page[page.index('id="ops"') :]
    assert "Warning" in panel
    assert runbook.meaning.partition(".")[0] in panel
    assert "on your site only staff would" in panel


@pytest.mark.django_db
def test_page_needs_nothing_from_elsewhere(client):
    """No script, no request to another host, neither from the page nor from its style sheet."""
    sheet = (ROOT / "example_project/static/example_project/checkout.css").read_text(encoding="utf-8")

    page = client.get("/").content.decode()

    assert "<script" not in page
    assert not re.search(r'(?:src|href|action)="(?:https?:)?//', page)
    assert "url(" not in sheet
    assert "@import" not in sheet


# ---- languages ----


def test_switch_offers_every_language_of_the_catalog():
    """A language that is added to the catalog must be added to the demo."""
    assert set(_TAGS) == {language for entry in seed.packaged() for language in entry.messages}


@pytest.mark.django_db
@pytest.mark.parametrize("tag", _TAGS)
def test_switch_changes_the_customers_text(client, tag):
    """All of them, Filipino included, which Django does not know by itself."""
    client.post(reverse("set_language"), {"language": tag, "next": "/"})

    alert = _alert(_page(client))

    assert f'lang="{tag}"' in alert
    assert lookup.get("1005", language=tag).customer_message in alert


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("tag", "opening", "words"),
    [
        ("en", '<html lang="en" dir="ltr">', "What your developers see"),
        ("zh-hans", '<html lang="zh-hans" dir="ltr">', "开发人员看到的"),
        ("ar", '<html lang="ar" dir="rtl">', "ما يراه المطوّرون"),
        ("de", '<html lang="en" dir="ltr">', "What your developers see"),
    ],
)
def test_page_is_written_in_one_language_and_says_which(client, tag, opening, words):
    """A page without words of its own in a language is English around the translated error."""
    client.post(reverse("set_language"), {"language": tag, "next": "/"})

    page = _page(client)

    assert opening in page
    assert words in page


@pytest.mark.parametrize("path", _CATALOGS, ids=lambda path: path.parts[-3])
def test_page_words_are_translated_and_compiled(path):
    """The compiled catalog is committed, because a demo must run without gettext's tools."""
    catalog = polib.pofile(str(path))

    compiled = polib.mofile(str(path.with_suffix(".mo")))

    assert not catalog.untranslated_entries()
    assert not catalog.fuzzy_entries()
    assert {(e.msgctxt, e.msgid): e.msgstr for e in compiled} == {(e.msgctxt, e.msgid): e.msgstr for e in catalog}


def test_both_translations_hold_the_same_words():
    """Nothing is left English in one of them."""
    words = [
        {(entry.msgctxt, entry.msgid) for entry in polib.pofile(str(path))}
        for path in _CATALOGS
        if path.parts[-3] in {"ar", "zh_Hans"}
    ]

    assert words[0] == words[1]


# ---- paying ----


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("kind", "values", "code"),
    [
        (WITHDRAWAL, {"amount": "50000"}, "1005"),
        (WITHDRAWAL, {"amount": "9.99"}, "1006"),
        (WITHDRAWAL, {"payee": " nobody "}, "1021"),
        (WITHDRAWAL, {"amount": "2000.01", "currency": "USDT", "channel": "crypto_wallet"}, "1013"),
        (PAYMENT, {"amount": "100000.01"}, "1004"),
        (PAYMENT, {"amount": "0.5"}, "8004"),
        (PAYMENT, {"amount": "-1"}, "1001"),
        (PAYMENT, {"currency": "EUR"}, "1008"),
        (PAYMENT, {"currency": "CNY"}, "1015"),
        (PAYMENT, {}, "1000"),
        (WITHDRAWAL, {"amount": "49999.99"}, "1000"),
    ],
)
def test_gateway_judges_what_the_forms_send(client, kind, values, code):
    """Every rule that the page lists holds."""
    order = {"amount": "500", "currency": "PHP", "channel": "gcash", "payee": "Sample Recipient", **values}

    response = client.post(reverse(kind), {**order, "order_id": new_order_id(kind)})

    assert response.status_code == 302
    assert f'<span class="number">{code}</span>' in _page(client)


@pytest.mark.django_db
def test_accepted_order_is_shown_as_waiting_and_not_as_an_error(client):
    """Code 1000 means accepted, not paid."""
    order = {"amount": "500", "currency": "PHP", "channel": "gcash", "order_id": new_order_id(PAYMENT)}

    client.post(reverse("payment"), order)

    page = _page(client)
    assert 'role="alert"' not in page
    assert "Accepted, not paid yet" in page
    assert "Please wait for the final result." in page


@pytest.mark.django_db
def test_same_form_sent_twice_is_a_duplicate_order(client):
    """Going back and sending the form again is what code 1003 is for."""
    order = {"amount": "500", "currency": "PHP", "channel": "gcash", "order_id": new_order_id(PAYMENT)}

    client.post(reverse("payment"), order)
    client.post(reverse("payment"), order)

    assert '<span class="number">1003</span>' in _page(client)


@pytest.mark.django_db
def test_incomplete_form_is_not_sent(client):
    """The gateway is not asked, and the form says what is missing."""
    response = client.post(reverse("withdrawal"), {"amount": "", "currency": "PHP", "channel": "gcash"})

    assert response.status_code == 422
    assert "This field is required." in response.content.decode()
    assert "attempt" not in client.session


@pytest.mark.django_db
@pytest.mark.parametrize("code", ["1003", "4001", "8001", "8101", "9999"])
def test_gateway_can_be_told_what_to_answer(client, code):
    """The customer reads the text of the chosen code, and its number only where that may be revealed."""
    error = lookup.get(code, language="en")

    client.post(reverse("again"), {"code": code})

    page = _page(client)
    assert error.customer_message in _alert(page)
    assert (code in _alert(page)) is error.reveal_to_customer
    assert f'"code": "{code}"' in page


@pytest.mark.django_db
def test_last_order_is_sent_again_with_its_own_values(client):
    """Telling the gateway its answer leaves order and form as they are, but for the order id."""
    order = {"amount": "123.45", "currency": "PHP", "channel": "gcash", "payee": "Jo <b>", "order_id": "W-ABCDEF"}
    client.post(reverse("withdrawal"), order)

    client.post(reverse("again"), {"code": "4001"})

    raw, page = client.get("/").content.decode(), _page(client)
    assert "123.45 PHP" in page
    assert 'value="123.45"' in page
    assert "W-ABCDEF" not in page
    assert "Jo <b>" not in raw


@pytest.mark.django_db
@pytest.mark.parametrize("code", ["", "1234", "x"])
def test_without_a_known_code_the_gateway_follows_its_rules(client, code):
    """Neither the empty choice nor a forged one breaks anything."""
    client.post(reverse("again"), {"code": code})

    assert '<span class="number">1005</span>' in _page(client)


@pytest.mark.django_db
def test_control_offers_all_codes_in_order_of_their_number(client):
    """59 of them, and the two buttons lead from each to its neighbours."""
    page = _page(client)

    offered = re.findall(r'<option value="(\d{4})"', page)
    assert offered == [entry.code for entry in seed.packaged()]
    assert '<button name="code" value="1004">' in page
    assert '<button name="code" value="1006">' in page


def test_gateway_answers_every_code_with_its_own_words():
    """Its envelope is PTS's, to the letter."""
    gateway = Gateway()

    answers = [gateway.send(_order(), answer_with=entry.code) for entry in seed.packaged()]

    assert [answer["message"] for answer in answers] == [entry.provider_message for entry in seed.packaged()]
    assert all(set(answer) == {"code", "message", "data"} for answer in answers)
    assert json.loads(json.dumps(answers)) == answers


def test_receipt_says_waiting():
    """An accepted order's status is 0000: nothing is paid yet."""
    answer = Gateway(clock=lambda: 1_795_366_666.5).send(_order(order_id="W-ABCDEF"))

    assert answer["data"]["status"] == "0000"
    assert answer["data"]["order_id"] == "W-ABCDEF"
    assert answer["data"]["timestamp"] == "1795366666"


# ---- the command ----


def test_demo_refuses_to_run_with_debug_off():
    """Its passwords are known to everybody."""
    with pytest.raises(CommandError, match="does not run with DEBUG off"):
        call_command(demo.Command())


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("role", "may", "may_not"),
    [
        ("reader", {"view_errorcode", "view_runbook", "view_revision"}, {"change_errorcode", "change_message"}),
        ("editor", {"change_errorcode", "change_runbook", "change_category"}, {"publish_errorcode"}),
        ("translator", {"view_errorcode", "change_message"}, {"view_runbook", "change_errorcode"}),
        ("publisher", {"change_errorcode", "view_runbook", "publish_errorcode"}, {"delete_errorcode"}),
    ],
)
def test_roles_may_what_the_documentation_says(role, may, may_not):
    """Each has a group and a user of its name, who may log in to the admin."""
    demo.create_role(role, demo.ROLES[role])

    user = User.objects.get(username=role)
    assert user.is_staff
    assert user.check_password(f"{role}-demo")
    assert user.has_perms([f"pts_errors.{codename}" for codename in may])
    assert not any(user.has_perm(f"pts_errors.{codename}") for codename in may_not)


@pytest.mark.django_db
def test_role_is_created_only_once():
    """A password and permissions that somebody changed stay changed."""
    demo.create_role("reader", demo.ROLES["reader"])
    user = User.objects.get(username="reader")
    user.set_password("mine")
    user.save()
    user.groups.get().permissions.clear()

    is_new = demo.create_role("reader", demo.ROLES["reader"])

    user = User.objects.get(username="reader")
    assert not is_new
    assert user.check_password("mine")
    assert not user.get_group_permissions()


def test_second_run_of_the_demo_loses_nothing(tmp_path):
    """It serves what the first one made: one process after the other on one file."""
    path = tmp_path / "demo.sqlite3"
    with _served(path) as (first, page):
        assert "Your withdrawal wasn't made" in unescape(page)
    before = _users(path)

    with _served(path) as (second, page):
        assert "Your withdrawal wasn't made" in unescape(page)

    assert [line for line in first if line.startswith("Created")] == [
        f"Created the role {role}." for role in demo.ROLES
    ]
    assert not [line for line in second if line.startswith("Created")]
    assert any(line.endswith("password: publisher-demo") for line in second)
    assert _users(path) == before


def _users(path: Path) -> list[tuple[str, str]]:
    connection = sqlite3.connect(path)
    try:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        return connection.execute("SELECT username, password FROM auth_user ORDER BY id").fetchall()
    finally:
        connection.close()


@contextmanager
def _served(path: Path) -> Iterator[tuple[list[str], str]]:
    """Run the command on a free port; yield the lines that it printed so far, and its first page."""
    environment = {**os.environ, "DEMO_DATABASE": str(path), "DEBUG": "1", "PYTHONUNBUFFERED": "1"}
    environment["DJANGO_SETTINGS_MODULE"] = "example_project.settings"
    command = [sys.executable, "manage.py", "demo", "127.0.0.1:0"]
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    # A demo that never serves fails this test instead of holding up the suite.
    watchdog = Timer(120, process.kill)
    watchdog.start()
    try:
        lines = []
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line.rstrip())
            if found := re.match(r"Starting .*server at (http://\S+)", line):
                with urlopen(found[1], timeout=30) as response:
                    yield lines, response.read().decode()
                break
        else:
            pytest.fail("The demo ended before it served: " + "\n".join(lines))
    finally:
        watchdog.cancel()
        process.terminate()
        process.communicate(timeout=30)
