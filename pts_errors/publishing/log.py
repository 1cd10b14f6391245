"""The append-only log of revisions: lock it, append to it, read it as of any number, and verify it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import OperationalError, connections, transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from pts_errors.models import ErrorCode, Head, Revision, stream
from pts_errors.values.entry import CODE, Entry, Origin, chained, digest

# States are long, and databases limit the size of one statement.
_BATCH = 100

_ANCHOR = re.compile(f"({CODE}):([0-9a-f]{{64}})")

_NAME_LENGTH = Revision._meta.get_field("author_name").max_length

# Format of new digests. Format 1 covered neither the time nor the account: see `seal`.
_FORMAT = 2


class Anchor(NamedTuple):
    """Number and digest of a publish, kept outside the database to prove later that the log up to it is unchanged."""

    number: int
    digest: str

    def __str__(self) -> str:
        return f"{self.number}:{self.digest}"

    @classmethod
    def parse(cls, text: str) -> Anchor:
        """Return the anchor of a text such as ``7:3f5a…``.

        Raises:
            ValueError: the text is not an anchor.
        """
        if found := _ANCHOR.fullmatch(text):
            return cls(int(found[1]), found[2])
        raise ValueError(f"{text[:80]!r} is not like 7:3f5a…, a number and a digest of 64 digits.")


def lock(*, using: str) -> None:
    """Block other publishes until the end of the caller's transaction.

    Call it before any row is read. An update takes a lock on every database, and reads after it see the newest rows.

    Raises:
        OperationalError: the caller is inside a transaction of the host that began before another publish and cannot
            see it. PostgreSQL raises this itself; for MariaDB, this function does. Nothing was written: begin again.
    """
    read_committed(using=using)
    heads = Head.objects.using(using).filter(pk=Head.PK)
    if not heads.update(number=F("number")):
        Head.objects.using(using).get_or_create(pk=Head.PK)
        heads.update(number=F("number"))
    if connections[using].vendor == "mysql" and connections[using].savepoint_ids:  # pragma: no cover # MariaDB's run
        digests = heads.values_list("digest", flat=True)
        if list(digests) != list(digests.select_for_update()):  # only locking reads see the newest
            raise OperationalError("Something was published since this transaction began. Begin it again.")


def read_committed(*, using: str) -> None:
    """Make each read of the caller's transaction see all commits before it, whatever isolation level the host uses.

    Call it first in every transaction that may wait for another one's lock. A stricter level reads as of its first
    statement: after the wait, PostgreSQL would refuse the transaction, and MariaDB would miss the other's changes.
    Inside a transaction of the host nothing is set, because its level can no longer be changed.
    """
    connection = connections[using]
    if connection.vendor in ("mysql", "postgresql") and not connection.savepoint_ids:
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")


def append(
    entries: Mapping[str, Entry],
    *,
    origin: Origin,
    imported: Collection[str] = (),
    author: AbstractBaseUser | None = None,
    process: str = "",
    note: str,
    using: str,
) -> list[Revision]:
    """Write one revision for each entry, all under the next number. Without entries no number is used.

    Codes in ``imported`` get the origin *imported* instead. The caller holds the lock, so numbers become visible in
    order and without gaps.
    """
    if not entries:
        return []
    head = Head.objects.using(using).get(pk=Head.PK)
    last = Revision.objects.using(using).last_written()
    moment = timezone.now()
    if last is not None:  # times in the log only increase
        moment = max(moment, last.created_at + timedelta(milliseconds=1))
    rows = dict(ErrorCode.objects.using(using).filter(code__in=entries).values_list("code", "pk"))
    common: dict[str, Any] = {
        "number": head.number + 1,
        "note": note,
        "author_id": author.pk if author is not None else None,
        # User names may be longer, such as e-mail addresses. Cut here, because the digest covers what is stored.
        "author_name": author.get_username()[:_NAME_LENGTH] if author is not None else "",
        "author_key": _key(author.pk if author is not None else None),
        "process": process if author is None else "",
        "created_at": _cut(moment),
        "format": _FORMAT,
        "seal": "",
    }
    chain = _sealed(last, using=using)
    revisions = []
    for code, entry in entries.items():
        source = Origin.IMPORTED if code in imported else origin
        revision = Revision(error_id=rows[code], snapshot=entry.as_json(), origin=source.value, **common)
        revision.digest = chain = _digest(chain, revision)
        revisions.append(revision)
    Revision.objects.using(using).bulk_create(revisions, batch_size=_BATCH)
    head.number += 1
    head.digest = chain
    head.save(using=using, update_fields=["number", "digest"])
    return revisions


def live(*, using: str, codes: Collection[str] | None = None, number: int | None = None) -> dict[str, Entry]:
    """Return the live entries of these codes, or of all codes, by code: now, or right after this publish."""
    if number is None:
        number = Head.objects.using(using).filter(pk=Head.PK).values_list("number", flat=True).first() or 0
    revisions = Revision.objects.using(using).live_at(number)
    if codes is not None:
        revisions = revisions.filter(error__code__in=codes)
    return _entries(revisions)


def shipped(*, using: str) -> dict[str, Entry]:
    """Return the last shipped entries by code."""
    return _entries(Revision.objects.using(using).shipped())


def last_before(moment: datetime, *, using: str) -> Revision | None:
    """Return the last revision published at or before this moment."""
    return Revision.objects.using(using).filter(created_at__lte=moment).last_written()


def seal(*, using: str) -> None:
    """Seal revisions of format 1, whose digests do not cover every column. One query if there are none."""
    if not _is_open(Revision.objects.using(using).last_written()):
        return
    with transaction.atomic(using=using):
        lock(using=using)
        _sealed(Revision.objects.using(using).last_written(), using=using)


def verify(*, using: str, anchor: Anchor | None = None) -> str:
    """Return a sentence about the first revision that was tampered with, or an empty text.

    ``anchor`` is a publish that the log must still contain: recomputed digests would differ from it.
    """
    chain = ""
    last = unsealed = None
    rows = Revision.objects.using(using).annotate(code=F("error__code")).order_by("number", "pk")
    for revision in stream(rows):
        if _is_open(revision):
            unsealed = unsealed or revision
        elif unsealed is not None:  # rows are sealed before any append, so its seal was removed
            return _changed(unsealed)
        if not _is_whole(revision, chain, last.digest if last is not None else ""):
            return _changed(revision)
        chain, last = revision.seal or revision.digest, revision
    head = Head.objects.using(using).filter(pk=Head.PK).first() or Head()
    if (head.number, head.digest) != ((last.number, last.digest) if last is not None else (0, "")):
        return f"The log ends before revision {head.number}, or the head was changed."
    return _misses(anchor, head.number, using=using) if anchor is not None else ""


def _misses(anchor: Anchor, head: int, *, using: str) -> str:
    """Return a sentence if the log does not contain the anchor, or an empty text."""
    stored = Revision.objects.using(using).filter(number=anchor.number).last_written()
    if stored is None:
        return f"Revision {anchor.number} is expected, but the log ends at revision {head}: its end was cut off."
    if stored.digest != anchor.digest:
        return (
            f"Revision {anchor.number} has the digest {stored.digest} instead of {anchor.digest}: "
            "this is a different log, or it was changed and its digests were computed again."
        )
    return ""


def _changed(revision: Revision) -> str:
    return f"Revision {revision.number} (row {revision.pk}) is not what was published."


def _is_whole(revision: Any, chain: str, previous: str) -> bool:
    """Return whether a revision is unchanged, given the chain so far and the digest of the previous row."""
    if revision.format == 1:
        expected = (_first_digest(previous, revision), "" if _is_open(revision) else _seal(chain, revision))
    else:
        expected = (_digest(chain, revision), "")
    # Digests do not cover foreign keys, so these must agree with the texts. The account may have been deleted.
    is_its_author = revision.author_id is None or _key(revision.author_id) == revision.author_key
    return (
        (revision.digest, revision.seal) == expected
        and revision.format <= _FORMAT
        and revision.code == revision.snapshot["code"]["code"]
        and (is_its_author or _is_open(revision))
    )


def _is_open(revision: Revision | None) -> bool:
    """Return whether a revision is in format 1 and not sealed yet."""
    return revision is not None and revision.format == 1 and not revision.seal


def _sealed(last: Revision | None, *, using: str) -> str:
    """Seal the open revisions at the end of the log; return the digest that covers the whole log."""
    if last is None or not _is_open(last):
        return (last.seal or last.digest) if last is not None else ""
    revisions = Revision.objects.using(using)
    closed = revisions.exclude(format=1, seal="").last_written()
    rows = revisions.defer("snapshot").order_by("number", "pk")
    if closed is not None:
        rows = rows.filter(Q(number__gt=closed.number) | Q(number=closed.number, pk__gt=closed.pk))
    chain = (closed.seal or closed.digest) if closed is not None else ""
    unsealed = list(rows)
    for revision in unsealed:
        revision.author_key = _key(revision.author_id)
        revision.seal = chain = _seal(chain, revision)
    # The manager refuses updates. This one only fills columns that earlier releases did not have.
    past: QuerySet[Revision] = QuerySet(Revision, using=using)
    past.bulk_update(unsealed, ["author_key", "seal"], batch_size=_BATCH)
    return chain


def _first_digest(previous: str, revision: Revision) -> str:
    names = ("number", "origin", "note", "author_name", "snapshot")
    return digest(previous, **{name: getattr(revision, name) for name in names})


def _seal(chain: str, revision: Revision) -> str:
    """Return the seal of a revision of format 1: it covers the digest and the columns that the digest leaves out."""
    content = {name: getattr(revision, name) for name in ("format", "digest", "author_key", "process")}
    return chained(chain, {**content, "created_at": _moment(_cut(revision.created_at))})


def _digest(chain: str, revision: Revision) -> str:
    """Return the digest of a revision of format 2: it covers every column but the keys. The snapshot names the code."""
    names = ("format", "number", "origin", "note", "author_name", "author_key", "process", "snapshot")
    content = {name: getattr(revision, name) for name in names}
    return chained(chain, {**content, "created_at": _moment(revision.created_at)})


def _cut(moment: datetime) -> datetime:
    """Return a time in whole milliseconds: `dumpdata` keeps no more, and a reloaded log must still verify."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def _moment(moment: datetime) -> str:
    """Return a time as text, the same on every database: UTC with microseconds."""
    if timezone.is_naive(moment):  # with USE_TZ = False
        moment = timezone.make_aware(moment)
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def _key(key: object) -> str:
    """Return the key of an account as text, whatever type the host's users have."""
    return "" if key is None else str(key)[:_NAME_LENGTH]


def _entries(revisions: Iterable[Revision]) -> dict[str, Entry]:
    """Return the states by code. A damaged code counts as never published, and the next publish mends it."""
    return {entry.code: entry for revision in revisions if (entry := revision.entry()) is not None}
