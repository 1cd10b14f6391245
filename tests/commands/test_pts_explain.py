"""Tests of the command ``pts_explain``."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import translation

from pts_errors.testing import override_catalog
from pts_errors.values import seed
from pts_errors.values.entry import RUNBOOK_SECTIONS, Category
from tests.support.values import RUNBOOK

CATEGORY = Category(slug="upstream", name="Upstream Error", owner="Channel on-call", escalation="Call the lead.")
CHANGES = {
    "1007": {
        "similar": ("1013", "1014", "7777"),
        "is_retired": True,
        "replaced_by": "1013",
        "messages": {"fr": {"title": "Solde", "customer_message": "Non.", "merchant_action": ""}},
    },
    "1013": {"title": "Balance low for a withdrawal"},
    "8002": {"retry_advice": "retry_later", "retry_after": 60, "outcome": "tomorrow's"},
    "4001": {"category": CATEGORY, "runbook": replace(RUNBOOK, owner="", escalation="", impact="")},
    "4002": {"category": replace(CATEGORY, slug="nameless", name="", owner=""), "runbook": None},
}


class Screen(StringIO):
    """A terminal."""

    def isatty(self):
        """Return that it is one."""
        return True


@pytest.fixture(autouse=True)
def catalog():
    """Serve the packaged catalog with changes of our own, in English."""
    with override_catalog(CHANGES), translation.override("en"):
        yield


def explain(*arguments, out=None, **options):
    """Return what the command prints."""
    out = out or StringIO()
    call_command("pts_explain", *arguments, stdout=out, **options)
    return out.getvalue()


def test_a_code_is_explained_by_the_markdown_of_its_page(client):
    """The same text as under the address, and then which revision it is."""
    text = explain("1007")

    assert text.startswith(client.get("/errors/1007.md").content.decode())
    assert text.startswith(
        "# 1007 Insufficient balance\n\n> Not enough balance\n\n- Outcome: **Rejected** (`rejected`)."
    )


@pytest.mark.parametrize("code", ["4001", "9999", "1003"])
def test_whether_money_moved_comes_first(code):
    """Before everything else but the name of the code."""
    money, retry = explain(code).splitlines()[4:6]

    assert any(words in money for words in ("Money may have moved.", "That says nothing final about the order"))
    assert "Query the order before anything else. Whatever is sent again keeps the same order id" in retry


def test_a_final_answer_has_no_such_warning():
    """It would be read past where it matters."""
    assert "Query the order before anything else" not in explain("1007")


def test_the_time_to_wait_is_told():
    """Where there is one. A choice that this version does not know is shown as it is stored."""
    text = explain("8002")

    assert "Wait at least 60 seconds, then send the same request again." in text
    assert "- Outcome: **tomorrow's** (`tomorrow's`)." in text


def test_texts_come_in_the_language_that_is_asked_for():
    """Each text that this language lacks falls back to the source."""
    lines = explain("1007", "--language", "fr-CA").splitlines()

    assert lines[0] == "# 1007 Solde"
    assert "Non." in lines
    assert "Query your balance" in "\n".join(lines)


def test_the_active_language_is_the_default():
    """As of everything else; and where none is active, the source."""
    with translation.override("fr"):
        assert explain("1007").startswith("# 1007 Solde")
    with translation.override(None):
        assert explain("1007").startswith("# 1007 Insufficient balance")


def test_labels_are_in_the_language_of_the_texts():
    """Which is what the on-call reads in."""
    assert "\n- 名称: `INSUFFICIENT_BALANCE`\n" in explain("1007", language="zh-CN")


def test_labels_of_the_runbook_are_in_a_language_of_the_staff_pages():
    """English, where those are not translated: half a page in another language is read wrongly at night."""
    assert "\n- Owner: " in explain("1003", "--runbook", language="fr")
    assert "\n## Diagnosis\n" in explain("1003", "--runbook", language="fr")
    assert "\n## Diagnosis\n" not in explain("1003", "--runbook", language="zh-CN")


def test_the_packaged_catalog_is_told_from_the_published_one():
    """Who reads it while the database is down knows that newer texts may exist."""
    assert "As shipped with the package: the database did not answer." in explain("1007")


def test_the_published_catalog_says_its_revision():
    """The number under which the log has it."""
    with override_catalog({"1007": {"revision": 12}}):
        assert explain("1007").endswith("\n\nPublished as revision 12.\n")


def test_the_runbook_is_markdown():
    """Its six sections in their order, with the owner."""
    text = explain("1003", runbook=True)

    runbook = next(entry.runbook for entry in seed.packaged() if entry.code == "1003")
    places = [text.index(f"## {name.capitalize()}\n\n{getattr(runbook, name)}") for name in RUNBOOK_SECTIONS]
    assert places == sorted(places)
    assert "Owner: " in text


def test_the_runbook_is_that_of_its_page(admin_client):
    """The same text as under the address, but for what the database says of reviews."""
    lines = admin_client.get("/errors/runbooks/1003.md").content.decode().splitlines()

    said = explain("1003", runbook=True).splitlines()

    assert said[said.index(lines[0]) :] == [line for line in lines if not line.startswith(("- Never", "- Changed"))]


def test_owner_and_escalation_are_those_of_the_category():
    """Where the runbook names none of its own; an empty section is left out."""
    text = explain("4001", runbook=True)

    assert "Owner: Channel on-call" in text
    assert "## Escalation\n\nCall the lead." in text
    assert "## Impact" not in text


def test_a_code_without_runbook_has_what_the_category_gives():
    """And nothing else."""
    text = explain("4002", runbook=True)

    assert "- Category: nameless" in text
    assert text.endswith("- Owner: \n\n## Escalation\n\nCall the lead.\n")


def test_json_holds_the_same():
    """One object, for programs."""
    found = json.loads(explain("1007", as_json=True, language="fr"))

    assert found["code"] == "1007"
    assert found["title"] == "Solde"
    assert found["outcome"] == "rejected"
    assert found["similar"] == ["1013", "1014", "7777"]
    assert found["text_languages"] == {
        "title": "fr",
        "customer_message": "fr",
        "merchant_action": "en",
        "resolution": "en",
    }
    assert "runbook" not in found


def test_json_holds_the_runbook_when_it_is_asked_for():
    """With what the category gives."""
    found = json.loads(explain("4001", "--json", "--runbook"))

    assert list(found["runbook"]) == ["owner", *RUNBOOK_SECTIONS]
    assert found["runbook"]["owner"] == "Channel on-call"
    assert found["runbook"]["escalation"] == "Call the lead."


@pytest.mark.parametrize("code", ["7777", "01007", " 1007", "", "\x1b[31m", "9" * 10_000, "\ud800"])
@pytest.mark.parametrize("as_json", [True, False])
def test_an_unknown_code_is_an_error_with_the_safe_advice(code, as_json):
    """Whoever looks up a code that nobody knows may be about to pay twice."""
    with pytest.raises(CommandError, match=r"Money may have moved\. .* Query the order before anything else") as caught:
        explain(code, as_json=as_json)

    assert len(str(caught.value)) < 400
    assert str(caught.value).isprintable()


LONG = "word " * 30
SCREENED = f"""1. {LONG}`two words` {LONG}
   Expect: {LONG}
