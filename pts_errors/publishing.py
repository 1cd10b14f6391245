"""What changes the catalog that customers see: publish, restore, seed; and what it was at some time."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import router, transaction
from django.db.models import F
from django.utils import timezone

from pts_errors import draft, lint, seed, snapshot
from pts_errors.catalog import Catalog
from pts_errors.conf import conf
from pts_errors.entry import MESSAGE_FIELDS, Entry, Message, Origin, digest
from pts_errors.exceptions import PublishRefused, UnpublishedChanges
from pts_errors.models import ErrorCode, Head, Revision
from pts_errors.signals import published

_logger = logging.getLogger("pts_errors")


def publish(
    codes: Iterable[str | int] | None = None,
    *,
    author: AbstractBaseUser | None = None,
    note: str = "",
    wording_only: bool = False,
) -> list[Revision]:
    """Make the drafts of these codes, or of all, what every reader sees; return one revision for each that differed.

    All of them carry the same number, in one transaction; nothing is written when nothing differs. ``wording_only``
    says that the source texts changed only in wording, so that translations which were up to date stay so.

    Raises:
        PublishRefused: a draft would harm its readers; the reasons name code and rule. Nothing was published.
    """
    return _publish(codes, origin=Origin.EDITED, author=author, note=note, wording_only=wording_only)


def restore(
    revision: Revision, *, author: AbstractBaseUser | None = None, note: str, discard_edits: bool = False
) -> list[Revision]:
    """Make an earlier state of a code the draft and publish it; return the new revision, or nothing if it is live.

    Raises:
        UnpublishedChanges: the draft has edits that nobody published, and ``discard_edits`` is false.
        PublishRefused: the earlier state breaks a rule of today, or the note is empty.
    """
    if not note.strip():
        raise PublishRefused(["A restore needs a note that says why."])
    alias = router.db_for_write(Head)
    with transaction.atomic(using=alias):
        _raise_head(alias, by=0)
        entry = Entry.from_json(revision.snapshot)
        if not discard_edits and entry.code in unpublished([entry.code]):
            raise UnpublishedChanges(f"Code {entry.code} has edits that are not published. Publish or discard them.")
        draft.write([entry], using=alias)
        return _publish([entry.code], origin=Origin.RESTORED, author=author, note=note)


def seed_if_empty(using: str) -> bool:
    """Write and publish the shipped catalog where nothing was ever published; return whether that was so."""
    if Head.objects.using(using).filter(number__gt=0).exists():
        return False
    with transaction.atomic(using=using):
        if _raise_head(using, by=0):
            return False  # another process has just done it
        entries = seed.packaged()
        draft.write(entries, using=using)
        _publish([entry.code for entry in entries], origin=Origin.SHIPPED, note=seed.NOTE, alias=using)
    return True


def unpublished(codes: Collection[str] | None = None) -> Mapping[str, Entry]:
    """Return the drafts, by code, that differ from what is live or were never published."""
    alias = router.db_for_write(Head)
    drafts = draft.read(codes, using=alias)
    live = _live(alias, drafts)
    return {code: entry for code, entry in drafts.items() if _differs(entry, live.get(code))}


def check(codes: Collection[str] | None = None) -> list[lint.Issue]:
    """Return every issue of the drafts of these codes, or of all, that the host's settings do not silence."""
    alias = router.db_for_write(Head)
    return _lint(draft.read(codes, using=alias), alias)


def as_of(moment: datetime) -> Catalog:
    """Return the catalog that was published at this moment; it has no entries for a time before the first publish."""
    alias = router.db_for_write(Head)
    revisions = Revision.objects.using(alias)
    last = revisions.filter(created_at__lte=moment).order_by("-number", "-created_at").first()
    if last is None:
        return snapshot.build((), number=0, digest="")
    live = revisions.live_at(last.number)
    return snapshot.build(
        (Entry.from_json(revision.snapshot, revision=revision.number) for revision in live),
        number=last.number,
        digest=max(revisions.filter(number=last.number), key=lambda revision: revision.pk).digest,
    )


def verify() -> str:
    """Return which revision was changed behind our back, the first of them as a sentence, or an empty text."""
    alias = router.db_for_write(Head)
    previous = ""
    for revision in Revision.objects.using(alias).order_by("number", "pk").iterator():
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
    head = Head.objects.using(alias).filter(pk=Head.PK).first()
    if head is not None and head.digest != previous:
        return f"The log ends before revision {head.number}, or the head was changed."
    return ""


def _publish(
    codes: Iterable[str | int] | None,
    *,
    origin: Origin,
    author: AbstractBaseUser | None = None,
    note: str = "",
    wording_only: bool = False,
    alias: str = "",
) -> list[Revision]:
    alias = alias or router.db_for_write(Head)
    wanted = None if codes is None else {str(code) for code in codes}
    with transaction.atomic(using=alias):
        number = _raise_head(alias)
        drafts = draft.read(wanted, using=alias)
        live = _live(alias, drafts)
        changed = {code: entry for code, entry in drafts.items() if _differs(entry, live.get(code))}
        if origin != Origin.SHIPPED:  # a host's settings must not keep it from migrating
            _refuse(changed, live, missing=(wanted or set()) - drafts.keys(), alias=alias)
        if not changed:
            _raise_head(alias, by=-1)
            return []
        if wording_only:
            changed = {code: _confirm(entry, live.get(code)) for code, entry in changed.items()}
            draft.write(changed.values(), using=alias)
        revisions = _append(changed, number, origin, author, note, alias)
        announce = partial(_announce, alias, number, tuple(changed), origin, revisions[-1].digest)
        transaction.on_commit(announce, using=alias)
    return revisions


