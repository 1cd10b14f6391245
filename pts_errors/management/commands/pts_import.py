"""Read CSV, PO and Markdown files into the drafts."""

from __future__ import annotations

import re
import time
import unicodedata
from collections import Counter
from collections.abc import Callable
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from pts_errors.conf import conf
from pts_errors.exceptions import DraftsChanged, ExchangeError
from pts_errors.exchange import importing
from pts_errors.exchange.folder import parse, read
from pts_errors.exchange.plan import FileChange, Plan, Status
from pts_errors.values.fields import dotted

# The most characters shown of one text; the file has all of it.
_SHOWN = 400
_PROGRESS_SECONDS = 2.0
# Unicode categories of invisible characters, and of those that control a terminal.
_UNSEEN = {"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"}


class Command(BaseCommand):
    """Reads files into the drafts."""

    help = "Read CSV, PO and Markdown files into the drafts, after showing what would change. Nothing is published."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("path", type=Path, metavar="DIR|FILE", help="directory of pts_export, or one file of it")
        parser.add_argument("--yes", action="store_true", help="write without asking")
        parser.add_argument("--dry-run", action="store_true", help="show what would change, and write nothing")
        parser.add_argument("--theirs", action="store_true", help="resolve every conflict with the file's value")

    def handle(self, *, path: Path, yes: bool, dry_run: bool, theirs: bool, **options: Any) -> None:
        try:
            plan = self._plan(path, theirs=theirs)
            self._show(plan)
            if not dry_run:
                self._apply(plan, must_ask=not yes)
        except ExchangeError as error:
            raise CommandError(f"{error}\nNothing was written.") from error
        except DraftsChanged as error:
            raise CommandError(f"{error} Nothing was written; run the command again.") from error
        if rejected := len(plan.having(Status.REJECTED)):
            raise CommandError(f"Rejected values: {rejected}. Correct them and import the files again.")

    def _plan(self, path: Path, *, theirs: bool) -> Plan:
        records = parse(
            read(path),
            source_language=conf.SOURCE_LANGUAGE,
            languages=importing.languages(),
            progress=self._progress("Read %d of %d files."),
        )
        progress = self._progress("Checked %d of %d codes.")
        plan = importing.plan(records, progress=progress)
        if theirs and (conflicts := plan.having(Status.CONFLICT)):
            plan = importing.plan(records, theirs=[change.key for change in conflicts], progress=progress)
        return plan

    def _show(self, plan: Plan) -> None:
        for change in plan.changes:
            self.stdout.write(_described(change))
        counts = Counter(change.status for change in plan.changes)
        summary = ", ".join(f"{status}: {counts[status]}" for status in Status)
        self.stdout.write(f"{summary}, unchanged: {plan.unchanged}.".capitalize())

    def _apply(self, plan: Plan, *, must_ask: bool) -> None:
        count = len(plan.having(Status.NEW, Status.CHANGED))
        if not count:
            self.stdout.write("There is nothing to write.")
            return
        if must_ask:
            try:
                answer = input(f"Write {count} values into the drafts? Nothing is published. [y/N] ")
            except EOFError:
                raise CommandError("Nothing was written: there is no input to confirm it. Pass --yes.") from None
            if answer.strip().lower() not in ("y", "yes"):
                raise CommandError("Nothing was written.")
        codes = importing.apply(plan)
        self.stdout.write(
            f"Wrote {count} values into the drafts of {len(codes)} codes. Publish them when they are right:\n"
            f"pts_publish {' '.join(codes)}"
        )

    def _progress(self, text: str) -> Callable[[int, int], None]:
        last = time.monotonic()

        def tell(done: int, total: int) -> None:
            nonlocal last
            if time.monotonic() - last > _PROGRESS_SECONDS:
                last = time.monotonic()
                self.stderr.write(text % (done, total))

        return tell


def _described(change: FileChange) -> str:
    """Return one change as a line, or a few."""
    text = f"{change.place}: {change.record.key} {dotted(change.path)}: {change.status}"
    before, after = _text(change.before), _text(change.after)
    if change.is_old:
        text += ": an earlier value, in a file without the revision that it was exported from"
    if change.reason:
        text += f": {change.reason}"
    if before != after:
        return f"{text}: {_shown(_diff(before, after))}"
    return f"{text}: the translation is confirmed against: {_shown(change.confirmed or '')}"


def _text(value: object) -> str:
    return "" if value is None else " ".join(value) if isinstance(value, (list, tuple)) else str(value)


def _shown(text: str) -> str:
    """Return the text, shortened and harmless to a terminal."""
    safe = "".join(
        f"<U+{ord(character):04X}>" if unicodedata.category(character) in _UNSEEN and character != "\n" else character
        for character in text
    )
    safe = safe if len(safe) <= _SHOWN else f"{safe[:_SHOWN]}…"
    return safe.replace("\n", "\n    ")


def _diff(before: str, after: str) -> str:
    """Return both texts as one, with removed words as [-these-] and added words as {+these+}."""
    old, new = re.findall(r"\s+|\w+|\W", before), re.findall(r"\s+|\w+|\W", after)
    pieces = []
    for tag, i, j, k, m in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        gone, come = "".join(old[i:j]), "".join(new[k:m])
        if tag == "equal":
            pieces.append(gone if len(gone) <= 60 else f"{gone[:25]}…{gone[-25:]}")
        else:
            pieces += [f"[-{gone}-]" if gone else "", f"{{+{come}+}}" if come else ""]
    return "".join(pieces)
