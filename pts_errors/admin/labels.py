"""Differences as the screens show them: labels of fields, and values in words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.core.exceptions import FieldDoesNotExist
from django.http import HttpRequest
from django.utils.translation import gettext as _

from pts_errors.admin import access
from pts_errors.admin.board import name_of
from pts_errors.models import column
from pts_errors.values import languages
from pts_errors.values.diff import Piece, words
from pts_errors.values.fields import Change, Path, language_of

_CONFIRMED = "source_text"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One changed field as the screens show it."""

    label: str
    pieces: list[Piece]
    language: str = ""
    """Language of the text; empty if it is in no language of the catalog."""
    direction: str = ""


def label_of(path: Path) -> str:
    """Return the label of a field, such as ``Français (fr): title`` or ``Runbook: impact``."""
    name = _name_of(path)
    if language := language_of(path):
        return _("%(language)s: %(field)s") % {"language": name_of(language), "field": name}
    if path[0] == "category":
        return _("Category: %(field)s") % {"field": name}
    if path[0] == "runbook":
        return _("Runbook: %(field)s") % {"field": name}
    return name


def is_confidential(path: Path) -> bool:
    """Return whether a value is part of a runbook, which has a permission of its own."""
    return path[0] == "runbook" or path == ("category", "escalation")


def readable(request: HttpRequest, changes: Iterable[Change]) -> list[Change]:
    """Leave out what the user may not read."""
    if access.can_view_runbook(request):
        return list(changes)
    return [change for change in changes if not is_confidential(change.path)]


def differences(changes: Iterable[Change]) -> list[Difference]:
    """Return the changes as the screens show them.

    The confirmation of a translation is shown only if nothing else changed in its language.
    """
    changes = list(changes)
    translated = {language_of(change.path) for change in changes if change.path[-1] != _CONFIRMED}
    return [
        _difference(change) for change in changes if change.path[-1] != _CONFIRMED or change.path[0] not in translated
    ]


def _difference(change: Change) -> Difference:
    label = label_of(change.path)
    if change.path[-1] == _CONFIRMED:
        return Difference(label=label, pieces=words("", _("Confirmed against the source text.")))
    language = language_of(change.path)
    return Difference(
        label=label,
        pieces=words(_in_words(change.path, change.before), _in_words(change.path, change.after)),
        language=language,
        direction=languages.direction(language) if language else "",
    )


def _name_of(path: Path) -> str:
    try:
        return str(column(path).verbose_name)
    except FieldDoesNotExist:
        return path[-1]  # written by another version of this package


def _in_words(path: Path, value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value))
    if len(path) == 1:
        try:
            return str(dict(column(path).choices or ()).get(value, value))
        except FieldDoesNotExist:
            pass
    return str(value)
