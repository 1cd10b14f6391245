"""Tests of `pts_errors.values.entry`."""

from __future__ import annotations

import dataclasses
import importlib
import json
import pkgutil

import pytest
from hypothesis import given
from hypothesis import strategies as st

import pts_errors
from pts_errors.values import entry
from pts_errors.values.entry import Category, Entry, Message, Runbook
from tests.support.values import make_entry

TEXT = st.text(max_size=20)
SOME = st.text(min_size=1, max_size=20)  # without any text a message is none
ENTRIES = st.builds(
    Entry,
    code=st.from_regex(r"\A[1-9][0-9]{0,8}\Z"),
    name=TEXT,
    category=st.builds(Category, slug=TEXT, name=TEXT, position=st.integers(0, 9), owner=TEXT, escalation=TEXT),
    provider_message=TEXT,
    retry_after=st.none() | st.integers(0, 9),
    similar=st.lists(TEXT, max_size=3).map(tuple),
    replaced_by=TEXT,
    messages=st.dictionaries(
        TEXT, st.builds(Message, title=SOME, source_text=st.dictionaries(TEXT, TEXT, max_size=2)), max_size=3
    ),
    runbook=st.none() | st.builds(Runbook, owner=TEXT, meaning=SOME),
)


@given(ENTRIES)
def test_a_state_survives_being_stored(before):
    """What a revision stores as JSON is read as the entry that it was."""
    stored = json.loads(json.dumps(before.as_json()))

    assert Entry.from_json(stored) == before


def test_the_number_of_the_revision_is_no_part_of_the_state():
    """Two publishes of the same texts store the same state."""
    assert make_entry(revision=7).as_json() == make_entry(revision=8).as_json()
    assert Entry.from_json(make_entry(revision=7).as_json(), revision=9).revision == 9


def test_a_state_says_which_format_it_has():
    """A later version of the package can tell how to read it."""
    assert make_entry().as_json()["v"] == entry.FORMAT


def test_the_order_of_languages_does_not_matter():
    """Databases keep no order of keys."""
    one = make_entry(messages={"en": Message(title="a"), "de": Message(title="b")})
    other = make_entry(messages={"de": Message(title="b"), "en": Message(title="a")})

    assert json.dumps(one.as_json()) == json.dumps(other.as_json())


def test_a_state_of_an_older_version_takes_defaults():
    """Revisions are never migrated: a key that they lack takes its default."""
    read = Entry.from_json({"code": {"code": "1007", "name": "N"}, "category": {"slug": "upstream"}})

    assert read == Entry(code="1007", name="N", category=Category(slug="upstream"))


def test_a_state_of_a_newer_version_is_read_as_far_as_it_is_known():
    """After a rollback of the package the log holds keys that it does not know."""
    state = make_entry().as_json()
    state["later"] = 1
    for part in (state["code"], state["category"], state["messages"]["en"], state["runbook"]):
        part["later"] = 1

    assert Entry.from_json(state) == make_entry()


@pytest.mark.parametrize(
    "state",
    [{}, [], "text", None, 7, {"code": {}}, {"code": {"code": "1"}, "category": {}}, {"code": 7, "category": 7}],
    ids=repr,
)
def test_what_is_no_state_raises_one_of_four_errors(state):
    """Readers skip a revision that somebody damaged, and they need to know what to catch."""
    with pytest.raises((KeyError, TypeError, ValueError, AttributeError)):
        Entry.from_json(state)


@pytest.mark.parametrize("value", [make_entry(), make_entry().category, Message(), Runbook()], ids=repr)
def test_values_are_frozen(value):
    """Threads share them."""
    name = dataclasses.fields(value)[0].name

    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(value, name, "x")


DIGESTED = {"number": 1, "origin": "edited", "note": "n", "author_name": "a", "snapshot": {"a": 1, "b": [2]}}


@pytest.mark.parametrize(
    "change",
    [
        {"number": 2},
        {"origin": "restored"},
        {"note": "N"},
        {"author_name": "b"},
        {"snapshot": {"a": 1, "b": [3]}},
    ],
    ids=lambda change: next(iter(change)),
)
def test_the_digest_covers_every_part(change):
    """No part of a revision can be changed unseen."""
    assert entry.digest("", **DIGESTED) != entry.digest("", **{**DIGESTED, **change})


def test_the_digest_covers_the_revision_before():
    """A revision in the middle cannot be taken out unseen."""
    assert entry.digest("", **DIGESTED) != entry.digest("0", **DIGESTED)


def test_the_digest_does_not_depend_on_the_order_of_keys():
    """Databases keep no order of keys."""
    turned = {**DIGESTED, "snapshot": {"b": [2], "a": 1}}

    assert entry.digest("", **DIGESTED) == entry.digest("", **turned)


def test_the_digest_is_the_same_for_ever():
    """It is stored: another way to compute it would make every log look forged."""
    assert entry.digest("", **DIGESTED) == "068d86a056a8d6e8383a4f49a2a3365a58d8f3a0a3c57c0520b39488e5988d99"


def test_values_cannot_be_changed():
    """Readers of many threads share them. What is not frozen collects something while it is read."""
    modules = [
        importlib.import_module(module.name)
        for module in pkgutil.walk_packages(pts_errors.__path__, "pts_errors.")
        if ".migrations" not in module.name
    ]
    values = {
        value
        for module in modules
        for value in vars(module).values()
        if isinstance(value, type)
        and dataclasses.is_dataclass(value)
        and value.__module__.startswith("pts_errors")
        and not value.__name__.startswith("_")
    }

    open_to_change = {value.__name__ for value in values if not value.__dataclass_params__.frozen}
    open_to_additions = {value.__name__ for value in values if not hasattr(value, "__slots__")}

    assert len(values) > 30
    assert open_to_change == {"Line", "Problems", "Unit"}
    assert open_to_additions == {"Line"}  # of one request, and it computes what a page asks for


def test_a_message_without_any_text_is_none():
    """An empty row of the back office is no translation."""
    state = make_entry(messages={"fr": Message(), "de": Message(title="Titel")}).as_json()

    assert list(state["messages"]) == ["de"]
