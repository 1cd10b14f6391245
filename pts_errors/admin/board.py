"""The state of every code: draft against live, translations and runbook, read once per request."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cached_property

from django.db import router
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext, ngettext_lazy, pgettext_lazy

from pts_errors.admin import access
from pts_errors.conf import conf
from pts_errors.lint import rules
from pts_errors.models import ErrorCode, Head, Revision
from pts_errors.pages.runbook import completed
from pts_errors.publishing import draft, reviews
from pts_errors.values import languages
from pts_errors.values.entry import MESSAGE_FIELDS, RUNBOOK_SECTIONS, Entry, Message, Runbook
from pts_errors.values.fields import Change, changes, language_of

# Larger than the number of any publish, so that the newest revision of every code is live.
_NEWEST = 2**31 - 1


@dataclass(frozen=True, slots=True)
class State:
    """A state as a word and a shape, so that it never depends on color alone."""

    key: str
    shape: str
    word: object


def _by_key(*states: State) -> dict[str, State]:
    return {state.key: state for state in states}


STATES = _by_key(
    State("live", "●", pgettext_lazy("state of a code", "Live")),
    State("edited", "◐", pgettext_lazy("state of a code", "Live, edited")),
    State("new", "○", pgettext_lazy("state of a code", "New")),
    State("retired", "■", pgettext_lazy("state of a code", "Retired")),
)
TRANSLATIONS = _by_key(
    State("ok", "✓", pgettext_lazy("state of a translation", "OK")),
    State("missing", "○", pgettext_lazy("state of a translation", "Missing")),
    State("review", "↻", pgettext_lazy("state of a translation", "Review")),
    State("check", "✕", pgettext_lazy("state of a translation", "Check")),
)
RUNBOOKS = _by_key(
    State("ok", "✓", pgettext_lazy("state of a runbook", "OK")),
    State("flagged", "⚑", pgettext_lazy("state of a runbook", "Flagged")),
    State("empty", "○", pgettext_lazy("state of a runbook", "Empty")),
    State("overdue", "↻", pgettext_lazy("state of a runbook", "Review due")),
    State("unreviewed", "◌", pgettext_lazy("state of a runbook", "Never reviewed")),
    State("thin", "△", pgettext_lazy("state of a runbook", "Thin")),
)

# The work queue: a filter of the list of codes, and a sentence with the number of matches.
_QUEUE = (
    (
        "state=unpublished",
        ngettext_lazy("%(n)d code edited, not published", "%(n)d codes edited, not published", "n"),
    ),
    (
        "translation=review",
        ngettext_lazy("%(n)d translation needs review", "%(n)d translations need review", "n"),
    ),
    ("translation=missing", ngettext_lazy("%(n)d translation missing", "%(n)d translations missing", "n")),
    ("runbook=overdue", ngettext_lazy("%(n)d runbook due for review", "%(n)d runbooks due for review", "n")),
    ("runbook=unreviewed", ngettext_lazy("%(n)d runbook never reviewed", "%(n)d runbooks never reviewed", "n")),
    ("runbook=flagged", ngettext_lazy("%(n)d runbook flagged", "%(n)d runbooks flagged", "n")),
    (
        "state=differs",
        ngettext_lazy(
            "%(n)d code differs from the shipped catalog", "%(n)d codes differ from the shipped catalog", "n"
        ),
    ),
    ("state=broken", ngettext_lazy("%(n)d code with errors", "%(n)d codes with errors", "n")),
)

# Lint rules that make a runbook thin: not wrong, but less useful than it could be.
_THIN = {"R013", "R014", "R015"}


@dataclass(eq=False)
class Line:
    """One code: its draft, its live revision, and the states that follow from both."""

    row: ErrorCode
    entry: Entry
    revision: Revision | None
    review: rules.Review | None
    board: Board

    @cached_property
    def changes(self) -> list[Change]:
        """Every field in which the draft differs from the live revision; empty if the code was never published."""
        return changes(self.revision.snapshot, self.entry.as_json()) if self.revision else []

    @cached_property
    def issues(self) -> list[rules.Issue]:
        """The lint issues of the draft, without those that the host silences."""
        context = replace(self.board.context, review=self.review)
        return [i for i in rules.lint(self.entry, context) if not rules.is_silenced(i, conf.SILENCED_LINTS)]

    @property
    def errors(self) -> list[rules.Issue]:
        """The issues that keep the draft from being published."""
        return [issue for issue in self.issues if issue.level == rules.Level.ERROR]

    @property
    def is_unpublished(self) -> bool:
        """Whether publishing would change anything."""
        return self.revision is None or bool(self.changes)

    @property
    def state(self) -> State:
        """Whether the code is live, edited, new or retired."""
        if self.revision is None:
            return STATES["new"]
        if self.changes:
            return STATES["edited"]
        return STATES["retired" if self.entry.is_retired else "live"]

    @property
    def runbook(self) -> State:
        """The most serious state that applies to the runbook."""
        ids = {issue.id for issue in self.issues}
        sections = self.entry.runbook or Runbook()
        if self.review and self.review.flags:
            key = "flagged"
        elif "R001" in ids or not any(getattr(sections, name) for name in RUNBOOK_SECTIONS):
            key = "empty"
        elif "R011" in ids:
            key = "overdue"
        elif not (self.review and self.review.reviewed_at):
            key = "unreviewed"
        else:
            key = "thin" if ids & _THIN else "ok"
        return RUNBOOKS[key]

    @property
    def owner(self) -> str:
        """The owner of the runbook, or else of the category."""
        return completed(self.entry).owner

    def message(self, language: str) -> Message:
        """Return the draft's texts in one language, blank where there are none."""
        return self.entry.messages.get(language, Message())

    @cached_property
    def source(self) -> Message:
        """The texts in the source language."""
        return self.message(conf.SOURCE_LANGUAGE)

    @cached_property
    def translations(self) -> Mapping[str, State]:
        """The state of the texts in each language."""
        return {language: self._translation(language) for language in self.board.languages}

    def translation_of(self, language: str) -> State:
        """Return the state of the texts in one language."""
        return self.translations.get(language) or self._translation(language)

    @property
    def review_words(self) -> str:
        """When the runbook was reviewed, as a sentence."""
        if self.review is None or self.review.reviewed_at is None:
            return str(_("Nobody has reviewed the runbook yet."))
        days = (timezone.now() - self.review.reviewed_at) // timedelta(days=1)
        if days < 1:
            return str(_("The runbook was reviewed today."))
        return ngettext(
            "The runbook was reviewed %(days)d day ago.", "The runbook was reviewed %(days)d days ago.", days
        ) % {"days": days}

    def _translation(self, language: str) -> State:
        message = self.message(language)
        if any(language_of(issue.path) == language for issue in self.errors):
            key = "check"
        elif not message.title or not message.customer_message:
            key = "missing"
        elif language != conf.SOURCE_LANGUAGE and any(
            message.source_text.get(name, text) != text
            for name in MESSAGE_FIELDS
            if getattr(message, name) and (text := getattr(self.source, name)) is not None
        ):
            key = "review"
        else:
            key = "ok"
        return TRANSLATIONS[key]


