"""Tests of the forms of the back office apart from its pages."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from pts_errors.admin.forms import LinesField, confirm
from pts_errors.models import Message


@pytest.mark.parametrize(
    ("sent", "kept"), [("a\r\nb", "a\nb"), ("a\rb", "a\nb"), ("a\nb", "a\nb"), ("a", "a"), ("", "")]
)
def test_lines_end_as_they_are_stored(sent, kept):
    """Browsers send CRLF."""
    assert LinesField(required=False).clean(sent) == kept


def test_a_text_with_other_line_ends_has_not_changed():
    """Or every save would be an edit."""
    assert not LinesField().has_changed("a\nb", "a\r\nb")


def test_the_source_itself_is_never_confirmed():
    """It has nothing to be compared with."""
    row = Message(language="en", title="A")

    confirm(row, row)

    assert row.source_text == {}


def test_a_translation_is_confirmed_field_by_field():
    """Blank texts are compared with nothing."""
    row = Message(language="fr", title="B", source_text={"customer_message": "Old", "title": "Old"})

    confirm(row, SimpleNamespace(title="A", customer_message="C", merchant_action="D"))

    assert row.source_text == {"title": "A"}
