"""Read the draft tables as entries, and write entries into them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import Any, TypeVar

from django.db.models import Count, Func, Min, Model, Prefetch, Q, TextField
from django.utils import timezone

from pts_errors.conf import conf
from pts_errors.lint.rules import Context
from pts_errors.models import Category, ErrorCode, Message, Runbook
from pts_errors.values import seed
from pts_errors.values.entry import MESSAGE_FIELDS, Entry, Outcome, categories, chained
from pts_errors.values.entry import Category as CategoryValue
from pts_errors.values.entry import Message as MessageValue
from pts_errors.values.entry import Runbook as RunbookValue
from pts_errors.values.fields import CATEGORY_FIELDS, CODE_FIELDS, RUNBOOK_FIELDS

# MariaDB and SQLite limit the size of one statement; Markdown texts are long.
_BATCH = 100

_Row = TypeVar("_Row", bound=Model)

# Columns of the code's own row. The two excluded fields link to other rows.
_CODE_FIELDS = tuple(name for name in CODE_FIELDS if name not in {"replaced_by", "similar"})


def read(codes: Collection[str] | None = None, *, using: str) -> Mapping[str, Entry]:
    """Return the drafts of these codes, or of all codes, by code. Four queries, whatever their number."""
    return {row.code: entry_of(row) for row in rows(codes, using=using)}


def rows(codes: Collection[str] | None = None, *, using: str) -> list[ErrorCode]:
    """Return the rows of these codes, or of all codes, with everything that `entry_of` needs. Four queries."""
    requested = ErrorCode.objects.using(using)
    if codes is not None:
        requested = requested.filter(code__in=codes)
    complete = requested.select_related("category", "replaced_by", "runbook").prefetch_related(
        # Without an explicit database, a router may send a prefetch to a lagging replica.
        Prefetch("messages", Message.objects.using(using)),
        Prefetch("similar", ErrorCode.objects.using(using).only("code", "name")),
    )
    while True:
        result = list(complete.all())
        # Every save raises the version. If it changed between these queries, read again instead of locking.
        if {row.code: row.version for row in result} == dict(requested.values_list("code", "version")):
            return result


def lock(*, using: str) -> None:
    """Block other saves of drafts until the end of the caller's transaction.

    Call it before reading drafts in order to write them back. The caller already holds the lock of the log.
    """
    # Codes before categories, the same order as when a code is saved, to avoid deadlocks.
    for model in (ErrorCode, Category):
        list(model._default_manager.using(using).order_by("pk").select_for_update().values_list("pk", flat=True))


def write(entries: Iterable[Entry], *, using: str) -> None:
    """Make the drafts of these codes equal to the entries: add missing rows, and delete messages that an entry lacks.

    The caller holds the transaction. Each code's version is raised, so that a form open on it reports a conflict.
    """
    entries = tuple(entries)
    codes = [entry.code for entry in entries]
    slugs = {
        slug: Category.objects.using(using).update_or_create(
            slug=slug, defaults={name: getattr(category, name) for name in CATEGORY_FIELDS}
        )[0]
        for slug, category in categories(entries).items()
    }
    rows = {row.code: row for row in ErrorCode.objects.using(using).filter(code__in=codes).select_for_update()}
    for entry in entries:
        row = rows.setdefault(entry.code, ErrorCode(code=entry.code))
        for name in _CODE_FIELDS:
            setattr(row, name, getattr(entry, name))
        row.category = slugs[entry.category.slug]
        row.version += 1
    _bulk(ErrorCode, rows.values(), ["category", "version", *_CODE_FIELDS[1:]], using)
    _write_links(entries, rows, using)
    _write_messages(entries, rows, using)
    _write_runbooks(entries, rows, using)


def mark_imported(codes: Collection[str], *, using: str) -> None:
    """Mark these drafts as imported in their current state."""
    entries = read(codes, using=using)
    marked = list(ErrorCode.objects.using(using).filter(code__in=codes))
    for row in marked:
        row.imported = _fingerprint(entries[row.code])
    ErrorCode.objects.using(using).bulk_update(marked, ["imported"], batch_size=_BATCH)


def imported(drafts: Mapping[str, Entry], *, using: str) -> set[str]:
    """Return the codes of the drafts that are unchanged since an import marked them."""
    marks = ErrorCode.objects.using(using).filter(code__in=drafts).exclude(imported="").values_list("code", "imported")
    return {code for code, mark in marks if mark == _fingerprint(drafts[code])}


def lint_context(entries: Mapping[str, Entry] | None = None, *, using: str) -> Context:
    """Return what the lint rules need from the whole catalog.

    Three queries, or none if ``entries`` are passed, which must be the drafts of all codes.
    """
    general: dict[tuple[str, bool], set[str]] = {}
    for entry in seed.packaged():
        if not entry.reveal_to_customer:
            for language, message in entry.messages.items():
                texts = general.setdefault((language, entry.outcome == Outcome.UNKNOWN), set())
                texts.add(message.customer_message)
    if entries is None:
        known = dict(ErrorCode.objects.using(using).values_list("code", "is_retired"))
        used = set(Message.objects.using(using).order_by().values_list("language", flat=True).distinct())
        shared = _shared(using)
    else:
        known = {code: entry.is_retired for code, entry in entries.items()}
        used = {language for entry in entries.values() for language in entry.messages}
        shared = _shared_of(entries)
    # A text shared by several hidden codes does not reveal which one occurred, so ops staff may reword it for all.
    for language, outcome, text in shared:
        general.setdefault((language, outcome == Outcome.UNKNOWN), set()).add(text)
    return Context(
        known=known.keys(),
        retired={code for code, is_retired in known.items() if is_retired},
        source_language=conf.SOURCE_LANGUAGE,
        languages=conf.LANGUAGES or used,
        constants=conf.CONTEXT.keys(),
        parameters=[*map(str.upper, conf.RUNBOOK_PARAMETERS), *conf.RUNBOOK_CONTEXT],
        general=general,
        review_days=conf.REVIEW_DAYS,
        now=timezone.now(),
    )


class _Letters(Func):
    """Groups texts by exact characters. MariaDB's collations ignore case and accents, and confuse emoji."""

    template = "%(expressions)s"
    output_field = TextField()

    def as_mysql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(compiler, connection, template="CAST(%(expressions)s AS BINARY)", **context)


