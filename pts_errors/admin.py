"""The back office: drafts, review and publishing in the Django admin."""

from __future__ import annotations
