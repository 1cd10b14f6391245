"""Tests of confirming an outcome in the admin."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

from pts_errors.models import ErrorCode
from tests.support.admin_pages import LIST, code_url

pytestmark = pytest.mark.django_db

HOW = "The gateway's customer service confirmed it in writing."


def test_a_publisher_confirms_an_outcome(publisher: Client) -> None:
    """From the form of the code, which then says who did and when."""
    page = publisher.get(code_url("8001")).content.decode()
    assert "Confirm the outcome" in page
    assert '<option value="confirmed"' not in page

    response = publisher.post(code_url("8001", "confirm/"), {"note": HOW}, follow=True)

    text = response.content.decode()
    assert "The outcome is confirmed, and that is published." in text
    assert "The outcome was confirmed by pub on " in text
    assert '<option value="confirmed" selected' in text
    assert ErrorCode.objects.get(code="8001").outcome_reason == HOW


def test_a_confirmation_without_a_reason_is_refused_with_the_cure(publisher: Client) -> None:
    """Nothing is lost, and nothing is confirmed."""
    response = publisher.post(code_url("8001", "confirm/"), {"note": ""}, follow=True)

    assert "How it is known: This field is required." in response.content.decode()
    assert ErrorCode.objects.get(code="8001").outcome_basis == "assumed"


def test_unpublished_edits_are_published_first(publisher: Client) -> None:
    """Else a confirmation would publish them in passing."""
    ErrorCode.objects.filter(code="8001").update(severity="info")

    response = publisher.post(code_url("8001", "confirm/"), {"note": HOW}, follow=True)

    assert "Publish or discard them, then confirm the outcome." in response.content.decode()


def test_only_who_may_publish_confirms(editor: Client) -> None:
    """Because it is published at once. A link confirms nothing."""
    assert "Confirm the outcome" not in editor.get(code_url("8001")).content.decode()
    assert editor.post(code_url("8001", "confirm/"), {"note": HOW}).status_code == 403
    assert ErrorCode.objects.get(code="8001").outcome_basis == "assumed"


def test_a_get_confirms_nothing(publisher: Client) -> None:
    """So that no crawler or prefetch does."""
    assert publisher.get(code_url("8001", "confirm/")).status_code == 405


def test_who_chose_the_advice_before_is_named(publisher: Client) -> None:
    """After an upgrade, until somebody looks at it."""
    ErrorCode.objects.filter(code="8001").update(
        outcome_basis="confirmed", outcome_reason="", confirmed_by=User.objects.create_user("ada")
    )

    text = publisher.get(code_url("8001")).content.decode()

    assert "counts as confirmed by ada, who chose the advice before" in text
    assert "nobody has written down how it is known" in text


def test_the_list_is_filtered_by_basis(publisher: Client) -> None:
    """Each value with its count."""
    response = publisher.get(LIST, {"basis": "derived"})

    shown = {row.code for row in response.context["cl"].result_list}
    assert shown == set(ErrorCode.objects.filter(outcome_basis="derived").values_list("code", flat=True))
    assert "Follows from what is documented" in response.content.decode()
