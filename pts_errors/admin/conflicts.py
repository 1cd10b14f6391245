"""Optimistic locking of forms: the second of two editors sees both changes, and loses nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from operator import eq
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import router
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from pts_errors.models import ErrorCode
from pts_errors.values.diff import Piece, words
from pts_errors.values.fields import three_way

# A value as the browser sends it: a text, or a list of texts.
Value = str | list[str]


class _Decoder(json.JSONDecoder):
    """Raises JSONDecodeError for everything that cannot be read; Python raises other errors for some input."""

    def decode(self, s: str, *args: Any) -> Any:
        try:
            return super().decode(s, *args)
        except (RecursionError, ValueError) as error:  # thousands of brackets, or thousands of digits
            raise json.JSONDecodeError("This cannot be read.", "", 0) from error


class LoadedField(forms.JSONField):
    """The values with which a form was opened. They are read only in a conflict."""

    widget = forms.HiddenInput

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(decoder=_Decoder, **kwargs)

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Return false: it is never edited."""
        return False


class TokenField(forms.IntegerField):
    """The version of the code that a form was opened on."""

    widget = forms.HiddenInput

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Return false: it is never edited."""
        return False


class SharedForm(forms.ModelForm):
    """Base form with optimistic locking."""

    loaded = LoadedField(required=False)
    conflict_message: Any
    """The error that the second of two editors reads."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.is_conflict = False
        """Whether somebody else saved the object since the form was opened. `clean` sets it."""

    def is_stale(self) -> bool:
        """Return whether the object was saved since the form was opened, and lock its row.

        The lock lasts until the admin's transaction ends, so of two people who save at once, one gets the conflict.
        """
        raise NotImplementedError  # pragma: no cover - every form overrides it

    def clean(self) -> dict[str, Any] | None:
        """Refuse to overwrite what somebody else saved."""
        cleaned = super().clean()
        if self.is_stale():
            self.is_conflict = True
            raise ValidationError(self.conflict_message, code="conflict")
        return cleaned


class DraftForm(SharedForm):
    """A form on a code, or on its texts or runbook. Every save of these raises the version of the code."""

    token = TokenField(required=False)
    conflict_message = _(
        "Somebody else saved this code while you were editing, so your changes were not saved. "
        "They are still in the form: compare below, then save again."
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if (code := self.code()) is not None:
            self.initial["token"] = code.version

    def code(self) -> ErrorCode | None:
        """Return the stored code that the form edits, if there is one."""
        return self.instance if self.instance.pk else None

    def is_stale(self) -> bool:
        """Return whether the version of the code has changed, and lock the code."""
        code = self.code()
        if code is None:
            return False
        rows = ErrorCode.objects.using(router.db_for_write(ErrorCode)).select_for_update().filter(pk=code.pk)
        return list(rows.values_list("version", flat=True)) != [self.cleaned_data.get("token")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """One field that somebody else changed while a form was open."""

    where: str
    """The field, as lint issues name it, such as ``fr.title``."""
    theirs: list[Piece]
    """Their change: from the value with which the form was opened to the stored one."""
    mine: list[Piece]
    """What saving would change: from the stored value to the typed one; empty if the user did not edit the field."""


def shown(form: forms.BaseForm) -> dict[str, Value]:
    """Return the values that a form shows, as a browser sends them."""
    found = {}
    for name, field in form.fields.items():
        if not field.disabled and not isinstance(field, (LoadedField, TokenField)):
            bound = form[name]
            found[name] = _as_sent(bound.data if form.is_bound else field.prepare_value(bound.initial))
    return found


def opened(every: Mapping[str, forms.BaseForm]) -> dict[str, Value]:
    """Return the values of all forms of a page, by the prefix of the form and the name of the field."""
    return {f"{prefix}{name}": value for prefix, form in every.items() for name, value in shown(form).items()}


def rebase(
    typed: Mapping[str, Any], stored: Mapping[str, forms.BaseForm], loaded: object
) -> tuple[QueryDict, list[Conflict]]:
    """Rebase the typed values onto the stored ones.

    A field that only they changed takes their value; a field that both changed keeps mine. Return the data to show,
    which overwrites theirs when it is sent again, and every field that they changed.
    """
    before = loaded if isinstance(loaded, Mapping) else {}
    mine, theirs = opened(typed), opened(stored)
    fields = {f"{prefix}{name}": (form, name) for prefix, form in typed.items() for name in form.fields}
    taken, both = three_way(before, mine, theirs, paths=mine, same=eq)
    data: QueryDict = typed[""].data.copy()
    conflicts = []
    for where in mine:
        if where not in taken and where not in both:
            continue
        form, name = fields[where]
        if where in taken:
            _put(data, form.add_prefix(name), theirs[where])
        first, now, my = (_in_words(form.fields[name], side.get(where)) for side in (before, theirs, mine))
        conflicts.append(Conflict(where=where, theirs=words(first, now), mine=[] if where in taken else words(now, my)))
    if "token" in stored[""].initial:
        data["token"] = str(stored[""].initial["token"])
    data["loaded"] = json.dumps(theirs, ensure_ascii=False)
    return data, conflicts


def _as_sent(value: Any) -> Value:
    if isinstance(value, (list, tuple)):
        return sorted(str(item) for item in value) or ""
    if value is True:
        return "on"
    return "" if value in (None, False) else str(value).replace("\r\n", "\n")


def _put(data: QueryDict, name: str, value: Value) -> None:
    if value == "":
        data.pop(name, None)  # browsers do not send an unticked box, and a missing text is blank
    else:
        data.setlist(name, value if isinstance(value, list) else [value])


def _in_words(field: forms.Field, value: object) -> str:
    """Return a value as the page shows it: labels of choices, one on a line."""
    choices = {str(key): str(label) for key, label in getattr(field, "choices", ())}
    if isinstance(value, list):
        return "\n".join(choices.get(str(item), str(item)) for item in value)
    if isinstance(field, forms.BooleanField):
        return str(_("Yes") if value else _("No"))
    return choices.get(str(value), str(value or ""))
