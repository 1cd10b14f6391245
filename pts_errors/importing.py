"""Importing files into the drafts: plan what would change, then write exactly that. Nothing is published."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import fields, replace
from functools import cache, partial
from typing import Any, cast

from django.core.exceptions import ValidationError
from django.db import router, transaction
from django.db.models import Field
from django.utils.translation import gettext as _

from pts_errors import draft, lint, log, models, seed
from pts_errors.conf import conf
from pts_errors.entry import Category, Entry
from pts_errors.exceptions import DraftsChanged, ExchangeError
from pts_errors.parts import Parts, Progress, shorten
from pts_errors.plan import Change, Path, Plan, State, Status, compare, dangling, merge

# Files of different exports may come together, but every revision has to be loaded whole.
_MAX_REVISIONS = 20

_MODELS = {
    "category": models.Category,
    "code": models.ErrorCode,
    "message": models.Message,
    "runbook": models.Runbook,
}
_LINKS = ("category", "replaced_by", "similar")
_CODE_FIELDS = tuple(field.name for field in fields(Entry))


def plan(parts: Parts, *, theirs: Collection[Path] = (), progress: Progress | None = None) -> Plan:
    """Return what these files would change in the drafts. Reads only.

    ``theirs`` are the paths of conflicts in which the file wins.

    Raises:
        ExchangeError: the files name what does not exist; every such place is named with file and line.
    """
    alias = router.db_for_write(models.Head)
    with transaction.atomic(using=alias):  # a cursor of a log that is read row by row lives in a transaction
        return _plan(parts, frozenset(theirs), alias, progress)


def languages() -> set[str]:
    """Return the languages that the drafts have, and the source language."""
    messages = models.Message.objects.using(router.db_for_write(models.Head))
    return {conf.SOURCE_LANGUAGE, *messages.order_by().values_list("language", flat=True).distinct()}


def apply(shown: Plan) -> list[str]:
    """Write what the plan accepts into the drafts, and return the codes whose drafts changed.

    Raises:
        DraftsChanged: somebody saved in the meantime, so that the plan would be another one now. Nothing was written.
    """
    alias = router.db_for_write(models.Head)
    with transaction.atomic(using=alias):
        log.lock(using=alias)
        draft.lock(using=alias)
        fresh = _plan(shown.parts, shown.theirs, alias)
        if fresh.digest != shown.digest:
            raise DraftsChanged("The drafts were changed meanwhile, so the import would do something else now.")
        drafts = _drafts(alias)
        entries = merge(_accepted(fresh.changes), drafts)
        written = {code: entry for code, entry in entries.items() if entry != drafts.entries.get(code)}
        # What somebody edited by hand before, and nobody published, is not all from the files.
        edited = _edited({code: entry for code, entry in drafts.entries.items() if code in written}, alias)
        draft.write(written.values(), using=alias)
        draft.mark_imported(written.keys() - edited, using=alias)
    return list(written)


def _edited(drafts: Mapping[str, Entry], alias: str) -> set[str]:
    """Return those of the drafts that are neither live nor what an earlier import left."""
    live = log.live(using=alias, codes=drafts)
    unpublished = {
        code for code, entry in drafts.items() if code not in live or entry.as_json() != live[code].as_json()
    }
    return unpublished - draft.imported(drafts, using=alias)


def _plan(parts: Parts, theirs: frozenset[Path], alias: str, progress: Progress | None = None) -> Plan:
    drafts = _drafts(alias)
    problems = [*dangling(parts, drafts), *_revisions(parts)]
    if problems:
        raise ExchangeError(shorten(problems))
    changes, unchanged = compare(
        parts,
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
            return Plan(parts=parts, changes=tuple(changes), unchanged=unchanged, theirs=theirs)
        changes = _reject(changes, faults)


def _drafts(alias: str) -> State:
    categories = models.Category.objects.using(alias).values(*(field.name for field in fields(Category)))
    return State(entries=draft.read(using=alias), categories={row["slug"]: Category(**row) for row in categories})


def _revisions(parts: Parts) -> Iterator[str]:
    files: dict[int, str] = {}
    for rows in (parts.categories, parts.codes, parts.messages, parts.runbooks):
        for part in rows.values():
            if part.mark is not None:
                files.setdefault(part.mark.revision, f"{part.file}:{part.line}")
    if len(files) > _MAX_REVISIONS:
        place = list(files.values())[_MAX_REVISIONS]
        sentence = _("The files were exported from more than %(n)d revisions.") % {"n": _MAX_REVISIONS}
        yield f"{place}: {sentence}"


def _live_at(alias: str) -> Callable[[int], State | None]:
    """Return a function that returns what was live at a revision, or None if there was no such revision here."""
    head = models.Head.objects.using(alias).filter(pk=models.Head.PK).values_list("number", flat=True).first() or 0

    @cache
    def live_at(number: int) -> State | None:
        if number > head:
            return None
        if not number:
            return _state(seed.packaged())
        return _state(_read(models.Revision.objects.using(alias).live_at(number)))

    return live_at


def _history(alias: str, kind: str, key: str) -> Iterator[State]:
    """Yield every state that a code ever had, or every state of a code in a category."""
    revisions = models.Revision.objects.using(alias)
    mine = {"snapshot__category__slug": key} if kind == "category" else {"error__code": key}
    for entry in _read(revisions.filter(**mine).iterator(chunk_size=100)):
        yield _state([entry])


def _read(revisions: Iterable[models.Revision]) -> Iterator[Entry]:
    """Yield the states that can be read. Without the others, whatever is here counts as changed, and stays."""
    return (entry for revision in revisions if (entry := revision.entry()) is not None)


def _state(entries: Iterable[Entry]) -> State:
    by_code = {entry.code: entry for entry in entries}
    ordered = sorted(by_code.values(), key=lambda entry: entry.revision)
    return State(entries=by_code, categories={entry.category.slug: entry.category for entry in ordered})


def _accepted(changes: Iterable[Change]) -> list[Change]:
    return [change for change in changes if change.is_accepted]


def _reject(changes: Iterable[Change], faults: Mapping[Path, str]) -> list[Change]:
    """Return the changes with those rejected that have a fault; a code or category as a whole, as its fields agree."""
    rows = {path[:2]: reason for path, reason in faults.items() if path[0] in ("category", "code")}
    reasons = ((change, faults.get(change.path) or rows.get(change.path[:2], "")) for change in changes)
    return [
        replace(change, status=Status.REJECTED, reason=reason) if reason and change.is_accepted else change
        for change, reason in reasons
    ]


def _invalid(changes: Iterable[Change], drafts: State, alias: str) -> Iterator[tuple[Path, str]]:
    """Yield path and reason of every value that its column does not take."""
    names = {entry.name: code for code, entry in drafts.entries.items()}
    published = set(
        models.ErrorCode.objects.using(alias).filter(revisions__isnull=False).values_list("code", flat=True)
    )
    for change in changes:
        kind, name = change.path[0], change.path[-1]
        if name in _LINKS:
            continue
        field = cast("Field[Any, Any]", _MODELS[kind]._meta.get_field(name))
        try:
            if kind == "category" and change.path[1] not in drafts.categories:
                models.validate_new_slug(change.path[1])
            for value in (change.after, *([] if change.confirmed is None else [change.confirmed])):
                models.validate_value(field, value)
        except ValidationError as error:
            yield change.path, " ".join(error.messages)
            continue
        if kind == "code":
            is_stored = change.code in drafts.entries
            if is_stored and name in models.ErrorCode.locked_fields(is_published=change.code in published):
                yield (
                    change.path,
                    _("The %(field)s of a stored code cannot be changed; give it as it is here: %(value)s")
                    % {"field": field.verbose_name, "value": change.before},
                )
            elif name == "name" and change.after in names:
                yield (
                    change.path,
                    _("The code %(code)s has the name %(name)s.") % {"code": names[change.after], "name": change.after},
                )


def _orphans(changes: Collection[Change], drafts: State) -> Iterator[tuple[Path, str]]:
    """Yield path and reason of everything that refers to a row which was rejected."""
    codes = drafts.entries.keys() | {change.code for change in changes if change.path[0] == "code"}
    categories = drafts.categories.keys() | {change.path[1] for change in changes if change.path[0] == "category"}
    for change in changes:
        if change.code and change.code not in codes:
            yield change.path, _("The code %(code)s was rejected.") % {"code": change.code}
        elif change.path[0] == "code" and change.path[-1] == "category" and change.after not in categories:
            yield change.path, _("The category %(category)s was rejected.") % {"category": change.after}
        elif change.path[0] == "code" and change.path[-1] in ("similar", "replaced_by"):
            others = change.after if isinstance(change.after, tuple) else (change.after,)
            for other in others:
                if other and other not in codes:
                    yield change.path, _("The code %(code)s was rejected.") % {"code": other}


def _broken(
    changes: Collection[Change], entries: Mapping[str, Entry], alias: str, progress: Progress | None
) -> Iterator[tuple[Path, str]]:
    """Yield path and reason of every change that leads to a lint error at the very place that it changes.

    What is wrong elsewhere, such as a text that is still missing, is for publishing to refuse.
    """
    used = {entry.category.slug for entry in entries.values()}
    by_code: dict[str, dict[Path, Change]] = {}
    for change in changes:
        if change.code:
            by_code.setdefault(change.code, {})[change.path] = change
        elif change.path[1] not in used:
            yield change.path, _("No code is in this category.")
    context = draft.lint_context(entries, using=alias) if by_code else None
    for number, (code, paths) in enumerate(by_code.items(), start=1):
        for issue in lint.lint(entries[code], context) if context is not None else ():
            if issue.level == lint.Level.ERROR and not lint.is_silenced(issue, conf.SILENCED_LINTS):
                for path in _places(issue, paths):
                    yield path, f"{issue.text} ({issue.id})"
        if progress is not None:
            progress(number, len(by_code))


def _places(issue: lint.Issue, paths: Iterable[Path]) -> list[Path]:
    """Return those of a code's changes that stand where the issue is."""
    language, dot, name = issue.where.rpartition(".")
    if dot:
        return [path for path in paths if path[0] == "message" and path[2:] == (language, name)]
    if issue.where in _CODE_FIELDS:
        return [path for path in paths if path[0] == "code"]
    return [path for path in paths if path[0] == "runbook" and issue.where in ("", path[-1])]
