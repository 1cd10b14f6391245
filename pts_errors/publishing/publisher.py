"""Publish, restore, upgrade, seed: everything that changes what readers see."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import cast

from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.db import router, transaction
from django.db.models import CharField
from django.utils.translation import gettext as _

from pts_errors import snapshot
from pts_errors.conf import conf
from pts_errors.exceptions import PublishRefused, UnpublishedChanges
from pts_errors.lint import rules
from pts_errors.models import ErrorCode, Head, Revision, validate_text
from pts_errors.publishing import draft, log, reviews
from pts_errors.signals import published
from pts_errors.values import merge, seed
from pts_errors.values.catalog import Catalog
from pts_errors.values.entry import MESSAGE_FIELDS, Category, Entry, Message, Origin
from pts_errors.values.fields import SLUG, Path, dotted, parsed, value_at

_logger = logging.getLogger("pts_errors")

# Who acted where no person did and the caller names no process; and for an upgrade, which `migrate` runs as well.
_PROCESS = "pts_errors"
_UPGRADE = "pts_upgrade"

# The note of the revision with which an upgrade keeps what ops staff wrote.
_KEPT = "Local edits kept over the shipped catalog."


def publish(
    codes: Iterable[str | int] | None = None,
    *,
    author: AbstractBaseUser | None = None,
    process: str = _PROCESS,
    note: str = "",
    wording_only: bool = False,
) -> list[Revision]:
    """Make the drafts of these codes, or of all, what every reader sees; return one revision for each that differed.

    All of them carry the same number, in one transaction; nothing is written when nothing differs. ``process`` names
    the program that publishes, where there is no ``author``. ``wording_only`` says that the source texts changed only
    in wording, so that translations which were up to date stay so.

    Raises:
        PublishRefused: a draft would harm its readers, and the reasons name code and rule; or the note cannot be
            stored. Nothing was published.
    """
    return _publish(codes, author=author, process=process, note=note, wording_only=wording_only)


def plan_publish(codes: Iterable[str | int] | None = None) -> Mapping[str, Entry]:
    """Return the drafts, by code, that `publish` would publish now. Nothing is written.

    Raises:
        PublishRefused: it would refuse, for the same reasons.
    """
    changed, _live = _publishable(codes, router.db_for_write(Head))
    return changed


def restore(
    revision: Revision, *, author: AbstractBaseUser | None = None, note: str, discard_edits: bool = False
) -> list[Revision]:
    """Make an earlier state of a code the draft and publish it; return the new revision, or nothing if it is live.

    The texts of its category stay what they are, because other codes share them.

    Raises:
        UnpublishedChanges: the draft has edits that nobody published, and ``discard_edits`` is false.
        PublishRefused: the earlier state breaks a rule of today or is damaged, or the note is empty or cannot be stored.
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
            raise UnpublishedChanges(f"Code {entry.code} has edits that are not published. Publish or discard them.")
        draft.write([_settled(entry, _categories(draft.read(using=alias).values()))], using=alias)
        return _publish([entry.code], origin=Origin.RESTORED, author=author, note=note)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One thing that an upgrade does to a draft."""

    code: str
    path: str
    """Such as ``"severity"``, ``"fr.title"`` or ``"runbook.impact"``; empty for a code that is new."""
    action: str
    """``"added"``, ``"taken"`` (nobody had edited it) or ``"kept"`` (both changed it, ours stays)."""
    ours: object = None
    shipped: object = None


def plan_upgrade(*, using: str = "") -> list[Change]:
    """Return what `upgrade` would do now. Nothing is written."""
    return [change for merged in _merges(using or router.db_for_write(Head)) for change in merged.changes]


def upgrade(*, using: str = "") -> list[Change]:
    """Bring in the catalog that the installed package ships, and return what that changed in the drafts.

    Field by field, with what was shipped before as the base: what nobody edited follows the package and is live at
    once, what ops staff edited stays, and what both changed stays too and waits for a decision. Empty tables are
    seeded. Edits that are not published stay what they are.
    """
    alias = using or router.db_for_write(Head)
    with transaction.atomic(using=alias):
        log.lock(using=alias)
        draft.lock(using=alias)
        merges = _merges(alias)
        draft.write([merged.draft for merged in merges], using=alias)
        _note_unseen(merges, alias)
        revisions = log.append(
            {m.shipped.code: m.shipped for m in merges},
            origin=Origin.SHIPPED,
            process=_UPGRADE,
            note=seed.NOTE,
            using=alias,
        )
        # What is shipped must be in the log as it is, to be the base of the next upgrade; ours is live on top of it.
        kept = {m.live.code: m.live for m in merges if _differs(m.live, m.shipped)}
        revisions += log.append(kept, origin=Origin.EDITED, process=_UPGRADE, note=_KEPT, using=alias)
        Head.objects.using(alias).filter(pk=Head.PK).update(catalog=seed.VERSION)
        _announce_later(revisions, Origin.SHIPPED, alias)
    return [change for merged in merges for change in merged.changes]


def upgrade_if_newer(using: str) -> bool:
    """Upgrade if the installed package's catalog is newer than the one that was merged last; return whether it was."""
    if Head.objects.using(using).filter(catalog__gte=seed.VERSION).exists():
        return False
    upgrade(using=using)
    return True


