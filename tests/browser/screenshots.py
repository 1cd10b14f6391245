"""Takes the pictures of the documentation anew: ``python -m pytest -n 0 tests/browser/screenshots.py``.

Nobody collects this file by itself, because its name is not that of a test.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client

from example_project import settings as demo_settings
from pts_errors import publishing
from pts_errors.models import ErrorCode, Message
from tests.support.admin_pages import LIST, MATRIX, PUBLISH, code_url, message_url
from tests.support.factories import FlagFactory, UserFactory
from tests.support.paths import ROOT

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

_PICTURES = ROOT / "docs" / "screenshots"
_REVISIONS, _CATEGORIES = "/admin/pts_errors/revision/", "/admin/pts_errors/category/"
_LIGHT: dict[str, Any] = {"viewport": {"width": 1280, "height": 860}, "color_scheme": "light"}
_LOOKS: dict[str, dict[str, Any]] = {
    "light": _LIGHT,
    "dark": {**_LIGHT, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 800}, "color_scheme": "light"},
    "zh-hans": {**_LIGHT, "locale": "zh-CN"},
}
_IMPACT = "#id_runbook-impact"


@pytest.fixture
def open_page(browser, live_server) -> Callable[..., Any]:
    """Return a context manager that opens a page of somebody's session."""

    @contextmanager
    def opened(name: str = "", **look: Any) -> Iterator[Any]:
        context = browser.new_context(base_url=live_server.url, **look)
        # The menu of all models takes a third of the width, and is the same on every screen.
        context.add_init_script("localStorage.setItem('django.admin.navSidebarIsOpen', 'false')")
        if name:
            client = Client()
            client.force_login(User.objects.get(username=name))
            session = {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}
            context.add_cookies([session])
        yield context.new_page()
        context.close()

    return opened


def _take(page: Any, name: str, url: str = "") -> None:
    if url:
        page.goto(url)
    page.mouse.move(0, 0)
    page.screenshot(path=_PICTURES / f"{name}.png")


def _replace_and_save(page: Any, field: str, old: str, new: str) -> None:
    text = page.input_value(field)
    assert old in text
    page.fill(field, text.replace(old, new))
    page.click("[name=_save][value=draft] >> nth=-1")


def _yesterday() -> None:
    """Publish a second revision of two codes; a newer package ships another title for one of them."""
    mara = User.objects.get(username="mara")
    Message.objects.filter(error__code="1007", language="en").update(title="Balance too low")
    Message.objects.filter(error__code="1007", language="zh-hans").update(title="余额过低")
    Message.objects.filter(error__code="1008", language="fil").delete()
    publishing.publish(["1007", "1008"], author=mara, note="Plainer words.")
    ErrorCode.objects.filter(code="1007").update(unseen=["en.title"])


def _translated(folder: Path) -> Path:
    """Return the French file with one better title, one that collides, and one that holds HTML."""
    call_command("pts_export", str(folder), "--language", "fr", stdout=io.StringIO())
    file = folder / "messages" / "fr.po"
    text = file.read_text(encoding="utf-8")
    for key, title in (("1000", "Demande reçue"), ("1001", "<b>Champ</b> non valide"), ("1002", "Opération absente")):
        text = re.sub(rf'(msgctxt "{key}/title"\nmsgid .*\nmsgstr) .*', rf'\1 "{title}"', text)
    file.write_text(text, encoding="utf-8")
    Message.objects.filter(error__code="1000", language="fr").update(title="Demande acceptée")
    return file


