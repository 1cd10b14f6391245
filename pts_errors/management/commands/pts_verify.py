"""The command ``pts_verify``."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from pts_errors import publishing


class Command(BaseCommand):
    """Verifies the log."""

    help = "Verify that no revision was changed or removed behind the application's back."

    def handle(self, **options: Any) -> None:
        """Name the first revision that is not what was published."""
        if problem := publishing.verify():
            raise CommandError(problem)
        self.stdout.write("Every revision is what was published.")
