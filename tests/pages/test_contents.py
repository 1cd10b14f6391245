"""Tests of what the pages of each audience show, without HTTP."""

from __future__ import annotations

import pytest
from django.template.loader import render_to_string
from django.utils import translation
from pytest_django import Settings

from pts_errors import snapshot
from pts_errors.checks import check_settings
from pts_errors.pages import reference, runbook, words
from pts_errors.pages.frame import SCRIPT, STYLESHEET, asset
from pts_errors.publishing.draft import lint_context
from pts_errors.testing import override_catalog
from pts_errors.values import markdown
from pts_errors.values.entry import Outcome, ResponsibleParty, RetryAdvice, Runbook


def test_every_value_has_words() -> None:
    """A label for a badge, and a sentence for somebody who has to act."""
    found = [
        *(words.of_outcome(outcome, advice) for outcome in Outcome for advice in RetryAdvice),
        *map(words.of_retry_advice, RetryAdvice),
        *map(words.of_party, ResponsibleParty),
    ]

    assert all(each.label != each.value and each.sentence.endswith(".") for each in found)


def test_value_of_a_later_version_speaks_for_itself() -> None:
    """An old process may read what a newer one published."""
    found = [words.of_outcome("settled", "phone"), words.of_retry_advice("phone"), words.of_party("bank")]

    assert [(f.label, f.sentence) for f in found] == [("settled", ""), ("phone", ""), ("bank", "")]


@pytest.mark.parametrize(
    ("seconds", "sentence"),
    [
        (None, "Send the same request again later."),
        (1, "Wait at least 1 second, then send the same request again."),
        (60, "Wait at least 60 seconds, then send the same request again."),
    ],
)
def test_advice_to_wait_says_how_long(seconds: int | None, sentence: str) -> None:
    """Where the catalog knows it."""
    assert words.of_retry_advice("retry_later", seconds).sentence == sentence


def test_assets_can_be_put_into_a_page() -> None:
    """Neither could end the element that it stands in, and neither asks for anything."""
    for name in (STYLESHEET, SCRIPT):
        assert "</" not in asset(name)
        assert "http" not in asset(name).replace('[href^="http"]', "")
        assert "@import" not in asset(name)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("", ""),
        ("```\ncode\n```", ""),
        ("One *two* `<THREE>`\nfour [five](https://e.example). Six.", "One two <THREE> four five. Six."),
        ("- first **item**\n- second", "first item"),
    ],
)
def test_markdown_is_read_as_plain_text(text: str, plain: str) -> None:
    """The first paragraph or item, on one line."""
    assert markdown.plain(text) == plain


def test_expectation_of_a_step_begins_a_line() -> None:
    """It is looked for there; every other line break is a space."""
    html = markdown.render("1. Count\n   them.\n   Expect: one.")

    assert html == "<ol>\n<li>Count\nthem.<br>\nExpect: one.</li>\n</ol>\n"


def test_rendered_runbook_ages_with_its_catalog() -> None:
    """Of two catalogs at once, each shows its own text, however often it is asked."""
    catalog = snapshot.current()
    with override_catalog({"8010": {"runbook": Runbook(meaning="Another meaning.")}}):
        other = snapshot.current()

    texts = [runbook.as_markdown(each, "8010") for each in (catalog, other, catalog, other)]

    assert ["Another meaning." in text for text in texts] == [False, True, False, True]
    assert texts[:2] == texts[2:]


def test_names_of_a_site_are_known_to_the_rules(settings: Settings, db: None) -> None:
    """A placeholder that the site fills is no mistake."""
    settings.PTS_ERRORS_RUNBOOK_CONTEXT = {"BOARD": "https://board.example/"}
    settings.PTS_ERRORS_RUNBOOK_PARAMETERS = ["batch_id"]

    assert set(lint_context(using="default").parameters) == {"BATCH_ID", "BOARD"}


@pytest.mark.parametrize(
    ("name", "value", "id"),
    [
        ("PTS_ERRORS_RUNBOOK_CONTEXT", {"board": "x"}, "E009"),
        ("PTS_ERRORS_RUNBOOK_CONTEXT", {"BOARD": 1}, "E009"),
        ("PTS_ERRORS_RUNBOOK_CONTEXT", "BOARD", "E009"),
        ("PTS_ERRORS_RUNBOOK_PARAMETERS", "order_id", "E010"),
        ("PTS_ERRORS_RUNBOOK_PARAMETERS", ["ORDER_ID"], "E010"),
        ("PTS_ERRORS_RUNBOOK_PARAMETERS", [1], "E010"),
    ],
)
def test_wrong_setting_is_reported(settings: Settings, name: str, value: object, id: str) -> None:
    """By the system check of its own."""
    setattr(settings, name, value)

    assert [issue.id for issue in check_settings()] == [f"pts_errors.{id}"]


@pytest.mark.parametrize("language", ["en", "fil", "ms", "zh-hant"])
def test_pages_are_made_in_languages_that_django_does_not_have(language: str) -> None:
    """The catalog's languages are its own."""

    class Links:
        is_live = True
        asked_language = ""

        def listing(self, language: str | None = None) -> str:
            return f"/{language}"

        def error(self, code: str, language: str | None = None) -> str:
            return f"/{code}"

        def permanent(self, code: str) -> str:
            return f"/{code}"

        def asset(self, name: str) -> str:
            return name

    with override_catalog(), translation.override(language):
        html = render_to_string(
            reference.ERROR_TEMPLATE, reference.error_page(snapshot.current(), "1007", language=language, links=Links())
        )

    assert f'<blockquote lang="{language}"' in html
