"""Tests of the resolutions: what a merchant's people read about the causes of a code, and who else does not."""

from __future__ import annotations

import io
import json
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.template import Context, Template
from django.test import Client
from django.urls import include, path

from pts_errors import lookup, problem, publishing, urls
from pts_errors.exceptions import PTSError
from pts_errors.lint import order_ids
from pts_errors.models import Head, Message
from pts_errors.pages import static_copy
from pts_errors.publishing import draft
from pts_errors.testing import override_catalog
from pts_errors.values import markdown, seed
from pts_errors.values.entry import OrderId
from tests.support.catalog_files import read_directory, write_directory
from tests.support.values import LANGUAGES, MESSAGE, make_entry

ENTRIES = {entry.code: entry for entry in seed.packaged()}
WRITTEN = ("en", "zh-hans", "zh-hant")


class OnCall:
    """Addresses of a host that has no public pages."""

    _patterns = [pattern for pattern in urls.urlpatterns if "runbook" in str(pattern.name)]
    urlpatterns = [path("on-call/", include((_patterns, "pts_errors")))]


# ---- the shipped texts ----


@pytest.mark.parametrize("language", WRITTEN)
def test_every_code_has_a_resolution_of_its_own(language: str) -> None:
    """In English and both Chinese scripts, and no two are alike."""
    texts = Counter(entry.messages[language].resolution for entry in ENTRIES.values())

    assert len(texts) == 59
    assert "" not in texts


@pytest.mark.parametrize("language", WRITTEN)
def test_every_resolution_ranks_causes_and_says_which_order_id(language: str) -> None:
    """The same number of causes as in English, then the fixed sentence of the code's case, then whom to ask."""
    for code, entry in ENTRIES.items():
        text = entry.messages[language].resolution
        causes, fixed, contact = text.split("\n\n")

        assert len(markdown.numbered_items(text)) == len(markdown.numbered_items(entry.messages["en"].resolution)) >= 2
        assert markdown.numbered_items(causes)[0].startswith("1. "), code
        assert fixed == order_ids.sentence(order_ids.after(entry.outcome, entry.retry_advice), language), code
        assert "{brand}" in contact, code
        assert code in contact or "code" in contact or "码" in contact or "碼" in contact, code


def test_a_resolution_is_as_long_as_one_reads() -> None:
    """Between 60 and 180 words."""
    words = {code: len(re.findall(r"\S*\w\S*", e.messages["en"].resolution)) for code, e in ENTRIES.items()}

    assert {code: number for code, number in words.items() if not 60 <= number <= 180} == {}


def test_other_languages_have_none_yet() -> None:
    """They fall back to English, and their files are not filled with it."""
    others = [entry.messages[tag].resolution for entry in ENTRIES.values() for tag in set(LANGUAGES) - set(WRITTEN)]

    assert set(others) == {""}


# ---- readers ----


@pytest.mark.parametrize(("language", "word"), [("en", "overdue"), ("zh-hans", "客服"), ("zh-TW", "客服")])
def test_the_api_tells_it_in_three_languages(language: str, word: str, client: Client, db: None) -> None:
    """As Markdown and as safe HTML, with the site's values filled in."""
    body = client.get(f"/api/errors/1007/?language={language}").json()
    tag = {"zh-TW": "zh-hant"}.get(language, language)

    assert body["text_languages"]["resolution"] == tag
    assert body["resolution"] == ENTRIES["1007"].messages[tag].resolution.replace("{brand}", "PTS")
    assert body["resolution_html"].startswith("<ol>\n<li>")
    assert word in body["resolution"] or tag == "en"


def test_the_api_falls_back_to_english(client: Client, db: None) -> None:
    """And says so."""
    body = client.get("/api/errors/1007/?language=ar").json()

    assert body["text_languages"]["resolution"] == "en"
    assert body["resolution"] == client.get("/api/errors/1007/?language=en").json()["resolution"]


def test_the_openapi_document_describes_it(client: Client, db: None) -> None:
    """Both forms are text that is always there."""
    schema = client.get("/api/schema/").json()["components"]["schemas"]["PTSError"]

    assert {"resolution", "resolution_html"} <= set(schema["required"])
    assert schema["properties"]["resolution"]["type"] == "string"


