"""Tests of the three-way merge."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pts_errors.values import merge
from pts_errors.values.entry import Basis, Category, Entry, Message, Outcome, RetryAdvice, Runbook
from pts_errors.values.fields import parsed, value_at

BASE = Entry(
    code="1007",
    name="INSUFFICIENT_BALANCE",
    category=Category(slug="transaction", owner="Integration"),
    severity="error",
    similar=("1013",),
    messages={
        "en": Message(title="Insufficient balance", merchant_action="Top up."),
        "fr": Message(title="Solde insuffisant", source_text={"title": "Insufficient balance"}),
    },
    runbook=Runbook(meaning="Too little money.", impact="One merchant."),
)


def with_text(entry: Entry, language: str, **texts: Any) -> Entry:
    """Return the entry with changed texts of one language."""
    message = replace(entry.messages.get(language, Message()), **texts)
    return replace(entry, messages={**entry.messages, language: message})


def test_what_nobody_edited_follows_the_package() -> None:
    """Of the code, its category, every language, and the runbook."""
    theirs = with_text(BASE, "en", title="Not enough money")
    theirs = with_text(theirs, "de", title="Zu wenig Guthaben")
    theirs = replace(
        theirs,
        severity="warning",
        similar=("1013", "1014"),
        category=Category(slug="transaction", owner="Platform"),
        runbook=Runbook(meaning="Not enough money.", impact="One merchant."),
    )

    merged = merge.merge(BASE, BASE, theirs)

    assert merged.entry == theirs
    assert merged.kept == ()
    assert merged.taken == (
        ("category", "owner"),
        ("de", "title"),
        ("en", "title"),
        ("runbook", "meaning"),
        ("severity",),
        ("similar",),
    )


def test_what_we_edited_stays() -> None:
    """When the package left it as it was, nothing has to be decided."""
    ours = with_text(replace(BASE, severity="critical"), "en", title="Too poor")

    merged = merge.merge(BASE, ours, BASE)

    assert merged.entry == ours
    assert (merged.taken, merged.kept) == ((), ())


def test_what_both_changed_stays_and_is_named() -> None:
    """The other fields of the same message follow the package."""
    ours = with_text(BASE, "en", title="Too poor")
    theirs = with_text(BASE, "en", title="Not enough money", merchant_action="Top up first.")

    merged = merge.merge(BASE, ours, theirs)

    assert merged.entry.messages["en"].title == "Too poor"
    assert merged.entry.messages["en"].merchant_action == "Top up first."
    assert merged.kept == (("en", "title"),)
    assert merged.taken == (("en", "merchant_action"),)


def test_what_both_changed_alike_needs_no_decision() -> None:
    """The package caught up with us."""
    both = with_text(BASE, "en", title="Not enough money")

    merged = merge.merge(BASE, both, both)

    assert (merged.entry, merged.taken, merged.kept) == (both, (), ())


def test_translation_comes_with_the_source_that_it_was_made_from() -> None:
    """So that it needs review where our source differs."""
    ours = with_text(BASE, "en", title="Too poor")
    theirs = with_text(BASE, "en", title="Not enough money")
    theirs = with_text(theirs, "fr", title="Pas assez d’argent", source_text={"title": "Not enough money"})

    merged = merge.merge(BASE, ours, theirs).entry

    assert merged.messages["fr"].title == "Pas assez d’argent"
    assert merged.messages["fr"].source_text == {"title": "Not enough money"}
    assert merged.messages["en"].title == "Too poor"


def test_what_we_deleted_stays_deleted() -> None:
    """Also when the package changed it; then it is named."""
    ours = replace(BASE, messages={"en": BASE.messages["en"]})
    theirs = with_text(BASE, "fr", title="Pas assez d’argent")

    assert "fr" not in merge.merge(BASE, ours, BASE).entry.messages
    merged = merge.merge(BASE, ours, theirs)
    assert "fr" not in merged.entry.messages
    assert merged.kept == (("fr", "title"),)


def test_what_the_package_withdrew_goes() -> None:
    """Unless we had edited it."""
    theirs = replace(BASE, messages={"en": BASE.messages["en"]})
    edited = with_text(BASE, "fr", title="Pas assez")

    assert "fr" not in merge.merge(BASE, BASE, theirs).entry.messages
    merged = merge.merge(BASE, edited, theirs)
    assert merged.entry.messages["fr"].title == "Pas assez"
    assert merged.kept == (("fr", "title"),)


def test_code_of_our_own_is_kept_when_the_package_brings_the_same() -> None:
    """Every difference is named."""
    ours = replace(BASE, severity="critical", runbook=None)

    merged = merge.merge(None, ours, BASE)

    assert merged.entry.severity == "critical"
    assert ("severity",) in merged.kept
    assert ("en", "title") not in merged.kept


def test_shipped_value_can_be_taken_later() -> None:
    """One path at a time."""
    ours = with_text(replace(BASE, severity="critical"), "en", title="Too poor")

    taken = merge.take(ours, BASE, ("en", "title"))

    assert taken.messages["en"].title == "Insufficient balance"
    assert taken.severity == "critical"
    assert merge.paths(taken, BASE) == [("severity",)]
    assert value_at(taken, ("severity",)) == "critical"
    assert value_at(taken, ("en", "title")) == "Insufficient balance"
    assert value_at(taken, ("de", "title")) is None


texts = st.sampled_from(["", "one", "two", "three"])
entries = st.builds(
    lambda severity, en, fr, source, meaning: Entry(
        code="1007",
        name="N",
        category=Category(slug="c"),
        severity=severity,
        messages={
            language: Message(title=title, source_text={"title": source} if language == "fr" else {})
            for language, title in (("en", en), ("fr", fr))
            if title
        },
        runbook=Runbook(meaning=meaning) if meaning else None,
    ),
    st.sampled_from(["info", "error", "critical"]),
    texts,
    texts,
    texts,
    texts,
)


@given(base=entries, ours=entries, theirs=entries)
def test_nothing_is_lost_whatever_changed(base: Entry, ours: Entry, theirs: Entry) -> None:
    """Every path has our value or theirs; ours wherever we had edited; merging again changes nothing."""
    merged = merge.merge(base, ours, theirs)

    for path in {*merge.paths(ours, theirs), *merge.paths(base, ours), *merge.paths(base, theirs)}:
        b, o, t, m = (value_at(entry, path) or "" for entry in (base, ours, theirs, merged.entry))
        assert m == (t if o == b else o)
        assert (path in merged.kept) == (o != b and t not in (b, o))
        assert (path in merged.taken) == (o == b != t)
    assert merge.merge(theirs, merged.entry, theirs).entry == merged.entry


FACTS = ("outcome", "outcome_basis", "retry_advice", "retry_after", "http_status", "reveal_to_customer")
facts = st.builds(
    lambda **values: replace(BASE, **values),
    outcome=st.sampled_from(Outcome),
    outcome_basis=st.sampled_from(Basis),
    retry_advice=st.sampled_from(RetryAdvice),
    retry_after=st.sampled_from([None, 30, 60]),
    http_status=st.sampled_from([200, 202, 409, 500]),
    reveal_to_customer=st.booleans(),
    severity=st.sampled_from(["info", "error"]),
).filter(lambda entry: entry.is_consistent)


@given(base=facts, ours=facts, theirs=facts)
def test_what_is_merged_never_contradicts_itself(base: Entry, ours: Entry, theirs: Entry) -> None:
    """No database takes a time to wait beside the advice to check first; then ours stay together and are named."""
    merged = merge.merge(base, ours, theirs)

    assert merged.entry.is_consistent
    for name in FACTS:
        path = (name,)
        o, t = value_at(ours, path), value_at(theirs, path)
        assert value_at(merged.entry, path) == (t if path in merged.taken else o)
        if o != value_at(base, path):
            assert path not in merged.taken
    if all(getattr(ours, path) == getattr(base, path) for path in FACTS):
        assert all(getattr(merged.entry, path) == getattr(theirs, path) for path in FACTS)
    assert (merged.entry.severity == theirs.severity) or ("severity",) not in merged.taken


def test_our_time_to_wait_keeps_our_advice() -> None:
    """The package learned that a code must be checked first; we had edited the seconds to wait."""
    base = replace(BASE, outcome="rejected", retry_advice="retry_later", retry_after=60)
    theirs = replace(base, retry_advice="check_status_first", retry_after=None, severity="critical")

    merged = merge.merge(base, replace(base, retry_after=30), theirs)

    assert (merged.entry.retry_advice, merged.entry.retry_after) == ("retry_later", 30)
    assert merged.kept == (
        ("retry_advice",),
        ("retry_after",),
    )
    assert merged.taken == (("severity",),)


@given(base=entries, theirs=entries)
def test_untouched_catalog_becomes_the_shipped_one(base: Entry, theirs: Entry) -> None:
    """A pristine upgrade equals a fresh install."""
    assert merge.paths(merge.merge(base, base, theirs).entry, theirs) == []


@pytest.mark.parametrize("path", ["severity", "fr.title", "runbook.meaning", "category.owner"])
def test_paths_are_stable_names(path: str) -> None:
    """They are stored, and must mean the same in every release."""
    assert value_at(BASE, parsed(path)) is not None
