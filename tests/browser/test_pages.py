"""Walks the pages in Chromium: three languages, light and dark, desk and phone, with and without JavaScript."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]  # it has no types
from django.contrib.auth.models import Permission, User
from django.core.management import call_command
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, Route
from pytest_django import Settings

from pts_errors import snapshot
from pts_errors.pages import words
from tests.support.factories import FlagFactory
from tests.values.test_mentions import LINES

# Pictures for people to look at, only when somebody wants them.
PICTURES = os.environ.get("PTS_ERRORS_PICTURES")

pytestmark = pytest.mark.browser

SIZES = {"desk": (1280, 900), "phone": (375, 812)}
# Every two of a language, a color scheme and a size meet: contrast is of a scheme, and width of a language and a size.
READERS = [
    ("en", "light", "desk"),
    ("en", "dark", "phone"),
    ("zh-hans", "light", "phone"),
    ("zh-hans", "dark", "desk"),
    ("ar", "light", "phone"),
    ("ar", "dark", "desk"),
]
# What a host may demand at its strictest.
POLICY = "default-src 'none'; style-src 'self'; script-src 'self'; form-action 'self'; base-uri 'none'"


@pytest.fixture
def reader(live_server: Any, client: Client) -> dict[str, str]:
    """Return the session cookie of somebody who may view runbooks."""
    user = User.objects.create_user("ada")
    user.user_permissions.add(Permission.objects.get(codename="view_runbook"))
    client.force_login(user)
    return {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}


def _open(browser: Browser, server: Any, size: str = "desk", **options: Any) -> BrowserContext:
    width, height = SIZES[size]
    context = browser.new_context(base_url=server.url, viewport={"width": width, "height": height}, **options)
    context.set_default_timeout(10_000)
    return context


def _check(page: Page, *, has_script: bool) -> None:
    """Nothing runs off the screen, no text is too small a target, and axe finds nothing."""
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), f"{page.url} scrolls sideways"
    if has_script:
        results = Axe().run(page)
        assert results.violations_count == 0, results.generate_report()


def _picture(page: Page, name: str) -> None:
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=True)


def _walk(
    browser: Browser, server: Any, paths: tuple[str, ...], how: tuple[str, str, str], *cookies: Any, speaks: str = ""
) -> None:
    """Look at each page in a reader's language, a color scheme and a size, with JavaScript and without.

    The pages have to answer in ``speaks``, if that is not the language of the reader.
    """
    language, scheme, size = how
    expected = speaks or language
    for has_script in (True, False):
        context = _open(browser, server, size, locale=language, color_scheme=scheme, java_script_enabled=has_script)
        context.add_cookies([*cookies])
        page = context.new_page()
        for path in paths:
            page.goto(path)

            root = page.locator("html")
            assert root.get_attribute("lang") == expected, (path, has_script)
            assert root.get_attribute("dir") == ("rtl" if expected == "ar" else "ltr"), (path, has_script)
            _check(page, has_script=has_script)
            name = "".join(character if character.isalnum() else "-" for character in path.strip("/"))
            _picture(page, f"{name}-{language}-{scheme}-{size}-{'script' if has_script else 'plain'}")
        context.close()


@pytest.mark.parametrize("how", READERS, ids="-".join)
def test_public_pages_can_be_read_by_everybody(browser: Browser, live_server: Any, how: tuple[str, str, str]) -> None:
    """List, filtered list, codes of every outcome, and a code that is not there."""
    paths = ("", "?q=code%3D1000+then+code%3D4001", "?q=status+1000", "1007/", "8002/", "8010/", "8009/")

    _walk(browser, live_server, tuple(f"/errors/{path}" for path in paths), how)


@pytest.mark.parametrize("how", READERS, ids="-".join)
def test_on_call_pages_can_be_read_by_everybody(
    browser: Browser, live_server: Any, reader: Any, how: tuple[str, str, str]
) -> None:
    """List, runbook with open and filled placeholders, a code that is not there; who reads neither language gets English."""
    FlagFactory(code="8010", text="Step 3 is out of date.", reference="order_id=A-77")
    paths = ("", "?q=code%3D1000+then+code%3D4001", "?q=status+1000", "8010/", "1017/?merchant_id=M-77", "8009/")

    runbooks = tuple(f"/errors/runbooks/{path}" for path in paths)
    _walk(browser, live_server, runbooks, how, reader, speaks="en" if how[0] == "ar" else "")


def test_strip_fits_on_one_screen_of_a_phone(browser: Browser, live_server: Any, reader: Any) -> None:
    """The answers of the first ten seconds need no scrolling."""
    context = _open(browser, live_server, "phone")
    context.add_cookies([reader])
    page = context.new_page()

    ends = {}
    for code in snapshot.current().entries:
        page.goto(f"/errors/runbooks/{code}/")
        ends[code] = page.evaluate("document.querySelector('.strip').getBoundingClientRect().bottom")

    assert max(ends.values()) <= SIZES["phone"][1], ends
    context.close()


def test_list_is_filtered_in_place(browser: Browser, live_server: Any) -> None:
    """Typing hides the rows and the categories that do not match, and says how many are left."""
    context = _open(browser, live_server)
    page = context.new_page()
    page.goto("/errors/")

    page.get_by_role("searchbox").fill("insufficient BALANCE")

    assert page.locator("[data-row]:visible .number").all_inner_texts() == ["1007", "1013", "1014"]
    assert page.locator("section.category:visible").count() == 1
    assert page.get_by_role("status").inner_text() == "3 codes"
    context.close()


def test_list_is_filtered_without_javascript(browser: Browser, live_server: Any) -> None:
    """The same form asks the server."""
    context = _open(browser, live_server, java_script_enabled=False)
    page = context.new_page()
    page.goto("/errors/?language=de")

    page.get_by_role("searchbox").fill("insufficient withdrawal")
    page.get_by_role("searchbox").press("Enter")
    found = page.locator("[data-row] .number").all_inner_texts()
    page.get_by_role("searchbox").fill('{"status": "1000", "code": "4001"}')
    page.get_by_role("searchbox").press("Enter")

    assert found == ["1013"]
    assert page.locator("h1 .number").inner_text() == "4001"
    assert page.locator("html").get_attribute("lang") == "de"
    context.close()


def test_language_is_chosen_by_hand_without_javascript(browser: Browser, live_server: Any) -> None:
    """The picker is a list of links."""
    context = _open(browser, live_server, "phone", java_script_enabled=False)
    page = context.new_page()
    page.goto("/errors/1007/")

    page.locator(".languages summary").click()
    page.get_by_role("link", name="العربية").click()

    assert page.locator("html").get_attribute("dir") == "rtl"
    context.close()


def test_provider_message_is_copied(browser: Browser, live_server: Any) -> None:
    """One click, and the button says so."""
    context = _open(browser, live_server, permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.goto("/errors/1011/")

    page.locator(".said button").click()

    page.locator(".said button", has_text="Copied").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == "This service does not supported"
    context.close()


def test_steps_are_copied_as_a_checklist(browser: Browser, live_server: Any, reader: Any) -> None:
    """For the incident's channel; nothing is stored."""
    context = _open(browser, live_server, permissions=["clipboard-read", "clipboard-write"])
    context.add_cookies([reader])
    page = context.new_page()
    page.goto("/errors/runbooks/8010/?order_id=A77")

    page.get_by_role("button", name="Copy as checklist").click()

    page.get_by_role("button", name="Copied").wait_for()
    lines = page.evaluate("navigator.clipboard.readText()").splitlines()
    assert lines[0] == "8010 Balance hold failed"
    assert lines[1].startswith("- [ ] Query A77, then every other order with 8010.")
    assert all(line.startswith("- [ ] ") for line in lines[1:])
    context.close()


