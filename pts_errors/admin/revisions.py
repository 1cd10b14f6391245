"""The log of revisions: who published what and when, read-only."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from typing import Any

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import formats, timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from pts_errors.admin import access
from pts_errors.admin.labels import differences, readable
from pts_errors.admin.lists import ListAdmin
from pts_errors.admin.pages import page
from pts_errors.models import LABELS, ErrorCode, Revision
from pts_errors.values.entry import Origin
from pts_errors.values.fields import changes

# A year, a month or a day, limited to years that every database and time zone supports.
_PERIOD = re.compile(r"([12][0-9]{3})(?:-([0-9]{2})(?:-([0-9]{2}))?)?")


class DateFilter(admin.SimpleListFilter):
    """Filter by year, then month, then day, as far as there are revisions.

    Django's date hierarchy truncates dates in the database. MariaDB and MySQL can do that only once their time zone
    tables are loaded, so this filter only compares.
    """

    title = gettext_lazy("created at")
    parameter_name = "date"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the chosen period, the periods around it, and the periods in it."""
        value = self.value() or ""
        if value:
            _days(value)  # raises if there is no such period, which an empty list would hide
        lengths = (4, 7, 10)  # of a year, a month, a day
        outer = [value[:length] for length in lengths if length <= len(value)]
        inner = set()
        for length in lengths[len(outer) :][:1]:
            # One time for each publish, however many codes it has.
            moments = model_admin.get_queryset(request).order_by().values_list("created_at", flat=True).distinct()
            days = (str((timezone.localtime(each) if timezone.is_aware(each) else each).date()) for each in moments)
            inner = {day[:length] for day in days if day.startswith(value)}
        return [(each, _words(each)) for each in [*outer, *sorted(inner)]]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Revision]) -> QuerySet[Revision]:
        """Return the revisions of the chosen period.

        Raises:
            IncorrectLookupParameters: there is no such period.
        """
        value = self.value()
        return queryset.filter(_between(value)) if value else queryset


def _days(value: str) -> tuple[date, date]:
    """Return the first day of a period such as 2026, 2026-03 or 2026-03-14, and the first one after it."""
    match = _PERIOD.fullmatch(value)
    if match is None:
        raise IncorrectLookupParameters(value)
    year, month, day = match.groups()
    try:
        first = date(int(year), int(month or 1), int(day or 1))
    except ValueError as error:
        raise IncorrectLookupParameters(value) from error
    if day:
        return first, first + timedelta(days=1)
    if month:
        return first, (first + timedelta(days=31)).replace(day=1)
    return first, first.replace(year=first.year + 1)


def _between(value: str) -> Q:
    first, end = (datetime.combine(day, time()) for day in _days(value))
    if timezone.is_aware(timezone.now()):  # USE_TZ may be off
        first, end = timezone.make_aware(first), timezone.make_aware(end)
    return Q(created_at__gte=first, created_at__lt=end)


def _words(value: str) -> str:
    if len(value) == 4:
        return value
    kind = "MONTH_DAY_FORMAT" if len(value) == 10 else "YEAR_MONTH_FORMAT"
    return capfirst(formats.date_format(_days(value)[0], kind))


@admin.register(Revision)
class RevisionAdmin(ListAdmin):
    """What was published, newest first."""

    list_display = ["number", "error", "origin", "actor", "note", "created_at"]
    list_filter = ["origin", DateFilter]
    list_select_related = ("error",)
    search_fields = ["=error__code", "note", "author_name", "process"]
    ordering = ["-number", "error__code"]
    show_full_result_count = False

    @admin.display(description=gettext_lazy("author"), ordering="author_name")
    def actor(self, row: Revision) -> str:
        """Return who published it, a person or a process."""
        return row.actor

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Allow the filter by origin as well."""
        return (lookup == "origin__exact" and value in LABELS[Origin]) or super().lookup_allowed(lookup, value, request)

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
        """Defer the snapshots, and leave out codes that the host's admin does not show to the user."""
        rows: QuerySet[Revision] = super().get_queryset(request)
        return rows.filter(error__in=access.visible(request, ErrorCode)).defer("snapshot")

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
        if not self.has_view_permission(request, revision):
            raise PermissionDenied
        before = (
            self.get_queryset(request)
            .filter(error=revision.error_id, number__lt=revision.number)
            .order_by("-number")
            .first()
        )
        changed = changes(before.snapshot if before else None, revision.snapshot)
        return page(
            self,
            request,
            "revision.html",
            title=_("Revision %(number)d") % {"number": revision.number},
            code=revision.error,
            context={"revision": revision, "before": before, "differences": differences(readable(request, changed))},
        )
