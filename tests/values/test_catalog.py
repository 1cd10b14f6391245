"""Tests of `pts_errors.values.catalog`."""

from __future__ import annotations

import dataclasses
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pts_errors.values import catalog
from pts_errors.values.catalog import Catalog
from pts_errors.values.entry import Category, Message
from tests.support.values import LANGUAGES, MESSAGE, make_entry

UPSTREAM = Category(slug="upstream", name="Upstream Error", position=2)


def make_catalog(*entries, **options):
    """Return a catalog of these entries, or of one."""
    return Catalog(entries or [make_entry()], **options)


def test_entries_are_ordered_by_number():
    """20 comes before 1000."""
    it = make_catalog(*(make_entry(code=code) for code in ("9999", "20", "10000", "1000")))

    assert list(it.entries) == ["20", "1000", "9999", "10000"]
    assert list(it.table("en").errors) == ["20", "1000", "9999", "10000"]


def test_categories_are_ordered_by_position():
    """Pages list them as the gateway does."""
    it = make_catalog(make_entry(code="1", category=UPSTREAM), make_entry(code="2"))

    assert list(it.categories) == ["transaction", "upstream"]


def test_the_newest_revision_of_a_category_counts():
    """Every entry carries its category; after a rename only those published since carry the new name."""
    old, new = make_entry(code="2", revision=1), make_entry(code="1", category=UPSTREAM, revision=3)
    renamed = make_entry(code="3", category=Category(slug="transaction", name="Renamed"), revision=2)

    it = make_catalog(renamed, old, new)

    assert {slug: category.name for slug, category in it.categories.items()} == {
        "transaction": "Renamed",
        "upstream": "Upstream Error",
    }


def test_the_source_language_comes_first_and_is_always_there():
    """Even where no entry has a text in it."""
    it = make_catalog(make_entry(messages={"ja": Message(), "de": Message()}), source_language="fr")

    assert it.languages == ("fr", "de", "ja")


def test_a_host_may_offer_fewer_languages():
    """A language that it does not offer is not served, though it has texts."""
    entry = make_entry(messages={"en": Message(customer_message="E"), "de": Message(customer_message="D")})

    it = make_catalog(entry, served=["fr"])

    assert it.languages == ("en", "fr")
    assert str(it.table("de").find("1007")) == "E"


def test_replacing_entries_makes_another_catalog():
    """The one that readers hold does not change under them."""
    before = make_catalog(make_entry(code="1"), make_entry(code="2"), number=1, digest="a", context={"brand": "X"})
    text = {"en": Message(customer_message="{brand}")}

    after = before.replace([make_entry(code="2", messages=text), make_entry(code="3")], number=2, digest="b")

    assert (list(before.entries), before.number, before.digest) == (["1", "2"], 1, "a")
    assert (list(after.entries), after.number, after.digest) == (["1", "2", "3"], 2, "b")
    assert str(after.table("en").find("2")) == "X"


HERE, THERE = Category(slug="here", position=1), Category(slug="there", position=2)
ENTRIES = st.builds(
    make_entry,
    code=st.sampled_from(["2", "3", "12", "400", catalog.UNRECOGNIZED]),
    category=st.sampled_from([HERE, THERE, replace(HERE, name="Here")]),
    severity=st.sampled_from(["info", "error"]),
    messages=st.dictionaries(st.sampled_from(["en", "fr", "nl"]), st.just(MESSAGE)),
)


@given(
    before=st.lists(ENTRIES, unique_by=lambda entry: entry.code),
    changed=st.lists(ENTRIES, unique_by=lambda entry: entry.code),
    damaged=st.sets(st.sampled_from(["2", "12", "400"])),
    served=st.sampled_from([(), ("en", "fr")]),
)
def test_a_catalog_with_replaced_entries_is_as_one_that_is_made_anew(before, changed, damaged, served):
    """In order, categories, languages and answers, whatever was asked for before."""
    damaged -= {entry.code for entry in changed}
    changed = [replace(entry, revision=2) for entry in changed]
    entries = {entry.code: entry for entry in [*before, *changed] if entry.code not in damaged}
    anew = Catalog(entries.values(), number=2, digest="b", served=served, damaged=damaged)
    it = Catalog(before, number=1, digest="a", served=served)
    for language in ("en", "fr"):
        assert set(it.table(language).errors) == {entry.code for entry in before}

    after = it.replace(changed, number=2, digest="b", damaged=damaged)

    assert list(after.entries.items()) == list(anew.entries.items())
    assert list(after.categories.items()) == list(anew.categories.items())
    for name in ("number", "digest", "damaged", "languages", "source_language"):
        assert getattr(after, name) == getattr(anew, name), name
    for language in ("en", "fr", "nl"):
        assert list(after.table(language).errors.items()) == list(anew.table(language).errors.items())
        assert after.table(language).unknown == anew.table(language).unknown
    assert list(it.entries.values()) == sorted(before, key=lambda entry: int(entry.code))