def test_the_page_shows_it_with_links(client: Client, db: None) -> None:
    """A list, in its language, after the merchant action; a code that it names is one click away."""
    html = client.get("/errors/9006/?language=en").content.decode()
    section = html.partition('id="resolution"')[2].partition("</section>")[0]

    assert html.index('id="merchant"') < html.index('id="resolution"') < html.index('id="facts"')
    assert "Likely causes and what to do" in section
    assert '<div class="prose" lang="en" dir="ltr"> <ol>' in " ".join(section.split())
    assert '<a href="/errors/8001/?language=en">8001</a>' in section
    assert '">3000</a>' not in section  # a status of an order is no code
    assert '">9006</a>' not in section


def test_the_page_of_another_language_says_that_it_is_english(client: Client, db: None) -> None:
    """The heading is translated, the text carries its own language and direction."""
    html = client.get("/errors/1007/?language=ar").content.decode()
    section = html.partition('id="resolution"')[2].partition("</section>")[0]

    assert "الأسباب المحتملة" in section
    assert '<div class="prose" lang="en" dir="ltr"> <ol>' in " ".join(section.split())


def test_the_page_takes_no_markup_of_a_text(client: Client, db: None) -> None:
    """HTML is shown as it is written, and no script gets in through a link."""
    with override_catalog({"1007": {"resolution": "1. <script>a</script>\n2. [b](javascript:alert(1))"}}):
        html = client.get("/errors/1007/?language=en").content.decode()
        body = client.get("/api/errors/1007/?language=en").json()

    for text in (html.partition('id="resolution"')[2].partition("</section>")[0], body["resolution_html"]):
        assert "<script>" not in text
        assert 'href="javascript' not in text


def test_a_code_without_a_resolution_has_no_heading(client: Client, db: None) -> None:
    """Neither on the page nor in Markdown; in JSON the text is empty."""
    with override_catalog({"1007": {"resolution": ""}}):
        assert 'id="resolution"' not in client.get("/errors/1007/?language=en").content.decode()
        assert "Likely causes" not in client.get("/errors/1007.md?language=en").content.decode()
        body = client.get("/api/errors/1007/?language=en").json()

    assert (body["resolution"], body["resolution_html"]) == ("", "")


def test_markdown_and_json_hold_it(client: Client, db: None) -> None:
    """For chat bots and programs, without links to pages."""
    text = client.get("/errors/1007.md?language=en").content.decode()
    data = client.get("/errors/1007.json?language=en").json()

    assert "## Likely causes and what to do\n\n1. " in text
    assert data["resolution"] in text
    assert data["text_languages"]["resolution"] == "en"


def test_the_static_copy_links_its_own_files() -> None:
    """Relative addresses, as everywhere in the copy."""
    with override_catalog() as catalog:
        pages = dict(static_copy.reference_pages(catalog, "en"))

    assert '<a href="8001.html">8001</a>' in pages["en/9006.html"].partition('id="resolution"')[2]


def test_an_unknown_code_has_no_causes() -> None:
    """Those of 9999 would be somebody else's."""
    error = lookup.get("7777", language="en")

    assert not error.is_known
    assert error.resolution == ""
    assert order_ids.SENTENCES[OrderId.SAME] in error.merchant_action


def test_the_on_call_page_links_what_the_merchant_was_told(admin_client: Client) -> None:
    """Only where there is something to read."""
    assert 'href="/errors/1007/#resolution"' in admin_client.get("/errors/runbooks/1007/").content.decode()
    with override_catalog({"1007": {"resolution": ""}}):
        assert "#resolution" not in admin_client.get("/errors/runbooks/1007/").content.decode()


def test_a_host_may_serve_the_on_call_pages_alone(admin_client: Client, settings: Any) -> None:
    """Then there is no page to link."""
    settings.ROOT_URLCONF = OnCall

    html = admin_client.get("/on-call/runbooks/1007/").content.decode()

    assert "1007" in html
    assert "#resolution" not in html


def test_the_on_call_copy_needs_no_server() -> None:
    """It links no page that it does not hold."""
    with override_catalog() as catalog:
        pages = dict(static_copy.runbook_pages(catalog, {}))

    assert "#resolution" not in pages["1007.html"]


# ---- who does not read it ----


@pytest.mark.parametrize("audience", ["customer", "integrator"])
def test_no_answer_to_a_customer_holds_it(audience: str, settings: Any) -> None:
    """Not problem+json for either audience, nor the alert, nor the sentence of a tag."""
    settings.PTS_ERRORS_PROBLEM_AUDIENCE = audience
    shown = Template("{% load pts_errors %}{% pts_error code as error %}{{ error }}")
    with override_catalog({"1007": {"resolution": "canary"}, "8101": {"resolution": "canary"}}):
        for code in ("1007", "8101"):
            assert "canary" not in json.dumps(problem.describe(PTSError(code), language="en").body)
            assert "canary" not in shown.render(Context({"code": code}))


