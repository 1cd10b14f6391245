"""Merge a newly shipped catalog into the drafts and what is live, and decide the conflicts that this leaves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from django.db import router, transaction

from pts_errors.models import ErrorCode, Head
from pts_errors.publishing import announcement, draft, log
from pts_errors.values import merge, seed
from pts_errors.values.entry import Entry, Origin, categories
from pts_errors.values.fields import SLUG, dotted, parsed, value_at

# Named as the author even when `migrate` runs the upgrade.
_PROCESS = "pts_upgrade"

# The note of the revision in which an upgrade keeps local edits.
_KEPT = "Local edits kept over the shipped catalog."


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One effect of an upgrade on a draft."""

    code: str
    path: str
    """Such as ``"severity"``, ``"fr.title"`` or ``"runbook.impact"``; empty for a new code."""
    action: str
    """``"added"``, ``"taken"`` (without a local edit) or ``"kept"`` (a conflict: the local value stays)."""
    ours: object = None
    shipped: object = None


def plan_upgrade(*, using: str = "") -> list[Change]:
    """Return what `upgrade` would do now. Writes nothing."""
    return [change for merged in _merges(using or router.db_for_write(Head)) for change in merged.changes]


def upgrade(*, using: str = "") -> list[Change]:
    """Merge the catalog of the installed package into the drafts and what is live; return what changed in the drafts.

    The merge goes field by field, against the values shipped before. Values without a local edit follow the package
    and are live at once. Local edits stay; where the shipped value changed as well, that conflict waits for a
    decision. Unpublished edits stay unpublished. Empty tables are seeded.
    """
    alias = using or router.db_for_write(Head)
    with transaction.atomic(using=alias):
        log.lock(using=alias)
        draft.lock(using=alias)
        merges = _merges(alias)
        draft.write([merged.draft for merged in merges], using=alias)
        _note_conflicts(merges, alias)
        revisions = log.append(
            {m.shipped.code: m.shipped for m in merges},
            origin=Origin.SHIPPED,
            process=_PROCESS,
            note=seed.NOTE,
            using=alias,
        )
        # The log needs the shipped values unchanged, as the base of the next upgrade. Local edits go live on top.
        kept = {m.live.code: m.live for m in merges if m.live.differs(m.shipped)}
        revisions += log.append(kept, origin=Origin.EDITED, process=_PROCESS, note=_KEPT, using=alias)
        Head.objects.using(alias).filter(pk=Head.PK).update(catalog=seed.VERSION)
        announcement.send_on_commit(revisions, Origin.SHIPPED, using=alias)
    return [change for merged in merges for change in merged.changes]


def upgrade_if_newer(using: str) -> bool:
    """Upgrade if the package ships a newer catalog than the last merged one; return whether it did."""
    if Head.objects.using(using).filter(catalog__gte=seed.VERSION).exists():
        return False
    upgrade(using=using)
    return True


def take_shipped(code: str, path: str) -> None:
    """Decide a conflict for the shipped value: write it into the draft."""
    alias = router.db_for_write(Head)
    with transaction.atomic(using=alias):
        log.lock(using=alias)
        draft.lock(using=alias)
        shipped = log.shipped(using=alias)[code]
        ours = draft.read([code], using=alias)[code]
        taken = merge.take(ours, shipped, parsed(path))
        if parsed(path) == SLUG:
            taken = taken.with_category_from(categories(draft.read(using=alias).values()))
        draft.write([taken], using=alias)
        keep_ours(code, path)


def keep_ours(code: str, path: str) -> None:
    """Decide a conflict for the local value: the draft keeps it."""
    alias = router.db_for_write(Head)
    with transaction.atomic(using=alias):
        log.read_committed(using=alias)
        row = ErrorCode.objects.using(alias).select_for_update().get(code=code)
        row.unseen = [other for other in row.unseen if other != path]
        row.version += 1
        row.save(using=alias, update_fields=["unseen", "version"])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Merged:
    """One code in an upgrade."""

    shipped: Entry
    draft: Entry
    live: Entry
    changes: tuple[Change, ...]


def _merges(alias: str) -> list[_Merged]:
    """Return the merge of every code whose shipped values have changed since the last upgrade."""
    bases, drafts, live = log.shipped(using=alias), draft.read(using=alias), log.live(using=alias)
    names = {entry.name: code for code, entry in drafts.items()}
    merges = []
    for shipped in seed.packaged():
        code, base = shipped.code, bases.get(shipped.code)
        if names.get(shipped.name, code) != code:  # ops staff gave this name to a code of their own
            shipped = replace(shipped, name=f"{shipped.name}_{code}")
        if shipped.differs(base):
            merges.append(_merge(base, drafts.get(code), live.get(code), shipped))
    # A new or moved code takes the category's local texts, as merged with the codes that stay in the category.
    of_drafts = categories([*drafts.values(), *(m.draft for m in merges if _stays(m.draft, drafts))])
    of_live = categories([*live.values(), *(m.live for m in merges if _stays(m.live, live))])
    return [
        replace(m, draft=m.draft.with_category_from(of_drafts), live=m.live.with_category_from(of_live)) for m in merges
    ]


def _merge(base: Entry | None, ours: Entry | None, live: Entry | None, shipped: Entry) -> _Merged:
    """Merge one shipped entry into the draft and the live entry of its code."""
    if ours is None:
        added = Change(code=shipped.code, path="", action="added", shipped=shipped.name)
        return _Merged(shipped=shipped, draft=shipped, live=shipped, changes=(added,))
    merged = merge.merge(base, ours, shipped)
    changes = tuple(
        Change(
            code=shipped.code,
            path=dotted(path),
            action=action,
            ours=value_at(ours, path),
            shipped=value_at(shipped, path),
        )
        for action, paths in (("taken", merged.taken), ("kept", merged.kept))
        for path in paths
    )
    live = shipped if live is None else merge.merge(base, live, shipped).entry
    return _Merged(shipped=shipped, draft=merged.entry, live=live, changes=changes)


def _stays(entry: Entry, before: Mapping[str, Entry]) -> bool:
    return entry.code in before and before[entry.code].category.slug == entry.category.slug


def _note_conflicts(merges: Iterable[_Merged], alias: str) -> None:
    """Store the paths of the new conflicts, and of earlier ones that are still undecided and still differ."""
    by_code = {m.shipped.code: m for m in merges}
    for row in ErrorCode.objects.using(alias).filter(code__in=by_code):
        merged = by_code[row.code]
        kept = {change.path for change in merged.changes if change.action == "kept"}
        still_open = set(row.unseen) & {dotted(path) for path in merge.paths(merged.draft, merged.shipped)}
        if (unseen := sorted(still_open | kept)) != row.unseen:
            row.unseen = unseen
            row.save(using=alias, update_fields=["unseen"])
