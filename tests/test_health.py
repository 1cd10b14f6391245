"""Tests of `pts_errors.health`, as a host's monitoring asks."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from typing import Any

import pytest
from django.db import connection

from pts_errors import health, lookup, publishing, snapshot
from pts_errors.models import ErrorCode, Head

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def fresh_tables(transactional_db: None) -> None:
    """Begin with a process that has read nothing, and tables that hold what is shipped."""
    snapshot.forget()


def test_a_process_that_serves_the_newest_catalog_is_healthy() -> None:
    """It says which one, and that it was confirmed just now."""
    found = health.check()

    assert (found.is_healthy, found.revision, found.error, found.damaged) == (True, 1, "", ())
    assert found.age is not None
    assert 0 <= found.age < 10


def test_a_publish_is_seen_at_the_next_check() -> None:
    """The check asks for news itself, also in a process that nobody sends requests to."""
    ErrorCode.objects.filter(code="1005").update(http_status=409)
    publishing.publish(["1005"])

    assert health.check().revision == 2


def test_a_database_that_is_away_is_told_with_the_reason() -> None:
    """The last good catalog is served on; only the alarm is raised."""
    health.check()

    def fail(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("the disk is gone")

    with connection.execute_wrapper(fail):
        found = health.check()

    assert (found.is_healthy, found.revision, found.error) == (False, 1, "the disk is gone")
    assert lookup.get("1005").is_known


def test_a_process_that_never_reached_the_database_says_so() -> None:
    """What it serves is the packaged catalog."""
    Head.objects.update(number=0)

    found = health.check()

    assert (found.is_healthy, found.revision, found.age) == (False, 0, None)
    assert "Nothing is published" in found.error


def test_a_catalog_that_was_not_confirmed_for_long_is_not_healthy(settings: Any) -> None:
    """A question that hangs gives no error, so the age must tell."""
    settings.PTS_ERRORS_REFRESH_SECONDS = 100
    health.check()
    snapshot.holder.confirmed = time.monotonic() - 200

    found = health.check()

    assert (found.is_healthy, found.error) == (False, "")
    assert found.age is not None
    assert found.age > 100


def test_damaged_codes_are_named_until_they_are_mended() -> None:
    """The other codes are served; the next publish of the code mends it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE pts_errors_revision SET snapshot = '[]' WHERE error_id ="
            " (SELECT id FROM pts_errors_errorcode WHERE code = '1005')"
        )
    damaged = health.check()

    publishing.publish(["1005"])
    mended = health.check()

    assert (damaged.is_healthy, damaged.damaged) == (False, ("1005",))
    assert (mended.is_healthy, mended.damaged) == (True, ())
    assert lookup.get("1005").is_known


def test_the_report_is_json() -> None:
    """A view returns it as it is."""
    assert json.loads(json.dumps(asdict(health.check())))["is_healthy"] is True
