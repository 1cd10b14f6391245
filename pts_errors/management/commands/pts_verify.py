"""Verify that no revision was changed or removed."""

from __future__ import annotations

from argparse import ArgumentTypeError
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from pts_errors import publishing
from pts_errors.publishing.log import Anchor


class Command(BaseCommand):
    """Verifies the log of revisions."""

    help = "Verify that no revision was changed or removed outside the application."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--expect",
            type=_anchor,
            metavar="NUMBER:DIGEST",
            help="anchor of a publish, as printed by pts_publish and logged by the application",
        )

    def handle(self, *, expect: Anchor | None, **options: Any) -> None:
        if problem := publishing.verify(expect=str(expect or "")):
            raise CommandError(problem)
        self.stdout.write("Every revision is as published.")
        if expect is not None:
            self.stdout.write(f"Revision {expect.number} matches the expected anchor.")


def _anchor(text: str) -> Anchor:
    try:
        return Anchor.parse(text)
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from error
