"""The list of error codes, with its work queue, columns, search and actions."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import PermissionDenied
from django.db import router, transaction
from django.db.models import Case, QuerySet, Value, When
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from pts_errors import publishing
from pts_errors.admin import access, exports, imports
from pts_errors.admin.board import Board, Line
from pts_errors.admin.filters import CODE_FILTERS
from pts_errors.admin.forms import ConfirmForm
from pts_errors.admin.lists import line_of, read, search
from pts_errors.admin.pages import url_of
from pts_errors.admin.panels import badge, enter
from pts_errors.admin.saving import BoardAdmin
from pts_errors.exceptions import PublishRefused, UnpublishedChanges
from pts_errors.models import ErrorCode, Flag, Runbook
from pts_errors.publishing import reviews
from pts_errors.values.entry import Severity

# From harmless to urgent, which is not the order of the alphabet.
_RANKS = Case(*(When(severity=severity, then=Value(rank)) for rank, severity in enumerate(Severity)))


class CodeListAdmin(BoardAdmin):
    """The list half of the error code admin: columns, filters, search and actions."""

    actions = ["publish_selected", "mark_reviewed", "export_selected"]
    list_display = [
        "number",
        "title",
        "state",
        "languages",
        "runbook_state",
        "severity_word",
        "changed",
        "category_name",
        "advice",
        "basis",
    ]
    list_display_links = ["number"]
    list_filter = CODE_FILTERS
    list_select_related = ("category",)
    show_facets = admin.ShowFacets.ALWAYS
    search_fields = ["code"]  # shows the search box; `get_search_results` searches all texts

    def has_publish_permission(self, request: HttpRequest, obj: ErrorCode | None = None) -> bool:
        """Return whether the user may publish. ``obj`` is for hosts with permissions on single codes."""
        return request.user.has_perm(access.PUBLISH)

    def has_review_permission(self, request: HttpRequest, obj: ErrorCode | None = None) -> bool:
        """Return whether the user may mark runbooks as reviewed. ``obj`` is for such hosts, too."""
        return request.user.has_perm(access.CHANGE_RUNBOOK)

    @admin.display(description=gettext_lazy("code"), ordering="code")
    def number(self, row: ErrorCode) -> str:
        return row.code

    @admin.display(description=gettext_lazy("title"))
    def title(self, row: ErrorCode) -> str:
        """Return the title and the provider message."""
        return format_html(
            '{}<br><small class="quiet">{}</small>', line_of(row).source.title or row.name, row.provider_message
        )

    @admin.display(description=gettext_lazy("category"), ordering="category__position")
    def category_name(self, row: ErrorCode) -> str:
        return str(row.category)

    @admin.display(description=gettext_lazy("severity"), ordering=_RANKS)
    def severity_word(self, row: ErrorCode) -> str:
        return row.get_severity_display()

    @admin.display(description=gettext_lazy("retry"), ordering="retry_advice")
    def advice(self, row: ErrorCode) -> str:
        return row.get_retry_advice_display()

    @admin.display(description=gettext_lazy("basis"), ordering="outcome_basis")
    def basis(self, row: ErrorCode) -> str:
        return row.get_outcome_basis_display()

    @admin.display(description=gettext_lazy("languages"))
    def languages(self, row: ErrorCode) -> str:
        """Return how many languages are OK, and name some that are not."""
        translations = line_of(row).translations
        wrong = [(tag, state) for tag, state in translations.items() if state.key != "ok"]
        count = f"{len(translations) - len(wrong)}/{len(translations)}"
        if not wrong:
            return count
        named = [(tag, state.word) for tag, state in wrong[:3]]
        more = _("and %(n)d more") % {"n": len(wrong) - 3} if len(wrong) > 3 else ""
        return format_html(
            '{}<br><small class="quiet">{} {}</small>', count, format_html_join(", ", "{} {}", named), more
        )

    @admin.display(description=gettext_lazy("runbook"))
    def runbook_state(self, row: ErrorCode) -> str:
        return badge(line_of(row).runbook)

    @admin.display(description=gettext_lazy("state"))
    def state(self, row: ErrorCode) -> str:
        """Return whether the code is live, edited, new or retired."""
        return badge(line_of(row).state)

    @admin.display(description=gettext_lazy("changed"))
    def changed(self, row: ErrorCode) -> str:
        """Return when the code was last published, and by whom."""
        revision = line_of(row).revision
        if revision is None:
            return ""
        return format_html(
            '{}<br><small class="quiet">{}</small>',
            timezone.localtime(revision.created_at).strftime("%Y-%m-%d %H:%M"),
            revision.actor or revision.get_origin_display(),
        )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[ErrorCode], search_term: str
    ) -> tuple[QuerySet[ErrorCode], bool]:
        """Search all texts. Django's autocomplete view also calls this, so the admin site is set here."""
        access.visit_of(request).site = self.admin_site
        return search(request, queryset, search_term), False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Show the list, or the one code that was typed or pasted."""
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        board = Board.of(request)
        code = read(request, request.GET.get("q", "")).single(board.lines)
        if request.method == "GET" and code:
            return HttpResponseRedirect(url_of(self, "change", board.lines[code].row.pk))
        context = {
            "queue": board.queue(),
            "may_publish": self.has_publish_permission(request),
            "may_import": imports.may_import(self, request),
        }
        return super().changelist_view(request, {**context, **(extra_context or {})})

    # ---- actions ----

    @admin.action(permissions=["publish"], description=gettext_lazy("Publish selected codes"))
    def publish_selected(self, request: HttpRequest, queryset: QuerySet[ErrorCode]) -> HttpResponse:
        """Show what publishing these codes would change."""
        board = Board.of(request)
        lines = [board.lines[code] for code in queryset.values_list("code", flat=True)]
        lines = [line for line in lines if self.has_publish_permission(request, line.row)]
        codes = [line.row.code for line in lines if line.is_unpublished]
        skipped = [line.row.code for line in lines if not line.is_unpublished]
        if skipped:
            messages.info(
                request, _("Skipped, because they have no unpublished changes: %(codes)s.") % {"codes": _few(skipped)}
            )
        if not codes:
            return HttpResponseRedirect(request.get_full_path())
        return HttpResponseRedirect(f"{url_of(self, 'publish')}?codes={','.join(codes)}")

    @admin.action(permissions=["review"], description=gettext_lazy("Mark runbooks of selected codes as reviewed"))
    def mark_reviewed(self, request: HttpRequest, queryset: QuerySet[ErrorCode]) -> None:
        """Mark the runbooks of these codes as reviewed by the user."""
        self.review(request, [row.code for row in queryset if self.has_review_permission(request, row)])

    @admin.action(permissions=["view"], description=gettext_lazy("Export drafts of selected codes"))
    def export_selected(self, request: HttpRequest, queryset: QuerySet[ErrorCode]) -> HttpResponse:
        """Send the drafts of these codes as files."""
        return exports.export(self, request, list(queryset.values_list("code", flat=True)))

    def review(self, request: HttpRequest, codes: list[str]) -> None:
        """Mark the runbooks of these codes as reviewed, skipping incomplete ones. Flags stay open."""
        board = Board.of(request)
        done: list[Line] = []
        skipped: list[Line] = []
        for code in codes:
            (skipped if board.lines[code].runbook.key == "empty" else done).append(board.lines[code])
        rows = [line.row for line in done]
        with transaction.atomic(using=router.db_for_write(Runbook)):  # no review without its log entry
            Runbook.objects.filter(error__in=rows).update(reviewed_at=timezone.now(), reviewed_by=request.user)
            enter(request, ErrorCode.objects.filter(pk__in=[row.pk for row in rows]), _("Runbook reviewed."))
        if rows:
            text = ngettext("Marked %(n)d runbook as reviewed.", "Marked %(n)d runbooks as reviewed.", len(rows)) % {
                "n": len(rows)
            }
            messages.success(request, text)
        if flags := sum(len(line.review.flags) for line in done if line.review):
            messages.warning(
                request,
                ngettext(
                    "%(n)d flag stays open. Close it on the code's page once it is dealt with.",
                    "%(n)d flags stay open. Close them on the codes' pages once they are dealt with.",
                    flags,
                )
                % {"n": flags},
            )
        if skipped:
            named = {"codes": _few([line.row.code for line in skipped])}
            messages.warning(request, _("Skipped, because sections of the runbook are empty: %(codes)s.") % named)
        Board.forget(request)


def review_view(model_admin: CodeListAdmin, request: HttpRequest, code: ErrorCode) -> HttpResponse:
    """Mark the runbook of one code as reviewed, and go back to its form."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    model_admin.review(request, [code.code])
    return HttpResponseRedirect(url_of(model_admin, "change", code.pk))