def test_reader_goes_from_a_log_line_to_a_flag(browser: Browser, live_server: Any, reader: Any) -> None:
    """Paste, read, say what is wrong, without JavaScript."""
    context = _open(browser, live_server, "phone", java_script_enabled=False)
    context.add_cookies([reader])
    page = context.new_page()
    page.goto("/errors/runbooks/")

    page.get_by_role("searchbox").fill("08:10:15 ERROR order_id=A77 code=8010")
    page.get_by_role("searchbox").press("Enter")
    filled = page.locator("mark.filled").first.inner_text()
    page.get_by_label("What is wrong?").fill("Step 3 is old.")
    page.get_by_role("button", name="Flag as wrong").click()

    assert filled == "A77"
    assert "Step 3 is old." in page.locator(".strip .warning").all_inner_texts()[-1]
    context.close()


def test_public_copy_opens_from_a_disk(browser: Browser, db: None, tmp_path: Path, settings: Settings) -> None:
    """Filter, open, change the language: without any server."""
    settings.PTS_ERRORS_LANGUAGES = ["en", "ar"]
    call_command("pts_export", html=tmp_path, stdout=io.StringIO())
    context = browser.new_context(viewport={"width": 375, "height": 812})
    page = context.new_page()
    page.goto((tmp_path / "index.html").as_uri())

    page.get_by_role("searchbox").fill("8010")
    _check(page, has_script=True)
    page.locator("[data-row]:visible a").click()
    page.locator(".languages summary").click()
    page.get_by_role("link", name="العربية").click()

    assert page.url == (tmp_path / "ar/8010.html").as_uri()
    assert page.locator("html").get_attribute("dir") == "rtl"
    _check(page, has_script=True)
    context.close()


