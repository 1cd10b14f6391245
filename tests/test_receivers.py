"""Tests of what the app does when Django says that something happened."""

from __future__ import annotations

from typing import Any

import pytest
from django.apps import apps
from django.apps.registry import Apps
from django.db import connection
from django.db.migrations.state import ProjectState

from pts_errors import receivers
from pts_errors.models import Head

pytestmark = pytest.mark.django_db


class Elsewhere:
    """A router that keeps this app off every database."""

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:
        """Refuse."""
        return app_label != "pts_errors"


def test_empty_tables_are_seeded() -> None:
    """As after flush."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM pts_errors_revision")
    Head.objects.all().delete()

    receivers.upgrade_after_migrate(using="default", apps=apps)

    assert Head.objects.get().number == 1


def test_database_of_others_is_left_alone(settings: Any) -> None:
    """The router says where the catalog lives."""
    settings.DATABASE_ROUTERS = ["tests.test_receivers.Elsewhere"]
    Head.objects.update(catalog=0, number=0)

    receivers.upgrade_after_migrate(using="default", apps=apps)

    assert Head.objects.get().number == 0


def test_missing_tables_are_left_alone() -> None:
    """As after ``migrate pts_errors zero``."""
    Head.objects.update(catalog=0, number=0)

    receivers.upgrade_after_migrate(using="default", apps=Apps())

    assert Head.objects.get().number == 0


def test_tables_of_another_version_are_left_alone() -> None:
    """Half-way through a migration the models do not fit; its own migrations see to the rows."""
    Head.objects.update(catalog=0, number=0)
    state = ProjectState.from_apps(apps)
    state.remove_field("pts_errors", "runbook", "reviewed_at")

    receivers.upgrade_after_migrate(using="default", apps=state.apps)

    assert Head.objects.get().number == 0
