"""Verify that no revision was changed or removed."""

from __future__ import annotations

from argparse import ArgumentTypeError
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from pts_errors import publishing
from pts_errors.publishing.log import Anchor


class Command(BaseCommand):
    """Verifies the log."""

    help = "Verify that no revision was changed or removed behind the application's back."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take what was kept outside of the database."""
        parser.add_argument(
            "--expect",
            type=_anchor,
            metavar="NUMBER:DIGEST",
            help="anchor of a publish, as pts_publish printed and the application logged it",
        )

    def handle(self, *, expect: Anchor | None, **options: Any) -> None:
        """Name the first revision that is not what was published."""
        if problem := publishing.verify(expect=str(expect or "")):
            raise CommandError(problem)
        self.stdout.write("Every revision is what was published.")
        if expect is not None:
            self.stdout.write(f"Revision {expect.number} is the one that was expected.")


def _anchor(text: str) -> Anchor:
    try:
        return Anchor.parse(text)
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from error
