"""The back office in a browser: three people together, without script, under a strict policy, and for everybody."""

from __future__ import annotations

import io
import re

import django
import pytest
from django.contrib.admin.models import LogEntry
from django.core.management import call_command

from pts_errors import lookup
from pts_errors.models import ErrorCode, Message, Revision, Runbook
from tests.support.admin_pages import LIST, MATRIX, PUBLISH, code_url, message_url
from tests.support.factories import FlagFactory

axe = pytest.importorskip("axe_playwright_python.sync_playwright")
expect = pytest.importorskip("playwright.sync_api").expect

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def pages() -> list[str]:
    """Return every kind of page of ours, with something to show on it."""
    Message.objects.filter(error__code="1007", language="en").update(title="Balance too low")
    Message.objects.filter(error__code="1008", language="fil").delete()
    FlagFactory(code="8010", reference="order_id=A-77")
    FlagFactory(code="8010", text="Step 4 as well.")
    ErrorCode.objects.filter(code="1007").update(unseen=["en.title"])
    revision = Revision.objects.get(error__code="1007")
    return [
        LIST,
        code_url("1007"),
        code_url("8010", "preview/"),
        code_url("1007", "history/"),
        code_url("1007", "compare/"),
        code_url("1007", "restore/1/"),
        PUBLISH,
        f"{LIST}import/",
        MATRIX,
        message_url("1007", "fil"),
        "/admin/pts_errors/revision/",
        f"/admin/pts_errors/revision/{revision.pk}/change/",
        "/admin/pts_errors/category/",
    ]


def test_three_people_edit_translate_collide_publish_and_restore(open_as):
    """An editor, a translator and a publisher, each in a session of their own."""
    editor = open_as("edda", "editor")
    translator = open_as("tala", "translator", limit=["fil"])
    publisher = open_as("pub", "publisher")
    before = lookup.get("1007", language="en").title
    url = code_url("1007")

    # The editor changes a message and the runbook, and looks at the preview.
    editor.goto(LIST)
    editor.fill("#searchbar", "1007")
    editor.press("#searchbar", "Enter")
    editor.fill("#id_messages-en-title", "Balance too low")
    editor.fill("#id_runbook-mitigation", "1. Ask for a **top-up**.\n\nUndo: nothing to undo.")
    editor.click("[data-pts-for=id_runbook-mitigation]")
    expect(editor.locator("#id_runbook-mitigation_preview strong")).to_have_text("top-up")
    editor.click("text=Save draft >> nth=0")
    expect(editor.locator(".messagelist")).to_contain_text("Readers see it once it is published")
    assert lookup.get("1007", language="en").title == before

    # The translator finds what is to do and does it.
    translator.goto(f"{MATRIX}next/fil/")
    expect(translator.locator(".pts-changed")).to_be_visible()
    translator.fill("#id_title", "Masyadong mababa ang balanse")
    translator.click("text=Save and open next")
    expect(translator.locator(".messagelist")).to_contain_text("Nothing is left to do")

    # Editor and publisher collide. Nobody's text is lost.
    editor.goto(url)
    publisher.goto(url)
    publisher.fill("#id_runbook-impact", "One merchant cannot pay out.")
    publisher.click("text=Save draft >> nth=0")
    editor.fill("#id_runbook-impact", "A merchant cannot pay out until the top-up.")
    editor.click("text=Save draft >> nth=0")
    expect(editor.locator(".pts-conflict")).to_contain_text("pub saved this code at")
    expect(editor.locator(".pts-conflict ins").first).to_be_visible()
    assert Runbook.objects.get(error__code="1007").impact == "One merchant cannot pay out."
    editor.click("text=Save mine over theirs")
    assert Runbook.objects.get(error__code="1007").impact == "A merchant cannot pay out until the top-up."

    # The publisher sees what changes, and publishes it.
    publisher.goto(LIST)
    publisher.click(".pts-queue >> text=1 code edited, not published")
    publisher.check("input.action-select")
    publisher.select_option("select[name=action]", "publish_selected")
    publisher.click("button[name=index]")
    expect(publisher.locator("#content")).to_contain_text("Runbook: impact")
    expect(publisher.locator("#content")).to_contain_text("these translations will need review")
    publisher.fill("#id_note", "Plainer words.")
    publisher.click("text=Publish 1 code as revision 2")
    expect(publisher.locator(".messagelist")).to_contain_text("Published 1 code as revision 2")
    assert lookup.get("1007", language="en").title == "Balance too low"
    assert lookup.get("1007", language="fil").title == "Masyadong mababa ang balanse"
    assert publisher.request.get("/api/errors/1007/").json()["title"] == "Balance too low"
    publisher.goto("/errors/1007/")
    expect(publisher.locator("main")).to_contain_text("Balance too low")

    # It was a mistake after all: back to what was shipped.
    publisher.goto(code_url("1007", "history/"))
    publisher.click("a:has-text('Restore')")
    publisher.fill("#id_note", "The old words were clearer.")
    publisher.click("text=Restore and publish revision 1")
    expect(publisher.locator(".pts-history table")).to_contain_text("The old words were clearer.")
    assert lookup.get("1007", language="en").title == before
    assert publisher.request.get("/api/errors/1007/").json()["title"] == before
    publisher.goto("/errors/1007/")
    expect(publisher.locator("main")).to_contain_text(before)
    expect(publisher.locator("main")).not_to_contain_text("Balance too low")

    # The log tells who did what.
    publisher.goto("/admin/pts_errors/revision/?q=1007")
    expect(publisher.locator("#result_list")).to_contain_text("Plainer words.")
    who = LogEntry.objects.filter(object_id=str(ErrorCode.objects.get(code="1007").pk)).values_list("user__username")
    assert {name for (name,) in who} == {"edda", "tala", "pub"}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_files_are_imported_for_everybody(open_as, tmp_path, scheme):
    """A conflict, a value that breaks a rule and one that does not, on a phone and without serious finds of axe."""
    call_command("pts_export", str(tmp_path), "--language", "fr", stdout=io.StringIO())
    file = tmp_path / "messages/fr.po"
    text = file.read_text(encoding="utf-8").replace('msgstr "Requête acceptée"', 'msgstr "Requête reçue"')
    text = re.sub(r'(msgctxt "1001/title"\nmsgid .*\nmsgstr) .*', r'\1 "<b>Champ</b>"', text)
    text = re.sub(r'(msgctxt "1002/title"\nmsgid .*\nmsgstr) .*', r'\1 "Champ absent"', text)
    file.write_text(text, encoding="utf-8")
    Message.objects.filter(error__code="1000", language="fr").update(title="Reçu")
    page = open_as("edda", "editor", viewport={"width": 360, "height": 800}, color_scheme=scheme)

    page.goto(LIST)
    page.click(".object-tools >> text=Import")
    page.set_input_files("#id_files", file)
    page.click("text=Show what would change")
    expect(page.locator("#pts-import h2")).to_have_text(
        ["Conflict: changed here as well (1)", "Rejected (1)", "Changed (1)"]
    )
    wide = page.evaluate("document.documentElement.scrollWidth")
    violations = axe.Axe().run(page).response["violations"]
    page.get_by_label("Take the file's value").check()
    page.click("text=Apply to drafts")
    expect(page.locator(".messagelist")).to_contain_text("Imported the files into the drafts of 2 codes.")

    assert wide <= 360
    assert [(v["id"], v["nodes"]) for v in violations if v["impact"] in ("serious", "critical")] == []
    assert Message.objects.get(error__code="1000", language="fr").title == "Requête reçue"


