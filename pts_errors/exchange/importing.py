"""Import files into the drafts: plan the changes, then write exactly these. Nothing is published."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache, partial

from django.core.exceptions import ValidationError
from django.db import router, transaction
from django.utils.translation import gettext as _

from pts_errors import models
from pts_errors.conf import conf
from pts_errors.exceptions import DraftsChanged, ExchangeError
from pts_errors.exchange.folder import Progress, shorten
from pts_errors.exchange.plan import FileChange, Key, Plan, State, Status, compare, dangling, merge
from pts_errors.exchange.records import Record
from pts_errors.lint import rules
from pts_errors.publishing import draft, log
from pts_errors.values import seed
from pts_errors.values.entry import Category, Entry, categories
from pts_errors.values.fields import CATEGORY_FIELDS, SLUG

# Files from several exports may be imported together, but each of their revisions is loaded completely.
_MAX_REVISIONS = 20

_LINKS = (SLUG, ("replaced_by",), ("similar",))


def plan(records: Sequence[Record], *, theirs: Collection[Key] = (), progress: Progress | None = None) -> Plan:
    """Return what these files would change in the drafts. Writes nothing.

    ``theirs`` are the keys of conflicts in which the file's value wins.

    Raises:
        ExchangeError: the files refer to unknown codes or categories; every problem is named with file and line.
    """
    alias = router.db_for_write(models.Head)
    with transaction.atomic(using=alias):  # reading the log row by row needs a server-side cursor
        return _plan(records, frozenset(theirs), alias, progress)


def languages() -> set[str]:
    """Return the languages of the drafts, and the source language."""
    messages = models.Message.objects.using(router.db_for_write(models.Head))
    return {conf.SOURCE_LANGUAGE, *messages.order_by().values_list("language", flat=True).distinct()}


def apply(shown: Plan) -> list[str]:
    """Write the accepted changes of a plan into the drafts; return the codes whose drafts changed.

    Raises:
        DraftsChanged: the drafts have changed since, so the plan is out of date. Nothing was written.
    """
    alias = router.db_for_write(models.Head)
    with transaction.atomic(using=alias):
        log.lock(using=alias)
        draft.lock(using=alias)
        fresh = _plan(shown.records, shown.theirs, alias)
        if fresh.digest != shown.digest:
            raise DraftsChanged("The drafts have changed since the import was planned. Plan it again.")
        drafts = _drafts(alias)
        entries = merge(_accepted(fresh.changes), drafts)
        written = {code: entry for code, entry in entries.items() if entry != drafts.entries.get(code)}
        # Drafts with unpublished edits by hand do not come from the files alone.
        edited = _edited({code: entry for code, entry in drafts.entries.items() if code in written}, alias)
        draft.write(written.values(), using=alias)
        draft.mark_imported(written.keys() - edited, using=alias)
    return list(written)


def _edited(drafts: Mapping[str, Entry], alias: str) -> set[str]:
    """Return the codes of drafts with edits by hand: neither live nor unchanged since an import."""
    live = log.live(using=alias, codes=drafts)
    unpublished = {code for code, entry in drafts.items() if entry.differs(live.get(code))}
    return unpublished - draft.imported(drafts, using=alias)


def _plan(records: Sequence[Record], theirs: frozenset[Key], alias: str, progress: Progress | None = None) -> Plan:
    drafts = _drafts(alias)
    problems = [*dangling(records, drafts), *_revisions(records)]
    if problems:
        raise ExchangeError(shorten(problems))
    changes, unchanged = compare(
        records,
        drafts,
        live_at=_live_at(alias),
        history=partial(_history, alias),
        source_language=conf.SOURCE_LANGUAGE,
        theirs=theirs,
    )
    changes = _reject(changes, dict(_invalid(_accepted(changes), drafts, alias)))
    while True:
        accepted = _accepted(changes)
        faults = dict(_orphans(accepted, drafts))
        if not faults:
            faults = dict(_broken(accepted, merge(accepted, drafts), alias, progress))
        if not faults:
            return Plan(records=records, changes=tuple(changes), unchanged=unchanged, theirs=theirs)
        changes = _reject(changes, faults)


def _drafts(alias: str) -> State:
    rows = models.Category.objects.using(alias).values(*CATEGORY_FIELDS)
    return State(entries=draft.read(using=alias), categories={row["slug"]: Category(**row) for row in rows})


def _revisions(records: Iterable[Record]) -> Iterator[str]:
    places: dict[int, str] = {}
    for record in records:
        if record.baseline is not None:
            places.setdefault(record.baseline.revision, record.place)
    if len(places) > _MAX_REVISIONS:
        sentence = _("The files were exported from more than %(n)d revisions.") % {"n": _MAX_REVISIONS}
        yield f"{list(places.values())[_MAX_REVISIONS]}: {sentence}"


def _live_at(alias: str) -> Callable[[int], State | None]:
    """Return a function that maps a revision number to the state live then, or to None if there is no such revision."""
    head = models.Head.objects.using(alias).filter(pk=models.Head.PK).values_list("number", flat=True).first() or 0

    @cache
    def live_at(number: int) -> State | None:
        if number > head:
            return None
        if not number:
            return _state(seed.packaged())
        return _state(_read(models.Revision.objects.using(alias).live_at(number)))

    return live_at


def _history(alias: str, record: Record) -> Iterator[State]:
    """Yield every published state of the record's code, or of any code in the record's category."""
    revisions = models.Revision.objects.using(alias)
    column = "snapshot__category__slug" if record.block == "category" else "error__code"
    for entry in _read(revisions.filter(**{column: record.key}).iterator(chunk_size=100)):
        yield _state([entry])


def _read(revisions: Iterable[models.Revision]) -> Iterator[Entry]:
    """Yield the undamaged states. Without a damaged one, local values count as edited and stay."""
    return (entry for revision in revisions if (entry := revision.entry()) is not None)


def _state(entries: Iterable[Entry]) -> State:
    by_code = {entry.code: entry for entry in entries}
    ordered = sorted(by_code.values(), key=lambda entry: entry.revision)
    return State(entries=by_code, categories=categories(ordered))


def _accepted(changes: Iterable[FileChange]) -> list[FileChange]:
    return [change for change in changes if change.is_accepted]


def _reject(changes: Iterable[FileChange], faults: Mapping[Key, str]) -> list[FileChange]:
    """Reject the changes with a fault. Rows of tables are rejected whole, because their cells depend on each other."""
    changes = list(changes)
    rows = {
        (change.record.block, change.record.key): faults[change.key]
        for change in changes
        if change.key in faults and change.record.block in ("category", "code")
    }
    reasons = (
        (change, faults.get(change.key) or rows.get((change.record.block, change.record.key), "")) for change in changes
    )
    return [
        replace(change, status=Status.REJECTED, reason=reason) if reason and change.is_accepted else change
        for change, reason in reasons
    ]


def _invalid(changes: Iterable[FileChange], drafts: State, alias: str) -> Iterator[tuple[Key, str]]:
    """Yield key and reason of every value that its column does not accept."""
    names = {entry.name: code for code, entry in drafts.entries.items()}
    published = set(
        models.ErrorCode.objects.using(alias).filter(revisions__isnull=False).values_list("code", flat=True)
    )
    for change in changes:
        if change.code and change.path in _LINKS:
            continue
        column = models.column(change.path)
        try:
            if change.category and change.category not in drafts.categories:
                models.validate_new_slug(change.category)
            for value in (change.after, *([] if change.confirmed is None else [change.confirmed])):
                models.validate_value(column, value)
        except ValidationError as error:
            yield change.key, " ".join(error.messages)
            continue
        if change.record.block == "code":
            (name,) = change.path
            is_stored = change.code in drafts.entries
            if is_stored and name in models.ErrorCode.locked_fields(is_published=change.code in published):
                sentence = _("The %(field)s of an existing code cannot be changed; keep its current value: %(value)s")
                yield change.key, sentence % {"field": column.verbose_name, "value": change.before}
            elif name == "name" and change.after in names:
                sentence = _("The name %(name)s already belongs to code %(code)s.")
                yield change.key, sentence % {"code": names[change.after], "name": change.after}


def _orphans(changes: Collection[FileChange], drafts: State) -> Iterator[tuple[Key, str]]:
    """Yield key and reason of every change that refers to a rejected row."""
    codes = drafts.entries.keys() | {change.code for change in changes if change.record.block == "code"}
    slugs = drafts.categories.keys() | {change.category for change in changes}
    for change in changes:
        if not change.code:
            continue
        others: Iterable[str] = ()
        if change.path == ("similar",):
            others = change.after
        elif change.path == ("replaced_by",):
            others = [change.after]
        if change.path == SLUG and change.after not in slugs:
            yield change.key, _("The category %(category)s was rejected.") % {"category": change.after}
        for code in (change.code, *others):
            if code and code not in codes:
                yield change.key, _("The code %(code)s was rejected.") % {"code": code}


def _broken(
    changes: Collection[FileChange], entries: Mapping[str, Entry], alias: str, progress: Progress | None
) -> Iterator[tuple[Key, str]]:
    """Yield key and reason of every change that causes a lint error in the field it changes.

    Errors in other fields, such as a missing text, are left for publishing to refuse.
    """
    used = {entry.category.slug for entry in entries.values()}
    by_code: dict[str, list[FileChange]] = {}
    for change in changes:
        if change.code:
            by_code.setdefault(change.code, []).append(change)
        elif change.category not in used:
            yield change.key, _("This category has no codes.")
    context = draft.lint_context(entries, using=alias) if by_code else None
    for number, (code, mine) in enumerate(by_code.items(), start=1):
        for issue in rules.lint(entries[code], context) if context is not None else ():
            if issue.level == rules.Level.ERROR and not rules.is_silenced(issue, conf.SILENCED_LINTS):
                for change in mine:
                    if _is_about(issue, change):
                        yield change.key, f"{issue.text} ({issue.id})"
        if progress is not None:
            progress(number, len(by_code))


def _is_about(issue: rules.Issue, change: FileChange) -> bool:
    """Return whether an issue concerns the field of a change, its row of codes.csv, or its whole runbook."""
    if len(issue.path) == 1:
        return change.record.block == "code"
    return change.path == issue.path or (change.record.block == "runbook" and issue.path == ("runbook",))
