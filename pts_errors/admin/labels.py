"""Differences in words: what a field is called on screen, and how its values are read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.core.exceptions import FieldDoesNotExist
from django.db.models import Model
from django.http import HttpRequest
from django.utils.translation import gettext as _

from pts_errors import languages
from pts_errors.admin import access
from pts_errors.admin.board import name_of
from pts_errors.diff import Change, Piece, words
from pts_errors.models import Category, ErrorCode, Message, Runbook

_MODELS: dict[str, type[Model]] = {"category": Category, "code": ErrorCode, "messages": Message, "runbook": Runbook}

_CONFIRMED = "source_text"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One changed field as the screens show it."""

    label: str
    pieces: list[Piece]
    language: str = ""
    """Of the text; empty where it is not in a language of the catalog."""
    direction: str = ""


def label_of(path: tuple[str, ...]) -> str:
    """Return what a field is called, such as ``Français (fr): title`` or ``Runbook: impact``."""
    if path[0] == "messages" and len(path) == 3:
        return _("%(language)s: %(field)s") % {"language": name_of(path[1]), "field": _field_name(Message, path[2])}
    model = _MODELS.get(path[0], ErrorCode)
    field = _field_name(model, path[-1])
    if path[0] == "category":
        return _("Category: %(field)s") % {"field": field}
    if path[0] == "runbook":
        return _("Runbook: %(field)s") % {"field": field}
    return field


def label_of_field(where: str) -> str:
    """Return what a field of the form is called, by the name that forms and lint issues give it: ``fr.title``."""
    return label_of(path_of(where))


def path_of(where: str) -> tuple[str, ...]:
    """Return the path in a state of the field that forms, lint issues and upgrades name: ``("messages", "fr", "title")``."""
    first, _dot, name = where.rpartition(".")
    if first in ("category", "runbook"):
        return (first, name)
    return ("messages", first, name) if first else ("code", name)


def readable(request: HttpRequest, changes: Iterable[Change]) -> list[Change]:
    """Leave out what the user may not read: runbooks have a permission of their own."""
    if access.can_view_runbook(request):
        return list(changes)
    return [change for change in changes if change.path[0] != "runbook" and change.path != ("category", "escalation")]


def differences(changes: Iterable[Change]) -> list[Difference]:
    """Return the changes as the screens show them.

    Against which source a translation was confirmed is told only where that is all that changed in its language.
    """
    changes = list(changes)
    translated = {
        change.path[1] for change in changes if change.path[0] == "messages" and change.path[-1] != _CONFIRMED
    }
    return [
        _difference(change) for change in changes if change.path[-1] != _CONFIRMED or change.path[1] not in translated
    ]


def _difference(change: Change) -> Difference:
    label = label_of(change.path)
    if change.path[-1] == _CONFIRMED:
        return Difference(label=label, pieces=words("", _("Confirmed against the source text.")))
    language = change.path[1] if change.path[0] == "messages" and len(change.path) == 3 else ""
    return Difference(
        label=label,
        pieces=words(_in_words(change.path, change.before), _in_words(change.path, change.after)),
        language=language,
        direction=languages.direction(language) if language else "",
    )


def _field_name(model: type[Model], name: str) -> str:
    try:
        return str(getattr(model._meta.get_field(name), "verbose_name", name))
    except FieldDoesNotExist:
        return name  # of a revision that was written by another version of this package


def _in_words(path: tuple[str, ...], value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value))
    if path[0] == "code":
        try:
            choices = getattr(ErrorCode._meta.get_field(path[-1]), "choices", None) or ()
        except FieldDoesNotExist:
            choices = ()
        return str(dict(choices).get(value, value))
    return str(value)
