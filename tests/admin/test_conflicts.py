"""Tests of two people with one form."""

from __future__ import annotations

from django import forms
from django.http import QueryDict

from pts_errors.admin.conflicts import LoadedField, TokenField, opened, rebase, shown
from pts_errors.admin.forms import LinesField

CHOICES = [("a", "First"), ("b", "Second")]


class Sample(forms.Form):
    """One field of every kind."""

    text = LinesField(required=False)
    box = forms.BooleanField(required=False)
    choice = forms.ChoiceField(choices=CHOICES, required=False)
    several = forms.MultipleChoiceField(choices=CHOICES, required=False)
    locked = forms.CharField(required=False, disabled=True)
    token = TokenField(required=False)
    loaded = LoadedField(required=False)


def stored(**values) -> Sample:
    """Return the form of a stored state."""
    return Sample(initial={"token": 2, **values})


def typed(**values) -> Sample:
    """Return the form that somebody has sent."""
    data = QueryDict(mutable=True)
    for name, value in values.items():
        data.setlist(name, value if isinstance(value, list) else [value])
    return Sample(data)


def test_what_nobody_edits_never_changes():
    """The version and the loaded values travel along."""
    assert not LoadedField().has_changed({}, '{"a": "b"}')
    assert not TokenField().has_changed(1, "2")


def test_a_form_shows_values_as_a_browser_sends_them():
    """Fresh and sent forms can be compared; what is locked takes no part."""
    values = {"text": "a\nb", "box": True, "choice": "a", "several": ["b", "a"]}

    expected = {"text": "a\nb", "box": "on", "choice": "a", "several": ["a", "b"]}
    assert shown(stored(**values)) == expected
    assert shown(typed(text="a\r\nb", box="on", choice="a", several=["b", "a"])) == expected
    assert shown(stored()) == {"text": "", "box": "", "choice": "", "several": ""}


def test_what_only_they_changed_is_taken_over():
    """And named, with their difference alone."""
    before = opened({"": stored(text="old", choice="a")})

    data, conflicts = rebase(
        {"": typed(text="old", choice="a")},
        {"": stored(text="new", choice="b", box=True, several=["a", "b"])},
        before,
    )

    assert (data["text"], data["choice"], data["box"], data.getlist("several")) == ("new", "b", "on", ["a", "b"])
    assert [(conflict.where, conflict.mine) for conflict in conflicts] == [
        ("text", []),
        ("box", []),
        ("choice", []),
        ("several", []),
    ]


def test_what_both_changed_stays_mine():
    """With both differences, in words."""
    before = opened({"": stored(choice="", box=True, text="old")})

    data, conflicts = rebase(
        {"": typed(choice="a", text="mine", box="on")}, {"": stored(choice="b", text="old")}, before
    )

    assert (data["choice"], data["text"], data.get("box")) == ("a", "mine", None)
    (box, choice) = conflicts
    assert [piece.text for piece in choice.theirs] == ["Second"]
    assert [piece.text for piece in choice.mine] == ["Second", "First"]
    assert [piece.text for piece in box.theirs] == ["Yes", "No"]


def test_what_both_changed_alike_is_no_conflict():
    """Two people mended the same typo."""
    before = opened({"": stored(text="teh")})

    _data, conflicts = rebase({"": typed(text="the")}, {"": stored(text="the")}, before)

    assert conflicts == []


def test_the_next_save_is_on_the_stored_version():
    """So that sending the form again saves it."""
    data, _conflicts = rebase({"": typed(text="mine")}, {"": stored(text="theirs")}, {"text": "old"})

    assert data["token"] == "2"
    assert '"text": "theirs"' in data["loaded"]
