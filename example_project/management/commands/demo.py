"""The command ``demo``."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.models import Group, Permission, User
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.urls import Resolver404, resolve

_VIEW = ("view_errorcode", "view_message", "view_category")
_READ = (*_VIEW, "view_runbook", "view_revision")
_EDIT = (*_READ, "change_errorcode", "change_message", "change_runbook", "change_category")

# The roles of the documentation. Translators see no runbooks.
ROLES: dict[str, tuple[str, ...]] = {
    "reader": _READ,
    "editor": _EDIT,
    "translator": (*_VIEW, "change_message"),
    "publisher": (*_EDIT, "publish_errorcode"),
}

_ADDRESSES = {
    "/": "the checkout, with a withdrawal that failed",
    "/errors/": "the reference pages",
    "/errors/runbooks/8010/": "a runbook (log in first)",
    "/api/errors/": "the API",
    "/api/errors/1007/?language=zh-TW": "one code, in Traditional Chinese",
    "/admin/": "the back office",
}


class Command(BaseCommand):
    """Prepares the demo and serves it."""

    help = "Migrate, create the demo roles, print the addresses worth opening, and serve."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("address", nargs="?", default="127.0.0.1:8000", help="default: 127.0.0.1:8000")

    def handle(self, *, address: str, **options: Any) -> None:
        """Create what is missing, print the addresses, and serve until Ctrl-C."""
        if not settings.DEBUG:
            raise CommandError("The demo has users with well-known passwords. It does not run with DEBUG off.")
        self.stdout.write("Preparing the database …")
        self.stdout.flush()
        call_command("migrate", verbosity=0)
        for role, codenames in ROLES.items():
            if create_role(role, codenames):
                self.stdout.write(f"Created the role {role}.")
        self._print_directions(address)
        # The reloader would run this command twice.
        call_command("runserver", address, use_reloader=False)

    def _print_directions(self, address: str) -> None:
        self.stdout.write("\nWorth opening:")
        for path, what in _ADDRESSES.items():
            if _is_served(path):
                self.stdout.write(f"  http://{address + path:<50} {what}")
        self.stdout.write("\nUsers of the back office (a password that you change stays changed):")
        for role in ROLES:
            self.stdout.write(f"  {role:<12} password: {_password(role)}")
        self.stdout.write("")
        self.stdout.flush()


def create_role(role: str, codenames: tuple[str, ...]) -> bool:
    """Create the group and the user of a role if missing; return whether the user is new."""
    group, is_new = Group.objects.get_or_create(name=role)
    if is_new:
        permissions = Permission.objects.filter(content_type__app_label="pts_errors", codename__in=codenames)
        group.permissions.set(permissions)
    if User.objects.filter(username=role).exists():
        return False
    user = User.objects.create_user(role, password=_password(role), is_staff=True)
    user.groups.add(group)
    return True


def _password(role: str) -> str:
    return f"{role}-demo"


def _is_served(path: str) -> bool:
    try:
        resolve(path.partition("?")[0])
    except Resolver404:
        return False
    return True
