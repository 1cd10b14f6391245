"""The command ``pts_publish``."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError
from django.utils.translation import gettext as _

from pts_errors import publishing
from pts_errors.exceptions import PublishRefused
from pts_errors.models import Revision


class Command(BaseCommand):
    """Publishes drafts, as the button of the admin does."""

    help = "Publish the drafts of these codes, or of all: every reader sees them from now on."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the codes, and what the log of revisions says of them."""
        parser.add_argument("codes", nargs="*", metavar="code", help="number of a code, such as 1007")
        parser.add_argument("--note", default="", help="why, for the log of revisions")
        parser.add_argument(
            "--wording-only",
            action="store_true",
            help="the source texts changed only in wording: translations that were up to date stay so",
        )

    def handle(self, *, codes: list[str], note: str, wording_only: bool, **options: Any) -> None:
        """Publish, and print each code that changed.

        Raises:
            CommandError: a draft would harm its readers, or the database refused; nothing was published.
        """
        longest = Revision._meta.get_field("note").max_length or 0
        if len(note) > longest:
            raise CommandError(
                _("The note has %(length)d characters; at most %(longest)d are kept.")
                % {"length": len(note), "longest": longest}
            )
        try:
            revisions = publishing.publish(codes or None, note=note, wording_only=wording_only)
        except PublishRefused as error:
            raise CommandError("\n".join([_("Nothing was published."), *error.reasons])) from error
        except DatabaseError as error:  # away, full, read-only, or busy for too long
            raise CommandError("\n".join([_("Nothing was published."), str(error)])) from error
        for revision in revisions:
            self.stdout.write(
                _("%(code)s is published as revision %(number)d.")
                % {"code": revision.snapshot["code"]["code"], "number": revision.number}
            )
        if not revisions:
            self.stdout.write(_("Nothing to publish: every draft is live."))
