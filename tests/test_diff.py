"""Differences of texts and of states."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pts_errors.diff import Change, Kind, changes, words


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


def test_fields_of_two_states_are_compared():
    """By path, in the order of the newer state."""
    before = {"v": 1, "code": {"name": "A", "gone": "x"}, "messages": {"en": {"title": "One"}}}
    after = {"v": 2, "code": {"name": "A"}, "messages": {"en": {"title": "Two"}}}

    assert changes(before, after) == [
        Change(path=("messages", "en", "title"), before="One", after="Two"),
        Change(path=("code", "gone"), before="x", after=None),
    ]


def test_every_field_is_compared_by_itself():
    """Also in languages at the end of the alphabet, and in states of a later version; sources are one field."""
    before = {"messages": {"zh-hans": {"title": "一", "source_text": {"title": "One", "x": "y"}}}}
    after = {"messages": {"zh-hans": {"title": "二", "source_text": {"title": "Two", "x": "y"}}}, "zones": "new"}

    assert [change.path for change in changes(before, after)] == [
        ("messages", "zh-hans", "title"),
        ("messages", "zh-hans", "source_text"),
        ("zones",),
    ]


def test_a_field_that_an_older_state_lacks_is_no_change_while_it_is_blank():
    """Old revisions are never migrated."""
    assert changes({"code": {}}, {"code": {"replaced_by": "", "similar": [], "note": None}}) == []


def test_off_is_not_blank():
    """A box that is off, or a zero, is a value."""
    assert changes({"code": {"flag": ""}}, {"code": {"flag": False}}) != []


def test_a_whole_state_can_appear_or_vanish():
    """The first publish has nothing before it."""
    assert [change.after for change in changes(None, {"code": {"name": "A"}})] == ["A"]
    assert [change.before for change in changes({"code": {"name": "A"}}, None)] == ["A"]


def test_the_confirmed_source_is_one_value():
    """Its parts are no fields of their own."""
    found = changes({"messages": {}}, {"messages": {"fr": {"source_text": {"title": "One"}}}})

    assert [change.path for change in found] == [("messages", "fr", "source_text")]
