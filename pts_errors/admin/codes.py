"""Error codes: the list with its work queue, and the form with all texts of one code."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.core.exceptions import PermissionDenied
from django.db import connections, router, transaction
from django.db.models import Case, F, QuerySet, Value, When
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from pts_errors import draft, log
from pts_errors.admin import access, history, imports, preview, publish, upgrades
from pts_errors.admin.board import Board, Line
from pts_errors.admin.filters import (
    CategoryFilter,
    MissingFilter,
    OwnerFilter,
    RunbookFilter,
    SeverityFilter,
    StateFilter,
    TranslationFilter,
)
from pts_errors.admin.labels import label_of, label_of_field, readable
from pts_errors.admin.lists import BoardChangeList, line_of, search
from pts_errors.admin.pages import MEDIA, runbook_url, url_of
from pts_errors.admin.panels import badge, last_save, log_of, panel_of
from pts_errors.admin.saving import SavingAdmin
from pts_errors.entry import Severity
from pts_errors.forms import (
    ErrorCodeForm,
    InlineMessageForm,
    MessageFormSet,
    PublishForm,
    RunbookForm,
    RunbookFormSet,
    merge,
    opened,
)
from pts_errors.models import ErrorCode, Message, Runbook

# From harmless to urgent, which is not the order of the alphabet.
_RANKS = Case(*(When(severity=severity, then=Value(rank)) for rank, severity in enumerate(Severity)))


class MessageInline(admin.StackedInline):
    """All texts of a code, one row for each language."""

    model = Message
    form = InlineMessageForm
    formset = MessageFormSet
    fields = InlineMessageForm.Meta.fields
    template = "admin/pts_errors/errorcode/messages.html"
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: ErrorCode | None = None) -> bool:
        """A translation that is missing is part of the messages to change."""
        return self.has_change_permission(request, obj)

    def get_formset(self, request: HttpRequest, obj: ErrorCode | None = None, **kwargs: Any) -> Any:
        """Return the forms of all languages, those locked that the user may not change."""
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
        """A runbook that is missing is one to change."""
        return self.has_change_permission(request, obj)


@admin.register(ErrorCode)
class ErrorCodeAdmin(SavingAdmin):
    """Error codes with their messages and runbook."""

    form = ErrorCodeForm
    inlines = [MessageInline, RunbookInline]
    actions = ["publish_selected", "mark_reviewed"]
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
    ]
    list_display_links = ["number"]
    list_filter = [
        StateFilter,
        CategoryFilter,
        SeverityFilter,
        RunbookFilter,
        TranslationFilter,
        MissingFilter,
        OwnerFilter,
    ]
    list_per_page = 100
    view_on_site = False  # there is a link of our own where the host serves the public pages
    list_select_related = ("category",)
    show_full_result_count = False
    show_facets = admin.ShowFacets.ALWAYS
    search_fields = ["code"]  # makes the box; `get_search_results` looks at all texts
    filter_horizontal = ["similar"]
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

    @property
    def media(self) -> forms.Media:
        """The stock script and style, and ours."""
        return super().media + MEDIA

    # ---- permissions ----

    def has_delete_permission(self, request: HttpRequest, obj: ErrorCode | None = None) -> bool:
        """Nobody deletes a code: old orders carry it. Retire it instead."""
        return False

    def has_publish_permission(self, request: HttpRequest) -> bool:
        """Return whether the user may publish."""
        return request.user.has_perm(access.PUBLISH)

    def has_review_permission(self, request: HttpRequest) -> bool:
        """Return whether the user may say that a runbook is right."""
        return request.user.has_perm(access.CHANGE_RUNBOOK)

    # ---- list ----

    @admin.display(description=gettext_lazy("code"), ordering="code")
    def number(self, row: ErrorCode) -> str:
        """Return the code."""
        return row.code

    @admin.display(description=gettext_lazy("title"))
    def title(self, row: ErrorCode) -> str:
        """Return the title, and the provider's own words."""
        return format_html(
            '{}<br><small class="quiet">{}</small>', line_of(row).source.title or row.name, row.provider_message
        )

    @admin.display(description=gettext_lazy("category"), ordering="category__position")
    def category_name(self, row: ErrorCode) -> str:
        """Return the category."""
        return str(row.category)

    @admin.display(description=gettext_lazy("severity"), ordering=_RANKS)
    def severity_word(self, row: ErrorCode) -> str:
        """Return the severity."""
        return row.get_severity_display()

    @admin.display(description=gettext_lazy("retry"), ordering="retry_advice")
    def advice(self, row: ErrorCode) -> str:
        """Return the retry advice."""
        return row.get_retry_advice_display()

    @admin.display(description=gettext_lazy("languages"))
    def languages(self, row: ErrorCode) -> str:
        """Return how many languages are right, and name those that are not."""
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
        """Return the state of the runbook."""
        return badge(line_of(row).runbook)

    @admin.display(description=gettext_lazy("state"))
    def state(self, row: ErrorCode) -> str:
        """Return what is published of it."""
        return badge(line_of(row).state)

    @admin.display(description=gettext_lazy("changed"))
    def changed(self, row: ErrorCode) -> str:
        """Return when and by whom it was last published."""
        revision = line_of(row).revision
        if revision is None:
            return ""
        return format_html(
            '{}<br><small class="quiet">{}</small>',
            timezone.localtime(revision.created_at).strftime("%Y-%m-%d %H:%M"),
            revision.author_name or revision.get_origin_display(),
        )

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[BoardChangeList]:
        """Return the list whose rows know their line of the board."""
        return BoardChangeList

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[ErrorCode], search_term: str
    ) -> tuple[QuerySet[ErrorCode], bool]:
        """Look the words up in all texts."""
        return search(request, queryset, search_term), False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Show the list, or the one code whose number was typed."""
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        board = Board.of(request)
        line = board.lines.get(request.GET.get("q", "").strip())
        if request.method == "GET" and line is not None:
            return HttpResponseRedirect(url_of(self, "change", line.row.pk))
        queue = [item for item in board.queue if item["count"]]
        context = {
            "queue": queue,
            "may_publish": self.has_publish_permission(request),
            "may_import": imports.may_import(request),
        }
        return super().changelist_view(request, {**context, **(extra_context or {})})

    # ---- actions ----

    @admin.action(permissions=["publish"], description=gettext_lazy("Publish selected codes"))
    def publish_selected(self, request: HttpRequest, queryset: QuerySet[ErrorCode]) -> HttpResponse:
        """Show what publishing these codes would change."""
        board = Board.of(request)
        lines = [board.lines[code] for code in queryset.values_list("code", flat=True)]
        codes = [line.row.code for line in lines if line.is_unpublished]
        skipped = [line.row.code for line in lines if not line.is_unpublished]
        if skipped:
            messages.info(
                request, _("Left out, because they are live as they are: %(codes)s.") % {"codes": _few(skipped)}
            )
        if not codes:
            return HttpResponseRedirect(request.get_full_path())
        return HttpResponseRedirect(f"{url_of(self, 'publish')}?codes={','.join(codes)}")

    @admin.action(permissions=["review"], description=gettext_lazy("Mark runbooks of selected codes as reviewed"))
    def mark_reviewed(self, request: HttpRequest, queryset: QuerySet[ErrorCode]) -> None:
        """Note that the user read these runbooks and found them right."""
        self._review(request, list(queryset.values_list("code", flat=True)))

    def _review(self, request: HttpRequest, codes: list[str]) -> None:
        board = Board.of(request)
        done: list[Line] = []
        skipped: list[Line] = []
        for code in codes:
            (skipped if board.lines[code].runbook.key == "empty" else done).append(board.lines[code])
        rows = [line.row for line in done]
        Runbook.objects.filter(error__in=rows).update(reviewed_at=timezone.now(), reviewed_by=request.user, flag="")
        if rows:
            LogEntry.objects.log_actions(
                user_id=request.user.pk,  # type: ignore[arg-type]  # nobody anonymous comes here
                queryset=ErrorCode.objects.filter(pk__in=[row.pk for row in rows]),
                action_flag=CHANGE,
                change_message=_("Runbook reviewed."),
            )
            text = ngettext("Marked %(n)d runbook as reviewed.", "Marked %(n)d runbooks as reviewed.", len(rows)) % {
                "n": len(rows)
            }
            messages.success(request, text)
        if skipped:
            named = {"codes": _few([line.row.code for line in skipped])}
            messages.warning(request, _("Left out, because sections of the runbook are empty: %(codes)s.") % named)
        Board.forget(request)

    # ---- form ----

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> ErrorCode | None:
        """Return the row that the board has read, with everything that belongs to it; a fresh one to write into."""
        if request.method == "GET" and from_field is None and object_id.isdigit():
            return next((x.row for x in Board.of(request).lines.values() if str(x.row.pk) == object_id), None)
        return super().get_object(request, object_id, from_field)

    def get_readonly_fields(self, request: HttpRequest, obj: ErrorCode | None = None) -> list[str]:
        """The code and the gateway's own words are fixed once they are stored, the name once it is published."""
        line = Board.of(request).get(obj)
        return ["code", "provider_message"] * (obj is not None) + ["name"] * bool(line and line.revision)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offer the codes that the board has read."""
        return self._offer(super().formfield_for_foreignkey(db_field, request, **kwargs), db_field, request, blank=True)

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offer the codes that the board has read."""
        return self._offer(super().formfield_for_manytomany(db_field, request, **kwargs), db_field, request)

    def _offer(self, field: Any, db_field: Any, request: HttpRequest, *, blank: bool = False) -> Any:
        if db_field.related_model is ErrorCode:
            choices = [(line.row.pk, str(line.row)) for line in Board.of(request).lines.values()]
            field.choices = [*([("", "---------")] if blank else []), *choices]
        return field

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """Show and save the draft; publish it once it is stored, if that button was pressed."""
        is_publish = request.method == "POST" and request.POST.get("_save") == "publish"
        if is_publish and not self.has_publish_permission(request):
            raise PermissionDenied
        alias = router.db_for_write(ErrorCode)
        if is_publish and connections[alias].in_atomic_block:
            with transaction.atomic(using=alias):  # with ATOMIC_REQUESTS all is one: the head comes before any code
                log.lock(using=alias)
        response = super().changeform_view(request, object_id, form_url, extra_context)
        saved = request.__dict__.pop("_pts_errors_saved", None)
        if is_publish and saved is not None:
            # Only now that the draft is stored: whoever publishes locks the head before any code, and a refusal must
            # not undo the save.
            said = PublishForm(request.POST)
            if not said.is_valid():
                messages.error(request, _("The draft is saved, but not published: the note is too long."))
            elif publish.publish(self, request, [saved.code], **said.cleaned_data):
                return response
            return HttpResponseRedirect(url_of(self, "change", saved.pk))
        return response

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: ErrorCode | None = None,
    ) -> HttpResponse:
        """Show where the code stands, and what somebody else changed meanwhile."""
        form = context["adminform"].form
        formsets = {type(each.formset.forms[0].instance): each.formset for each in context["inline_admin_formsets"]}
        every = _forms(form, formsets)
        if form.is_bound and form.is_conflict:
            Board.forget(request)
            stored = Board.of(request).lines[obj.code].row  # type: ignore[union-attr]  # a new code has no conflict
            fresh = {
                model: type(formset)(instance=stored, prefix=formset.prefix) for model, formset in formsets.items()
            }
            newer = _forms(type(form)(instance=stored), fresh)
            data, clashes = merge(every, newer, form.cleaned_data.get("loaded"))
            for each in every.values():
                each.data = data
            context["clashes"] = [(label_of_field(clash.where), clash) for clash in clashes]
            context["rival"] = last_save(stored)
        elif not form.is_bound:
            form.initial["loaded"] = opened(every)
        line = Board.of(request).get(obj)
        may_view_runbook = access.can_view_runbook(request)
        for message_form in formsets[Message].forms if Message in formsets else ():
            message_form.panel = panel_of(line, message_form)
        context |= {
            "line": line,
            "owners": Board.of(request).owners,
            "savers": self._savers(line),
            "issues": [i for i in line.issues if may_view_runbook or i.id[0] != "R"] if line else [],
            "edited": [label_of(change.path) for change in readable(request, line.changes)] if line else [],
            "decisions": upgrades.decisions(request, line),
            "may_publish": self.has_publish_permission(request),
            "may_review": self.has_review_permission(request),
            "may_view_runbook": may_view_runbook,
            "said": PublishForm(request.POST if form.is_bound else None),
            "public_url": obj.get_absolute_url() if obj else "",
            "runbook_url": runbook_url(obj) if obj and may_view_runbook else "",
            "preview_url": url_of(self, "snippet"),
        }
        return super().render_change_form(request, context, add, change, form_url, obj)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Save the texts and the runbook, and raise the version that every open form on this code knows."""
        super().save_related(request, form, formsets, change)
        if form.has_changed() or any(formset.has_changed() for formset in formsets):
            ErrorCode.objects.filter(pk=form.instance.pk).update(version=F("version") + 1)
        request.__dict__["_pts_errors_saved"] = form.instance
        Board.forget(request)

    def response_add(self, request: HttpRequest, obj: ErrorCode, post_url_continue: str | None = None) -> HttpResponse:
        """Say that the draft is stored."""
        return self._respond(request, obj) or super().response_add(request, obj, post_url_continue)

    def response_change(self, request: HttpRequest, obj: ErrorCode) -> HttpResponse:
        """Say that the draft is stored."""
        return self._respond(request, obj) or super().response_change(request, obj)

    def _respond(self, request: HttpRequest, obj: ErrorCode) -> HttpResponse | None:
        if "_save" not in request.POST or "_popup" in request.POST:
            return None
        if request.POST["_save"] != "publish":
            text = _("The draft of %(code)s is saved. Readers see it once it is published.")
            messages.success(request, text % {"code": obj})
        return self.response_post_save_change(request, obj)

    def _savers(self, line: Line | None) -> list[str]:
        """Return who saved the draft since it was last published."""
        if line is None or not line.is_unpublished:
            return []
        entries = log_of(line.row).select_related("user")
        if line.revision is not None:
            entries = entries.filter(action_time__gt=line.revision.created_at)
        return list(dict.fromkeys(entry.user.get_username() for entry in entries))

    # ---- pages of our own ----

    def get_urls(self) -> list[URLPattern]:
        """Add the pages of our own. Each checks its permission itself."""

        def view(function: Any) -> Any:
            def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
                return function(self, request, *args, **kwargs)  # type: ignore[no-any-return]

            return self.admin_site.admin_view(wrapped)

        return [
            path("publish/", view(publish.publish_view), name="pts_errors_errorcode_publish"),
            path("import/", view(imports.import_view), name="pts_errors_errorcode_import"),
            path("preview/", view(preview.snippet), name="pts_errors_errorcode_snippet"),
            path("<int:pk>/preview/", view(preview.draft_page), name="pts_errors_errorcode_preview"),
            path("<int:pk>/compare/", view(history.compare_view), name="pts_errors_errorcode_compare"),
            path("<int:pk>/restore/<int:number>/", view(history.restore_view), name="pts_errors_errorcode_restore"),
            path("<int:pk>/decide/", view(upgrades.decide_view), name="pts_errors_errorcode_decide"),
            path("<int:pk>/review/", view(_review_view), name="pts_errors_errorcode_review"),
            *super().get_urls(),
        ]

    def history_view(self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None) -> Any:
        """Show the revisions, and below them every save."""
        code = self.get_object(request, object_id)
        context: dict[str, Any] = {"may_publish": self.has_publish_permission(request), "media": MEDIA}
        if code is not None and self.has_view_or_change_permission(request, code):
            context |= history.revisions_of(request, code)
        response: Any = super().history_view(request, object_id, {**context, **(extra_context or {})})
        if code is not None and not access.can_view_runbook(request):
            for entry in response.context_data["action_list"]:
                if entry.change_message.startswith(draft.FLAGGED):  # a reader's words about a runbook
                    entry.change_message = f"{draft.FLAGGED}."
        return response


def _review_view(model_admin: ErrorCodeAdmin, request: HttpRequest, pk: int) -> HttpResponse:
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    if not model_admin.has_review_permission(request):
        raise PermissionDenied
    codes = list(ErrorCode.objects.filter(pk=pk).values_list("code", flat=True))
    model_admin._review(request, codes)
    return HttpResponseRedirect(url_of(model_admin, "change", pk))


def _forms(form: ErrorCodeForm, formsets: dict[type, Any]) -> dict[str, Any]:
    """Return all forms of the page, by the beginning of the names that lint issues give their fields."""
    found: dict[str, Any] = {"": form}
    if Message in formsets:
        found |= {f"{each.language}.": each for each in formsets[Message].forms}
    if Runbook in formsets:
        found |= {"runbook.": formsets[Runbook].forms[0]}
    return found


def _few(codes: list[str]) -> str:
    return ", ".join(codes) if len(codes) <= 20 else f"{', '.join(codes[:20])} …"
