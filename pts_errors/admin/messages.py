"""Translations: the table of codes and languages, and one message beside its source."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.contrib import messages as notes
from django.contrib.admin.models import LogEntry
from django.core.exceptions import PermissionDenied
from django.db.models import F, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from pts_errors.admin import access
from pts_errors.admin.board import Board, Line, name_of
from pts_errors.admin.filters import TRANSLATIONS_TO_DO, LanguageFilter, TranslationStateFilter, is_in
from pts_errors.admin.forms import MessageForm, confirm
from pts_errors.admin.labels import label_of
from pts_errors.admin.lists import line_of
from pts_errors.admin.pages import url_of
from pts_errors.admin.panels import badge, enter, last_save, panel_of
from pts_errors.admin.saving import BoardAdmin
from pts_errors.conf import conf
from pts_errors.models import ErrorCode, Message
from pts_errors.values import languages


@admin.register(Message)
class MessageAdmin(BoardAdmin):
    """The texts of one code in one language."""

    form = MessageForm
    fields = MessageForm.Meta.fields
    list_display = ["code", "language_name", "source", "translation", "state"]
    list_filter = [LanguageFilter, TranslationStateFilter]
    list_select_related = ("error",)
    show_facets = admin.ShowFacets.NEVER
    search_fields = ["error__code", "error__name", "title", "customer_message"]
    ordering = ["error__code", "language"]
    actions = None

    # ---- permissions ----

    def has_change_permission(self, request: HttpRequest, obj: Message | None = None) -> bool:
        """Translators may be limited to some languages."""
        allowed = super().has_change_permission(request, obj)
        return allowed and (obj is None or access.may_change_language(request)(obj.language))

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Adding a missing translation counts as a change."""
        return super().has_change_permission(request)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Message]:
        """Leave out the codes that the host's admin does not show to the user."""
        rows: QuerySet[Message] = super().get_queryset(request)
        return rows.filter(error__in=access.visible(request, ErrorCode)).select_related("error")

    def _may_see(self, request: HttpRequest, row: Message | None) -> bool:
        """Return whether the user may see a message. True if there is none."""
        return row is None or row.pk in access.visible(request, Message)

    def _may_write(self, request: HttpRequest, line: Line, language: str) -> bool:
        """Return whether the user may change the texts of a code in a language, or add them."""
        row = _stored(line, language)
        if row is None:
            return self.has_add_permission(request) and access.may_change_language(request)(language)
        return self._may_see(request, row) and self.has_change_permission(request, row)

    # ---- list ----

    @admin.display(description=gettext_lazy("code"), ordering="error__code")
    def code(self, row: Message) -> str:
        return row.error.code

    @admin.display(description=gettext_lazy("language"), ordering="language")
    def language_name(self, row: Message) -> str:
        """Return the language by its own name."""
        return name_of(row.language)

    @admin.display(description=gettext_lazy("source"))
    def source(self, row: Message) -> str:
        """Return the title in the source language."""
        return _text(line_of(row).source.title, conf.SOURCE_LANGUAGE)

    @admin.display(description=gettext_lazy("title"), ordering="title")
    def translation(self, row: Message) -> str:
        """Return the title in the message's language."""
        return _text(row.title, row.language)

    @admin.display(description=gettext_lazy("state"))
    def state(self, row: Message) -> str:
        return badge(line_of(row).translation_of(row.language))

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Show the table of all codes and languages above the list."""
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        return super().changelist_view(request, {**self._matrix(request), **(extra_context or {})})

    def _matrix(self, request: HttpRequest) -> dict[str, Any]:
        """Return the table, filtered as the list below it; ``?language=fil&state=todo`` is a translator's bookmark."""
        board = Board.of(request)
        language, state = request.GET.get("language"), request.GET.get("state")
        shown = [tag for tag in board.languages if language in (None, tag)]
        may_change = access.may_change_language(request)
        heads = []
        for tag in shown:
            keys = [
                line.translations[tag].key
                for line in board.lines.values()
                if self._may_see(request, _stored(line, tag))
            ]
            heads.append(
                {
                    "language": tag,
                    "name": languages.name_of(tag),
                    "done": keys.count("ok"),
                    "all": len(keys),
                    "to_do": may_change(tag) and keys.count("ok") < len(keys),
                    "query": urlencode({"language": tag, "state": "todo"}),
                    "next_url": url_of(self, "next", tag, model="message"),
                }
            )
        rows = [
            {"line": line, "cells": [self._cell(line, tag) if tag in seen else None for tag in shown]}
            for line in board.lines.values()
            if (seen := {tag for tag in shown if self._may_see(request, _stored(line, tag))})
            and any(is_in(line.translations[tag].key, state) for tag in seen)
        ]
        return {"heads": heads, "rows": rows, "may_change_languages": access.languages_in_words(request)}

    def _cell(self, line: Line, language: str) -> dict[str, Any]:
        state = line.translations[language]
        return {"state": state, "language": languages.name_of(language), "url": self._url(line, language)}

    def _url(self, line: Line, language: str) -> str:
        """Return the URL at which the texts of a code in a language are edited or added."""
        message = _stored(line, language)
        if message is not None:
            return url_of(self, "change", message.pk, model="message")
        query = urlencode({"error": str(line.row.pk), "language": language})
        return f"{url_of(self, 'add', model='message')}?{query}"

    # ---- form ----

    def rows(self, board: Board) -> Iterable[Message]:
        return (row for line in board.lines.values() for row in line.row.messages.all())

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Add the texts that ``?error=…&language=…`` names. The table links here for missing ones."""
        line, language = self._wanted(request)
        if line is None or language not in line.translations:
            notes.info(request, _("Choose a code and a language in the table to add a translation."))
            return HttpResponseRedirect(url_of(self, "changelist", model="message"))
        if not self._may_write(request, line, language):
            raise PermissionDenied
        if request.method == "GET" and language in line.entry.messages:
            return HttpResponseRedirect(self._url(line, language))
        return super().add_view(request, form_url, extra_context)

    def get_form(self, request: HttpRequest, obj: Message | None = None, change: bool = False, **kwargs: Any) -> Any:
        """Return the form of the stored message, or of the one that the query string names."""
        form: Any = super().get_form(request, obj, change=change, **kwargs)
        line, language = self._wanted(request)
        if obj is None and line is not None:
            form.preset = _stored(line, language) or Message(error=line.row, language=language)
        return form

    def _wanted(self, request: HttpRequest) -> tuple[Line | None, str]:
        lines = Board.of(request).lines.values()
        line = next((line for line in lines if str(line.row.pk) == request.GET.get("error")), None)
        return line, request.GET.get("language", "")

    def stored(self, request: HttpRequest, row: Message) -> tuple[Message, LogEntry | None]:
        Board.forget(request)
        line = Board.of(request).lines[row.error.code]
        return _stored(line, row.language) or Message(error=line.row, language=row.language), last_save(line.row)

    def label(self, form: MessageForm, where: str) -> str:
        return label_of((form.language, where))

    def form_context(
        self, request: HttpRequest, form: MessageForm, formsets: list[Any], obj: Message | None
    ) -> dict[str, Any]:
        line = Board.of(request).lines[form.instance.error.code]
        others = [
            (tag, languages.name_of(tag), languages.direction(tag), other)
            for tag, other in line.entry.messages.items()
            if tag not in (form.language, conf.SOURCE_LANGUAGE) and self._may_see(request, _stored(line, tag))
        ]
        return {
            "line": line,
            "panel": panel_of(line, form),
            "may_change_languages": access.languages_in_words(request),
            "others": others,
            "code_url": url_of(self, "change", line.row.pk),
            "title": f"{line.row.code}: {name_of(form.language)}",
            "subtitle": None,
        }

    def save_model(self, request: HttpRequest, obj: Message, form: Any, change: bool) -> None:
        """Save the texts, confirmed against the current source, and raise the version of the code."""
        source = Message.objects.filter(error=obj.error_id, language=conf.SOURCE_LANGUAGE).first()
        confirm(obj, source)
        super().save_model(request, obj, form, change)
        ErrorCode.objects.filter(pk=obj.error_id).update(version=F("version") + 1)
        # The history of the code shows who translated it.
        enter(request, [obj.error], _("Translated into %(language)s.") % {"language": name_of(obj.language)})
        Board.forget(request)

    def respond(self, request: HttpRequest, obj: Message) -> HttpResponse | None:
        if request.POST.get("_save") != "next":
            return None
        notes.success(request, _("%(code)s is saved as a draft.") % {"code": obj.error.code})
        return self._to_next(request, obj.language, after=obj.error.code)

    # ---- pages of our own ----

    def own_urls(self) -> list[URLPattern]:
        """Return the redirect to the next message that needs a translator."""
        view = self.admin_site.admin_view(self._next_view)
        return [path("next/<str:language>/", view, name="pts_errors_message_next")]

    def _next_view(self, request: HttpRequest, language: str) -> HttpResponse:
        if not self.has_change_permission(request) or not access.may_change_language(request)(language):
            raise PermissionDenied
        return self._to_next(request, language)

    def _to_next(self, request: HttpRequest, language: str, *, after: str = "") -> HttpResponse:
        """Redirect to the next code with something to do, by number, starting over after the last."""
        lines = [*Board.of(request).lines.values()]
        start = next((i + 1 for i, line in enumerate(lines) if line.row.code == after), 0)
        for line in [*lines[start:], *lines[:start]]:
            to_do = line.translation_of(language).key in TRANSLATIONS_TO_DO and line.row.code != after
            if to_do and self._may_write(request, line, language):
                return HttpResponseRedirect(self._url(line, language))
        notes.success(request, _("Nothing is left to do in %(language)s.") % {"language": name_of(language)})
        return HttpResponseRedirect(url_of(self, "changelist", model="message"))


def _stored(line: Line, language: str) -> Message | None:
    """Return the row of a code's texts in a language."""
    return next((row for row in line.row.messages.all() if row.language == language), None)


def _text(text: str, language: str) -> str:
    return format_html('<span lang="{}" dir="{}">{}</span>', language, languages.direction(language), text)