def lock(using: str) -> int:
    """Lock the head until the end of the transaction, as everything does that writes many drafts; return its number."""
    return _raise_head(using, by=0)


def _raise_head(alias: str, *, by: int = 1) -> int:
    """Lock the head until the end of the transaction, raise it, and return its number.

    The first statement of everything that publishes: an update locks on every database, and numbers that are given out
    under the lock become visible in their order and without a gap.
    """
    heads = Head.objects.using(alias).filter(pk=Head.PK)
    if not heads.update(number=F("number") + by):
        Head.objects.using(alias).get_or_create(pk=Head.PK)
        heads.update(number=F("number") + by)
    return heads.values_list("number", flat=True).get()


def _live(alias: str, codes: Collection[str]) -> dict[str, Entry]:
    number = Head.objects.using(alias).filter(pk=Head.PK).values_list("number", flat=True).first() or 0
    revisions = Revision.objects.using(alias).live_at(number)
    if len(codes) < ErrorCode.objects.using(alias).count():
        revisions = revisions.filter(error__code__in=codes)
    entries = (Entry.from_json(revision.snapshot, revision=revision.number) for revision in revisions)
    return {entry.code: entry for entry in entries}


def _differs(entry: Entry, live: Entry | None) -> bool:
    return live is None or entry.as_json() != live.as_json()


def _refuse(changed: Mapping[str, Entry], live: Mapping[str, Entry], *, missing: Collection[str], alias: str) -> None:
    reasons = [f"Code {code} is not in the catalog." for code in sorted(missing)]
    for code, entry in changed.items():
        before = live.get(code)
        if before is not None and before.name != entry.name:
            reasons.append(f"Code {code}: the name {before.name} is published and cannot become {entry.name}.")
    for issue in _lint(changed, alias):
        if issue.level == lint.Level.ERROR:
            reasons.append(f"Code {issue.code}, {issue.where}: {issue.text} ({issue.id})")
    if reasons:
        raise PublishRefused(reasons)


def _lint(entries: Mapping[str, Entry], alias: str) -> list[lint.Issue]:
    if not entries:
        return []
    context, reviews = (draft.lint_context(using=alias), draft.reviews(entries, using=alias))
    return [
        issue
        for code, entry in entries.items()
        for issue in lint.lint(entry, replace(context, review=reviews.get(code)))
        if not lint.is_silenced(issue, conf.SILENCED_LINTS)
    ]


def _confirm(entry: Entry, before: Entry | None) -> Entry:
    """Return the entry with every translation that was up to date before confirmed against today's source texts."""
    source = conf.SOURCE_LANGUAGE
    if before is None or source not in before.messages or source not in entry.messages:
        return entry
    old, new = before.messages[source], entry.messages[source]
    messages: dict[str, Message] = {}
    for language, message in entry.messages.items():
        confirmed = {
            name: getattr(new, name)
            for name in MESSAGE_FIELDS
            if name in message.source_text and message.source_text[name] == getattr(old, name)
        }
        messages[language] = replace(message, source_text={**message.source_text, **confirmed})
    return replace(entry, messages=messages)


def _append(
    changed: Mapping[str, Entry], number: int, origin: Origin, author: AbstractBaseUser | None, note: str, alias: str
) -> list[Revision]:
    last = Revision.objects.using(alias).order_by("-number", "-pk").first()
    moment = timezone.now()
    if last is not None:  # time only decorates, but it never runs backwards
        moment = max(moment, last.created_at + timedelta(microseconds=1))
    rows = dict(ErrorCode.objects.using(alias).filter(code__in=changed).values_list("code", "pk"))
    chain = Head.objects.using(alias).values_list("digest", flat=True).get(pk=Head.PK)
    common: dict[str, Any] = {
        "number": number,
        "origin": origin.value,
        "note": note,
        "author_name": author.get_username() if author is not None else "",
    }
    revisions = []
    for code, entry in changed.items():
        state = entry.as_json()
        chain = digest(chain, snapshot=state, **common)
        revisions.append(
            Revision(
                error_id=rows[code],
                snapshot=state,
                author_id=author.pk if author is not None else None,
                created_at=moment,
                digest=chain,
                **common,
            )
        )
    Revision.objects.using(alias).bulk_create(revisions, batch_size=100)
    Head.objects.using(alias).filter(pk=Head.PK).update(digest=chain)
    return revisions


def _announce(alias: str, number: int, codes: tuple[str, ...], origin: Origin, chain: str) -> None:
    # The digest in the log is what shows later that the end of the table was cut off.
    _logger.info("Published revision %d (%s, %d codes), digest %s.", number, origin, len(codes), chain)
    if alias == router.db_for_write(Head):
        snapshot.refresh()
    published.send_robust(sender=Revision, number=number, codes=codes, origin=str(origin))
