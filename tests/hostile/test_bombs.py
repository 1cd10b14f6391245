"""Small inputs that ask for much work."""

from __future__ import annotations

import importlib
import pkgutil
import re
import time
from types import ModuleType
from typing import Any

import pytest

import pts_errors
from pts_errors.lint import rules
from pts_errors.values import diff, markdown, placeholders
from pts_errors.values.diff import Kind
from pts_errors.values.entry import Runbook
from tests.hostile.strings import EVERY, is_sendable
from tests.support.values import make_entry

# Python's parser of patterns has no public name.
_parser = importlib.import_module("re._parser")

LENGTH = 10_000
"""As long as a section of a runbook may be."""

BOMBS = {
    "table": "|a" * 1600 + "|\n" + "|-" * 1600 + "|\n" + "|\n" * 1800,
    "narrow table": "|a|b|\n|-|-|\n" + "|\n" * 4000,
    "links": "[a](b" * 2000,
    "brackets": "[" * LENGTH,
    "images": "![" * 5000,
    "quotes": "> " * 5000,
    "lists": "- " * 5000,
    "nested lists": "\n".join(" " * depth + "- a" for depth in range(130)),
    "emphasis": "**a _" * 2000,
    "references": "[a]: /u\n\n" + "[a][" * 2400,
    "definitions": "[a]:\n" * 2000,
    "entities": "&#x" * 3300,
    "comments": "<!--" * 2500,
    "fences": "~~~\n" * 2500,
    "escapes": "\\" * LENGTH,
    "parentheses": "(" * LENGTH,
    "open marks": "(assumption to confirm: " * 400,
    "marks": "(assumption to confirm: x)" * 380,
    "nested marks": "(assumption to confirm: x " * 180 + ")" * 5000,
}


@pytest.mark.parametrize("name", BOMBS)
def test_markdown_grows_by_no_more_than_its_text(name: str) -> None:
    """A page of some thousand signs is made of ten thousand, and not a megabyte."""
    assert len(markdown.render(BOMBS[name][:LENGTH], unconfirmed="Unconfirmed")) < 40 * LENGTH


@pytest.mark.parametrize("name", BOMBS)
def test_marks_are_found_at_once(name: str) -> None:
    """However many there are, and whether they close or not."""
    begin = time.perf_counter()

    markdown.unconfirmed(BOMBS[name][:LENGTH])

    assert time.perf_counter() - begin < 5


def test_a_table_that_people_write_is_a_table() -> None:
    """The bound is far above it."""
    rows = "".join(f"| {number} | b | c | d | e |\n" for number in range(150))

    assert markdown.render("| 1 | 2 | 3 | 4 | 5 |\n|-|-|-|-|-|\n" + rows).count("<td>") == 750


def test_half_a_character_is_nowhere_a_fault() -> None:
    """Also where only the first sentence is wanted."""
    assert markdown.plain("[a](http://x.example/\ud800) \udfff") == "a \ufffd"


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        ("\u7684" * 10_000, "\u7684" * 9_999, 9_999),
        ("a b " * 2_500, "b a " * 2_500, 1),
        ("." * 10_000, "," * 10_000, 0),
        ("\u7684" * 5_000 + "x" + "\u662f" * 4_000, "\u7684" * 5_000 + "y" + "\u662f" * 4_000, 9_000),
        ("a\n" * 5_000, "b\na\n" * 2_500, None),
    ],
    ids=["one sign", "two words", "no sign", "ends", "lines"],
)
def test_a_comparison_that_would_take_minutes_looks_at_the_ends_alone(
    before: str, after: str, same: int | None
) -> None:
    """The pieces are right, only not as fine as they could be."""
    pieces = diff.words(before, after)

    assert "".join(piece.text for piece in pieces if piece.kind != Kind.ADDED) == before
    assert "".join(piece.text for piece in pieces if piece.kind != Kind.REMOVED) == after
    assert len(pieces) < 10
    if same is not None:
        assert sum(len(piece.text) for piece in pieces if piece.kind == Kind.SAME) == same


def test_formats_in_a_text_are_never_evaluated() -> None:
    """No width, no attribute, no second look at what was filled in."""
    for text in (*EVERY, "{brand:>900000000}", "{brand.__class__}", "{brand!r}", "%(brand)s" * 1_000, "{" * 5_000):
        found = placeholders.fill(text, {"brand": "{brand}{0}%s"}, isolate=False)
        assert found == text.replace("{brand}", "{brand}{0}%s")


def test_every_rule_bears_every_text() -> None:
    """Each text in each field at once: issues, and no fault."""
    context = rules.Context(known=(), languages=("en", "fr"))
    for text in filter(is_sendable, EVERY):
        text = text[:2_000]
        runbook = Runbook(owner=text, meaning=text, impact=text, diagnosis=text, mitigation=text, verification=text)
        entry = make_entry(provider_message=text, runbook=runbook)
        message = type(entry.messages["en"])(title=text, customer_message=text, merchant_action=text)
        entry = make_entry(provider_message=text, runbook=runbook, messages={"en": message, "fr": message})
        assert all(issue.text for issue in rules.lint(entry, context))


def modules() -> list[ModuleType]:
    """Return every module of the package but the migrations."""
    names = [found.name for found in pkgutil.walk_packages(pts_errors.__path__, "pts_errors.")]
    return [importlib.import_module(name) for name in names if ".migrations" not in name]


def repeats(parsed: Any, *, inside: bool = False) -> bool:
    """Return whether an endless repetition stands inside another one, as in ``(a+)+``, at which matching explodes."""
    for operation, argument in parsed:
        if operation in (_parser.MAX_REPEAT, _parser.MIN_REPEAT):
            _least, most, body = argument
            is_endless = most == _parser.MAXREPEAT
            if (is_endless and inside) or repeats(body, inside=inside or is_endless):
                return True
        elif isinstance(argument, tuple):
            parts = [part for part in argument if isinstance(part, (list, _parser.SubPattern))]
            parts = [each for part in parts for each in (part if isinstance(part, list) else [part])]
            if any(repeats(part, inside=inside) for part in parts if isinstance(part, _parser.SubPattern)):
                return True
    return False


def test_no_pattern_of_ours_repeats_a_repetition() -> None:
    """So no text makes one of them take longer than its length allows."""
    found = {
        f"{module.__name__}.{name}": value.pattern
        for module in modules()
        for name, value in vars(module).items()
        if isinstance(value, re.Pattern) and module.__name__ != "pts_errors.checks"  # reads the host's settings alone
    }

    assert len(found) > 30
    assert [name for name, pattern in found.items() if repeats(_parser.parse(pattern))] == []
    assert repeats(_parser.parse("(a+)+$"))
    assert repeats(_parser.parse("x(?:y(z*|b)*)"))
    assert not repeats(_parser.parse("a+b*(c{1,3}){2,}"))