def _shared(using: str) -> Iterable[tuple[str, str, str]]:
    """Return (language, outcome, customer text) of every text that several hidden codes share."""
    shared = (
        Message.objects.using(using)
        .filter(error__reveal_to_customer=False)
        .exclude(customer_message="")
        .annotate(letters=_Letters("customer_message"))
        .values("language", "error__outcome", "letters")
        .annotate(codes=Count("pk"), text=Min("customer_message"))
        .filter(codes__gt=1)
        .order_by()
    )
    return shared.values_list("language", "error__outcome", "text")


def _shared_of(entries: Mapping[str, Entry]) -> Iterable[tuple[str, str, str]]:
    """Return the same as `_shared`, computed from the drafts of all codes."""
    codes = Counter(
        (language, str(entry.outcome), message.customer_message)
        for entry in entries.values()
        if not entry.reveal_to_customer
        for language, message in entry.messages.items()
        if message.customer_message
    )
    return [text for text, number in codes.items() if number > 1]


def _write_links(entries: Collection[Entry], rows: Mapping[str, ErrorCode], using: str) -> None:
    linked = {code for entry in entries for code in (entry.replaced_by, *entry.similar)}
    others = {row.code: row for row in ErrorCode.objects.using(using).filter(code__in=linked).only("code")}
    for entry in entries:
        rows[entry.code].replaced_by = others.get(entry.replaced_by)
    ErrorCode.objects.using(using).bulk_update(rows.values(), ["replaced_by"], batch_size=_BATCH)
    link = ErrorCode.similar.through
    keys = {row.pk for row in rows.values()}
    link.objects.using(using).filter(Q(from_errorcode__in=keys) | Q(to_errorcode__in=keys)).delete()
    pairs = {
        pair
        for entry in entries
        for code in entry.similar
        if code in others
        for pair in ((rows[entry.code].pk, others[code].pk), (others[code].pk, rows[entry.code].pk))
    }
    link.objects.using(using).bulk_create(
        [link(from_errorcode_id=one, to_errorcode_id=other) for one, other in sorted(pairs)], batch_size=_BATCH
    )


def _write_messages(entries: Collection[Entry], rows: Mapping[str, ErrorCode], using: str) -> None:
    stored = Message.objects.using(using).filter(error__in=rows.values())
    messages = {(message.error_id, message.language): message for message in stored}
    kept = []
    for entry in entries:
        for language, value in entry.messages.items():
            row = rows[entry.code]
            message = messages.pop((row.pk, language), None) or Message(error=row, language=language)
            texts = {name: getattr(value, name) for name in MESSAGE_FIELDS}
            if _assign(message, {**texts, "source_text": dict(value.source_text)}):
                kept.append(message)
    _bulk(Message, kept, [*MESSAGE_FIELDS, "source_text"], using)
    stored.filter(pk__in=[message.pk for message in messages.values()]).delete()


def _write_runbooks(entries: Collection[Entry], rows: Mapping[str, ErrorCode], using: str) -> None:
    stored = {runbook.error_id: runbook for runbook in Runbook.objects.using(using).filter(error__in=rows.values())}
    kept = []
    for entry in entries:
        if entry.runbook is not None:
            row = rows[entry.code]
            runbook = stored.get(row.pk) or Runbook(error=row)
            if _assign(runbook, {name: getattr(entry.runbook, name) for name in RUNBOOK_FIELDS}):
                kept.append(runbook)
    _bulk(Runbook, kept, RUNBOOK_FIELDS, using)


def _assign(row: Model, values: Mapping[str, object]) -> bool:
    """Set the values; return whether the row must be saved."""
    differs = any(getattr(row, name) != value for name, value in values.items())
    for name, value in values.items():
        setattr(row, name, value)
    return differs or row._state.adding


def _bulk(model: type[_Row], rows: Iterable[_Row], names: Iterable[str], using: str) -> None:
    """Insert the new rows, and update these fields of the others."""
    rows = list(rows)
    new = [row for row in rows if row._state.adding]
    old = [row for row in rows if not row._state.adding]
    manager = model._default_manager.using(using)
    manager.bulk_create(new, batch_size=_BATCH)
    manager.bulk_update(old, list(names), batch_size=_BATCH)


def entry_of(row: ErrorCode) -> Entry:
    """Return one draft row as a value."""
    runbook = getattr(row, "runbook", None)
    return Entry(
        **{name: getattr(row, name) for name in _CODE_FIELDS},
        category=CategoryValue(**{name: getattr(row.category, name) for name in CATEGORY_FIELDS}),
        replaced_by=row.replaced_by.code if row.replaced_by else "",
        similar=tuple(sorted((other.code for other in row.similar.all()), key=lambda code: (len(code), code))),
        messages={message.language: _message(message) for message in row.messages.all()},
        runbook=RunbookValue(**{name: getattr(runbook, name) for name in RUNBOOK_FIELDS}) if runbook else None,
    )


def _fingerprint(entry: Entry) -> str:
    return chained("", entry.as_json())


def _message(row: Message) -> MessageValue:
    return MessageValue(**{name: getattr(row, name) for name in MESSAGE_FIELDS}, source_text=row.source_text)
