"""The log of revisions: who published what and when, read-only."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from pts_errors import diff
from pts_errors.admin.labels import differences, readable
from pts_errors.admin.pages import page
from pts_errors.models import Revision


@admin.register(Revision)
class RevisionAdmin(admin.ModelAdmin):
    """What was published, newest first."""

    list_display = ["number", "error", "origin", "author_name", "note", "created_at"]
    list_filter = ["origin"]
    list_select_related = ("error",)
    date_hierarchy = "created_at"
    search_fields = ["=error__code", "note", "author_name"]
    ordering = ["-number", "error__code"]
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Only publishing adds a revision."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Revision | None = None) -> bool:
        """Nobody changes a revision."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Revision | None = None) -> bool:
        """Nobody deletes a revision."""
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Revision]:
        """Leave the whole states of codes out of the list."""
        return super().get_queryset(request).defer("snapshot")

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show what the revision changed: the difference to the one before."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        revision = self.get_object(request, object_id)
        if revision is None:
            raise Http404
        before = (
            Revision.objects.filter(error=revision.error_id, number__lt=revision.number).order_by("-number").first()
        )
        changes = diff.changes(before.snapshot if before else None, revision.snapshot)
        return page(
            self,
            request,
            "revision.html",
            title=_("Revision %(number)d") % {"number": revision.number},
            code=revision.error,
            context={"revision": revision, "before": before, "differences": differences(readable(request, changes))},
        )
