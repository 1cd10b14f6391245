"""Differences of texts and of states."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pts_errors.values.diff import Kind, words


def shorthand(before: str, after: str) -> str:
    """Return the pieces as text: [-removed-]{+added+}."""
    marks = {Kind.SAME: "{}", Kind.ADDED: "{{+{}+}}", Kind.REMOVED: "[-{}-]"}
    return "".join(marks[piece.kind].format(piece.text) for piece in words(before, after))


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("", "", ""),
        ("same", "same", "same"),
        ("", "new", "{+new+}"),
        ("old", "", "[-old-]"),
        ("check the order", "query the order", "[-check-]{+query+} the order"),
        ("one\ntwo\n", "one\nTWO\n", "one\n[-two-]{+TWO+}\n"),
        ("余额不足", "余额不够", "余额不[-足-]{+够+}"),
        ("残高が足りません", "残高が足ります", "残高が足りま[-せん-]{+す+}"),
        ("ข้อมูลการชำระ", "ข้อมูลชำระ", "ข้อมูล[-การ-]ชำระ"),
        ("Pay with GCash余额", "Pay with 余额", "Pay with [-GCash-]余额"),
        ("naïve", "naïf", "[-naïve-]{+naïf+}"),
        ("a, b", "a; b", "a[-,-]{+;+} b"),
        ("one two three four", "1 two three 4", "[-one-]{+1+} two three [-four-]{+4+}"),
    ],
)
def test_words_are_compared_and_signs_where_there_are_no_spaces(before, after, expected):
    """Word by word; Chinese, Japanese, Korean and Thai sign by sign."""
    assert shorthand(before, after) == expected


LONG = "a " * 300


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        # as much as is compared word by word, and one pair more: then only the ends are
        (f"p{'!' * 400}q", f"r{'!' * 250}s", f"[-p-]{{+r+}}{'!' * 250}[-{'!' * 150}q-]{{+s+}}"),
        (f"p{'!' * 400}?q", f"r{'!' * 250}?s", f"[-p{'!' * 400}?q-]{{+r{'!' * 250}?s+}}"),
        (f"{LONG}one {LONG}", f"{LONG}two {LONG}", f"{LONG}[-one-]{{+two+}} {LONG}"),
        (f"{LONG}one x two {LONG}", f"{LONG}three x {LONG}", f"{LONG}[-one x two-]{{+three x+}} {LONG}"),
        (f"{LONG}z", f"{LONG}y", f"{LONG}[-z-]{{+y+}}"),
        (f"y {LONG}", f"z {LONG}", f"[-y-]{{+z+}} {LONG}"),
        (LONG, LONG + LONG, f"{LONG}{{+{LONG}+}}"),
        (LONG, LONG, LONG),
    ],
    ids=["short", "long", "middle", "wide", "end", "begin", "more", "same"],
)
def test_long_texts_have_only_their_ends_compared(before, after, expected):
    """A comparison that would take minutes is not made."""
    assert shorthand(before, after) == expected


@given(st.text(), st.text())
def test_the_pieces_rebuild_both_texts(before, after):
    """Nothing is lost or invented."""
    pieces = words(before, after)

    assert "".join(piece.text for piece in pieces if piece.kind != Kind.ADDED) == before
    assert "".join(piece.text for piece in pieces if piece.kind != Kind.REMOVED) == after
