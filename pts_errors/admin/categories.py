"""Categories: the groups of codes, with the owner and the escalation that their runbooks inherit."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db import router
from django.db.models import Count, F, Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from pts_errors.admin import access
from pts_errors.admin.forms import CategoryForm
from pts_errors.admin.panels import enter
from pts_errors.admin.saving import SavingAdmin
from pts_errors.models import Category, ErrorCode


@admin.register(Category)
class CategoryAdmin(SavingAdmin):
    """The groups of codes."""

    form = CategoryForm
    conflict_heading = gettext_lazy("This category was changed while you were editing")
    list_display = ["name", "slug", "owner", "codes"]
    fields = ["slug", "name", "position", "owner", "escalation"]
    search_fields = ["name", "slug", "owner"]

    def get_readonly_fields(self, request: HttpRequest, obj: Category | None = None) -> list[str]:
        """Lock the slug of a stored category, because programs use it."""
        return ["slug"] if obj is not None else []

    def get_queryset(self, request: HttpRequest) -> QuerySet[Category]:
        """Add the number of codes that the user may see."""
        seen = Q(errors__in=access.visible(request, ErrorCode))
        rows: QuerySet[Category] = super().get_queryset(request).annotate(codes=Count("errors", filter=seen))
        return rows

    @admin.display(description=gettext_lazy("codes"))
    def codes(self, row: Category) -> int:
        number: int = row.codes  # type: ignore[attr-defined]  # annotated above
        return number

    def stored(self, request: HttpRequest, row: Category) -> tuple[Category, None]:
        return Category.objects.using(router.db_for_write(Category)).get(pk=row.pk), None

    def save_model(self, request: HttpRequest, obj: Category, form: Any, change: bool) -> None:
        """Save the category, and raise the version of its codes, so that their open forms notice."""
        super().save_model(request, obj, form, change)
        codes = ErrorCode.objects.filter(category=obj)
        if form.has_changed() and codes.update(version=F("version") + 1):
            # The drafts of these codes have changed, so their histories name the author.
            enter(request, codes, _("Its category %(name)s was edited.") % {"name": obj})
            messages.info(request, _("Readers see the change once the codes in this category are published."))
