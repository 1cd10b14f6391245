"""The back office: drafts, review and publishing in the Django admin."""

from __future__ import annotations

from pts_errors.admin import categories, codes, limits, messages, revisions

# Django looks for admin classes in this module alone; each of these registers its own.
__all__ = ["categories", "codes", "limits", "messages", "revisions"]
