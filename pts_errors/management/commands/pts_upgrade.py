"""Merge the shipped catalog into this one, as ``migrate`` does once a version."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from pts_errors import publishing

# The most characters shown of a value, so that the columns fit.
_SHOWN = 40


class Command(BaseCommand):
    """Merges the shipped catalog."""

    help = "Merge the catalog shipped with the installed package, as migrate does once per version."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="show what would change, and write nothing")

    def handle(self, *, dry_run: bool, **options: Any) -> None:
        changes = publishing.plan_upgrade() if dry_run else publishing.upgrade()
        for change in changes:
            self.stdout.write(
                f"{change.code:<5} {change.action:<6} {change.path:<28}"
                f" local: {_shown(change.ours):<{_SHOWN}} shipped: {_shown(change.shipped)}".rstrip()
            )
        counts = {action: sum(change.action == action for change in changes) for action in ("added", "taken", "kept")}
        verb = "would be" if dry_run else "were"
        self.stdout.write(
            f"{counts['added']} codes {verb} added, {counts['taken']} fields {verb} updated,"
            f" {counts['kept']} local values in conflict {verb} kept for review."
        )


def _shown(value: object) -> str:
    text = "" if value is None else " ".join(str(value).split())
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
