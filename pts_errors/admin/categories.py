"""Categories: the groups of codes, with the owner and the escalation that their runbooks inherit."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db import router
from django.db.models import Count, F, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from pts_errors.admin import access
from pts_errors.admin.pages import MEDIA
from pts_errors.admin.panels import enter
from pts_errors.admin.saving import SavingAdmin
from pts_errors.conflicts import opened, rebase
from pts_errors.forms import CategoryForm
from pts_errors.models import Category, ErrorCode


@admin.register(Category)
class CategoryAdmin(SavingAdmin):
    """The groups of codes."""

    form = CategoryForm
    list_display = ["name", "slug", "owner", "codes"]
    fields = ["slug", "name", "position", "owner", "escalation"]
    search_fields = ["name", "slug", "owner"]

    def has_delete_permission(self, request: HttpRequest, obj: Category | None = None) -> bool:
        """Nobody deletes a category: revisions name it."""
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Category | None = None) -> list[str]:
        """Programs use the slug, so it is fixed once it is stored."""
        return ["slug"] if obj is not None else []

    def get_queryset(self, request: HttpRequest) -> QuerySet[Category]:
        """Count along the way the codes that the user may see."""
        seen = Q(errors__in=access.visible(request, ErrorCode))
        rows: QuerySet[Category] = super().get_queryset(request).annotate(codes=Count("errors", filter=seen))
        return rows

    @admin.display(description=gettext_lazy("codes"))
    def codes(self, row: Category) -> int:
        """Return how many codes are in the category."""
        number: int = row.codes  # type: ignore[attr-defined]  # annotated above
        return number

    @property
    def media(self) -> forms.Media:
        """The stock script and style, and ours."""
        return super().media + MEDIA

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: Category | None = None,
    ) -> HttpResponse:
        """Show what somebody else changed meanwhile."""
        form = context["adminform"].form
        if form.is_bound and form.is_conflict:
            stored = Category.objects.using(router.db_for_write(Category)).get(pk=form.instance.pk)
            newer = type(form)(instance=stored)
            form.data, conflicts = rebase({"": form}, {"": newer}, form.cleaned_data.get("loaded"))
            context["conflicts"] = [(form.fields[c.where].label, c) for c in conflicts]
            context["conflict_heading"] = _("This category was changed while you were editing")
        elif not form.is_bound:
            form.initial["loaded"] = opened({"": form})
        return super().render_change_form(request, context, add, change, form_url, obj)

    def save_model(self, request: HttpRequest, obj: Category, form: Any, change: bool) -> None:
        """Save it, and tell every open form on one of its codes."""
        super().save_model(request, obj, form, change)
        codes = ErrorCode.objects.filter(category=obj)
        if form.has_changed() and codes.update(version=F("version") + 1):
            # The draft of each of them is another one now, and its history tells who did that.
            enter(request, codes, _("Changed its category %(name)s.") % {"name": obj})
            messages.info(request, _("Readers see the change once the codes of this category are published."))
