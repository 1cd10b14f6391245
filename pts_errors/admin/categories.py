"""Categories: the groups of codes, with the owner and the escalation that their runbooks inherit."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import Count, F, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from pts_errors.admin.saving import SavingAdmin
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
        """Count the codes along the way."""
        rows: QuerySet[Category] = super().get_queryset(request).annotate(codes=Count("errors"))
        return rows

    @admin.display(description=gettext_lazy("codes"))
    def codes(self, row: Category) -> int:
        """Return how many codes are in the category."""
        number: int = row.codes  # type: ignore[attr-defined]  # annotated above
        return number

    def save_model(self, request: HttpRequest, obj: Category, form: Any, change: bool) -> None:
        """Save it, and tell every open form on one of its codes."""
        super().save_model(request, obj, form, change)
        if form.has_changed() and ErrorCode.objects.filter(category=obj).update(version=F("version") + 1):
            messages.info(request, _("Readers see the change once the codes of this category are published."))
