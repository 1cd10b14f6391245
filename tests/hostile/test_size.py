"""Hundreds of codes cost the same number of queries as a few, and no page grows with all of them at once."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from pts_errors.models import Category, ErrorCode, Message, Runbook
from tests.support.admin_pages import LIST
from tests.support.api import client_of
from tests.support.factories import UserFactory

pytestmark = pytest.mark.django_db


def add(number: int) -> None:
    """Store so many drafts with texts and a runbook."""
    category = Category.objects.all()[0]
    rows = ErrorCode.objects.bulk_create(
        ErrorCode(code=str(20_000 + n), name=f"CODE_{n}", category=category) for n in range(number)
    )
    Message.objects.bulk_create(
        Message(error=row, language=tag, title=f"T {row.code}") for row in rows for tag in ("en", "fr")
    )
    Runbook.objects.bulk_create(Runbook(error=row, impact="Impact.") for row in rows)


def queries(client: Client, url: str) -> int:
    """Return how many queries a page takes."""
    with CaptureQueriesContext(
        connection,
    ) as found:
        assert client.get(url).status_code == 200
    return len(found)


def test_the_list_of_many_codes_takes_no_more_queries_and_has_pages() -> None:
    """A hundred rows a page, and the same number of queries, however many codes there are."""
    client = client_of(UserFactory(is_superuser=True))
    client.get(LIST)
    few = queries(client, LIST)

    add(50)

    assert queries(client, LIST) == few <= 15
    assert client.get(f"{LIST}?p=2").content.decode().count('<th class="field-number"') == 9
