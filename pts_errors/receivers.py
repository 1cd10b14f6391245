"""What this app does when Django says that something happened."""

from __future__ import annotations

from typing import Any

from django.apps import apps as live_apps
from django.apps.registry import Apps
from django.db import router

from pts_errors import models, snapshot


def upgrade_after_migrate(*, using: str, apps: Apps = live_apps, **kwargs: Any) -> None:
    """Merge a newer package's catalog, and seed empty tables, such as after ``flush`` or without migrations."""
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
            return  # the tables are those of another version: its own migrations see to them
    # Not at the top of the file: publishing needs half of the package, and the start of a process needs none of it.
    from pts_errors import log, publishing

    publishing.upgrade_if_newer(using)
    log.seal(using=using)


def refresh_before_request(**kwargs: Any) -> None:
    """Ask for news where it is always allowed: before the request's transaction, and under ASGI in a thread."""
    snapshot.current()


def forget_on_setting(*, setting: str, **kwargs: Any) -> None:
    """Build the catalog anew when a test changes a setting that it was built with."""
    if setting.startswith("PTS_ERRORS_"):
        snapshot.forget()
