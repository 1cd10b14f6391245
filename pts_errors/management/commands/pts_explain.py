"""Explain one published code in a terminal."""

from __future__ import annotations

import json
import re
import shutil
import textwrap
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import translation
from django.utils.translation import gettext as _

from pts_errors import snapshot
from pts_errors.conf import conf
from pts_errors.pages import reference, words
from pts_errors.pages import runbook as runbooks
from pts_errors.values import languages
from pts_errors.values.entry import RetryAdvice

# Longer lines are hard to read, however wide the terminal is.
_MAX_WIDTH = 100

_ITEM = re.compile(r"\s*(?:(?:[-*+]|\d+[.)])\s+)?")
_CODE_SPAN = re.compile(r"`[^`]*`")


class Command(BaseCommand):
    """Explains one published code."""

    help = "Explain a published code: what it means, what to do next, and the text for each audience."
    requires_system_checks = ()  # on-call staff need it even when a setting is wrong

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("code", help="number of the code, such as 1007")
        parser.add_argument("--language", help="language of texts and labels, such as zh-hans")
        parser.add_argument("--runbook", action="store_true", help="also print the runbook, as Markdown")
        parser.add_argument("--json", action="store_true", dest="as_json", help="print one JSON object")

    def handle(self, *, code: str, language: str | None, runbook: bool, as_json: bool, **options: Any) -> None:
        catalog = snapshot.current()
        table = catalog.table(language or translation.get_language() or conf.SOURCE_LANGUAGE)
        error = table.find(code)
        with translation.override(table.language):
            if not error.is_known:
                raise CommandError(
                    _("The code %(code)s is not in the catalog, so the result of the request is unknown. %(advice)s")
                    % {"code": ascii(code[:20]), "advice": _check_first(error.outcome)}
                )
            if as_json:
                found = asdict(error)
                del found["is_known"]
                if runbook:
                    found["runbook"] = asdict(runbooks.addressed(catalog.entries[error.code]))
                self.stdout.write(json.dumps(found, ensure_ascii=False, indent=2))
                return
            text = reference.as_markdown(catalog, error.code, language=table.language)
            text += f"\n{_published(error.revision)}\n"
        if runbook:
            # In the language of the staff pages.
            with translation.override(languages.of_staff(table.language)):
                text += f"\n{runbooks.as_markdown(catalog, error.code)}"
        lines = text.splitlines()
        if self.stdout.isatty():
            lines = [*_wrapped(lines, min(_MAX_WIDTH, shutil.get_terminal_size().columns))]
        self.stdout.write("\n".join(lines))


def _check_first(outcome: str) -> str:
    advice = RetryAdvice.CHECK_STATUS_FIRST
    return f"{words.of_outcome(outcome, advice).sentence} {words.of_retry_advice(advice).sentence}"


def _published(revision: int) -> str:
    if not revision:
        return _("As shipped with the package: the database did not answer.")
    return _("Published as revision %(number)d.") % {"number": revision}


def _wrapped(lines: list[str], width: int) -> Iterator[str]:
    """Wrap paragraphs and list items at words; leave tables and code, which people copy, as they are."""
    is_code = False
    for line in lines:
        if line.lstrip().startswith("```"):
            is_code = not is_code
        if is_code or len(line) <= width or line.startswith("|"):
            yield line
            continue
        indent = " " * len(_ITEM.match(line)[0])  # type: ignore[index]  # the pattern matches an empty text, too
        # A character other than white space holds a code span together.
        held = _CODE_SPAN.sub(lambda found: found[0].replace(" ", "\x00"), line)
        for part in textwrap.wrap(
            held, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
        ):
            yield part.replace("\x00", " ")
