"""The forms of the back office, which keep texts exactly as they are typed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from django import forms
from django.db import router
from django.utils.translation import gettext_lazy as _

from pts_errors.admin.conflicts import DraftForm, SharedForm, opened
from pts_errors.conf import conf
from pts_errors.models import Category, ErrorCode, Message, Runbook, validate_new_slug, validate_text
from pts_errors.values import languages
from pts_errors.values.entry import MESSAGE_FIELDS, RUNBOOK_SECTIONS


class LinesField(forms.CharField):
    """A text with LF line ends. Browsers send CRLF, which would make every text differ from the live one."""

    def to_python(self, value: Any) -> Any:
        """Return the text with LF alone."""
        return super().to_python(value.replace("\r\n", "\n").replace("\r", "\n") if isinstance(value, str) else value)


class LineField(forms.CharField):
    """A text of one line. Browsers drop line ends, and files hold such a text on one line."""

    def to_python(self, value: Any) -> Any:
        """Return the text without line ends, as a browser sends it."""
        return super().to_python(value.replace("\r", "").replace("\n", "") if isinstance(value, str) else value)


_TEXT_AREA = {"rows": 3, "class": "vLargeTextField pts-text"}
_SECTION_AREA = {"rows": 10, "class": "vLargeTextField pts-markdown", "spellcheck": "true"}


class InlineMessageForm(forms.ModelForm):
    """The texts of one code in one language, inside the form of the code."""

    class Meta:
        model = Message
        fields = MESSAGE_FIELDS
        field_classes = {**dict.fromkeys(MESSAGE_FIELDS, LinesField), "title": LineField}
        widgets = {
            "title": forms.TextInput(attrs={"class": "vTextField pts-text"}),
            "customer_message": forms.Textarea(attrs=_TEXT_AREA),
            "merchant_action": forms.Textarea(attrs=_TEXT_AREA),
            "resolution": forms.Textarea(attrs=_SECTION_AREA),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs |= {"lang": self.language, "dir": languages.direction(self.language)}

    @property
    def language(self) -> str:
        """The language of these texts."""
        return str(self.instance.language)


class _PartFormSet(forms.BaseInlineFormSet):
    """The parts of one code, stored or not. No row keys are sent through the browser."""

    def rows(self) -> list[Any]:
        """Return the parts to edit, the stored ones first."""
        raise NotImplementedError  # pragma: no cover - every formset has its own

    def named(self) -> dict[str, Any]:
        """Return the forms, by the prefix of their fields in lint issues, such as ``fr.``."""
        raise NotImplementedError  # pragma: no cover - every formset has its own

    def get_queryset(self) -> Any:
        if not hasattr(self, "_rows"):
            self._rows = self.rows()
        return self._rows

    def initial_form_count(self) -> int:
        """Return how many parts are stored, whatever the browser says."""
        return sum(row.pk is not None for row in self.get_queryset())

    def total_form_count(self) -> int:
        return len(self.get_queryset())

    def add_fields(self, form: Any, index: int | None) -> None:
        """Add no keys, so that none is taken from the browser."""

    def _construct_form(self, i: int, **kwargs: Any) -> Any:
        # Skips the two classes between, which look up the row by a key from the browser.
        return forms.BaseFormSet._construct_form(self, i, instance=self.get_queryset()[i], **kwargs)  # type: ignore[attr-defined]  # the stubs leave it out


class MessageFormSet(_PartFormSet):
    """One form for each language of the catalog, with or without a text, the source language first.

    Forms are named by language, not by number, so that an added language does not shift them.
    """

    wanted: tuple[str, ...] = ()
    """The languages that a code should have, set on a subclass for each request."""
    may_change: Callable[[str], bool] = staticmethod(lambda language: True)
    """Whether the user may change the texts of a language; set likewise."""

    def rows(self) -> list[Message]:
        stored = {row.language: row for row in self.instance.messages.all()} if self.instance.pk else {}
        others = sorted({*stored, *self.wanted} - {conf.SOURCE_LANGUAGE})
        tags = (conf.SOURCE_LANGUAGE, *others)
        rows = [stored.get(tag) or Message(error=self.instance, language=tag) for tag in tags]
        return sorted(rows, key=lambda row: row.pk is None)

    def named(self) -> dict[str, Any]:
        every: list[Any] = self.forms
        return {f"{form.language}.": form for form in every}

    def add_prefix(self, index: Any) -> str:
        return f"{self.prefix}-{self.get_queryset()[index].language if isinstance(index, int) else index}"

    def add_fields(self, form: Any, index: int | None) -> None:
        """Lock the languages that the user may not change."""
        if index is not None and not type(self).may_change(form.language):
            for field in form.fields.values():
                field.disabled = True

    def save_new(self, form: Any, commit: bool = True) -> Any:
        """Save new texts, confirmed against the current source."""
        self._confirm(form)
        return super().save_new(form, commit)

    def save_existing(self, form: Any, obj: Any, commit: bool = True) -> Any:
        """Save changed texts, confirmed against the current source."""
        self._confirm(form)
        return super().save_existing(form, obj, commit)

    def _confirm(self, form: Any) -> None:
        # Only edited texts: a translator who corrects a title may not have compared the customer message.
        source = next(row for row in self.get_queryset() if row.language == conf.SOURCE_LANGUAGE)
        confirm(form.instance, source, form.changed_data)


def confirm(message: Message, source: Message | None, names: Iterable[str] = MESSAGE_FIELDS) -> None:
    """Record the source texts against which these texts of a translation are confirmed."""
    if message.language == conf.SOURCE_LANGUAGE:
        return
    confirmed = dict(message.source_text)
    for name in names:
        confirmed.pop(name, None)
        if getattr(message, name):
            confirmed[name] = getattr(source, name, "")
    message.source_text = confirmed


class MessageForm(DraftForm, InlineMessageForm):
    """The texts of one code in one language, on a page of their own. Saving confirms all of them."""

    preset: Message | None = None
    """The message to edit or add if there is no instance, set on a subclass for each request."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["instance"] = kwargs.get("instance") or self.preset
        super().__init__(*args, **kwargs)

    def code(self) -> ErrorCode | None:
        """Return the code that the texts belong to."""
        return self.instance.error if self.instance.error_id else None


