"""Tests of the log in the back office: its filters, and what no filter may ask."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from django.db import connection

from pts_errors.models import Revision
from tests.support.factories import UserFactory

pytestmark = pytest.mark.django_db

LOG = "/admin/pts_errors/revision/"


@pytest.fixture
def log(client, settings):
    """Return a function that opens the log, which has three more revisions, as a publisher in Berlin."""
    settings.TIME_ZONE = "Europe/Berlin"
    first = Revision.objects.get(error__code="1007")
    moments = [
        datetime(2024, 12, 31, 22, 59, 59, 999999, tzinfo=UTC),
        datetime(2024, 12, 31, 23, 0, tzinfo=UTC),  # midnight in Berlin
        datetime(2025, 3, 30, 21, 59, tzinfo=UTC),  # the day that has 23 hours
    ]
    Revision.objects.bulk_create(
        Revision(number=number, error=first.error, snapshot=first.snapshot, origin="edited", created_at=moment)
        for number, moment in enumerate(moments, start=101)
    )
    client.force_login(UserFactory(role="publisher"))
    return lambda query: client.get(f"{LOG}?{query}")


def numbers(response) -> list[int]:
    """Return the numbers of the revisions that a page lists, but for the shipped ones."""
    return [row.number for row in response.context["cl"].result_list if row.number > 100]


@pytest.mark.parametrize(
    ("period", "found"),
    [
        ("2024", [101]),
        ("2025", [103, 102]),
        ("2025-01", [102]),
        ("2025-02", []),
        ("2024-12-31", [101]),
        ("2025-01-01", [102]),
        ("2025-03-30", [103]),
        ("2025-03-31", []),
        ("1000", []),
        ("2999-12-31", []),
    ],
)
def test_a_period_begins_and_ends_at_midnight_of_the_site(log, period, found):
    """On every database, and without its tables of time zones."""
    assert numbers(log(f"date={period}")) == found


@pytest.mark.parametrize(
    ("query", "offered"),
    [
        ("", ["2024", "2025"]),
        ("date=2025", ["2025", "2025-01", "2025-03"]),
        ("date=2025-03", ["2025", "2025-03", "2025-03-30"]),
        ("date=2025-03-30", ["2025", "2025-03", "2025-03-30"]),
        ("date=2023", ["2023"]),
    ],
)
def test_only_periods_with_revisions_are_offered(log, query, offered):
    """And the way back up."""
    (dates,) = [spec for spec in log(query).context["cl"].filter_specs if spec.title == "created at"]

    assert [value for value, _words in dates.lookup_choices if value < "2026"] == offered


def test_periods_are_named_in_words(log):
    """A year as it is."""
    text = log("date=2025-03-30").content.decode()

    assert re.findall(r">\s*(2025|March 2025|March 30)\s*</a>", text) == ["2025", "March 2025", "March 30"]


def test_periods_have_counts(log):
    """As Django's filters show them when they are asked to."""
    assert "January 2025 (1)" in log("date=2025&_facets=True").content.decode()


@pytest.mark.parametrize(
    "period", ["25", "2025-13", "2025-02-30", "9999", "0001", "٢٠٢٥", "2025-1-1", "x", "%00", "9" * 5000]
)
def test_what_is_no_period_is_refused(log, period):
    """As every list of the admin does: it says that the request was wrong."""
    assert log(f"date={period}")["Location"] == f"{LOG}?e=1"


def test_a_log_without_revisions_has_no_dates(log):
    """Nothing is offered, and nothing fails."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM pts_errors_revision")

    response = log("")

    assert response.status_code == 200
    assert "By created at" not in response.content.decode()


@pytest.mark.parametrize(
    "query",
    [
        "snapshot__runbook__impact__startswith=Nobody",
        "snapshot__code__severity=critical",
        "snapshot__icontains=x",
        "author__password__startswith=pbkdf2",
        "error__runbook__flags__text__contains=x",
        "note__regex=(a%2B)%2B$",
        "created_at__year=9999",
        "origin__exact=%00",
    ],
)
def test_no_look_up_asks_what_the_page_does_not_show(client, query):
    """Whether a row is listed would tell, letter by letter, what a runbook says."""
    client.force_login(UserFactory(role="reader"))

    assert client.get(f"{LOG}?{query}").status_code == 400


@pytest.mark.parametrize(
    "query",
    [
        "errorcode/?name__startswith=%00",
        "errorcode/?runbook__impact__contains=x",
        "errorcode/?unseen__contains=x",
        "message/?title__regex=(a%2B)%2B$",
        "message/?error__severity=critical",
        "category/?owner=%00",
    ],
)
def test_no_list_is_asked_by_column(client, query):
    """PostgreSQL would fail on half of these, and the others would tell what a translator may not see."""
    client.force_login(UserFactory(is_superuser=True))

    assert client.get(f"/admin/pts_errors/{query}").status_code == 400


@pytest.mark.parametrize("query", ["errorcode/?severity=critical&owner=%00", "message/?language=fr&state=todo"])
def test_filters_that_are_offered_are_answered(client, query):
    """Although some have the name of a column."""
    client.force_login(UserFactory(is_superuser=True))

    assert client.get(f"/admin/pts_errors/{query}").status_code == 200
