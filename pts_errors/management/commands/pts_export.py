"""The command ``pts_export``."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, router

from pts_errors import draft, snapshot
from pts_errors.catalog import Catalog
from pts_errors.models import Head
from pts_errors.pages import static_copy


class Command(BaseCommand):
    """Writes the published catalog to files."""

    help = "Write the pages of the published catalog as files that need no server."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the directories."""
        parser.add_argument(
            "--html", type=Path, metavar="DIR", help="directory for the public pages, in every language"
        )
        parser.add_argument(
            "--runbooks", type=Path, metavar="DIR", help="directory for the staff pages; keep it out of the public one"
        )

    def handle(self, *, html: Path | None, runbooks: Path | None, **options: Any) -> None:
        """Write what was asked for, and say how far it is."""
        if html is None and runbooks is None:
            raise CommandError("Nothing to write: give --html DIR, --runbooks DIR or both.")
        if html is not None and runbooks is not None and _overlap(html.resolve(), runbooks.resolve()):
            raise CommandError("The staff pages must not lie among the public ones: give two separate directories.")
        catalog = snapshot.refresh()
        if not catalog.number:
            # What the package ships would replace what this site has published.
            raise CommandError("The published catalog cannot be read from the database; nothing was written.")
        try:
            if html is not None:
                self._write_reference(html, catalog)
            if runbooks is not None:
                reviews = draft.reviews(catalog.entries.keys(), using=router.db_for_write(Head))
                self._report(runbooks, _write(runbooks, static_copy.runbook_pages(catalog, reviews)), "runbooks")
        except (DatabaseError, OSError) as error:
            raise CommandError(f"The copy is not complete: {error}") from error

    def _write_reference(self, directory: Path, catalog: Catalog) -> None:
        for language in catalog.languages:
            self._report(directory, _write(directory, static_copy.reference_pages(catalog, language)), language)
        # The way in comes last: it leads to pages that are there.
        self._report(directory, _write(directory, static_copy.reference_assets(catalog)), "index")

    def _report(self, directory: Path, count: int, what: str) -> None:
        self.stdout.write(f"{directory}: {what}, {count} files.")


def _overlap(one: Path, other: Path) -> bool:
    return one.is_relative_to(other) or other.is_relative_to(one)


def _write(directory: Path, files: Iterable[tuple[str, str]]) -> int:
    """Write the files, each as a whole or not at all, and return how many there are."""
    count = 0
    for name, text in files:
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f"{path.name}.part")
        part.write_text(text, encoding="utf-8", newline="\n")
        part.replace(path)
        count += 1
    return count
