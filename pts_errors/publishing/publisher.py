"""Publish and restore; list unpublished drafts, lint drafts, read an earlier catalog, and verify the log."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import cast

from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.db import router, transaction
from django.db.models import CharField
from django.utils import timezone
from django.utils.translation import gettext as _

from pts_errors import snapshot
from pts_errors.conf import conf
from pts_errors.exceptions import PublishRefused, UnpublishedChanges
from pts_errors.lint import rules
from pts_errors.models import ErrorCode, Head, Revision, validate_text
from pts_errors.publishing import announcement, draft, log, reviews
from pts_errors.values.catalog import Catalog
from pts_errors.values.entry import MESSAGE_FIELDS, Basis, Entry, Message, Origin, categories
from pts_errors.values.fields import Path, dotted

CONFIRMED = "Confirmed the outcome"
"""Begins the admin's log entry for a confirmation; a colon and how it is known follow."""

# The author of a publish without a person, unless the caller names another process.
_PROCESS = "pts_errors"


def publish(
    codes: Iterable[str | int] | None = None,
    *,
    author: AbstractBaseUser | None = None,
    process: str = _PROCESS,
    note: str = "",
    wording_only: bool = False,
) -> list[Revision]:
    """Publish the drafts of these codes, or of all codes; return one revision for each draft that differed.

    All revisions carry the same number and are written in one transaction. If no draft differs, nothing is written.
    Without an ``author``, ``process`` names the program that publishes. Pass ``wording_only`` when the source texts
    kept their meaning: translations that were up to date then stay up to date.

    Raises:
        PublishRefused: a draft breaks a rule, a code does not exist, or the note cannot be stored. The reasons name
            code and rule. Nothing was published.
    """
    return _publish(codes, author=author, process=process, note=note, wording_only=wording_only)


def plan_publish(codes: Iterable[str | int] | None = None) -> Mapping[str, Entry]:
    """Return the drafts, by code, that `publish` would publish now. Writes nothing.

    Raises:
        PublishRefused: `publish` would refuse them, for the same reasons.
    """
    changed, _live = _publishable(codes, router.db_for_write(Head))
    return changed


def restore(
    revision: Revision, *, author: AbstractBaseUser | None = None, note: str, discard_edits: bool = False
) -> list[Revision]:
    """Write an earlier state of a code into its draft and publish it; return the new revision, or none if live already.

    The category keeps its current texts, because other codes share them.

    Raises:
        UnpublishedChanges: the draft has unpublished edits, and ``discard_edits`` is false.
        PublishRefused: the earlier state is damaged or breaks a current rule, or the note is empty or cannot be stored.
    """
    if not note.strip():
        raise PublishRefused([_issue("P004", "", ("note",), _("A restore needs a note that says why."))])
    _refuse_unstorable("note", note)
    alias = router.db_for_write(Head)
    with transaction.atomic(using=alias):
        log.lock(using=alias)
        draft.lock(using=alias)
        entry = revision.entry()
        if entry is None:
            text = _("Revision %(number)d is damaged and cannot be restored.") % {"number": revision.number}
            raise PublishRefused([_issue("P005", "", (), text)])
        if not discard_edits and entry.code in unpublished([entry.code]):
            raise UnpublishedChanges(f"Code {entry.code} has unpublished edits. Publish or discard them first.")
        known = categories(draft.read(using=alias).values())
        draft.write([entry.with_category_from(known)], using=alias)
        return _publish([entry.code], origin=Origin.RESTORED, author=author, note=note)


def confirm(code: str | int, *, author: AbstractBaseUser, note: str) -> list[Revision]:
    """Confirm the outcome of a code and publish that; return the new revision, or none if the note is the same as before.

    ``note`` says how the outcome is known, in one sentence of at most 200 characters. It becomes the reason for the
    outcome, which integrators read. A confirmed refusal may then take other advice than to check the status first.

    Raises:
        UnpublishedChanges: the draft has unpublished edits.
        PublishRefused: the code does not exist or breaks a rule, or the note is empty or cannot be stored.
    """
    code, note = str(code), note.strip()
    if not note:
        text = _("A confirmation needs a note that says how the outcome is known.")
        raise PublishRefused([_issue("P007", code, ("outcome_reason",), text)])
    _refuse_unstorable("note", note)
    alias = router.db_for_write(Head)
    with transaction.atomic(using=alias):
        log.lock(using=alias)
        draft.lock(using=alias)
        drafts, _live = _publishable([code], alias)
        if drafts:
            raise UnpublishedChanges(f"Code {code} has unpublished edits. Publish or discard them first.")
        entry = draft.read([code], using=alias)[code]
        draft.write([replace(entry, outcome_basis=Basis.CONFIRMED, outcome_reason=note)], using=alias)
        rows = ErrorCode.objects.using(alias).filter(code=code)
        rows.update(confirmed_at=timezone.now(), confirmed_by=author.pk)
        reviews.enter(rows.get(), f"{CONFIRMED}: {note}", user=author)
        return _publish([code], author=author, note=note)


def unpublished(codes: Collection[str] | None = None) -> Mapping[str, Entry]:
    """Return the drafts, by code, that differ from the live entry or were never published."""
    alias = router.db_for_write(Head)
    drafts = draft.read(codes, using=alias)
    live = log.live(using=alias, codes=drafts)
    return {code: entry for code, entry in drafts.items() if entry.differs(live.get(code))}


