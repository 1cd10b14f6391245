"""Tests of the command ``pts_lint``."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from pts_errors.models import Message, Runbook

pytestmark = pytest.mark.django_db


@pytest.fixture
def _flawed():
    """Break one rule of each level: an error in 1007, a warning in 1008, an info in 4001."""
    Message.objects.filter(error__code="1007", language="en").update(title="")
    Message.objects.filter(error__code="1008", language="en").update(title="A title.")
    runbook = Runbook.objects.get(error__code="4001")
    runbook.meaning += "\n\nSee http://pts.test/."
    runbook.save()


def lint(*arguments):
    """Return what the command prints, and why it failed."""
    out, failure = StringIO(), ""
    try:
        call_command("pts_lint", *arguments, stdout=out)
    except CommandError as error:
        failure = str(error)
    return out.getvalue().splitlines(), failure


@pytest.mark.parametrize("level", ["error", "warning"])
def test_the_shipped_catalog_is_clean(level):
    """A fresh install fails at neither level; the hints count what the site has to confirm."""
    lines, failure = lint("--fail-on", level)

    assert failure == ""
    assert lines[-1] == "Codes: 59. Errors: 0. Warnings: 0. Infos: 55."
    assert lines[0] == "1000 runbook R023 info: 2 statements of this runbook are unconfirmed."
    assert all(" R023 info: " in line for line in lines[:-1])


@pytest.mark.usefixtures("_flawed")
def test_each_issue_is_one_line():
    """Code, field, rule, level and what is wrong; then how many there are."""
    lines, _failure = lint()

    assert "1007 en.title M001 error: The text in the source language is missing." in lines
    assert "4001 runbook.meaning R018 info: The section contains a link that is not encrypted." in lines
    assert "1008 en.title M014 warning: A title is a short phrase" in "\n".join(lines)
    assert lines[-1].startswith("Codes: 59. Errors: 1. Warnings: ")


@pytest.mark.usefixtures("_flawed")
@pytest.mark.parametrize(
    ("arguments", "failure"),
    [
        (["1007"], "Issues of level error or above: 1."),
        (["1008"], ""),
        (["1008", "--fail-on", "error"], ""),
        (["1008", "--fail-on", "warning"], "Issues of level warning or above: 17."),
        (["4001", "--fail-on", "warning"], ""),
        (["4001", "--fail-on", "info"], "Issues of level info or above: 2."),
        (["8001", "--fail-on", "info"], ""),
    ],
)
def test_it_fails_at_the_level_that_is_asked_for(arguments, failure):
    """So that a pipeline can be as strict as its owner wants."""
    assert lint(*arguments)[1] == failure


@pytest.mark.usefixtures("_flawed")
def test_only_the_codes_that_are_named_are_checked():
    """Also when one is named twice."""
    lines, _failure = lint("8001", "8001", "8002")

    assert lines == ["Codes: 2. Errors: 0. Warnings: 0. Infos: 0."]


def test_an_issue_of_a_whole_runbook_names_the_runbook():
    """Every line has the same columns."""
    Runbook.objects.filter(error__code="4001").update(impact="word " * 900)

    lines, _failure = lint("4001")

    assert lines[0].startswith("4001 runbook R017 warning: The runbook has ")


@pytest.mark.usefixtures("_flawed")
def test_a_host_may_silence_a_rule(settings):
    """By its setting, and not by an option that each pipeline would have to repeat."""
    settings.PTS_ERRORS_SILENCED_LINTS = ["M001:1007"]

    assert lint("1007")[1] == ""


@pytest.mark.parametrize("code", ["7777", "01007", "x\x1b[31m"])
def test_an_unknown_code_is_named(code):
    """A typing mistake must not look like a clean catalog."""
    lines, failure = lint("1007", code)

    assert lines == []
    assert failure == f"Not in the catalog: {code!a}."


def test_an_unknown_level_is_refused():
    """With the levels that there are."""
    with pytest.raises((CommandError, ValueError), match="fatal"):
        call_command("pts_lint", "--fail-on", "fatal")
