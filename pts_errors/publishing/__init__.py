"""Drafts, the log of revisions, and every step between them: publish, restore, upgrade, verify."""

from __future__ import annotations

from pts_errors.publishing.publisher import as_of, check, confirm, plan_publish, publish, restore, unpublished, verify
from pts_errors.publishing.upgrades import (
    Change,
    keep_ours,
    plan_upgrade,
    take_shipped,
    upgrade,
    upgrade_if_newer,
)

__all__ = [
    "Change",
    "as_of",
    "check",
    "confirm",
    "keep_ours",
    "plan_publish",
    "plan_upgrade",
    "publish",
    "restore",
    "take_shipped",
    "unpublished",
    "upgrade",
    "upgrade_if_newer",
    "verify",
]
