"""Tests of the tables."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.db.models import ProtectedError

from pts_errors import publishing
from pts_errors.exceptions import AppendOnly
from pts_errors.models import Category, ErrorCode, Head, Message, Revision, Runbook, validate_text
from pts_errors.publishing import draft
from pts_errors.values.entry import Basis, Outcome, RetryAdvice

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "values",
    [
        {"outcome": "lost"},
        {"retry_advice": "pray"},
        {"responsible_party": "somebody"},
        {"severity": "huge"},
        {"http_status": 199},
        {"http_status": 600},
        {"outcome": "unknown", "retry_advice": "retry_later"},
        {"outcome_basis": "assumed"},
        {"outcome": "unknown", "retry_advice": "check_status_first", "reveal_to_customer": True},
        {"outcome": "accepted", "http_status": 409},
        {"retry_after": 5, "retry_advice": "do_not_retry"},
    ],
)
def test_database_refuses_a_code_that_breaks_a_rule(values: dict[str, Any]) -> None:
    """The rules that matter hold against every writer, not only against forms."""
    with pytest.raises(IntegrityError), transaction.atomic():
        ErrorCode.objects.filter(code="1005").update(**values)


def test_values_know_what_the_database_refuses() -> None:
    """Every combination of the fields that are bound together."""
    row = ErrorCode.objects.get(code="1005")
    values = itertools.product(Outcome, Basis, RetryAdvice, (None, 30), (202, 409), (False, True))
    for outcome, basis, advice, seconds, status, is_revealed in values:
        row.outcome, row.outcome_basis, row.retry_advice, row.retry_after = outcome, basis, advice, seconds
        row.http_status, row.reveal_to_customer = status, is_revealed
        try:
            row.validate_constraints(exclude={"name", "code"})
        except ValidationError:
            is_taken = False
        else:
            is_taken = True

        assert draft.entry_of(row).is_consistent == is_taken, (outcome, basis, advice, seconds, status, is_revealed)


@pytest.mark.parametrize(
    "values",
    [
        {"outcome": "unknown", "retry_advice": "retry_later"},
        {"outcome_basis": "assumed"},
        {"outcome": "accepted", "http_status": 409},
        {"retry_after": 5},
        {"code": "01007"},
        {"code": "1007\n"},
        {"code": "٣"},
        {"name": "lower_case"},
        {"provider_message": "a\x00b"},
    ],
)
def test_validation_refuses_with_a_sentence(values: dict[str, Any]) -> None:
    """A form shows what is wrong before the database has to say it."""
    row = ErrorCode.objects.get(code="1005")
    for name, value in values.items():
        setattr(row, name, value)

    with pytest.raises(ValidationError) as caught:
        row.full_clean()

    assert all(text.endswith(".") for text in caught.value.messages)


def test_one_language_has_one_message() -> None:
    """A second message of a code in a language is refused by the database."""
    row = ErrorCode.objects.get(code="1005")

    with pytest.raises(IntegrityError), transaction.atomic():
        Message.objects.create(error=row, language="en", title="Again")


@pytest.mark.parametrize("text", ["\x00", "a\x1b[31m", "\x7f", "\x85", "\x9b31m", "\ud800"])
def test_text_that_no_database_stores_alike_is_refused(text: str) -> None:
    """NUL, escapes and half characters are named in the message."""
    with pytest.raises(ValidationError, match=r"U\+"):
        validate_text(text)


def test_text_of_every_script_is_stored() -> None:
    """Four-byte characters, right-to-left text and line breaks come back as they were."""
    text = "😀 مرحبا 你好\n\tनमस्ते"
    validate_text(text)

    Message.objects.filter(error__code="1005", language="en").update(customer_message=text)

    assert Message.objects.get(error__code="1005", language="en").customer_message == text


def test_revision_cannot_be_saved_again() -> None:
    """The log is append-only."""
    revision = Revision.objects.first()
    assert revision is not None
    revision.note = "rewritten"

    with pytest.raises(AppendOnly):
        revision.save()

    assert not Revision.objects.filter(note="rewritten").exists()


def test_revision_cannot_be_deleted() -> None:
    """Neither one by one nor many at once, nor updated many at once."""
    revision = Revision.objects.first()
    assert revision is not None

    with pytest.raises(AppendOnly):
        revision.delete()
    with pytest.raises(AppendOnly):
        Revision.objects.filter(number=1).delete()
    with pytest.raises(AppendOnly):
        Revision.objects.filter(number=1).update(note="rewritten")

    assert Revision.objects.filter(number=1, note="rewritten").count() == 0
    assert Revision.objects.filter(number=1).count() == 59


def test_published_code_cannot_be_deleted() -> None:
    """Codes are retired, because old orders carry them."""
    with pytest.raises(ProtectedError):
        ErrorCode.objects.get(code="1005").delete()


def test_author_may_leave() -> None:
    """Deleting an account keeps the revision and the name in it."""
    author = User.objects.create_user("n.n.")
    Message.objects.filter(error__code="1005", language="en").update(title="Too much at once")
    (revision,) = publishing.publish(["1005"], author=author)

    author.delete()

    revision.refresh_from_db()
    assert revision.author is None
    assert revision.author_name == "n.n."
    assert publishing.verify() == ""


def test_codes_are_ordered_by_number() -> None:
    """A longer number comes after a shorter one."""
    category = Category.objects.get(slug="server")
    ErrorCode.objects.create(code="10000", name="LATER", category=category)

    codes = list(ErrorCode.objects.values_list("code", flat=True))

    assert codes == sorted(codes, key=int)


def test_rows_have_readable_names() -> None:
    """What people see in lists and logs."""
    code = ErrorCode.objects.get(code="1007")
    message = Message.objects.get(error=code, language="en")

    assert str(code) == "1007 INSUFFICIENT_BALANCE"
    assert str(message) == "Insufficient balance"
    assert str(Message(error=code, language="fr")) == "Français"
    assert str(Category.objects.get(slug="upstream")) == "Upstream Error"
    assert str(Runbook.objects.get(error=code)) == "1007 INSUFFICIENT_BALANCE"
    assert str(Head.objects.get()) == "1"
    assert str(Revision.objects.filter(error=code).get()) == "1"


def test_natural_keys_find_their_rows() -> None:
    """Fixtures name rows without primary keys."""
    for model in (Category, ErrorCode, Message, Runbook):
        row: Any = model._default_manager.first()

        assert model._default_manager.get_by_natural_key(*row.natural_key()) == row


@pytest.mark.parametrize(("stored", "read"), [('{"a": 1}', {"a": 1}), ("{", {}), ("[1]", {}), ("null", {}), ("1", {})])
def test_a_state_that_other_hands_damaged_is_an_empty_one(stored: str, read: object) -> None:
    """It raises nowhere, so that the others can be read."""
    field = Revision._meta.get_field("snapshot")

    assert field.from_db_value(stored, None, connection) == read