def check(codes: Collection[str] | None = None) -> list[rules.Issue]:
    """Return the lint issues of these drafts, or of all drafts, without those that the settings silence."""
    alias = router.db_for_write(Head)
    return _lint(draft.read(codes, using=alias), alias)


def as_of(moment: datetime) -> Catalog:
    """Return the catalog that was live at this moment. Before the first publish it has no entries."""
    alias = router.db_for_write(Head)
    last = log.last_before(moment, using=alias)
    if last is None:
        return snapshot.build((), number=0, digest="")
    entries = log.live(using=alias, number=last.number).values()
    return snapshot.build(entries, number=last.number, digest=last.digest)


def verify(*, expect: str = "") -> str:
    """Return a sentence about the first revision that was tampered with, or an empty text if the log is intact.

    ``expect`` is an anchor, ``"NUMBER:DIGEST"``, kept outside the database since that number was published. It also
    reveals a log whose end was cut off or whose digests were recomputed.

    Raises:
        ValueError: ``expect`` is not an anchor.
    """
    anchor = log.Anchor.parse(expect) if expect else None
    return log.verify(using=router.db_for_write(Head), anchor=anchor)


def _publish(
    codes: Iterable[str | int] | None,
    *,
    origin: Origin = Origin.EDITED,
    author: AbstractBaseUser | None = None,
    process: str = _PROCESS,
    note: str = "",
    wording_only: bool = False,
) -> list[Revision]:
    alias = router.db_for_write(Head)
    _refuse_unstorable("note", note)
    _refuse_unstorable("process", process)
    if author is None and not process.strip():
        raise PublishRefused([_issue("P006", "", (), _("A publish needs an author or the name of a process."))])
    with transaction.atomic(using=alias):
        log.lock(using=alias)
        if wording_only:  # this also writes drafts
            draft.lock(using=alias)
        changed, live = _publishable(codes, alias)
        imported = draft.imported(changed, using=alias) if origin == Origin.EDITED else ()
        if changed and wording_only:
            changed = {code: _confirm(entry, live.get(code)) for code, entry in changed.items()}
            draft.write(changed.values(), using=alias)
        revisions = log.append(
            changed, origin=origin, imported=imported, author=author, process=process, note=note, using=alias
        )
        announced = Origin.IMPORTED if len(imported) == len(changed) else origin
        announcement.send_on_commit(revisions, announced, using=alias)
    return revisions


def _publishable(codes: Iterable[str | int] | None, alias: str) -> tuple[Mapping[str, Entry], Mapping[str, Entry]]:
    """Return the drafts that differ from the live entries, and the live entries, both by code.

    Raises:
        PublishRefused: a draft breaks a rule, or a code does not exist.
    """
    requested = None if codes is None else {str(code) for code in codes}
    drafts = draft.read(_well_formed(requested), using=alias)
    live = log.live(using=alias, codes=drafts)
    changed = {code: entry for code, entry in drafts.items() if entry.differs(live.get(code))}
    _refuse(changed, live, missing=(requested or set()) - drafts.keys(), alias=alias)
    return changed, live


def _refuse(changed: Mapping[str, Entry], live: Mapping[str, Entry], *, missing: Collection[str], alias: str) -> None:
    issues = [_issue("P001", code, (), _("The code is not in the catalog.")) for code in sorted(missing)]
    for code, entry in changed.items():
        before = live.get(code)
        if before is not None and before.name != entry.name:
            text = _("The name %(before)s is published and cannot be changed to %(after)s.")
            issues.append(_issue("P002", code, ("name",), text % {"before": before.name, "after": entry.name}))
    issues += [issue for issue in _lint(changed, alias) if issue.level == rules.Level.ERROR]
    if issues:
        raise PublishRefused(issues)


def _issue(rule: str, code: str, path: Path, text: str) -> rules.Issue:
    """Return an issue of the publish itself rather than of a text. docs/reference/publishing.md lists these rules."""
    return rules.Issue(id=rule, level=rules.Level.ERROR, code=code, where=dotted(path), text=text)


def _well_formed(codes: Collection[str] | None) -> Collection[str] | None:
    """Drop what cannot be a code: some databases reject such texts in queries, and others take ``"1007 "`` for 1007."""
    return codes and [code for code in codes if code.isascii() and code.isdigit()]


def _refuse_unstorable(name: str, text: str) -> None:
    """Refuse a text that databases treat differently: one would truncate it, one reject it, one store it."""
    try:
        validate_text(text)
        cast("CharField[str, str]", Revision._meta.get_field(name)).clean(text, None)
    except ValidationError as error:
        text = _("The text cannot be stored: %(reason)s")
        issues = [_issue("P003", "", (name,), text % {"reason": reason}) for reason in error.messages]
        raise PublishRefused(issues) from error


def _lint(entries: Mapping[str, Entry], alias: str) -> list[rules.Issue]:
    if not entries:
        return []
    context = draft.lint_context(using=alias)
    known = reviews.read(entries, using=alias)
    return [
        issue
        for code, entry in entries.items()
        for issue in rules.lint(entry, replace(context, review=known.get(code)))
        if not rules.is_silenced(issue, conf.SILENCED_LINTS)
    ]


def _confirm(entry: Entry, before: Entry | None) -> Entry:
    """Return the entry with its up-to-date translations confirmed against the new source texts."""
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
