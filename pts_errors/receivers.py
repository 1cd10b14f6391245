"""Receivers of Django's signals: seed or upgrade after ``migrate``, refresh at each request."""

from __future__ import annotations

from typing import Any

from django.apps import apps as live_apps
from django.apps.registry import Apps
from django.db import router

from pts_errors import models, snapshot


def upgrade_after_migrate(*, using: str, apps: Apps = live_apps, **kwargs: Any) -> None:
    """Merge the catalog of a newer package, and seed empty tables, such as after ``flush`` or without migrations."""
    if not router.allow_migrate_model(using, models.Head):
        return
    for live in (
        models.Category,
        models.ErrorCode,
        models.Message,
        models.Runbook,
        models.Flag,
        models.Head,
        models.Revision,
    ):
        try:
            migrated = apps.get_model(live._meta.label)
        except LookupError:  # the tables of this app are gone, or not yet there
            return
        if {field.column for field in migrated._meta.local_fields} != {f.column for f in live._meta.local_fields}:
            return  # tables of another version: its own migrations do it
    # Not at the top of the file: publishing imports half of the package, which a starting process does not need.
    from pts_errors import publishing
    from pts_errors.publishing import log

    publishing.upgrade_if_newer(using)
    log.seal(using=using)


def refresh_before_request(**kwargs: Any) -> None:
    """Refresh the catalog where a query is always allowed: before a transaction, and under ASGI in a thread."""
    snapshot.current()


def forget_on_setting(*, setting: str, **kwargs: Any) -> None:
    """Rebuild the catalog when a test changes one of its settings."""
    if setting.startswith("PTS_ERRORS_"):
        snapshot.forget()