def test_everything_works_without_script(open_as):
    """Script is comfort only."""
    page = open_as("pub", "publisher", java_script_enabled=False)

    page.goto(code_url("1007"))
    page.fill("#id_messages-en-title", "Balance too low")
    page.fill("#id_note", "Plainer words.")
    page.check("#id_wording_only")
    page.click("text=Save and publish")

    expect(page.locator(".messagelist")).to_contain_text("Published 1 code as revision 2")
    assert lookup.get("1007", language="en").title == "Balance too low"


def test_the_enter_key_saves_a_draft_and_publishes_nothing(open_as):
    """The first button of the form is the harmless one."""
    page = open_as("pub", "publisher")

    page.goto(code_url("1007"))
    page.fill("#id_messages-en-title", "Balance too low")
    page.press("#id_messages-en-title", "Enter")

    expect(page.locator(".messagelist")).to_contain_text("Readers see it once it is published")
    assert not Revision.objects.filter(number=2).exists()


def test_leaving_a_page_with_unsaved_texts_asks_first(open_as):
    """A wrong click costs nothing."""
    page = open_as("edda", "editor")
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))

    page.goto(code_url("1007"))
    page.locator("#id_messages-en-title").press_sequentially("x")
    page.click("#site-name a")

    assert asked == ["beforeunload"]


# The dark scheme differs in colors alone.
@pytest.mark.parametrize(
    ("scheme", "only"),
    [("light", None), ("dark", ["color-contrast", "link-in-text-block"])],
    ids=["light", "dark"],
)
def test_axe_finds_nothing_serious(open_as, scheme, only):
    """On every page of ours, in both color schemes."""
    page = open_as("root", "admin", color_scheme=scheme)
    options = {"resultTypes": ["violations"]} | ({"runOnly": {"type": "rule", "values": only}} if only else {})
    found = []

    for url in pages():
        page.goto(url)
        for violation in axe.Axe().run(page, options=options).response["violations"]:
            if violation["impact"] in ("serious", "critical"):
                found += [(url, violation["id"], node["html"]) for node in violation["nodes"]]

    assert found == []


@pytest.mark.parametrize("width", [360, 768])
def test_no_page_is_wider_than_the_screen(open_as, width):
    """On a phone at night; wide tables scroll inside the page."""
    page = open_as("root", "admin", viewport={"width": width, "height": 800})

    for url in pages():
        page.goto(url)

        assert page.evaluate("document.documentElement.scrollWidth") <= width, url


@pytest.mark.skipif(django.VERSION < (6, 0), reason="Django has a Content-Security-Policy from 6.0 on")
def test_no_page_breaks_a_strict_policy(open_as, settings):
    """No inline script, no inline style, nothing from elsewhere."""
    settings.SECURE_CSP = {"default-src": ["'self'"], "object-src": ["'none'"], "base-uri": ["'none'"]}
    page = open_as("root", "admin")
    refused = []
    page.on("console", lambda message: "Content Security Policy" in message.text and refused.append(message.text))

    for url in pages():
        response = page.goto(url)
        assert "default-src 'self'" in response.headers["content-security-policy"]
    page.goto(code_url("8010"))
    page.click("[data-pts-for=id_runbook-diagnosis]")
    expect(page.locator("#id_runbook-diagnosis_preview ol").first).to_be_visible()

    assert refused == []