@given(st.sets(st.sampled_from("123")), st.sets(st.sampled_from("123")), st.sets(st.sampled_from("123")))
def test_a_damaged_code_stays_so_until_it_is_published_again(before, published, damaged):
    """Whatever else is published meanwhile."""
    it = Catalog((), damaged=before)

    after = it.replace([make_entry(code=code) for code in published - damaged], number=2, digest="b", damaged=damaged)

    assert set(after.damaged) == (before - published) | damaged


def test_nothing_in_a_catalog_can_be_changed():
    """All threads of a process share it."""
    it = make_catalog()
    error = it.table("en").find("1007")

    for mapping in (it.entries, it.categories, error.text_languages):
        with pytest.raises(TypeError):
            mapping["x"] = None
    with pytest.raises(dataclasses.FrozenInstanceError):
        error.title = "x"


def test_a_table_is_made_once():
    """Whatever way it is asked for."""
    it = make_catalog()

    assert it.table("en") is it.table("EN") is it.table("en-AU") is it.table("tlh")


def test_what_clients_invent_is_not_remembered_for_ever():
    """Ten thousand invented tags cost no memory, and are answered all the same."""
    it = make_catalog()

    for number in range(10_000):
        assert it.table(f"x{number}").language == "en"
    it.table("y" * 10_240)

    assert len(it.tables) <= 1_000
    assert len({id(table) for table in it.tables.values()}) == 1


def test_an_empty_catalog_still_answers():
    """Before anything is published, and without the code of last resort."""
    error = Catalog(()).table("ar").find("1007")

    assert (error.is_known, error.code, error.language, error.category) == (False, "1007", "en", "")
    assert "try again" in str(error)
    assert error.title == "Unknown error"


def test_the_unknown_error_speaks_with_the_texts_of_the_last_resort_alone():
    """None of the other attributes of 9999 are claimed of a code that nobody knows."""
    texts = Message(title="T", customer_message="C", merchant_action="M")
    last_resort = make_entry(
        code=catalog.UNRECOGNIZED, messages={"en": texts}, similar=("1007",), is_retired=True, replaced_by="1007"
    )

    error = make_catalog(last_resort).table("en").unknown

    assert (error.title, error.customer_message, error.merchant_action) == ("T", "C", "M")
    assert (error.code, error.name, error.provider_message) == ("", "UNKNOWN_CODE", "")
    assert (error.outcome, error.retry_advice, error.severity) == ("unknown", "check_status_first", "error")
    assert (error.similar, error.replaced_by, error.is_retired, error.reveal_to_customer) == ((), "", False, False)


def test_a_missing_text_for_integrators_is_blank():
    """Only a customer must never read nothing; a made-up title would help nobody."""
    error = make_catalog(make_entry(messages={})).table("en").find("1007")

    assert (error.title, error.merchant_action) == ("", "")
    assert error.customer_message


@pytest.mark.parametrize("language", LANGUAGES)
def test_texts_carry_their_direction(language):
    """Arabic is the one right-to-left language that is shipped."""
    entry = make_entry(messages={language: Message(customer_message="Text")})

    error = make_catalog(entry).table(language).find("1007")

    assert (error.language, error.direction) == (language, "rtl" if language == "ar" else "ltr")


@given(st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.binary(), st.lists(st.text())))
def test_every_value_is_a_code_or_is_none(value):
    """The text of a code is short, and only text and ints have one."""
    text = catalog.text_of(value)

    assert len(text) <= 9
    assert text in ("", value, str(value))
    assert make_catalog().table("en").find(value).code in ("", text)
