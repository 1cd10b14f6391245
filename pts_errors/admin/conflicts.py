"""Forms that two people have open: the second one to save sees both changes, and nothing is overwritten."""

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

# What a value is as the browser sends it: a text, or the texts of a list.
Value = str | list[str]


class _Decoder(json.JSONDecoder):
    """Says of everything that it cannot read that it is no JSON; Python lets some of it escape."""

    def decode(self, s: str, *args: Any) -> Any:
        """Return the value."""
        try:
            return super().decode(s, *args)
        except (RecursionError, ValueError) as error:  # thousands of brackets, or thousands of digits
            raise json.JSONDecodeError("This cannot be read.", "", 0) from error


class LoadedField(forms.JSONField):
    """The values with which a form was opened. Only a form that meets somebody else's edit reads them."""

    widget = forms.HiddenInput

    def __init__(self, **kwargs: Any) -> None:
        """Read whatever a browser may send."""
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
    """A form that notices that what it is about was saved by somebody else meanwhile."""

    loaded = LoadedField(required=False)
    told: Any
    """What the second of two people reads."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Know of no conflict yet."""
        super().__init__(*args, **kwargs)
        self.is_conflict = False
        """Whether somebody else saved it since the form was opened; known once the form was cleaned."""

    def is_stale(self) -> bool:
        """Return whether it was saved since the form was opened, and lock what is stored.

        It stays locked until the end of the transaction that the admin saves in, so of two people who press the button
        at once one is told.
        """
        raise NotImplementedError  # pragma: no cover - every form says its own

    def clean(self) -> dict[str, Any] | None:
        """Refuse to overwrite what somebody else saved."""
        cleaned = super().clean()
        if self.is_stale():
            self.is_conflict = True
            raise ValidationError(self.told, code="conflict")
        return cleaned


class DraftForm(SharedForm):
    """A form on a code or on something of it: every save of any of it raises the code's version."""

    token = TokenField(required=False)
    told = _(
        "Somebody else saved this code while you were editing. Nothing of yours is lost, and nothing was saved: "
        "compare below, then save again."
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take the version of the code as it is now."""
        super().__init__(*args, **kwargs)
        if (code := self.code()) is not None:
            self.initial["token"] = code.version

    def code(self) -> ErrorCode | None:
        """Return the stored code that the form is about, if there is one."""
        return self.instance if self.instance.pk else None

    def is_stale(self) -> bool:
        """Return whether the code has another version by now, and lock it."""
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
    """What they did: from the value with which the form was opened to the one that is stored."""
    mine: list[Piece]
    """What saving would do: from the stored value to the typed one; empty if the user did not touch the field."""


def shown(form: forms.BaseForm) -> dict[str, Value]:
    """Return the values that a form shows, as a browser sends them."""
    found = {}
    for name, field in form.fields.items():
        if not field.disabled and not isinstance(field, (LoadedField, TokenField)):
            bound = form[name]
            found[name] = _as_sent(bound.data if form.is_bound else field.prepare_value(bound.initial))
    return found


def opened(every: Mapping[str, forms.BaseForm]) -> dict[str, Value]:
    """Return what all the forms of a page show, by the beginning that stands for the form and the field's name."""
    return {f"{prefix}{name}": value for prefix, form in every.items() for name, value in shown(form).items()}


def rebase(
    typed: Mapping[str, Any], stored: Mapping[str, forms.BaseForm], loaded: object
) -> tuple[QueryDict, list[Conflict]]:
    """Bring a form that was opened on an older version up to the stored one.

    A field that only they touched takes their value; one that both touched keeps mine. Return the data to show, which
    saves over theirs when it is sent again, and every field that they changed.
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
        data.pop(name, None)  # an unticked box is not sent at all, and a text that is not sent is blank
    else:
        data.setlist(name, value if isinstance(value, list) else [value])


def _in_words(field: forms.Field, value: object) -> str:
    """Return a value as it is read on the page: the label of a choice, one line for each of several."""
    choices = {str(key): str(label) for key, label in getattr(field, "choices", ())}
    if isinstance(value, list):
        return "\n".join(choices.get(str(item), str(item)) for item in value)
    if isinstance(field, forms.BooleanField):
        return str(_("Yes") if value else _("No"))
    return choices.get(str(value), str(value or ""))
