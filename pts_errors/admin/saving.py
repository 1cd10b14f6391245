"""Base classes of the draft admins: optimistic locking, no deletion, rows of the board."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib.admin.models import LogEntry
from django.db import router, transaction
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy

from pts_errors.admin import access
from pts_errors.admin.board import Board
from pts_errors.admin.conflicts import opened, rebase
from pts_errors.admin.lists import BoardChangeList, ListAdmin
from pts_errors.admin.pages import MEDIA
from pts_errors.publishing import log


class SavingAdmin(ListAdmin):
    """An admin of drafts, with optimistic locking."""

    conflict_heading = gettext_lazy("This code was changed while you were editing")

    def stored(self, request: HttpRequest, row: Any) -> tuple[Model, LogEntry | None]:
        """Return the stored version of a row, and the log entry of its last save, if there is one."""
        raise NotImplementedError  # pragma: no cover - every admin has its own

    def label(self, form: Any, where: str) -> str:
        """Return the label of a field in a conflict."""
        return str(form.fields[where].label)

    def form_context(self, request: HttpRequest, form: Any, formsets: list[Any], obj: Any) -> dict[str, Any]:
        """Return what else the template needs."""
        return {}

    def respond(self, request: HttpRequest, obj: Any) -> HttpResponse | None:
        """Return the response to one of our buttons, or None for the stock ones."""
        return None

    @property
    def media(self) -> forms.Media:
        """The stock script and style, and ours."""
        return super().media + MEDIA

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return false: old orders carry the code, and revisions name its category. Retire codes, blank texts."""
        return False

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """Save under READ COMMITTED, so that the form is compared with the newest rows."""
        if request.method != "POST":
            return super().changeform_view(request, object_id, form_url, extra_context)
        alias = router.db_for_write(self.model)
        with transaction.atomic(using=alias):
            log.read_committed(using=alias)
            return super().changeform_view(request, object_id, form_url, extra_context)

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: Any = None,
    ) -> HttpResponse:
        """Show the form and, in a conflict, what somebody else changed since it was opened."""
        form = context["adminform"].form
        formsets = [each.formset for each in context["inline_admin_formsets"]]
        typed = _named(form, formsets)
        if form.is_bound and form.is_conflict:
            row, rival = self.stored(request, form.instance)
            fresh = [type(each)(instance=row, prefix=each.prefix) for each in formsets]
            newer = _named(type(form)(instance=row), fresh)
            data, conflicts = rebase(typed, newer, form.cleaned_data.get("loaded"))
            for each in typed.values():
                each.data = data
            context |= {
                "conflicts": [(self.label(form, conflict.where), conflict) for conflict in conflicts],
                "conflict_heading": self.conflict_heading,
                "rival": rival,
            }
        elif not form.is_bound:
            form.initial["loaded"] = opened(typed)
        context |= self.form_context(request, form, formsets, obj)
        return super().render_change_form(request, context, add, change, form_url, obj)

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: str | None = None) -> HttpResponse:
        return self.respond(request, obj) or super().response_add(request, obj, post_url_continue)

    def response_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        return self.respond(request, obj) or super().response_change(request, obj)


class BoardAdmin(SavingAdmin):
    """An admin whose pages show the rows of the board."""

    list_per_page = 100
    show_full_result_count = False

    def rows(self, board: Board) -> Iterable[Model]:
        """Return every row of this model on the board."""
        raise NotImplementedError  # pragma: no cover - every admin has its own

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[BoardChangeList]:
        return BoardChangeList

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """Return the row of the board with everything prefetched, or a fresh one for writing."""
        if request.method != "GET" or from_field is not None:
            return super().get_object(request, object_id, from_field)
        row = next((row for row in self.rows(Board.of(request)) if str(row.pk) == object_id), None)
        return row if row and row.pk in access.visible(request, self.model) else None


def _named(form: Any, formsets: Iterable[Any]) -> dict[str, Any]:
    """Return all forms of a page, by the prefix of their fields in lint issues."""
    return {"": form} | {name: each for formset in formsets for name, each in formset.named().items()}
