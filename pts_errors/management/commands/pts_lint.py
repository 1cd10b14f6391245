"""Check the drafts by the lint rules."""

from __future__ import annotations

from collections import Counter
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from pts_errors import publishing
from pts_errors.lint.rules import Level
from pts_errors.models import ErrorCode


class Command(BaseCommand):
    """Checks the drafts."""

    help = "Check the drafts of these codes, or of all codes."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("codes", nargs="*", metavar="code", help="number of a code, such as 1007")
        parser.add_argument(
            "--fail-on",
            type=Level,
            choices=tuple(Level),
            default=Level.ERROR,
            metavar="{error,warning,info}",
            help="fail on issues of this level or above (default: error)",
        )

    def handle(self, *, codes: list[str], fail_on: Level, **options: Any) -> None:
        """Print every issue on a line of its own, then how many there are.

        Raises:
            CommandError: a code does not exist, or an issue is as serious as ``fail_on`` or more.
        """
        known = set(ErrorCode.objects.values_list("code", flat=True))
        if missing := sorted(set(codes) - known):
            raise CommandError(_("Not in the catalog: %(codes)s.") % {"codes": ", ".join(map(ascii, missing))})
        issues = publishing.check(set(codes) or None)
        for issue in issues:
            self.stdout.write(f"{issue.code} {issue.where} {issue.id} {issue.level}: {issue.text}")
        counts = Counter(issue.level for issue in issues)
        self.stdout.write(
            _("Codes: %(codes)d. Errors: %(errors)d. Warnings: %(warnings)d. Infos: %(infos)d.")
            % {
                "codes": len(set(codes) or known),
                "errors": counts[Level.ERROR],
                "warnings": counts[Level.WARNING],
                "infos": counts[Level.INFO],
            }
        )
        levels = tuple(Level)
        failing = sum(counts[level] for level in levels[: levels.index(fail_on) + 1])
        if failing:
            raise CommandError(
                _("Issues of level %(level)s or above: %(count)d.") % {"level": fail_on, "count": failing}
            )