def test_staff_copy_opens_from_a_disk(browser: Browser, db: None, tmp_path: Path) -> None:
    """A pasted log line finds its page while everything else is down."""
    call_command("pts_export", runbooks=tmp_path, stdout=io.StringIO())
    context = browser.new_context(viewport={"width": 375, "height": 812}, color_scheme="dark")
    page = context.new_page()
    page.goto((tmp_path / "index.html").as_uri())

    page.get_by_role("searchbox").fill("08:10:15 ERROR code=8010")
    page.get_by_role("searchbox").press("Enter")
    page.wait_for_url("**/8010.html")

    assert page.get_by_role("button", name="Copy as checklist").count() == 1
    _check(page, has_script=True)
    _picture(page, "copy-staff-8010-dark-phone")
    context.close()


def test_copy_reads_a_line_as_the_server_does(browser: Browser, db: None, tmp_path: Path) -> None:
    """One table for both: it opens the one code, lists several with those of unknown outcome first, or says what is safe."""
    call_command("pts_export", runbooks=tmp_path, stdout=io.StringIO())
    context = browser.new_context()
    page = context.new_page()
    index, wrong = (tmp_path / "index.html").as_uri(), []
    ranks = {code: words.rank(entry.outcome, entry.retry_advice) for code, entry in snapshot.current().entries.items()}

    for line, codes, is_certain in LINES:
        known = [code for code in codes if code in ranks]
        page.goto(index)
        page.get_by_role("searchbox").fill(line)
        page.get_by_role("searchbox").press("Enter")
        if is_certain and known:
            is_right = page.url.endswith(f"/{codes[0]}.html")
        elif known:
            shown = page.locator("[data-row]:visible .number").all_inner_texts()
            is_right = page.url == index and shown == sorted(known, key=lambda code: ranks[code])
        else:
            is_right = page.url == index and page.locator("[data-safe]").is_visible()
        if not is_right:
            wrong.append((line, codes, page.url))

    assert wrong == []
    context.close()


def test_everything_that_opens_can_be_read(browser: Browser, live_server: Any) -> None:
    """The picker and the texts of all languages, opened, on a phone."""
    context = _open(browser, live_server, "phone")
    page = context.new_page()
    page.goto("/errors/1007/?language=ar")

    page.locator("details.all summary").click()
    page.locator(".languages summary").click()

    _check(page, has_script=True)
    _picture(page, "public-open-ar-light-phone")
    context.close()


def test_page_is_fit_for_paper(browser: Browser, live_server: Any, reader: Any) -> None:
    """No form, no button, black on white."""
    context = _open(browser, live_server, color_scheme="dark")
    context.add_cookies([reader])
    page = context.new_page()
    page.emulate_media(media="print")
    page.goto("/errors/runbooks/8010/")

    assert page.locator("button:visible, form:visible, .top:visible").count() == 0
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    _picture(page, "staff-8010-print")
    context.close()


def test_strictest_policy_stops_nothing(browser: Browser, live_server: Any, reader: Any) -> None:
    """No inline script, no inline style, nothing from elsewhere."""
    context = _open(browser, live_server)
    context.add_cookies([reader])
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    def add_policy(route: Route) -> None:
        response = route.fetch()
        route.fulfill(response=response, headers={**response.headers, "content-security-policy": POLICY})

    context.route("**/errors/**", add_policy)
    for path in ("", "1007/", "8009/", "runbooks/", "runbooks/8010/"):
        page.goto(f"/errors/{path}")
        page.wait_for_load_state("networkidle")

    assert [text for text in complaints if "404" not in text] == []
    assert all(url.startswith(live_server.url) for url in asked)
    assert page.get_by_role("button", name="Copy as checklist").count() == 1
    context.close()
