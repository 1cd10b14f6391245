"""The command ``pts_explain``."""

from __future__ import annotations

import json
import re
import shutil
import textwrap
from collections.abc import Iterator
from enum import StrEnum
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, router
from django.utils import translation
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from pts_errors import languages, models, snapshot
from pts_errors.catalog import LocalizedError, Table
from pts_errors.conf import conf
from pts_errors.entry import RUNBOOK_SECTIONS, Entry, Outcome, ResponsibleParty, RetryAdvice, Runbook, Severity
from pts_errors.pages import words

# Longer lines are hard to follow with the eyes, however wide the screen is.
_MAX_WIDTH = 100

_RULE = "=" * 72

_JSON_FIELDS = (
    "code",
    "name",
    "title",
    "provider_message",
    "category",
    "outcome",
    "retry_advice",
    "retry_after",
    "responsible_party",
    "http_status",
    "severity",
    "reveal_to_customer",
    "is_retired",
    "replaced_by",
    "similar",
    "customer_message",
    "merchant_action",
    "language",
    "direction",
    "revision",
)

_ITEM = re.compile(r"\s*(?:(?:[-*+]|\d+[.)])\s+)?")
_CODE_SPAN = re.compile(r"`[^`]*`")


class Command(BaseCommand):
    """Explains one code to whoever has just met it."""

    help = "Explain a code as it is published: what it means, what may be done, and who reads what."
    requires_system_checks = ()  # whoever is woken by a code has no time for the settings

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the code, and how to tell it."""
        parser.add_argument("code", help="number of the code, such as 1007")
        parser.add_argument("--language", help="language of texts and labels, such as zh-hans")
        parser.add_argument("--runbook", action="store_true", help="print the runbook, too, as Markdown")
        parser.add_argument("--json", action="store_true", dest="as_json", help="print one JSON object")

    def handle(self, *, code: str, language: str | None, runbook: bool, as_json: bool, **options: Any) -> None:
        """Find the code and print it."""
        catalog = snapshot.current()
        table = catalog.table(language or translation.get_language() or conf.SOURCE_LANGUAGE)
        error = table.find(code)
        with translation.override(table.language):
            if not error.is_known:
                raise CommandError(
                    _("The code %(code)s is not in the catalog, so the result of the request is unknown. %(advice)s")
                    % {"code": ascii(code[:20]), "advice": _check_first(error.outcome)}
                )
            entry = catalog.entries[error.code]
            if as_json:
                self.stdout.write(json.dumps(_as_json(error, entry, runbook), ensure_ascii=False, indent=2))
                return
            lines = [*_explanation(error, entry, table)]
            if runbook:
                lines += [_RULE, *_runbook_page(entry)]
            if self.stdout.isatty():
                width = min(_MAX_WIDTH, shutil.get_terminal_size().columns)
                lines = [*_wrapped(lines, width)]
            self.stdout.write("\n".join(lines))


def _check_first(outcome: str) -> str:
    advice = RetryAdvice.CHECK_STATUS_FIRST
    return f"{words.of_outcome(outcome, advice).sentence} {words.of_retry_advice(advice).sentence}"


def _as_json(error: LocalizedError, entry: Entry, runbook: bool) -> dict[str, Any]:
    found = {name: getattr(error, name) for name in _JSON_FIELDS}
    found["text_languages"] = dict(error.text_languages)
    if runbook:
        found["runbook"] = {"owner": _owner(entry), **_sections(entry)}
    return found


def _explanation(error: LocalizedError, entry: Entry, table: Table) -> Iterator[str]:
    def line(name: str, text: object) -> str:
        return _line(models.ErrorCode, name, text)

    yield " ".join(filter(None, (error.code, error.title)))
    yield _RULE
    if error.retry_advice == RetryAdvice.CHECK_STATUS_FIRST:
        yield _check_first(error.outcome)
        yield ""
    if error.is_retired:
        yield _("The gateway no longer sends this code.")
    if error.replaced_by:
        yield line("replaced_by", _named(error.replaced_by, table))
    yield line("outcome", _choice(Outcome, error.outcome))
    yield line("retry_advice", _choice(RetryAdvice, error.retry_advice))
    if error.retry_after is not None:
        yield _("Wait %(seconds)d seconds before the first retry.") % {"seconds": error.retry_after}
    yield line("responsible_party", _choice(ResponsibleParty, error.responsible_party))
    yield line("severity", _choice(Severity, error.severity))
    yield line("http_status", error.http_status)
    yield line("name", error.name)
    yield line("provider_message", error.provider_message)
    yield line("category", entry.category.name or entry.category.slug)
    for name in ("customer_message", "merchant_action"):
        yield ""
        yield _heading(models.Message, name, error.text_languages[name], table)
        yield getattr(error, name) or "-"
    yield ""
    yield (
        _("The customer may see the number of this code.")
        if error.reveal_to_customer
        else _("The customer must not learn which code this is.")
    )
    if error.similar:
        yield ""
        yield _label(models.ErrorCode, "similar")
        yield from (f"- {_named(code, table)}" for code in error.similar)
    yield ""
    yield _published(error)


def _published(error: LocalizedError) -> str:
    if not error.revision:
        return _("As shipped with the package: the database did not answer.")
    number = {"number": error.revision}
    try:
        row = (
            models.Revision.objects.using(router.db_for_write(models.Head))
            .filter(error__code=error.code, number=error.revision)
            .defer("snapshot")
            .first()
        )
    except DatabaseError:  # it went away since the catalog was read
        row = None
    if row is None or not row.actor:
        return _("Published as revision %(number)d.") % number
    return _("Published as revision %(number)d by %(actor)s.") % {**number, "actor": row.actor}


def _runbook_page(entry: Entry) -> Iterator[str]:
    yield _line(models.Runbook, "owner", _owner(entry) or "-")
    for name, text in _sections(entry).items():
        yield ""
        yield f"## {_verbose_name(models.Runbook, name)}"
        yield ""
        yield from (text or _("Nothing is written here.")).split("\n")


def _owner(entry: Entry) -> str:
    return (entry.runbook or Runbook()).owner or entry.category.owner


def _sections(entry: Entry) -> dict[str, str]:
    sections = {name: getattr(entry.runbook or Runbook(), name) for name in RUNBOOK_SECTIONS}
    return {**sections, "escalation": sections["escalation"] or entry.category.escalation}


def _named(code: str, table: Table) -> str:
    error = table.errors.get(code)
    return f"{code} {error.title}" if error else code


def _verbose_name(model: Any, name: str) -> str:
    return capfirst(str(model._meta.get_field(name).verbose_name))


def _label(model: Any, name: str, remark: str = "") -> str:
    return _("%(label)s:") % {"label": f"{_verbose_name(model, name)}{remark}"}


def _line(model: Any, name: str, text: object) -> str:
    return f"{_label(model, name)} {text}"


def _heading(model: Any, name: str, language: str, table: Table) -> str:
    """Return the label of a text, with its language where it is not the one that was asked for."""
    return _label(model, name, "" if language == table.language else f" ({languages.name_of(language)})")


def _choice(vocabulary: type[StrEnum], value: str) -> str:
    """Return a choice in words; one of a later version of the package as it is stored."""
    return str(models.LABELS[vocabulary].get(value, value))


def _wrapped(lines: list[str], width: int) -> Iterator[str]:
    """Wrap paragraphs and list items at words; leave tables, and code that somebody will copy, as they are."""
    is_code = False
    for line in lines:
        if line.lstrip().startswith("```"):
            is_code = not is_code
        if is_code or len(line) <= width or line.startswith("|"):
            yield line
            continue
        indent = " " * len(_ITEM.match(line)[0])  # type: ignore[index]  # the pattern matches an empty text, too
        # A character that is no white space holds a code span together.
        held = _CODE_SPAN.sub(lambda found: found[0].replace(" ", "\x00"), line)
        for part in textwrap.wrap(
            held, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
        ):
            yield part.replace("\x00", " ")
