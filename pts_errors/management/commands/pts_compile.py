"""Compile a catalog directory into the fixture that the package ships."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from pts_errors.conf import conf
from pts_errors.exceptions import ExchangeError
from pts_errors.exchange.folder import parse, read
from pts_errors.exchange.plan import compiled
from pts_errors.values import seed


class Command(BaseCommand):
    """Compiles a catalog that people edit as files."""

    help = "Compile a catalog directory into a Django fixture, as gettext compiles .po into .mo."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("directory", type=Path, help="directory with codes.csv, messages/ and runbooks/")
        parser.add_argument("file", type=Path, help="fixture to write")

    def handle(self, *, directory: Path, file: Path, **options: Any) -> None:
        try:
            records = parse(read(directory), source_language=conf.SOURCE_LANGUAGE)
            entries = compiled(records, source_language=conf.SOURCE_LANGUAGE)
        except ExchangeError as error:
            raise CommandError(str(error)) from error
        file.write_text(seed.write(entries), encoding="utf-8")
        self.stdout.write(f"{file}: {len(entries)} codes.")
