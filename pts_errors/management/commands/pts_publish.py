"""Publish the drafts of some codes, or of all."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, router
from django.utils.translation import gettext as _

from pts_errors import publishing
from pts_errors.exceptions import PublishRefused
from pts_errors.models import Head, Revision
from pts_errors.publishing import log
from pts_errors.values.fields import changes, dotted

_PERMISSION = "pts_errors.publish_errorcode"


class Command(BaseCommand):
    """Publishes drafts, as the button of the admin does."""

    help = "Publish the drafts of these codes, or of all codes, to every reader."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("codes", nargs="*", metavar="code", help="number of a code, such as 1007")
        parser.add_argument("--all", action="store_true", dest="is_all", help="publish all unpublished drafts")
        parser.add_argument("--note", default="", help="the reason, for the log of revisions")
        actor = parser.add_mutually_exclusive_group()
        actor.add_argument("--user", metavar="NAME", help="publish as this user, who needs the permission to publish")
        actor.add_argument(
            "--process", metavar="NAME", default="pts_publish", help="process name, if no person publishes"
        )
        parser.add_argument("--dry-run", action="store_true", help="show what would be published, and write nothing")
        parser.add_argument(
            "--wording-only",
            action="store_true",
            help="the source texts changed in wording only: up-to-date translations stay up to date",
        )

    def handle(
        self,
        *,
        codes: list[str],
        is_all: bool,
        note: str,
        user: str | None,
        process: str,
        dry_run: bool,
        wording_only: bool,
        **options: Any,
    ) -> None:
        """Publish, and print each code that changed.

        Raises:
            CommandError: a draft would harm its readers, or the database refused; nothing was published.
        """
        if not codes and not is_all:
            raise CommandError(_("Name the codes to publish, or publish every draft with --all."))
        if codes and is_all:
            raise CommandError(_("Name codes or give --all, but not both."))
        longest = Revision._meta.get_field("note").max_length or 0
        if len(note) > longest:
            raise CommandError(
                _("The note has %(length)d characters; at most %(longest)d are allowed.")
                % {"length": len(note), "longest": longest}
            )
        try:
            author = _publisher(user) if user is not None else None
            if dry_run:
                self._show(codes or None)
                return
            revisions = publishing.publish(
                codes or None, author=author, process=process, note=note, wording_only=wording_only
            )
        except PublishRefused as error:
            raise CommandError("\n".join([_("Nothing was published."), *error.reasons])) from error
        except DatabaseError as error:  # away, full, read-only, or busy for too long
            raise CommandError("\n".join([_("Nothing was published."), str(error)])) from error
        for revision in revisions:
            self.stdout.write(
                _("%(code)s is published as revision %(number)d.")
                % {"code": revision.snapshot["code"]["code"], "number": revision.number}
            )
        if revisions:
            anchor = log.Anchor(revisions[-1].number, revisions[-1].digest)
            self.stdout.write(_("Anchor: %(anchor)s") % {"anchor": anchor})
        else:
            self.stdout.write(_("Nothing to publish: every draft is live."))

    def _show(self, codes: list[str] | None) -> None:
        drafts = publishing.plan_publish(codes)
        live = log.live(using=router.db_for_write(Head), codes=drafts)
        for code, entry in drafts.items():
            before = live[code].as_json() if code in live else None
            paths = ", ".join(dotted(change.path) for change in changes(before, entry.as_json()))
            self.stdout.write(_("%(code)s would be published: %(paths)s") % {"code": code, "paths": paths})
        self.stdout.write(_("Nothing was written.") if drafts else _("Nothing to publish: every draft is live."))


def _publisher(name: str) -> Any:
    """Return the user of this name, if the admin would let that user publish."""
    users = get_user_model()
    try:
        user = users._default_manager.get(**{users.USERNAME_FIELD: name})
    except users.DoesNotExist:
        user = None
    if user is None or not user.is_active:
        raise CommandError(_("There is no active user %(name)s. Nothing was published.") % {"name": ascii(name)})
    if not user.has_perm(_PERMISSION):
        raise CommandError(
            _("The user %(name)s may not publish: the permission %(permission)s is missing. Nothing was published.")
            % {"name": ascii(name), "permission": _PERMISSION}
        )
    return user
