"""Where every code stands: its draft beside what is live, its translations and its runbook, read once a request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cached_property
from typing import Any

from django.db import router
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext, pgettext_lazy

from pts_errors import diff, draft, languages, lint, reviews
from pts_errors.admin import access
from pts_errors.conf import conf
from pts_errors.entry import MESSAGE_FIELDS, RUNBOOK_SECTIONS, Entry, Message, Runbook
from pts_errors.fields import Change, changes, language_of
from pts_errors.models import ErrorCode, Head, Revision

# Larger than the number of any publish: the newest revision of every code is live.
_NEWEST = 2**31 - 1

# A word and a shape for each state, so that nobody has to tell colors apart.
STATES = {
    "live": ("●", pgettext_lazy("state of a code", "Live")),
    "edited": ("◐", pgettext_lazy("state of a code", "Live, edited")),
    "new": ("○", pgettext_lazy("state of a code", "New")),
    "retired": ("■", pgettext_lazy("state of a code", "Retired")),
}
TRANSLATIONS = {
    "ok": ("✓", pgettext_lazy("state of a translation", "OK")),
    "missing": ("○", pgettext_lazy("state of a translation", "Missing")),
    "review": ("↻", pgettext_lazy("state of a translation", "Review")),
    "check": ("✕", pgettext_lazy("state of a translation", "Check")),
}
RUNBOOKS = {
    "ok": ("✓", pgettext_lazy("state of a runbook", "OK")),
    "flagged": ("⚑", pgettext_lazy("state of a runbook", "Flagged")),
    "empty": ("○", pgettext_lazy("state of a runbook", "Empty")),
    "overdue": ("↻", pgettext_lazy("state of a runbook", "Review due")),
    "unreviewed": ("◌", pgettext_lazy("state of a runbook", "Never reviewed")),
    "thin": ("△", pgettext_lazy("state of a runbook", "Thin")),
}

# What makes a runbook less useful than its neighbors, without making it wrong.
_THIN = {"R013", "R014", "R015"}


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """A state in words and as a shape."""

    key: str
    shape: str
    word: object


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """One field of a translation beside its source."""

    name: str
    source: str
    pieces: list[diff.Piece]
    """How the source changed since the translation was last confirmed; empty when it did not."""


class Line:
    """One code: its draft, what is live of it, and what both amount to."""

    def __init__(
        self, row: ErrorCode, entry: Entry, revision: Revision | None, review: lint.Review | None, board: Board
    ) -> None:
        """Take what was read."""
        self.row = row
        self.entry = entry
        self.revision = revision
        self.review = review
        self._board = board

    @cached_property
    def changes(self) -> list[Change]:
        """Every field in which the draft differs from what is live; empty for a code that was never published."""
        return changes(self.revision.snapshot, self.entry.as_json()) if self.revision else []

    @cached_property
    def issues(self) -> list[lint.Issue]:
        """What the rules find in the draft, without what the host silences."""
        context = replace(self._board.context, review=self.review)
        return [i for i in lint.lint(self.entry, context) if not lint.is_silenced(i, conf.SILENCED_LINTS)]

    @property
    def errors(self) -> list[lint.Issue]:
        """The issues that keep the draft from being published."""
        return [issue for issue in self.issues if issue.level == lint.Level.ERROR]

    @property
    def is_unpublished(self) -> bool:
        """Whether publishing would change anything."""
        return self.revision is None or bool(self.changes)

    @property
    def state(self) -> State:
        """Whether the code is live, edited, new or retired."""
        if self.revision is None:
            key = "new"
        elif self.changes:
            key = "edited"
        else:
            key = "retired" if self.entry.is_retired else "live"
        return State(key=key, shape=STATES[key][0], word=STATES[key][1])

    @property
    def runbook(self) -> State:
        """The worst that can be said of the runbook."""
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
        return State(key=key, shape=RUNBOOKS[key][0], word=RUNBOOKS[key][1])

    @property
    def owner(self) -> str:
        """Who owns the runbook, here or by the category."""
        return (self.entry.runbook.owner if self.entry.runbook else "") or self.entry.category.owner

    @cached_property
    def source(self) -> Message:
        """The texts in the source language."""
        return self.entry.messages.get(conf.SOURCE_LANGUAGE, Message())

    @cached_property
    def translations(self) -> Mapping[str, State]:
        """By language, the state of the texts."""
        return {language: self._translation(language) for language in self._board.languages}

    def translation_of(self, language: str) -> State:
        """Return the state of the texts in one language."""
        return self.translations.get(language) or self._translation(language)

    def confirmations(self, language: str) -> list[Confirmation]:
        """Return the source of every field of a translation, and how it changed since it was confirmed."""
        confirmed = self.entry.messages.get(language, Message()).source_text
        return [
            Confirmation(
                name=name,
                source=(text := getattr(self.source, name)),
                pieces=diff.words(confirmed[name], text) if confirmed.get(name, text) != text else [],
            )
            for name in MESSAGE_FIELDS
        ]

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
        message = self.entry.messages.get(language, Message())
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
        return State(key=key, shape=TRANSLATIONS[key][0], word=TRANSLATIONS[key][1])


class Board:
    """All codes that the user may see, ordered by number. Eight queries, however many there are."""

    def __init__(self, request: HttpRequest) -> None:
        """Read everything: what the rules say of a code depends on the others, seen or not."""
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
        board = request.__dict__.get("_pts_errors_board")
        if not isinstance(board, cls):
            board = request.__dict__["_pts_errors_board"] = cls(request)
        return board

    @staticmethod
    def forget(request: HttpRequest) -> None:
        """Let the next call of `of` read again, because something was written."""
        request.__dict__.pop("_pts_errors_board", None)
        access.forget(request)

    def get(self, row: ErrorCode | None) -> Line | None:
        """Return the line of a row, or None for one that is not stored yet."""
        return self.lines.get(row.code) if row is not None else None

    @property
    def owners(self) -> list[str]:
        """Every owner in use."""
        return sorted({line.owner for line in self.lines.values()} - {""})

    @property
    def queue(self) -> list[dict[str, Any]]:
        """What waits for somebody, as sentences with the filter that lists it."""
        lines = self.lines.values()
        states = [line.runbook.key for line in lines]
        to_review = sum(state.key == "review" for line in lines for state in line.translations.values())
        missing = sum(state.key == "missing" for line in lines for state in line.translations.values())
        unpublished = sum(line.is_unpublished for line in lines)
        broken = sum(bool(line.errors) for line in lines)
        differing = sum(bool(line.row.unseen) for line in lines)
        overdue, flagged, unreviewed = (states.count(key) for key in ("overdue", "flagged", "unreviewed"))
        found = (
            (
                unpublished,
                "state=unpublished",
                ngettext("%(n)d code edited, not published", "%(n)d codes edited, not published", unpublished),
            ),
            (
                to_review,
                "translation=review",
                ngettext("%(n)d translation needs review", "%(n)d translations need review", to_review),
            ),
            (
                missing,
                "translation=missing",
                ngettext("%(n)d translation missing", "%(n)d translations missing", missing),
            ),
            (
                overdue,
                "runbook=overdue",
                ngettext("%(n)d runbook due for review", "%(n)d runbooks due for review", overdue),
            ),
            (
                unreviewed,
                "runbook=unreviewed",
                ngettext("%(n)d runbook never reviewed", "%(n)d runbooks never reviewed", unreviewed),
            ),
            (flagged, "runbook=flagged", ngettext("%(n)d runbook flagged", "%(n)d runbooks flagged", flagged)),
            (
                differing,
                "state=differs",
                ngettext("%(n)d differs from the shipped catalog", "%(n)d differ from the shipped catalog", differing),
            ),
            (broken, "state=broken", ngettext("%(n)d code with errors", "%(n)d codes with errors", broken)),
        )
        return [{"count": n, "query": query, "text": text % {"n": n}} for n, query, text in found]


def name_of(language: str) -> str:
    """Return a language's name in that language, with its tag."""
    return f"{languages.name_of(language)} ({language})"
