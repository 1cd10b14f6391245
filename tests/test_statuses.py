"""Tests of the statuses of an order: what each says, in every language, and what an unheard-of one says."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import override_settings
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from pts_errors import lookup
from pts_errors.lint import jargon, order_ids
from pts_errors.testing import override_catalog
from pts_errors.values import seed
from pts_errors.values.entry import OrderId

pytestmark = pytest.mark.usefixtures("packaged")

STATUSES = ("0000", "1000", "2000", "3000", "4000", "5000", "not_found")
LANGUAGES = sorted({language for entry in seed.packaged() for language in entry.messages})


def test_the_seven_answers_of_a_query_are_there() -> None:
    """Two of them are final."""
    found = lookup.statuses()

    assert tuple(status.status for status in found) == STATUSES
    assert {status.status for status in found if status.is_final} == {"2000", "3000"}
    assert all(status.is_known for status in found)
    assert len({status.name for status in found}) == 7


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_status_has_texts_of_its_own_in_every_language(language: str) -> None:
    """Customers read no digits and no jargon, and merchants the fixed sentence where the order may still be paid."""
    found = lookup.statuses(language=language)

    for name in ("title", "merchant_action"):
        assert len({getattr(status, name) for status in found}) == 7
    for status in found:
        assert status.language == language
        assert not any(character.isdigit() for character in status.customer_message)
        assert not jargon.find(status.customer_message, language)
        assert "{" not in status.customer_message + status.merchant_action
        fixed = order_ids.sentence(OrderId.SAME, language)
        assert (fixed in status.merchant_action) == (status.status not in ("2000", "3000"))
        assert str(status) == status.customer_message


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_not_known_of_an_order_is_said_as_of_an_unknown_error(language: str) -> None:
    """An order that is not found may be on its way."""
    assert str(lookup.status("not_found", language=language)) == str(lookup.get("9999", language=language))


@pytest.mark.parametrize(("value", "status"), [(3000, "3000"), (0, "0000"), (1000, "1000"), ("not_found", "not_found")])
def test_a_number_is_a_status(value: object, status: str) -> None:
    """JSON libraries read 0000 as 0."""
    assert lookup.status(value).status == status


@given(value=st.one_of(st.text(), st.integers(), st.none(), st.booleans(), st.binary(), st.floats()))
def test_anything_else_is_as_careful_as_an_order_in_error(value: Any) -> None:
    """It never raises, and never says that an order is final."""
    status = lookup.status(value)

    if not status.is_known:
        assert (status.name, status.is_final) == ("UNKNOWN_STATUS", False)
        assert status.customer_message == lookup.status("4000").customer_message


def test_the_active_language_is_used_and_the_site_is_named() -> None:
    """As for codes."""
    with translation.override("ar"), override_settings(PTS_ERRORS_CONTEXT={"brand": "Acme"}), override_catalog():
        status = lookup.status("4000")

    assert (status.language, status.direction) == ("ar", "rtl")
    assert "Acme" in status.merchant_action


@override_settings(PTS_ERRORS_SOURCE_LANGUAGE="nl", PTS_ERRORS_LANGUAGES=["nl"])
def test_a_site_without_any_of_our_languages_reads_english() -> None:
    """Not nothing."""
    with override_catalog():
        assert lookup.status("3000").language == "en"
