"""The command ``pts_export``."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, router

from pts_errors import draft, exchange, languages, snapshot
from pts_errors.conf import conf
from pts_errors.exceptions import ExchangeError
from pts_errors.marks import Marks
from pts_errors.models import Head


class Command(BaseCommand):
    """Writes the catalog to files."""

    help = "Write the catalog as CSV, PO and Markdown, which people edit and pts_import reads."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the directory, what to write, and which codes and languages of it."""
        # Options may stand between the directory and the codes, which argparse does not read by itself.
        parser.parse_args = parser.parse_intermixed_args  # type: ignore[method-assign]
        parser.add_argument("directory", type=Path, metavar="DIR", help="directory to write to")
        parser.add_argument("codes", nargs="*", metavar="CODE", help="code to write, all if none is given")
        state = parser.add_mutually_exclusive_group()
        state.add_argument("--live", action="store_true", help="write what is published (the default)")
        state.add_argument("--drafts", action="store_true", help="write what the admin edits")
        parser.add_argument(
            "--language",
            action="append",
            default=[],
            dest="only",
            metavar="L",
            help="write the PO file of this language and nothing else; may be repeated, and the language may be new",
        )

    def handle(self, *, directory: Path, codes: list[str], drafts: bool, only: list[str], **options: Any) -> None:
        """Write, and say what was written."""
        live = snapshot.refresh()
        if not live.number:
            raise CommandError("The published catalog cannot be read from the database; nothing was written.")
        try:
            entries = draft.read(using=router.db_for_write(Head)) if drafts else live.entries
            if missing := sorted(set(codes) - entries.keys()):
                raise CommandError(f"There is no code {', '.join(missing)}; nothing was written.")
            files = exchange.write(
                [entry for code, entry in entries.items() if not codes or code in codes],
                source_language=conf.SOURCE_LANGUAGE,
                only=sorted({languages.normalize(language) for language in only}),
                origin=Marks(live.number, live.entries),
            )
            count = _write(directory, files)
        except ExchangeError as error:
            raise CommandError(str(error)) from error
        except (DatabaseError, OSError) as error:
            raise CommandError(f"The export is not complete: {error}") from error
        what = "drafts" if drafts else "published catalog"
        self.stdout.write(f"{directory}: {what} at revision {live.number}, {count} files.")


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
