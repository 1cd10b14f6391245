"""The log of revisions: locked, appended to, read as of any number, and verified."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import OperationalError, connections
from django.db.models import F
from django.utils import timezone

from pts_errors.entry import Entry, Origin, digest
from pts_errors.models import ErrorCode, Head, Revision, stream

# States are long, and databases limit the size of one statement.
_BATCH = 100

_NAME_LENGTH = Revision._meta.get_field("author_name").max_length


def lock(*, using: str) -> None:
    """Keep everybody else from publishing until the end of the caller's transaction.

    The first statement of everything that publishes, before any row is read: an update locks on every database, and
    what is read after it is the newest.

    Raises:
        OperationalError: the caller is inside a transaction of the host, which began before somebody else's publish and
            cannot see it. PostgreSQL says so by itself, MariaDB would go on. Nothing was written: begin again.
    """
    read_committed(using=using)
    heads = Head.objects.using(using).filter(pk=Head.PK)
    if not heads.update(number=F("number")):
        Head.objects.using(using).get_or_create(pk=Head.PK)
        heads.update(number=F("number"))
    if connections[using].vendor == "mysql" and connections[using].savepoint_ids:  # pragma: no cover # MariaDB's run
        digests = heads.values_list("digest", flat=True)
        if list(digests) != list(digests.select_for_update()):  # only reads that lock see what is newest
            raise OperationalError("Something was published since this transaction began. Begin it again.")


def read_committed(*, using: str) -> None:
    """Let every read of the caller's transaction see what is committed by then, whichever level the host's have.

    The first statement of a transaction in which people may meet. A stricter level reads as of its first statement: who
    waited for somebody else's lock would then be refused by PostgreSQL, and would miss what the other did on MariaDB.
    Inside a transaction of the host nothing is set, because its level cannot be changed any more.
    """
    connection = connections[using]
    if connection.vendor in ("mysql", "postgresql") and not connection.savepoint_ids:
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")


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
        # A host's user names may be longer, such as e-mail addresses; no database may cut what the digest covers.
        "author_name": author.get_username()[:_NAME_LENGTH] if author is not None else "",
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
    for revision in stream(Revision.objects.using(using).order_by("number", "pk")):
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


def _entries(revisions: Iterable[Revision]) -> dict[str, Entry]:
    entries = {}
    for revision in revisions:
        try:
            entry = Entry.from_json(revision.snapshot, revision=revision.number)
        except (KeyError, TypeError, ValueError, AttributeError):
            continue  # damaged: then the code counts as one that was never published, and the next publish mends it
        entries[entry.code] = entry
    return entries
