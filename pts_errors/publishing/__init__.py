"""Publishing: the drafts, the log of revisions, and what moves between them."""

from __future__ import annotations

from pts_errors.publishing.publisher import (
    Change,
    as_of,
    check,
    keep_ours,
    plan_publish,
    plan_upgrade,
    publish,
    restore,
    take_shipped,
    unpublished,
    upgrade,
    upgrade_if_newer,
    verify,
)

__all__ = [
    "Change",
    "as_of",
    "check",
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
