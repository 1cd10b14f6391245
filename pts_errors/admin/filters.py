"""The filters of the lists of codes and of messages."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from pts_errors.admin.board import RUNBOOKS, STATES, TRANSLATIONS, Board, Line, name_of
from pts_errors.admin.lists import Option, board_filter
from pts_errors.models import LABELS, Message
from pts_errors.values.entry import Basis, Severity

# The states that need a translator.
TRANSLATIONS_TO_DO = ("missing", "review", "check")


def _categories(board: Board) -> Iterable[Option]:
    found = {line.entry.category.slug: line.entry.category for line in board.lines.values()}
    return [(c.slug, c.name) for c in sorted(found.values(), key=lambda c: (c.position, c.slug))]


def _states(board: Board) -> Iterable[Option]:
    return [
        ("unpublished", _("Not published")),
        ("broken", _("With errors")),
        ("differs", _("Differs from the shipped catalog")),
        *((state.key, state.word) for state in STATES.values()),
    ]


def _is_in_state(line: Line, value: str) -> bool:
    if value == "unpublished":
        return line.is_unpublished
    if value == "differs":
        return bool(line.row.unseen)
    return bool(line.errors) if value == "broken" else line.state.key == value


def _missing_languages(board: Board) -> Iterable[Option]:
    lines = board.lines.values()
    return [(tag, name_of(tag)) for tag in board.languages if any(_is_missing(line, tag) for line in lines)]


def _is_missing(line: Line, language: str) -> bool:
    return language in line.translations and line.translations[language].key == "missing"


CODE_FILTERS = (
    board_filter("state", gettext_lazy("state"), _states, _is_in_state),
    board_filter(
        "category",
        gettext_lazy("category"),
        _categories,
        lambda line, value: line.entry.category.slug == value,
    ),
    board_filter(
        "severity",
        gettext_lazy("severity"),
        lambda board: reversed(LABELS[Severity].items()),  # the most urgent first
        lambda line, value: line.entry.severity == value,
    ),
    board_filter(
        "basis",
        gettext_lazy("basis"),
        lambda board: LABELS[Basis].items(),
        lambda line, value: line.entry.outcome_basis == value,
    ),
    board_filter(
        "runbook",
        gettext_lazy("runbook"),
        lambda board: [(state.key, state.word) for state in RUNBOOKS.values()],
        lambda line, value: line.runbook.key == value,
    ),
    board_filter(
        "translation",
        gettext_lazy("translation"),
        lambda board: [(state.key, state.word) for state in TRANSLATIONS.values() if state.key != "ok"],
        lambda line, value: any(state.key == value for state in line.translations.values()),
    ),
    board_filter("missing", gettext_lazy("missing language"), _missing_languages, _is_missing),
    board_filter(
        "owner",
        gettext_lazy("owner"),
        lambda board: [(owner, owner) for owner in board.owners],
        lambda line, value: line.owner == value,
    ),
)


class LanguageFilter(admin.SimpleListFilter):
    """Filter by language."""

    title = gettext_lazy("language")
    parameter_name = "language"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        return [(language, name_of(language)) for language in Board.of(request).languages]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Message]) -> QuerySet[Message]:
        value = self.value()
        if value is None:
            return queryset
        # Not every database accepts every text in a query.
        return queryset.filter(language=value) if value in dict(self.lookup_choices) else queryset.none()


class TranslationStateFilter(admin.SimpleListFilter):
    """Filter by the state of the translation, or by whether it needs a translator."""

    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Any]]:
        return [("todo", _("To do")), *((state.key, state.word) for state in TRANSLATIONS.values())]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Message]) -> QuerySet[Message]:
        value = self.value()
        if value is None:
            return queryset
        return queryset.filter(
            pk__in=[
                message.pk
                for line in Board.of(request).lines.values()
                for message in line.row.messages.all()
                if is_in(line.translation_of(message.language).key, value)
            ]
        )


def is_in(key: str, state: str | None) -> bool:
    """Return whether a translation's state passes the filter. "todo" stands for several states, None for all."""
    return state is None or key == state or (state == "todo" and key in TRANSLATIONS_TO_DO)