def confirm_view(model_admin: CodeListAdmin, request: HttpRequest, code: ErrorCode) -> HttpResponse:
    """Confirm the outcome of a code, publish that, and go back to the code's form."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    form = ConfirmForm(request.POST)
    if not form.is_valid():
        messages.error(request, " ".join(f"{form['note'].label}: {text}" for text in form.errors["note"]))
    else:
        try:
            publishing.confirm(code.code, author=cast(AbstractBaseUser, request.user), note=form.cleaned_data["note"])
        except UnpublishedChanges:
            messages.error(
                request, _("The code has unpublished edits. Publish or discard them, then confirm the outcome.")
            )
        except PublishRefused as refused:
            messages.error(request, str(refused))
        else:
            messages.success(request, _("The outcome is confirmed, and that is published."))
    Board.forget(request)
    return HttpResponseRedirect(url_of(model_admin, "change", code.pk))


def close_view(model_admin: CodeListAdmin, request: HttpRequest, code: ErrorCode, flag: int) -> HttpResponse:
    """Close one flag on the runbook of a code, and go back to the code's form."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    if not reviews.has_flag(code.code, flag, using=(alias := router.db_for_write(Flag))):
        raise Http404
    if reviews.close(code.code, flag, user=request.user, using=alias):
        messages.success(request, _("The flag is closed."))
    else:
        messages.warning(request, _("The flag was already closed."))
    return HttpResponseRedirect(url_of(model_admin, "change", code.pk))


def _few(codes: list[str]) -> str:
    return ", ".join(codes) if len(codes) <= 20 else f"{', '.join(codes[:20])} …"