class RunbookForm(forms.ModelForm):
    """The runbook of one code."""

    class Meta:
        model = Runbook
        fields = ("owner", *RUNBOOK_SECTIONS)
        field_classes = {"owner": LineField, **dict.fromkeys(RUNBOOK_SECTIONS, LinesField)}
        widgets = {
            "owner": forms.TextInput(attrs={"class": "vTextField", "list": "pts-owners"}),
            **{name: forms.Textarea(attrs=_SECTION_AREA) for name in RUNBOOK_SECTIONS},
        }


class RunbookFormSet(_PartFormSet):
    """The one runbook of a code, stored or not."""

    def rows(self) -> list[Runbook]:
        stored = getattr(self.instance, "runbook", None) if self.instance.pk else None
        return [stored or Runbook(error=self.instance)]

    def named(self) -> dict[str, Any]:
        return {"runbook.": self.forms[0]}

    def add_prefix(self, index: Any) -> str:
        return str(self.prefix)


class PublishForm(forms.Form):
    """Note and options of a publish."""

    note = forms.CharField(
        label=_("Note"),
        max_length=200,
        required=False,
        validators=[validate_text],
        help_text=_("The reason for the change, for readers of the history."),
        widget=forms.TextInput(attrs={"class": "vTextField"}),
    )
    wording_only = forms.BooleanField(
        label=_("Wording only"),
        required=False,
        help_text=_("The source texts keep their meaning, so translations that were up to date stay up to date."),
    )


class CategoryForm(SharedForm):
    """A category. It has no version, so the stored values are compared with those at the opening of the form."""

    conflict_message = _(
        "Somebody else saved this category while you were editing, so your changes were not saved. "
        "They are still in the form: compare below, then save again."
    )

    class Meta:
        model = Category
        fields = ("slug", "name", "position", "owner", "escalation")
        field_classes = {"name": LineField, "owner": LineField, "escalation": LinesField}
        widgets = {"escalation": forms.Textarea(attrs={**_SECTION_AREA, "rows": 6})}

    def is_stale(self) -> bool:
        """Return whether any stored value has changed, and lock the category."""
        if not self.instance.pk:
            return False
        rows = Category.objects.using(router.db_for_write(Category)).select_for_update()
        stored = type(self)(instance=rows.get(pk=self.instance.pk))
        return opened({"": stored}) != self.cleaned_data.get("loaded")

    def clean_slug(self) -> str:
        """Refuse capital letters in a new slug."""
        slug = str(self.cleaned_data["slug"])
        validate_new_slug(slug)
        return slug


class ConfirmForm(forms.Form):
    """How an outcome is known."""

    note = forms.CharField(
        label=_("How it is known"),
        max_length=200,
        validators=[validate_text],
        help_text=_("One sentence for integrators, such as: The gateway's customer service confirmed it in writing."),
        # It stands inside the large form, and belongs to the one beside it.
        widget=forms.TextInput(attrs={"class": "vTextField", "form": "pts-confirm"}),
    )


class RestoreForm(forms.Form):
    """Note and options of a restore."""

    note = forms.CharField(
        label=_("Note"),
        max_length=200,
        validators=[validate_text],
        help_text=_("The reason for the restore, for readers of the history."),
        widget=forms.TextInput(attrs={"class": "vTextField"}),
    )
    discard_edits = forms.BooleanField(
        label=_("Discard unpublished edits"),
        required=False,
        help_text=_("The code has unpublished edits. The restore overwrites them."),
    )