class Board:
    """All codes that the user may see, ordered by number. Takes eight queries, however many codes there are."""

    def __init__(self, request: HttpRequest) -> None:
        """Read all codes, also those that the user may not see: the lint issues of one depend on the others."""
        alias = router.db_for_write(Head)
        rows = draft.rows(using=alias)
        entries = {row.code: draft.entry_of(row) for row in rows}
        live = {
            revision.error_id: revision
            for revision in Revision.objects.using(alias).live_at(_NEWEST).defer("digest").order_by()
        }
        known = reviews.read(entries, using=alias)
        self.context = draft.lint_context(entries, using=alias)
        source = self.context.source_language
        self.languages = (source, *sorted(set(self.context.languages) - {source}))
        """The languages that every code should have, the source language first."""
        visible = access.visible(request, ErrorCode)
        self.lines = {
            row.code: Line(row, entries[row.code], live.get(row.pk), known.get(row.code), self)
            for row in rows
            if row.pk in visible
        }

    @classmethod
    def of(cls, request: HttpRequest) -> Board:
        """Return the board of this request, read at the first call."""
        visit = access.visit_of(request)
        if visit.board is None:
            visit.board = cls(request)
        return visit.board

    @staticmethod
    def forget(request: HttpRequest) -> None:
        """Drop the board after a write, so that the next call of `of` reads again."""
        visit = access.visit_of(request)
        visit.board = None
        visit.rows.clear()

    def get(self, row: ErrorCode | None) -> Line | None:
        """Return the line of a row, or None for one that is not stored yet."""
        return self.lines.get(row.code) if row is not None else None

    @property
    def owners(self) -> list[str]:
        """Every owner in use."""
        return sorted({line.owner for line in self.lines.values()} - {""})

    def queue(self) -> list[dict[str, str]]:
        """Return the work queue: sentences, each with the filter that lists its codes."""
        counts = Counter[str]()
        for line in self.lines.values():
            counts["state=unpublished"] += line.is_unpublished
            counts["state=differs"] += bool(line.row.unseen)
            counts["state=broken"] += bool(line.errors)
            counts[f"runbook={line.runbook.key}"] += 1
            counts.update(f"translation={state.key}" for state in line.translations.values())
        return [{"query": query, "text": text % {"n": counts[query]}} for query, text in _QUEUE if counts[query]]


def name_of(language: str) -> str:
    """Return a language's name in that language, with its tag."""
    return f"{languages.name_of(language)} ({language})"
