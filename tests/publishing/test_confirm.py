"""Tests of confirming an outcome: who, how it is known, and what may follow."""

from __future__ import annotations

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from pts_errors import lookup, publishing, snapshot
from pts_errors.exceptions import PublishRefused, UnpublishedChanges
from pts_errors.models import ErrorCode
from tests.support.factories import UserFactory

pytestmark = pytest.mark.django_db

HOW = "The gateway's customer service confirmed it in writing."


@pytest.fixture
def ada() -> User:
    """Whoever confirms."""
    return UserFactory(username="ada", role="publisher")


def test_a_confirmation_is_published_with_who_and_how(ada: User) -> None:
    """One revision, one entry in the admin's log, and a reason that integrators read."""
    (revision,) = publishing.confirm("8001", author=ada, note=f" {HOW} ")

    row = ErrorCode.objects.get(code="8001")
    assert (row.outcome_basis, row.outcome_reason, row.confirmed_by) == ("confirmed", HOW, ada)
    assert row.confirmed_at is not None
    assert (revision.actor, revision.note, revision.origin) == ("ada", HOW, "edited")
    assert LogEntry.objects.get(object_id=str(row.pk)).change_message == f"Confirmed the outcome: {HOW}"
    snapshot.swap(snapshot.Holder())
    assert (lookup.get("8001").basis, lookup.get("8001").outcome_reason) == ("confirmed", HOW)
    assert publishing.unpublished() == {}
    assert publishing.verify() == ""
    assert publishing.confirm(8001, author=ada, note=HOW) == []


def test_only_a_confirmed_refusal_takes_other_advice(ada: User) -> None:
    """The database refuses it before, and not afterwards."""
    advice = {"retry_advice": "retry_later", "retry_after": 60}
    with pytest.raises(IntegrityError), transaction.atomic():
        ErrorCode.objects.filter(code="8001").update(**advice)

    publishing.confirm("8001", author=ada, note=HOW)

    ErrorCode.objects.filter(code="8001").update(**advice)
    assert publishing.publish(["8001"], author=ada)


@pytest.mark.parametrize(
    ("code", "note", "rule"),
    [("8001", "  ", "P007"), ("8001", "x" * 201, "P003"), ("8001", "a\x00b", "P003"), ("7777", HOW, "P001")],
)
def test_what_cannot_be_confirmed_is_refused_and_changes_nothing(ada: User, code: str, note: str, rule: str) -> None:
    """How it is known must be said, and be storable."""
    with pytest.raises(PublishRefused) as refused:
        publishing.confirm(code, author=ada, note=note)

    assert [issue.id for issue in refused.value.issues] == [rule]
    assert not ErrorCode.objects.filter(outcome_basis="confirmed").exists()
    assert not LogEntry.objects.exists()


def test_a_confirmation_publishes_no_edit_of_somebody_else(ada: User) -> None:
    """A draft that waits is published by whoever means to."""
    ErrorCode.objects.filter(code="8001").update(severity="info")

    with pytest.raises(UnpublishedChanges):
        publishing.confirm("8001", author=ada, note=HOW)

    assert ErrorCode.objects.get(code="8001").outcome_basis == "assumed"
