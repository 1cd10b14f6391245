"""Merge the shipped catalog into this one, as ``migrate`` does once a version."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from pts_errors import publishing

# What is shown of a value: enough to recognise it in a table.
_SHOWN = 40


class Command(BaseCommand):
    """Merges the shipped catalog."""

    help = "Merge the catalog that the installed package ships into this one, as migrate does once a version."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the switch."""
        parser.add_argument("--dry-run", action="store_true", help="print what would be done, and write nothing")

    def handle(self, *, dry_run: bool, **options: Any) -> None:
        """Merge, and print one line for each field."""
        changes = publishing.plan_upgrade() if dry_run else publishing.upgrade()
        for change in changes:
            self.stdout.write(
                f"{change.code:<5} {change.action:<6} {change.path:<28}"
                f" ours: {_shown(change.ours):<{_SHOWN}} shipped: {_shown(change.shipped)}".rstrip()
            )
        counts = {action: sum(change.action == action for change in changes) for action in ("added", "taken", "kept")}
        verb = "would be" if dry_run else "were"
        self.stdout.write(
            f"{counts['added']} codes {verb} added, {counts['taken']} fields follow the package,"
            f" {counts['kept']} were changed here and there and {verb} kept for a decision."
        )


def _shown(value: object) -> str:
    text = "" if value is None else " ".join(str(value).split())
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