# ---- files and upgrades ----


def test_files_hold_it_word_for_word(tmp_path: Path) -> None:
    """Written and read again: the same, and only the languages that have one hold its units."""
    french = replace(MESSAGE, title="Solde", resolution="")
    entry = make_entry(messages={"en": MESSAGE, "fr": replace(french, source_text={"title": MESSAGE.title})})

    write_directory(tmp_path, [entry])

    (found,) = read_directory(tmp_path)
    assert found.messages["en"] == MESSAGE
    assert found.messages["fr"].resolution == ""
    assert "1007/resolution" in (tmp_path / "messages/en.po").read_text("utf-8")
    assert "1007/resolution" not in (tmp_path / "messages/fr.po").read_text("utf-8")


@pytest.mark.django_db
def test_a_translator_gets_the_units_and_brings_them_back(tmp_path: Path) -> None:
    """The file of one language holds every text; what is translated in it is imported, and the rest stays."""
    call_command("pts_export", str(tmp_path), "--language", "fr", stdout=io.StringIO())
    po = tmp_path / "messages/fr.po"
    before = po.read_text("utf-8")
    head, key, rest = before.partition('msgctxt "1007/resolution"')
    assert key
    po.write_text(head + key + rest.replace('msgstr ""', 'msgstr "1. Une cause.\\n2. Une autre."', 1), "utf-8")

    call_command("pts_import", str(po), "--yes", stdout=io.StringIO())

    row = Message.objects.get(error__code="1007", language="fr")
    assert row.resolution == "1. Une cause.\n2. Une autre."
    assert row.source_text["resolution"] == ENTRIES["1007"].messages["en"].resolution
    assert Message.objects.exclude(resolution="").filter(language="fr").count() == 1


@pytest.mark.django_db
def test_an_upgrade_brings_it_and_keeps_a_local_one(ship: Any) -> None:
    """Where nobody wrote one it arrives; where somebody did, theirs stays and waits for a decision."""

    def without(entry: Any) -> Any:
        english = replace(entry.messages["en"], resolution="")
        return replace(entry, messages={**entry.messages, "en": english})

    ship(c1005=without, c1006=without)
    publishing.upgrade()
    assert Message.objects.filter(error__code__in=["1005", "1006"], language="en", resolution="").count() == 2
    Message.objects.filter(error__code="1005", language="en").update(resolution="1. Ours.\n2. Ours as well.")
    publishing.publish()
    ship(c1005=lambda _entry: ENTRIES["1005"], c1006=lambda _entry: ENTRIES["1006"])

    changes = publishing.upgrade()

    assert {(change.code, change.path, change.action) for change in changes} == {
        ("1005", "en.resolution", "kept"),
        ("1006", "en.resolution", "taken"),
    }
    assert Message.objects.get(error__code="1005", language="en").resolution == "1. Ours.\n2. Ours as well."


@pytest.mark.django_db
def test_an_upgrade_brings_no_deleted_language_back(ship: Any) -> None:
    """A site that took a language away does not get it again with a new text."""

    def without(entry: Any) -> Any:
        chinese = replace(entry.messages["zh-hant"], resolution="")
        return replace(entry, messages={**entry.messages, "zh-hant": chinese})

    ship(c1005=without)
    publishing.upgrade()
    Message.objects.filter(error__code="1005", language="zh-hant").delete()
    publishing.publish()
    ship(c1005=lambda _entry: ENTRIES["1005"])

    publishing.upgrade()

    assert not Message.objects.filter(error__code="1005", language="zh-hant").exists()


@pytest.mark.django_db
def test_a_fresh_database_has_it_as_draft_and_live() -> None:
    """Although the seed's migration is older than the column."""
    assert draft.read(["1007"], using="default")["1007"] == ENTRIES["1007"]
    assert Head.objects.get().number == 1
    assert publishing.unpublished() == {}


def test_a_state_without_one_is_what_it_was() -> None:
    """Digests and fingerprints of earlier releases stay as they are."""
    state = make_entry(messages={"en": replace(MESSAGE, resolution="")}).as_json()

    assert list(state["messages"]["en"]) == ["title", "customer_message", "merchant_action", "source_text"]
