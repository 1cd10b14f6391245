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
from pts_errors.admin.lists import BoardFilter
from pts_errors.entry import Severity
from pts_errors.models import LABELS, Message

# What waits for a translator.
TRANSLATIONS_TO_DO = ("missing", "review", "check")


class CategoryFilter(BoardFilter):
    """By category."""

    title = gettext_lazy("category")
    parameter_name = "category"

    def options(self, board: Board) -> Iterable[tuple[str, object]]:
        """Return the categories that codes have."""
        found = {line.entry.category.slug: line.entry.category for line in board.lines.values()}
        return [(c.slug, c.name) for c in sorted(found.values(), key=lambda c: (c.position, c.slug))]

    def matches(self, line: Line, value: str) -> bool:
        """Return whether the code is in the category."""
        return line.entry.category.slug == value


class SeverityFilter(BoardFilter):
    """By severity."""

    title = gettext_lazy("severity")
    parameter_name = "severity"

    def options(self, board: Board) -> Iterable[tuple[str, object]]:
        """Return the severities, the most urgent first."""
        return reversed(LABELS[Severity].items())

    def matches(self, line: Line, value: str) -> bool:
        """Return whether the code is so urgent."""
        return line.entry.severity == value


class StateFilter(BoardFilter):
    """By what is published of it."""

    title = gettext_lazy("state")
    parameter_name = "state"

    def options(self, board: Board) -> Iterable[tuple[str, object]]:
        """Return the states, and what they have in common."""
        return [
            ("unpublished", _("Not published")),
            ("broken", _("With errors")),
            ("differs", _("Differs from the shipped catalog")),
            *((key, word) for key, (_shape, word) in STATES.items()),
        ]

    def matches(self, line: Line, value: str) -> bool:
        """Return whether the code is in the state."""
        if value == "unpublished":
            return line.is_unpublished
        if value == "differs":
            return bool(line.row.unseen)
        return bool(line.errors) if value == "broken" else line.state.key == value


class RunbookFilter(BoardFilter):
    """By the state of the runbook."""

    title = gettext_lazy("runbook")
    parameter_name = "runbook"

    def options(self, board: Board) -> Iterable[tuple[str, object]]:
        """Return the states of runbooks."""
        return [(key, word) for key, (_shape, word) in RUNBOOKS.items()]

    def matches(self, line: Line, value: str) -> bool:
        """Return whether the runbook is in the state."""
        return line.runbook.key == value


class TranslationFilter(BoardFilter):
    """By the state of any of its translations."""

    title = gettext_lazy("translation")
    parameter_name = "translation"

    def options(self, board: Board) -> Iterable[tuple[str, object]]:
        """Return the states that need somebody."""
        return [(key, word) for key, (_shape, word) in TRANSLATIONS.items() if key != "ok"]

    def matches(self, line: Line, value: str) -> bool:
        """Return whether one of the translations is in the state."""
        return any(state.key == value for state in line.translations.values())


class MissingFilter(BoardFilter):
    """By a language that is missing."""

    title = gettext_lazy("missing language")
    parameter_name = "missing"

    def options(self, board: Board) -> Iterable[tuple[str, object]]:
        """Return the languages that any code lacks."""
        lines = board.lines.values()
        return [(tag, name_of(tag)) for tag in board.languages if any(self.matches(line, tag) for line in lines)]

    def matches(self, line: Line, value: str) -> bool:
        """Return whether the code has no texts in the language."""
        return value in line.translations and line.translations[value].key == "missing"


class OwnerFilter(BoardFilter):
    """By the owner of the runbook, or of the category where it names none."""

    title = gettext_lazy("owner")
    parameter_name = "owner"

    def options(self, board: Board) -> Iterable[tuple[str, object]]:
        """Return the owners in use."""
        return [(owner, owner) for owner in board.owners]

    def matches(self, line: Line, value: str) -> bool:
        """Return whether this is who owns it."""
        return line.owner == value


class LanguageFilter(admin.SimpleListFilter):
    """By language."""

    title = gettext_lazy("language")
    parameter_name = "language"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        """Return the languages of the catalog."""
        return [(language, name_of(language)) for language in Board.of(request).languages]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Message]) -> QuerySet[Message]:
        """Return the messages in the chosen language."""
        value = self.value()
        if value is None:
            return queryset
        # Not every database takes every text in a query.
        return queryset.filter(language=value) if value in dict(self.lookup_choices) else queryset.none()


class TranslationStateFilter(admin.SimpleListFilter):
    """By state."""

    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Any]]:
        """Return the states, and all that need somebody."""
        return [("todo", _("To do")), *((key, word) for key, (_shape, word) in TRANSLATIONS.items())]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Message]) -> QuerySet[Message]:
        """Return the messages in the chosen state."""
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
    """Return whether a translation's state is the chosen one, or one of those that wait for a translator."""
    return state is None or key == state or (state == "todo" and key in TRANSLATIONS_TO_DO)
