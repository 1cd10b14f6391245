"""The log of revisions: locked, appended to, read as of any number, and verified."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.db.models import F
from django.utils import timezone

from pts_errors.entry import Entry, Origin, digest
from pts_errors.models import ErrorCode, Head, Revision

# States are long, and databases limit the size of one statement.
_BATCH = 100


def lock(*, using: str) -> None:
    """Keep everybody else from publishing until the end of the caller's transaction.

    The first statement of everything that publishes, before any row is read: an update locks on every database, and
    what is read after it is the newest.
    """
    heads = Head.objects.using(using).filter(pk=Head.PK)
    if not heads.update(number=F("number")):
        Head.objects.using(using).get_or_create(pk=Head.PK)
        heads.update(number=F("number"))


def append(
    entries: Mapping[str, Entry], *, origin: Origin, author: AbstractBaseUser | None, note: str, using: str
) -> list[Revision]:
    """Write one revision for each entry, all under the next number; no number is used up if there is none.

    The caller holds the lock, so numbers become visible in their order and without a gap.
    """
    if not entries:
        return []
    head = Head.objects.using(using).get(pk=Head.PK)
    last = Revision.objects.using(using).order_by("-number", "-pk").first()
    moment = timezone.now()
    if last is not None:  # time only decorates, but it never runs backwards
        moment = max(moment, last.created_at + timedelta(microseconds=1))
    rows = dict(ErrorCode.objects.using(using).filter(code__in=entries).values_list("code", "pk"))
    common: dict[str, Any] = {
        "number": head.number + 1,
        "origin": origin.value,
        "note": note,
        "author_name": author.get_username() if author is not None else "",
    }
    revisions = []
    for code, entry in entries.items():
        state = entry.as_json()
        head.digest = digest(head.digest, snapshot=state, **common)
        revisions.append(
            Revision(
                error_id=rows[code],
                snapshot=state,
                author_id=author.pk if author is not None else None,
                created_at=moment,
                digest=head.digest,
                **common,
            )
        )
    Revision.objects.using(using).bulk_create(revisions, batch_size=_BATCH)
    head.number += 1
    head.save(using=using, update_fields=["number", "digest"])
    return revisions


def live(*, using: str, codes: Collection[str] | None = None, number: int | None = None) -> dict[str, Entry]:
    """Return by code what was live after the publish of a number, or is live now: of these codes, or of all."""
    if number is None:
        number = Head.objects.using(using).filter(pk=Head.PK).values_list("number", flat=True).first() or 0
    revisions = Revision.objects.using(using).live_at(number)
    if codes is not None:
        revisions = revisions.filter(error__code__in=codes)
    return _entries(revisions)


def shipped(*, using: str) -> dict[str, Entry]:
    """Return by code what the package shipped last."""
    return _entries(Revision.objects.using(using).shipped())


def last_before(moment: datetime, *, using: str) -> Revision | None:
    """Return the last revision that was published up to a moment."""
    revisions = Revision.objects.using(using).filter(created_at__lte=moment)
    return revisions.order_by("-number", "-pk").first()


def verify(*, using: str) -> str:
    """Return which revision was changed behind our back, the first of them as a sentence, or an empty text."""
    previous = ""
    for revision in Revision.objects.using(using).order_by("number", "pk").iterator():
        previous = digest(
            previous,
            number=revision.number,
            origin=revision.origin,
            note=revision.note,
            author_name=revision.author_name,
            snapshot=revision.snapshot,
        )
        if previous != revision.digest:
            return f"Revision {revision.number} (row {revision.pk}) is not what was published."
    head = Head.objects.using(using).filter(pk=Head.PK).first()
    if head is not None and head.digest != previous:
        return f"The log ends before revision {head.number}, or the head was changed."
    return ""


def _entries(revisions: Any) -> dict[str, Entry]:
    entries = (Entry.from_json(revision.snapshot, revision=revision.number) for revision in revisions)
    return {entry.code: entry for entry in entries}
