"""Tests of `pts_errors.values.roles`."""

from __future__ import annotations

import re
from dataclasses import asdict

import pytest

from pts_errors.values import markdown, seed
from pts_errors.values.entry import Runbook
from pts_errors.values.roles import ROLES, named, named_in_markdown

ROTAS = {"Platform on-call": "rota-7", "Incident lead": "rota-1"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Platform on-call at once.", "Platform on-call (rota-7) at once."),
        (
            "**Platform on-call**; the Incident lead, Platform on-call.",
            "**Platform on-call (rota-7)**; the Incident lead (rota-1), Platform on-call (rota-7).",
        ),
        ("Merchant support, in office hours.", "Merchant support, in office hours."),
        (
            "platform on-call, Incident leader, XPlatform on-call",
            "platform on-call, Incident leader, XPlatform on-call",
        ),
        ("Run `page 'Platform on-call'`.", "Run `page 'Platform on-call'`."),
        ("```\nPlatform on-call\n```\nIncident lead", "```\nPlatform on-call\n```\nIncident lead (rota-1)"),
        ("A ` alone, then Incident lead.", "A ` alone, then Incident lead (rota-1)."),
        ("", ""),
    ],
)
def test_a_role_is_followed_by_the_rota_of_the_site(text: str, expected: str) -> None:
    """The name of the runbook stays, so that two people on the phone mean the same; a command stays as it is."""
    assert named(text, ROTAS) == named_in_markdown(text, ROTAS) == expected


@pytest.mark.parametrize(
    "rota", ["<b>x</b>", "*rota*", "rota_7_a", "[x](javascript:alert(1))", "a|b", "`a`", "\\1", "&amp;"]
)
def test_a_rota_is_shown_as_it_is_set(rota: str) -> None:
    """Neither HTML nor Markdown of it is read, also in a table."""
    text = "| a | b |\n|-|-|\n| Incident lead | c |"

    found = named_in_markdown(text, {"Incident lead": rota})

    escaped = rota.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert f"<td>Incident lead ({escaped})</td>" in markdown.render(found)
    assert named("Incident lead", {"Incident lead": rota}) == f"Incident lead ({rota})"


@pytest.mark.parametrize("rotas", [None, [], "rota", 7, {"Incident lead": None}, {"Incident lead": 7}, {1: "x"}])
def test_a_wrong_setting_breaks_no_page(rotas: object) -> None:
    """The system check says what is wrong with it."""
    assert named("Incident lead", rotas) == "Incident lead"


def test_every_role_of_the_shipped_runbooks_can_be_mapped() -> None:
    """And none is offered that no runbook names."""
    texts = [
        text
        for entry in seed.packaged()
        for text in (entry.category.owner, entry.category.escalation, *(asdict(entry.runbook or Runbook()).values()))
    ]
    pattern = re.compile(r"\b(?:[A-Z]\w+(?: [a-z]+)? on-call|[A-Z]\w+ (?:team|lead|support))\b")
    found = {re.sub("^(The|Ask|Tell) ", "", name) for text in texts for name in pattern.findall(text)}

    assert found <= {*ROLES}
    assert all(any(role in text for text in texts) for role in ROLES)
