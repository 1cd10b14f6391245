"""What is known of runbooks beside their texts: when they were reviewed, and what readers flagged."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import cast

from django.apps import apps
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.contrib.contenttypes.models import ContentType
from django.db import transaction

from pts_errors.lint import Review
from pts_errors.models import ErrorCode, Revision, Runbook

# The admin's own number of a change; its module cannot be imported where the admin is not installed.
_CHANGE = 2

FLAGGED = "Flagged the runbook as wrong"
"""How the admin's log says that a reader flagged a runbook; a colon and the reader's own words follow."""


def read(codes: Collection[str], *, using: str) -> Mapping[str, Review]:
    """Return, by code, when the runbook was reviewed, and when its published text last changed."""
    changed: dict[str, datetime] = {}
    last: dict[str, object] = {}
    revisions = Revision.objects.using(using).order_by("number")
    runbooks = Runbook.objects.using(using).select_related("error")
    if len(codes) < 100:  # databases limit how many values one query may name
        revisions, runbooks = (revisions.filter(error__code__in=codes), runbooks.filter(error__code__in=codes))
    for code, created_at, text in revisions.values_list("error__code", "created_at", "snapshot__runbook").iterator():
        if last.get(code) != text:
            last[code], changed[code] = text, created_at
    return {
        runbook.error.code: Review(
            reviewed_at=runbook.reviewed_at, changed_at=changed.get(runbook.error.code), flag=runbook.flag
        )
        for runbook in runbooks
    }


def flag(code: str, text: str, *, user: AbstractBaseUser | AnonymousUser, using: str) -> bool:
    """Store what a reader found wrong with a runbook, and who it was; return whether there is a draft of it.

    The code's version stays: a flag changes no text that a form could have open.
    """
    with transaction.atomic(using=using):
        row = Runbook.objects.using(using).select_related("error").filter(error__code=code).first()
        if row is None:
            return False
        row.flag = text
        row.save(using=using, update_fields=["flag"])
        if apps.is_installed("django.contrib.admin"):  # a host may do without
            apps.get_model("admin", "LogEntry")._default_manager.create(
                user_id=cast(int, user.pk),  # whatever type the host's users have
                content_type=ContentType.objects.get_for_model(ErrorCode),
                object_id=str(row.error.pk),
                object_repr=str(row.error),
                action_flag=_CHANGE,
                change_message=f"{FLAGGED}: {text}",
            )
    return True
