"""Which languages a group of translators may change."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from pts_errors.admin.board import Board, name_of
from pts_errors.admin.lists import ListAdmin
from pts_errors.models import LanguageLimit


@admin.register(LanguageLimit)
class LanguageLimitAdmin(ListAdmin):
    """One row for each group of translators that may not change all languages."""

    list_display = ["group", "named"]
    list_select_related = ("group",)

    @admin.display(description=_("languages"))
    def named(self, row: LanguageLimit) -> str:
        """Return the languages by their own names."""
        return ", ".join(map(name_of, row.languages)) or "—"

    def get_form(
        self, request: HttpRequest, obj: LanguageLimit | None = None, change: bool = False, **kwargs: Any
    ) -> Any:
        """Offer a checkbox for each language of the catalog, and for those that the limit already names."""
        form: Any = super().get_form(request, obj, change=change, **kwargs)
        if "languages" in form.base_fields:
            column = LanguageLimit._meta.get_field("languages")
            tags = sorted({*Board.of(request).languages, *(obj.languages if obj else [])})
            form.base_fields["languages"] = forms.MultipleChoiceField(
                label=column.verbose_name,
                help_text=column.help_text,
                required=False,
                choices=[(tag, name_of(tag)) for tag in tags],
                widget=forms.CheckboxSelectMultiple,
            )
        return form

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """List the groups without a limit, in case one was forgotten."""
        return super().changelist_view(request, {"unlimited": _unlimited(), **(extra_context or {})})


def _unlimited() -> QuerySet[Group]:
    limited = list(LanguageLimit.objects.values_list("group", flat=True))
    groups = Group.objects.filter(
        permissions__codename="change_message", permissions__content_type__app_label="pts_errors"
    )
    return groups.exclude(pk__in=limited).order_by("name")
