"""Tests of `pts_errors.values.placeholders`."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pts_errors.values import placeholders

CONTEXT = {"brand": "PTS", "support": "our help desk"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("No placeholder.", "No placeholder."),
        ("Welcome to {brand}.", "Welcome to PTS."),
        ("{brand}{brand} {support}", "PTSPTS our help desk"),
        ("{{brand}}", "{PTS}"),
        ("{unknown} stays", "{unknown} stays"),
        ("{} {0} { brand } {Brand} {brand", "{} {0} { brand } {Brand} {brand"),
        ("{brand!r} {brand:>900000000} {brand.__class__} {brand[0]}",) * 2,
        ("%(brand)s ${brand} %s", "%(brand)s $PTS %s"),
        ("{" + "b" * 33 + "}",) * 2,
        ("{brand}".replace("a", "а"),) * 2,  # a Cyrillic letter
    ],
)
def test_known_names_are_replaced_and_nothing_else(text, expected):
    """No format specification, attribute, index or other syntax is ever evaluated."""
    assert placeholders.fill(text, CONTEXT, isolate=False) == expected


def test_a_value_is_not_looked_at_again():
    """A value that looks like a placeholder is shown as it is."""
    filled = placeholders.fill("{brand}", {"brand": "{support}", "support": "x"}, isolate=False)

    assert filled == "{support}"


def test_a_value_is_isolated_in_right_to_left_texts():
    """A Latin brand must not reorder the Arabic words around it."""
    assert placeholders.fill("{brand} {unknown}", CONTEXT, isolate=True) == "\u2068PTS\u2069 {unknown}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [("", set()), ("{brand} and {support} and {brand}", {"brand", "support"}), ("{0} {} {A} {a.b}", set())],
)
def test_the_names_of_a_text_are_found(text, expected):
    """The lint asks which names a text uses."""
    assert placeholders.names(text) == expected


@given(st.text(alphabet=st.sampled_from("{}brand!:.[]0 ")))
def test_a_text_without_context_stays_as_it_is(text):
    """Whatever braces a text has, without known names nothing changes."""
    assert placeholders.fill(text, {}, isolate=True) == text


@given(st.text(alphabet=st.sampled_from("{}brand ")), st.text(max_size=5))
def test_filling_is_plain_replacement(text, value):
    """It equals replacing the letters, so it can be predicted by whoever writes a text."""
    filled = placeholders.fill(text, {"brand": value}, isolate=False)

    assert filled == value.join(text.split("{brand}"))
