"""Write the catalog as files that people edit, as pages that need no server, or as test vectors."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, router

from pts_errors import next_step, snapshot
from pts_errors.conf import conf
from pts_errors.exceptions import ExchangeError
from pts_errors.exchange import folder
from pts_errors.exchange.baselines import Baselines
from pts_errors.models import Head
from pts_errors.pages import static_copy
from pts_errors.publishing import draft, log, reviews
from pts_errors.values import languages
from pts_errors.values.catalog import Catalog

_STDOUT = Path("-")


class Command(BaseCommand):
    """Writes the catalog to files."""

    help = "Export the catalog as files to edit and import again, as static pages, or as test vectors."

    def add_arguments(self, parser: CommandParser) -> None:
        # Options may stand between the directory and the codes, which argparse does not allow by default.
        parser.parse_args = parser.parse_intermixed_args  # type: ignore[method-assign]
        parser.add_argument(
            "directory", nargs="?", type=Path, metavar="DIR", help="directory for CSV, PO and Markdown files"
        )
        parser.add_argument("codes", nargs="*", metavar="CODE", help="code to write; all codes if omitted")
        state = parser.add_mutually_exclusive_group()
        state.add_argument("--live", action="store_true", help="write the published catalog (default)")
        state.add_argument("--drafts", action="store_true", help="write the drafts")
        parser.add_argument(
            "--language",
            action="append",
            default=[],
            dest="only",
            metavar="L",
            help="write only the PO file of this language, which may be new; may be repeated",
        )
        parser.add_argument(
            "--html", type=Path, metavar="DIR", help="directory for the public pages, in every language"
        )
        parser.add_argument(
            "--runbooks", type=Path, metavar="DIR", help="directory for the staff pages; must not overlap with --html"
        )
        parser.add_argument(
            "--next-steps",
            type=Path,
            metavar="FILE",
            help="JSON file for the test vectors of the next step; - prints them, and nothing else",
        )

    def handle(
        self,
        *,
        directory: Path | None,
        codes: list[str],
        drafts: bool,
        only: list[str],
        html: Path | None,
        runbooks: Path | None,
        next_steps: Path | None,
        **options: Any,
    ) -> None:
        others = [path for path in (directory, html, runbooks) if path is not None]
        if not others and next_steps is None:
            raise CommandError("Nothing to write: give DIR, --html DIR, --runbooks DIR or --next-steps FILE.")
        if others and next_steps == _STDOUT:
            raise CommandError("--next-steps - prints nothing but JSON: write the other files in a call of their own.")
        if html is not None and runbooks is not None and _overlap(html.resolve(), runbooks.resolve()):
            raise CommandError("Staff pages and public pages must not mix: give two separate directories.")
        live = snapshot.refresh()
        if not live.number:
            # The packaged catalog would replace what this site has published.
            raise CommandError("The published catalog cannot be read from the database; nothing was written.")
        if next_steps == _STDOUT:
            self.stdout.write(_vectors(live), ending="")
            return
        try:
            if directory is not None:
                self._write_files(directory, live, codes=codes, drafts=drafts, only=only)
            if html is not None:
                self._write_reference(html, live)
            if runbooks is not None:
                known = reviews.read(live.entries.keys(), using=router.db_for_write(Head))
                self._report(runbooks, "runbooks", _write(runbooks, static_copy.runbook_pages(live, known)))
            if next_steps is not None:
                _write(next_steps.parent, [(next_steps.name, _vectors(live))])
                self.stdout.write(f"{next_steps}: test vectors of the next step at revision {live.number}.")
            self.stdout.write(f"Anchor: {_anchor(live)}")
        except ExchangeError as error:
            raise CommandError(str(error)) from error
        except (DatabaseError, OSError) as error:
            raise CommandError(f"The export is incomplete: {error}") from error

    def _write_files(self, directory: Path, live: Catalog, *, codes: list[str], drafts: bool, only: list[str]) -> None:
        using = router.db_for_write(Head)
        published = log.live(using=using, number=live.number)  # a file holds more than readers are served
        entries = draft.read(using=using) if drafts else published
        if missing := sorted(set(codes) - entries.keys()):
            raise CommandError(f"Not in the catalog: {', '.join(missing)}. Nothing was written.")
        files = folder.write(
            [entry for code, entry in entries.items() if not codes or code in codes],
            source_language=conf.SOURCE_LANGUAGE,
            only=sorted({languages.normalize(language) for language in only}),
            baselines=Baselines(live.number, published, anchor=_anchor(live)),
        )
        what = "drafts" if drafts else "published catalog"
        self._report(directory, f"{what} at revision {live.number}", _write(directory, files))

    def _write_reference(self, directory: Path, catalog: Catalog) -> None:
        for language in catalog.languages:
            self._report(directory, language, _write(directory, static_copy.reference_pages(catalog, language)))
        # The index comes last, so that it never links to missing pages.
        self._report(directory, "index", _write(directory, static_copy.reference_assets(catalog)))

    def _report(self, directory: Path, what: str, count: int) -> None:
        self.stdout.write(f"{directory}: {what}, {count} files.")


def _anchor(live: Catalog) -> str:
    return str(log.Anchor(live.number, live.digest))


def _vectors(live: Catalog) -> str:
    """Return the API's JSON with one vector a line, so that a difference between two files can be read."""
    document = next_step.document(live)
    about = json.dumps({name: value for name, value in document.items() if name != "results"}).removesuffix("}")
    vectors = ",\n".join(json.dumps(vector) for vector in document["results"])
    return f'{about}, "results": [\n{vectors}\n]}}\n'


def _overlap(one: Path, other: Path) -> bool:
    return one.is_relative_to(other) or other.is_relative_to(one)


def _write(directory: Path, files: Iterable[tuple[str, str]]) -> int:
    """Write the files, each as a whole or not at all, and return their number."""
    count = 0
    for name, text in files:
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f"{path.name}.part")
        part.write_text(text, encoding="utf-8", newline="\n")
        part.replace(path)
        count += 1
    return count