- {LONG}

| {LONG} |

```
{LONG}
```
{"x" * 120}"""


@pytest.fixture
def screen(monkeypatch):
    """Return a terminal of 60 columns."""
    monkeypatch.setattr(shutil, "get_terminal_size", lambda: os.terminal_size((60, 24)))
    return Screen()


def test_long_lines_are_wrapped_on_a_screen(screen):
    """At words and with the indent of their list; tables, code and long words stay as they are."""
    with override_catalog({"1007": {"runbook": replace(RUNBOOK, diagnosis=SCREENED)}}):
        lines = explain("1007", "--runbook", "--no-color", out=screen).splitlines()

    kept = {f"| {LONG} |", LONG, "x" * 120}
    assert kept <= set(lines)
    assert all(len(line) <= 60 for line in lines if line not in kept)
    assert "   word word word word word word word word word word word" in lines
    assert "  word word word word word word word word word word word" in lines
    assert any("`two words`" in line for line in lines)


def test_lines_are_not_wrapped_in_a_pipe():
    """What is pasted or filtered keeps its form."""
    with override_catalog({"1007": {"runbook": replace(RUNBOOK, diagnosis=SCREENED)}}):
        assert SCREENED in explain("1007", "--runbook")


def test_a_runbook_names_the_rotas_of_the_site(settings):
    """As Markdown and as JSON; what is unconfirmed stays readable text."""
    settings.PTS_ERRORS_ROLES = {"Incident lead": "rota-9", "Ledger on-call": "rota_3"}

    text = explain("8010", runbook=True)
    found = json.loads(explain("8010", runbook=True, as_json=True))["runbook"]

    assert "- Owner: Ledger on-call (rota\\_3)" in text
    assert "Incident lead (rota-9)" in text
    assert "Expect: neither (assumption to confirm: PTS records both)." in text
    assert found["owner"] == "Ledger on-call (rota_3)"
    assert "Incident lead (rota-9)" in found["escalation"]