def test_the_back_office(open_page, tmp_path):
    """The day after a publish: a title and a runbook were edited, a reader flagged it, and two people collide."""
    now = datetime.now(UTC)
    UserFactory(username="mara", is_superuser=True)
    UserFactory(username="edda", is_superuser=True)
    with time_machine.travel(now + timedelta(days=1)):
        _yesterday()
    with time_machine.travel(now + timedelta(days=2)):
        FlagFactory(code="8010", text="Step 3 no longer fits the ledger's page.")
        with open_page("edda") as page:
            page.goto(code_url("1007"))
            _replace_and_save(page, "#id_messages-en-title", "Balance", "Balance is")
            page.goto(code_url("8010"))
            _replace_and_save(page, _IMPACT, "(1007, 1013)", "(1007, 1013) until it is released")
    with time_machine.travel(now + timedelta(days=2, minutes=40)):
        for look, options in _LOOKS.items():
            with open_page("mara", **options) as page:
                _screens(page, look)
                if look != "zh-hans":
                    _collide(page, look, open_page)
        with open_page("mara", **_LIGHT) as page:
            page.goto(f"{LIST}import/")
            page.set_input_files("#id_files", _translated(tmp_path))
            page.click("text=Show what would change")
            _take(page, "import-light")


def _screens(page: Any, look: str) -> None:
    """Take each screen that the documentation shows in this look."""
    screens = {
        "codes": (LIST, "light dark zh-hans"),
        "code": (code_url("8010"), "light dark phone zh-hans"),
        "upgrade": (code_url("1007"), "light"),
        "preview": (code_url("8010", "preview/"), "light zh-hans"),
        "translations": (MATRIX, "light dark phone zh-hans"),
        "message": (message_url("1007", "fil"), "light phone zh-hans"),
        "categories": (_CATEGORIES, "light zh-hans"),
        "publish": (PUBLISH, "light dark phone zh-hans"),
        "history": (code_url("1007", "history/"), "light phone zh-hans"),
        "compare": (code_url("1007", "compare/?from=1&to=2"), "light dark zh-hans"),
        "restore": (code_url("1007", "restore/1/"), "light phone"),
        "revisions": (_REVISIONS, "light zh-hans"),
    }
    for name, (url, looks) in screens.items():
        if look in looks.split():
            _take(page, f"{name}-{look}", url)
    if look in ("light", "phone"):
        page.goto(code_url("8010"))
        page.click("[data-pts-for=id_runbook-impact]")
        page.locator("#id_runbook-impact_preview p").first.wait_for()
        page.locator("#id_runbook-meaning").evaluate("field => field.scrollIntoView()")
        _take(page, f"runbook-{look}")


def _collide(page: Any, look: str, open_page: Callable[..., Any]) -> None:
    """Take what mara sees when edda has saved first; then put the text back."""
    theirs = ("until it is released", "until finance releases it")
    page.goto(code_url("8010"))
    with open_page("edda") as other:
        other.goto(code_url("8010"))
        _replace_and_save(other, _IMPACT, *theirs)
        _replace_and_save(page, _IMPACT, "they can pay twice", "each can pay twice")
        _take(page, f"conflict-{look}")
        other.goto(code_url("8010"))
        _replace_and_save(other, _IMPACT, *reversed(theirs))


def test_the_pages(open_page):
    """What the public reads, and what the people on call read."""
    UserFactory(username="mara", is_superuser=True)
    runbook = "/errors/runbooks/8010/?order_id=W-7K2M4Q"

    with open_page("mara") as page:
        for name, url, width, height in (
            ("pages-list", "/errors/", 1000, 760),
            ("pages-code", "/errors/8010/", 1000, 980),
            ("pages-runbook", runbook, 1000, 900),
            ("pages-runbook-phone", runbook, 375, 812),
        ):
            page.set_viewport_size({"width": width, "height": height})
            _take(page, name, url)


def test_the_demo(open_page, settings):
    """The first thing that a visitor of the demo sees."""
    for name in ("INSTALLED_APPS", "LANGUAGES", "MIDDLEWARE", "ROOT_URLCONF", "TEMPLATES"):
        setattr(settings, name, getattr(demo_settings, name))

    with open_page(viewport={"width": 1280, "height": 900}) as page:
        _take(page, "demo", "/")
