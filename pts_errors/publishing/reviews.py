"""Reviews of runbooks and readers' flags on them: read, flag, close; and statements to confirm."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, cast

from django.apps import apps
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import F, Prefetch
from django.utils import timezone

from pts_errors.lint import rules
from pts_errors.lint.rules import Review
from pts_errors.models import ErrorCode, Flag, Revision, Runbook, stream
from pts_errors.values import markdown

# The admin's action flag CHANGE. Its module cannot be imported without the admin installed.
_CHANGE = 2

FLAGGED = "Flagged the runbook as wrong"
"""Begins the admin's log entry for a new flag; a colon and the reader's words follow."""
CLOSED = "Closed a flag on the runbook"
"""Begins the admin's log entry for a closed flag; a colon and the reader's words follow."""

CONFIRMED = "Confirmed a statement of the runbook"
"""Begins the admin's log entry for a confirmed statement; a colon and the section follow."""

_User = AbstractBaseUser | AnonymousUser


def read(codes: Collection[str], *, using: str) -> Mapping[str, Review]:
    """Return, by code, when each runbook was reviewed, published and changed, and its open flags."""
    published: dict[str, datetime] = {}
    changed: dict[str, datetime] = {}
    last: dict[str, object] = {}
    revisions = Revision.objects.using(using).order_by("number")
    runbooks = (
        Runbook.objects.using(using)
        .select_related("error")
        .prefetch_related(Prefetch("flags", Flag.objects.using(using).open().select_related("author"), to_attr="open"))
    )
    if len(codes) < 100:  # databases limit the number of values in one query
        revisions, runbooks = (revisions.filter(error__code__in=codes), runbooks.filter(error__code__in=codes))
    columns = revisions.values_list("error__code", "created_at", "snapshot__runbook", "snapshot__category")
    for code, created_at, runbook, category in stream(columns):
        text = _as_read(runbook, category)
        if text and last.get(code) != text:
            last[code], changed[code] = text, created_at
            published.setdefault(code, created_at)
    return {
        row.error.code: Review(
            reviewed_at=row.reviewed_at,
            published_at=published.get(row.error.code),
            changed_at=changed.get(row.error.code),
            flags=tuple(map(_flag_of, cast(Any, row).open)),
        )
        for row in runbooks
    }


def flag(code: str, text: str, *, reference: str = "", user: _User, using: str) -> bool:
    """Store a reader's report that a runbook is wrong; return whether the code has a runbook.

    The code's version stays, because a flag changes none of the texts that a form may have open.
    """
    with transaction.atomic(using=using):
        row = Runbook.objects.using(using).select_related("error").filter(error__code=code).first()
        if row is None:
            return False
        Flag.objects.using(using).create(
            runbook=row,
            text=text,
            reference=reference,
            author_id=user.pk,
            author_name=user.get_username()[:150],
            created_at=timezone.now(),
        )
        enter(row.error, f"{FLAGGED}: {text}", user=user)
    return True


def has_flag(code: str, pk: int, *, using: str) -> bool:
    """Return whether this flag, open or closed, belongs to the code's runbook."""
    return Flag.objects.using(using).filter(pk=pk, runbook__error__code=code).exists()


def close(code: str, pk: int, *, user: _User, using: str) -> bool:
    """Close one flag on a code's runbook; return whether it was open."""
    with transaction.atomic(using=using):
        flags = Flag.objects.using(using).open().filter(pk=pk, runbook__error__code=code)
        row = flags.select_related("runbook__error").first()
        # If two people close it at the same time, only one update matches.
        if row is None or not flags.update(closed_at=timezone.now(), closed_by=user.pk):
            return False
        enter(row.runbook.error, f"{CLOSED}: {row.text}", user=user)
    return True


def confirm(code: str, section: str, statement: str, *, user: _User, using: str) -> bool:
    """Turn an unconfirmed statement in the draft of a runbook into a fact; return whether the draft still had it.

    The code's version is raised, as by every other save of a draft, so that a form open on it reports a conflict.
    """
    with transaction.atomic(using=using):
        # The same order of locks as when the form is saved.
        error = ErrorCode.objects.using(using).select_for_update().filter(code=code).first()
        row = Runbook.objects.using(using).select_for_update().filter(error=error).first()
        text = getattr(row, section, "")
        written = [mark.statement for mark in markdown.unconfirmed(text)]
        if error is None or row is None or statement not in written:
            return False
        setattr(row, section, markdown.confirmed(text, written.index(statement)))
        row.save(using=using, update_fields=[section])
        ErrorCode.objects.using(using).filter(pk=error.pk).update(version=F("version") + 1)
        enter(error, f"{CONFIRMED}: {section}.", user=user)
    return True


def _as_read(runbook: Any, category: Any) -> dict[str, object]:
    """Return a published runbook with its inherited owner and escalation, or an empty dict."""
    if not isinstance(runbook, dict):
        return {}
    inherited = category if isinstance(category, dict) else {}
    return {**runbook, **{name: runbook.get(name) or inherited.get(name) for name in ("owner", "escalation")}}


def _flag_of(row: Flag) -> rules.Flag:
    author = row.author.get_username() if row.author else row.author_name
    return rules.Flag(pk=row.pk, text=row.text, author=author, created_at=row.created_at, reference=row.reference)


def enter(error: ErrorCode, text: str, *, user: _User) -> None:
    """Add an entry to the admin's log of a code, if the admin is installed."""
    if apps.is_installed("django.contrib.admin"):  # hosts may run without the admin
        apps.get_model("admin", "LogEntry")._default_manager.create(
            user_id=cast(int, user.pk),  # whatever type the host's users have
            content_type=ContentType.objects.get_for_model(ErrorCode),
            object_id=str(error.pk),
            object_repr=str(error),
            action_flag=_CHANGE,
            change_message=text,
        )