def take_shipped(code: str, path: str) -> None:
    """Put the shipped value of a path that an upgrade kept into the draft."""
    alias = router.db_for_write(Head)
    with transaction.atomic(using=alias):
        log.lock(using=alias)
        draft.lock(using=alias)
        shipped = log.shipped(using=alias)[code]
        ours = draft.read([code], using=alias)[code]
        taken = merge.take(ours, shipped, parsed(path))
        if parsed(path) == SLUG:
            taken = _settled(taken, _categories(draft.read(using=alias).values()))
        draft.write([taken], using=alias)
        keep_ours(code, path)


def keep_ours(code: str, path: str) -> None:
    """Decide for the draft's value of a path that an upgrade kept."""
    alias = router.db_for_write(Head)
    with transaction.atomic(using=alias):
        log.read_committed(using=alias)
        row = ErrorCode.objects.using(alias).select_for_update().get(code=code)
        row.unseen = [other for other in row.unseen if other != path]
        row.version += 1
        row.save(using=alias, update_fields=["unseen", "version"])


def unpublished(codes: Collection[str] | None = None) -> Mapping[str, Entry]:
    """Return the drafts, by code, that differ from what is live or were never published."""
    alias = router.db_for_write(Head)
    drafts = draft.read(codes, using=alias)
    live = log.live(using=alias, codes=drafts)
    return {code: entry for code, entry in drafts.items() if _differs(entry, live.get(code))}


def check(codes: Collection[str] | None = None) -> list[rules.Issue]:
    """Return every issue of the drafts of these codes, or of all, that the host's settings do not silence."""
    alias = router.db_for_write(Head)
    return _lint(draft.read(codes, using=alias), alias)


def as_of(moment: datetime) -> Catalog:
    """Return the catalog that was published at this moment; it has no entries for a time before the first publish."""
    alias = router.db_for_write(Head)
    last = log.last_before(moment, using=alias)
    if last is None:
        return snapshot.build((), number=0, digest="")
    entries = log.live(using=alias, number=last.number).values()
    return snapshot.build(entries, number=last.number, digest=last.digest)


