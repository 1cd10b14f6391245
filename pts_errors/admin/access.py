"""Who may do what: Django's permissions, and groups that narrow translating to some languages."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from django.contrib.auth.models import Group
from django.http import HttpRequest

PUBLISH = "pts_errors.publish_errorcode"
VIEW_CODE = "pts_errors.view_errorcode"
CHANGE_CODE = "pts_errors.change_errorcode"
ADD_CODE = "pts_errors.add_errorcode"
CHANGE_CATEGORY = "pts_errors.change_category"
CHANGE_MESSAGE = "pts_errors.change_message"
VIEW_RUNBOOK = "pts_errors.view_runbook"
CHANGE_RUNBOOK = "pts_errors.change_runbook"

# "Translators [fil, ms]": what such a group gives to change messages holds for these languages alone.
_LANGUAGES = re.compile(r"\[([a-z0-9, -]+)\]\s*\Z", re.IGNORECASE)


def may_change_language(request: HttpRequest) -> Callable[[str], bool]:
    """Return a function that says of a language whether the user may change its messages.

    ``change_message`` means every language. When only groups give it, and all of their names end in languages in
    brackets, such as ``Translators [fil, ms]``, it means these languages. One query, and none for superusers.
    """
    found = request.__dict__.get("_pts_errors_languages")
    if found is None:
        found = request.__dict__["_pts_errors_languages"] = (_languages(request.user),)
    languages: set[str] | None = found[0]
    return lambda language: languages is None or language in languages


def can_view_runbook(request: HttpRequest) -> bool:
    """Return whether the user may read runbooks."""
    return request.user.has_perm(VIEW_RUNBOOK) or request.user.has_perm(CHANGE_RUNBOOK)


def files(request: HttpRequest) -> dict[str, bool]:
    """Return of every kind of exported file whether the user may read it."""
    readable = {
        name: request.user.has_perm(f"pts_errors.view_{name}") or request.user.has_perm(f"pts_errors.change_{name}")
        for name in ("errorcode", "message", "category")
    }
    runbooks = can_view_runbook(request)
    return {
        "codes.csv": readable["errorcode"],
        "messages": readable["message"],
        # A category's escalation is a part of runbooks.
        "categories.csv": readable["category"] and runbooks,
        "runbooks": runbooks,
    }


def _languages(user: Any) -> set[str] | None:
    """Return the languages that a user may change; None for all of them."""
    if not user.has_perm(CHANGE_MESSAGE):
        return set()
    if user.is_superuser or CHANGE_MESSAGE in user.get_user_permissions():
        return None
    groups = Group.objects.filter(
        user=user, permissions__codename="change_message", permissions__content_type__app_label="pts_errors"
    )
    tags = [_LANGUAGES.search(name) for name in groups.values_list("name", flat=True)]
    if not tags or None in tags:
        return None  # a group without brackets, or a backend of the host's own, gives it for all languages
    return {tag.strip().lower() for found in tags if found for tag in found[1].split(",")}
