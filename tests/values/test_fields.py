"""Tests of an entry as a flat mapping, and of three-way comparisons."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pts_errors.values.entry import Entry
from pts_errors.values.fields import Change, build, changes, dotted, flatten, parsed, three_way, value_at
from tests.support.strategies import catalogs
from tests.support.values import make_entry

texts = st.sampled_from(["", "one", "two", None])
mappings = st.dictionaries(st.sampled_from("abc"), texts)


@given(catalogs())
def test_an_entry_is_built_again_from_its_values(entries: tuple[Entry, ...]) -> None:
    """Nothing is lost, and every path is found again in its text."""
    for entry in entries:
        flat = flatten(entry)

        assert build(flat) == entry
        assert [parsed(dotted(path)) for path in flat] == list(flat)
        for path, value in flat.items():
            if path[-1] not in ("source_text", "similar"):
                assert value_at(entry, path) == value


@given(mappings, mappings, mappings)
def test_three_way_takes_what_only_they_changed(base, ours, theirs) -> None:
    """What both changed alike is no conflict, and a blank value is one that is not there."""
    taken, conflicts = three_way(base, ours, theirs, paths="abc")

    for path in "abc":
        before, mine, their = (side.get(path) or "" for side in (base, ours, theirs))
        assert (path in taken) == (mine == before != their)
        assert (path in conflicts) == (mine != before != their != mine)


def test_no_entry_has_no_values() -> None:
    """Nor is a text there in a language that an entry does not have."""
    assert flatten(None) == {}
    assert value_at(make_entry(messages={}, runbook=None), ("fr", "title")) is None
    assert value_at(make_entry(runbook=None), ("runbook", "meaning")) is None


def test_fields_of_two_states_are_compared():
    """By path, in the order of the newer state."""
    before = {"v": 1, "code": {"name": "A", "gone": "x"}, "messages": {"en": {"title": "One"}}}
    after = {"v": 2, "code": {"name": "A"}, "messages": {"en": {"title": "Two"}}}

    assert changes(before, after) == [
        Change(path=("en", "title"), before="One", after="Two"),
        Change(path=("gone",), before="x", after=None),
    ]


def test_every_field_is_compared_by_itself():
    """Also in languages at the end of the alphabet, and in states of a later version; sources are one field."""
    before = {"messages": {"zh-hans": {"title": "一", "source_text": {"title": "One", "x": "y"}}}}
    after = {"messages": {"zh-hans": {"title": "二", "source_text": {"title": "Two", "x": "y"}}}, "zones": "new"}

    assert [change.path for change in changes(before, after)] == [
        ("zh-hans", "title"),
        ("zh-hans", "source_text"),
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

    assert [change.path for change in found] == [("fr", "source_text")]