def verify(*, expect: str = "") -> str:
    """Return which revision was changed behind our back, the first of them as a sentence, or an empty text.

    ``expect`` is an anchor, ``"NUMBER:DIGEST"``, that was kept outside of the database when this number was published:
    with it, a log that was cut off at its end or computed anew is found, too.

    Raises:
        ValueError: ``expect`` is no anchor.
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
        if wording_only:  # then the drafts are written, too
            draft.lock(using=alias)
        changed, live = _publishable(codes, alias)
        imported = draft.imported(changed, using=alias) if origin == Origin.EDITED else ()
        if changed and wording_only:
            changed = {code: _confirm(entry, live.get(code)) for code, entry in changed.items()}
            draft.write(changed.values(), using=alias)
        revisions = log.append(
            changed, origin=origin, imported=imported, author=author, process=process, note=note, using=alias
        )
        _announce_later(revisions, Origin.IMPORTED if len(imported) == len(changed) else origin, alias)
    return revisions


def _publishable(codes: Iterable[str | int] | None, alias: str) -> tuple[Mapping[str, Entry], Mapping[str, Entry]]:
    """Return the drafts that differ from what is live, and what is live, both by code.

    Raises:
        PublishRefused: a draft would harm its readers, or a code is not there.
    """
    wanted = None if codes is None else {str(code) for code in codes}
    drafts = draft.read(_askable(wanted), using=alias)
    live = log.live(using=alias, codes=drafts)
    changed = {code: entry for code, entry in drafts.items() if _differs(entry, live.get(code))}
    _refuse(changed, live, missing=(wanted or set()) - drafts.keys(), alias=alias)
    return changed, live


@dataclass(frozen=True, slots=True, kw_only=True)
class _Merged:
    """One code in an upgrade."""

    shipped: Entry
    draft: Entry
    live: Entry
    changes: tuple[Change, ...]


def _merges(alias: str) -> list[_Merged]:
    """Return the merge of every code that the package ships otherwise than it did before."""
    bases = log.shipped(using=alias)
    drafts = draft.read(using=alias)
    live = log.live(using=alias)
    names = {entry.name: code for code, entry in drafts.items()}
    merges = []
    for shipped in seed.packaged():
        code, base = shipped.code, bases.get(shipped.code)
        if names.get(shipped.name, code) != code:  # ops staff gave this name to a code of their own
            shipped = replace(shipped, name=f"{shipped.name}_{code}")
        if base is not None and not _differs(shipped, base):
            continue
        ours = drafts.get(code)
        if ours is None:
            added = (Change(code=code, path="", action="added", shipped=shipped.name),)
            merges.append(_Merged(shipped=shipped, draft=shipped, live=shipped, changes=added))
            continue
        of_draft = merge.merge(base, ours, shipped)
        merged_live = merge.merge(base, live[code], shipped).entry if code in live else shipped
        changes = tuple(
            Change(
                code=code,
                path=dotted(path),
                action=action,
                ours=value_at(ours, path),
                shipped=value_at(shipped, path),
            )
            for action, paths in (("taken", of_draft.taken), ("kept", of_draft.kept))
            for path in paths
        )
        merges.append(_Merged(shipped=shipped, draft=of_draft.entry, live=merged_live, changes=changes))
    # A code that is new or moves finds its category as ops staff left it, and as the codes that stay in it bring it.
    of_drafts = _categories([*drafts.values(), *(m.draft for m in merges if _stays(m.draft, drafts))])
    of_live = _categories([*live.values(), *(m.live for m in merges if _stays(m.live, live))])
    return [replace(m, draft=_settled(m.draft, of_drafts), live=_settled(m.live, of_live)) for m in merges]


def _stays(entry: Entry, before: Mapping[str, Entry]) -> bool:
    return entry.code in before and before[entry.code].category.slug == entry.category.slug


def _categories(entries: Iterable[Entry]) -> Mapping[str, Category]:
    """Return the categories by slug, each as the last of the entries in it has it."""
    return {entry.category.slug: entry.category for entry in entries}


def _settled(entry: Entry, known: Mapping[str, Category]) -> Entry:
    """Return the entry with the texts of its category that are known, because other codes share them."""
    return replace(entry, category=known.get(entry.category.slug, entry.category))


def _note_unseen(merges: Iterable[_Merged], alias: str) -> None:
    kept = {m.shipped.code: {c.path for c in m.changes if c.action == "kept"} for m in merges}
    shipped = {m.shipped.code: m for m in merges}
    for row in ErrorCode.objects.using(alias).filter(code__in=kept):
        merged = shipped[row.code]
        open_before = set(row.unseen) & {dotted(path) for path in merge.paths(merged.draft, merged.shipped)}
        if (unseen := sorted(open_before | kept[row.code])) != row.unseen:
            row.unseen = unseen
            row.save(using=alias, update_fields=["unseen"])


def _differs(entry: Entry, live: Entry | None) -> bool:
    return live is None or entry.as_json() != live.as_json()


def _refuse(changed: Mapping[str, Entry], live: Mapping[str, Entry], *, missing: Collection[str], alias: str) -> None:
    issues = [_issue("P001", code, (), _("The code is not in the catalog.")) for code in sorted(missing)]
    for code, entry in changed.items():
        before = live.get(code)
        if before is not None and before.name != entry.name:
            text = _("The name %(before)s is published and cannot become %(after)s.")
            issues.append(_issue("P002", code, ("name",), text % {"before": before.name, "after": entry.name}))
    issues += [issue for issue in _lint(changed, alias) if issue.level == rules.Level.ERROR]
    if issues:
        raise PublishRefused(issues)


def _issue(rule: str, code: str, path: Path, text: str) -> rules.Issue:
    """Return what keeps a publish from happening that no rule on texts is about; docs/reference/publishing.md lists them."""
    return rules.Issue(id=rule, level=rules.Level.ERROR, code=code, where=dotted(path), text=text)


def _askable(codes: Collection[str] | None) -> Collection[str] | None:
    """Return those that may be codes. Not every database can be asked for any text, and to some ``"1007 "`` is 1007."""
    return codes and [code for code in codes if code.isascii() and code.isdigit()]


def _refuse_unstorable(name: str, text: str) -> None:
    """Refuse what one database would cut, another would not store, and a third would keep."""
    try:
        validate_text(text)
        cast("CharField[str, str]", Revision._meta.get_field(name)).clean(text, None)
    except ValidationError as error:
        text = _("It cannot be stored: %(reason)s")
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


def _announce_later(revisions: list[Revision], origin: Origin, alias: str) -> None:
    if revisions:
        codes = tuple(dict.fromkeys(revision.snapshot["code"]["code"] for revision in revisions))
        announce = partial(_announce, alias, revisions[-1].number, codes, origin, revisions[-1].digest)
        snapshot.uncommitted.add(revisions[-1].digest)
        transaction.on_commit(announce, using=alias)


def _announce(alias: str, number: int, codes: tuple[str, ...], origin: Origin, chain: str) -> None:
    # The anchor in the log is what shows later that the table was cut off at its end, or computed anew.
    _logger.info("Published %s (%s, %d codes).", log.Anchor(number, chain), origin, len(codes))
    snapshot.uncommitted.discard(chain)
    if alias == router.db_for_write(Head):  # pragma: no branch # a host of tests/test_databases.py has two
        snapshot.refresh()
    published.send_robust(sender=Revision, number=number, codes=codes, origin=str(origin))
