"""The form of one error code, with all its texts and its runbook."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.models import LogEntry
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db import connections, router, transaction
from django.db.models import CharField, F
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from pts_errors.admin import access, codelist, exports, history, imports, preview, publish, upgrades
from pts_errors.admin.board import Board, Line
from pts_errors.admin.conflicts import DraftForm
from pts_errors.admin.forms import (
    ConfirmForm,
    InlineMessageForm,
    LineField,
    MessageFormSet,
    PublishForm,
    RunbookForm,
    RunbookFormSet,
)
from pts_errors.admin.labels import label_of, readable
from pts_errors.admin.pages import MEDIA, runbook_url, url_of
from pts_errors.admin.panels import last_save, log_of, panel_of
from pts_errors.models import ErrorCode, Message, Runbook
from pts_errors.publishing import log, reviews
from pts_errors.values.entry import Basis
from pts_errors.values.fields import parsed

CONFIRMED = Basis.CONFIRMED.value


class MessageInline(admin.StackedInline):
    """All texts of a code, one row for each language."""

    model = Message
    form = InlineMessageForm
    formset = MessageFormSet
    fields = InlineMessageForm.Meta.fields
    template = "admin/pts_errors/errorcode/messages.html"
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: ErrorCode | None = None) -> bool:
        """Adding a missing translation counts as a change."""
        return self.has_change_permission(request, obj)

    def get_formset(self, request: HttpRequest, obj: ErrorCode | None = None, **kwargs: Any) -> Any:
        """Return the forms of all languages, locked where the user may not change them."""
        formset: Any = super().get_formset(request, obj, **kwargs)
        formset.wanted = Board.of(request).languages
        formset.may_change = staticmethod(access.may_change_language(request))
        return formset


class RunbookInline(admin.StackedInline):
    """The runbook of a code."""

    model = Runbook
    form = RunbookForm
    formset = RunbookFormSet
    fields = RunbookForm.Meta.fields
    template = "admin/pts_errors/errorcode/runbook.html"
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: ErrorCode | None = None) -> bool:
        """Adding a missing runbook counts as a change."""
        return self.has_change_permission(request, obj)


@admin.register(ErrorCode)
class ErrorCodeAdmin(codelist.CodeListAdmin):
    """Error codes with their messages and runbook."""

    form = DraftForm
    inlines = [MessageInline, RunbookInline]
    view_on_site = False  # the template has a link, where the host serves the public pages
    filter_horizontal = ["similar"]
    formfield_overrides = {CharField: {"form_class": LineField}}
    fieldsets = [
        (
            None,
            {
                "fields": [
                    "code",
                    "name",
                    "provider_message",
                    "category",
                    "severity",
                    "outcome",
                    "outcome_basis",
                    "outcome_reason",
                    "retry_advice",
                    "retry_after",
                    "responsible_party",
                    "http_status",
                    "reveal_to_customer",
                ]
            },
        ),
        (
            gettext_lazy("Related codes and retirement"),
            {"classes": ["collapse"], "fields": ["similar", "is_retired", "replaced_by"]},
        ),
    ]

    # ---- form ----

    def rows(self, board: Board) -> Iterable[ErrorCode]:
        return (line.row for line in board.lines.values())

    def get_readonly_fields(self, request: HttpRequest, obj: ErrorCode | None = None) -> list[str]:
        """Lock the code and the provider message of a stored code, and the name of a published one."""
        line = Board.of(request).get(obj)
        return list(ErrorCode.locked_fields(is_published=bool(line and line.revision))) if obj is not None else []

    def get_form(self, request: HttpRequest, obj: ErrorCode | None = None, change: bool = False, **kwargs: Any) -> Any:
        """Offer the codes on the board, and those that this one already names, so that saving does not drop them."""
        form: Any = super().get_form(request, obj, change=change, **kwargs)
        choices = {line.row.pk: str(line.row) for line in Board.of(request).lines.values()}
        named = [*obj.similar.all(), *filter(None, [obj.replaced_by])] if obj else []
        choices |= {row.pk: row.code for row in named if row.pk not in choices}
        for name, blank in (("similar", []), ("replaced_by", [("", "---------")])):
            if (field := form.base_fields.get(name)) is not None:
                field.queryset = field.queryset.filter(pk__in=choices)
                field.choices = [*blank, *choices.items()]
        if (field := form.base_fields.get("outcome_basis")) is not None and not (
            obj and obj.outcome_basis == CONFIRMED
        ):
            field.choices = [choice for choice in field.choices if choice[0] != CONFIRMED]  # an act of its own
        return form

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """Show and save the draft, then publish it if that button was pressed."""
        is_publish = request.method == "POST" and request.POST.get("_save") == "publish"
        if is_publish and not (
            self.has_publish_permission(request)
            and self.has_publish_permission(
                request, self.get_object(request, unquote(object_id)) if object_id else None
            )
        ):
            raise PermissionDenied
        alias = router.db_for_write(ErrorCode)
        if is_publish and connections[alias].in_atomic_block:
            with transaction.atomic(using=alias):  # ATOMIC_REQUESTS: lock the head before any code
                log.lock(using=alias)
        response = super().changeform_view(request, object_id, form_url, extra_context)
        saved = access.visit_of(request).saved
        if is_publish and saved is not None:
            # Publish after the save: publishing locks the head before any code, and a refusal must not undo the save.
            said = PublishForm(request.POST)
            if not said.is_valid():
                messages.error(
                    request,
                    _("The draft is saved, but not published: the note is too long. Shorten it and publish again."),
                )
            elif (revisions := publish.publish(request, [saved.code], **said.cleaned_data)) is not None:
                publish.say(request, revisions)
                return response
            return HttpResponseRedirect(url_of(self, "change", saved.pk))
        return response

    def stored(self, request: HttpRequest, row: ErrorCode) -> tuple[ErrorCode, LogEntry | None]:
        Board.forget(request)
        newest = Board.of(request).lines[row.code].row
        return newest, last_save(newest)

    def label(self, form: DraftForm, where: str) -> str:
        return label_of(parsed(where))

    def form_context(
        self, request: HttpRequest, form: DraftForm, formsets: list[Any], obj: ErrorCode | None
    ) -> dict[str, Any]:
        line = Board.of(request).get(obj)
        may_view_runbook = access.can_view_runbook(request)
        texts = [
            each for formset in formsets if isinstance(formset, MessageFormSet) for each in formset.named().values()
        ]
        return {
            "line": line,
            "panels": [(each, panel_of(line, each)) for each in texts],
            "may_change_languages": access.languages_in_words(request),
            "owners": Board.of(request).owners,
            "savers": self._savers(line),
            "issues": [i for i in line.issues if may_view_runbook or i.id[0] != "R"] if line else [],
            "edited": [label_of(change.path) for change in readable(request, line.changes)] if line else [],
            "decisions": upgrades.decisions(self, request, line),
            "may_publish": self.has_publish_permission(request, obj),
            "may_review": self.has_review_permission(request, obj),
            "may_view_runbook": may_view_runbook,
            "said": PublishForm(request.POST if form.is_bound else None),
            "public_url": obj.get_absolute_url() if obj else "",
            "runbook_url": runbook_url(obj) if obj and may_view_runbook else "",
            "preview_url": url_of(self, "snippet"),
            "confirmation": _confirmation(obj) if obj else "",
            "confirm_form": ConfirmForm(auto_id="id_confirm_%s"),
        }

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Save the texts and the runbook, and raise the version of the code, so that open forms notice."""
        super().save_related(request, form, formsets, change)
        if form.has_changed() or any(formset.has_changed() for formset in formsets):
            ErrorCode.objects.filter(pk=form.instance.pk).update(version=F("version") + 1)
        access.visit_of(request).saved = form.instance
        Board.forget(request)

    def respond(self, request: HttpRequest, obj: ErrorCode) -> HttpResponse | None:
        if "_save" not in request.POST or "_popup" in request.POST:
            return None
        if request.POST["_save"] != "publish":
            text = _("The draft of %(code)s is saved. Readers see it once it is published.")
            messages.success(request, text % {"code": obj})
        return self.response_post_save_change(request, obj)

    def _savers(self, line: Line | None) -> list[str]:
        """Return the users who saved the draft since the last publish."""
        if line is None or not line.is_unpublished:
            return []
        entries = log_of(line.row).select_related("user")
        if line.revision is not None:
            entries = entries.filter(action_time__gt=line.revision.created_at)
        return list(dict.fromkeys(entry.user.get_username() for entry in entries))

    # ---- pages of our own ----

    def own_urls(self) -> list[URLPattern]:
        """Return the pages beside the stock ones. All need permission to view codes, some need more."""

        def view(function: Any, *needed: str) -> Any:
            def wrapped(request: HttpRequest, pk: int | None = None, **kwargs: Any) -> HttpResponse:
                code = self._admit(request, pk, needed)
                if code is not None:
                    kwargs["code"] = code
                return function(self, request, **kwargs)  # type: ignore[no-any-return]

            return self.admin_site.admin_view(wrapped)

        return [
            path("publish/", view(publish.publish_view, "publish"), name="pts_errors_errorcode_publish"),
            path("import/", view(imports.import_view), name="pts_errors_errorcode_import"),
            path("export/", view(exports.export_view), name="pts_errors_errorcode_export"),
            path("preview/", view(preview.snippet), name="pts_errors_errorcode_snippet"),
            path("<int:pk>/preview/", view(preview.draft_page), name="pts_errors_errorcode_preview"),
            path("<int:pk>/compare/", view(history.compare_view), name="pts_errors_errorcode_compare"),
            path(
                "<int:pk>/restore/<int:number>/",
                view(history.restore_view, "publish", "change"),
                name="pts_errors_errorcode_restore",
            ),
            path("<int:pk>/decide/", view(upgrades.decide_view, "change"), name="pts_errors_errorcode_decide"),
            path(
                "<int:pk>/confirm/",
                view(codelist.confirm_view, "publish", "change"),
                name="pts_errors_errorcode_confirm",
            ),
            path("<int:pk>/review/", view(codelist.review_view, "review"), name="pts_errors_errorcode_review"),
            path(
                "<int:pk>/flags/<int:flag>/",
                view(codelist.close_view, "review"),
                name="pts_errors_errorcode_close_flag",
            ),
        ]

    def _admit(self, request: HttpRequest, pk: int | None, needed: Iterable[str]) -> ErrorCode | None:
        """Check the permissions of a page, and return its code, read through the host's queryset."""
        asked = [getattr(self, f"has_{name}_permission") for name in ("view_or_change", *needed)]
        if not all(may(request) for may in asked):
            raise PermissionDenied
        if pk is None:
            return None
        code: ErrorCode | None = self.get_object(request, str(pk))
        if code is None:
            raise Http404
        if not all(may(request, code) for may in asked):
            raise PermissionDenied
        return code

    def history_view(self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None) -> Any:
        """Show the revisions, and below them every save."""
        code = self.get_object(request, object_id)
        context: dict[str, Any] = {"may_publish": self.has_publish_permission(request, code), "media": MEDIA}
        if code is not None and self.has_view_or_change_permission(request, code):
            context |= history.revisions_of(request, code)
        response: Any = super().history_view(request, object_id, {**context, **(extra_context or {})})
        if code is not None and not access.can_view_runbook(request):
            for entry in response.context_data["action_list"]:
                for said in (reviews.FLAGGED, reviews.CLOSED):  # runbook text of a reader follows
                    if entry.change_message.startswith(said):
                        entry.change_message = f"{said}."
        return response


def _confirmation(code: ErrorCode) -> str:
    """Return who confirmed the outcome of a code, as a sentence; empty if nobody did or nobody knows."""
    if code.outcome_basis != CONFIRMED or code.confirmed_by is None:
        return ""
    person = code.confirmed_by.get_username()
    if code.confirmed_at is None:
        return _(
            "The outcome counts as confirmed by %(person)s, who chose the advice before it was recorded how outcomes "
            "are known. Confirm it and say how it is known, or choose to check the status first."
        ) % {"person": person}
    when = date_format(timezone.localtime(code.confirmed_at), "SHORT_DATETIME_FORMAT")
    return _("The outcome was confirmed by %(person)s on %(when)s.") % {"person": person, "when": when}
