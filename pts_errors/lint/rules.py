"""The lint rules: each has a stable id, takes one entry, and yields the paths where it is broken."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from pts_errors.lint import jargon, order_ids
from pts_errors.values import markdown, mentions, placeholders
from pts_errors.values.entry import (
    MESSAGE_FIELDS,
    RUNBOOK_SECTIONS,
    SHORT_TEXTS,
    Basis,
    Entry,
    Message,
    Outcome,
    RetryAdvice,
    Runbook,
    Severity,
)
from pts_errors.values.fields import Path, dotted, parsed

# Customers read it on a phone after a failed payment, and read no more than two sentences.
_CUSTOMER_LENGTH = 160
_CUSTOMER_SENTENCES = 2
_TITLE_LENGTH = 80
# Enough for two causes with an action each, and no more than fits on one screen.
_RESOLUTION_WORDS = (60, 180)
# Nine in ten runbooks of public collections are shorter than 640 words, and few people read more at night.
_RUNBOOK_WORDS = 600
# The summary at the top of a runbook page fits on one screen of a phone.
_SHOWN_LENGTH = 240
# Bytes of a whole runbook, so that its page stays small and renders quickly.
_RUNBOOK_LENGTH = 20_000

_URL = re.compile(r"https?:|www\.|\w@\w|\w\.(com|net|org|io|cn|ph)\b", re.IGNORECASE)
_HTML = re.compile(r"</?[a-z][^>]*>|&[a-z]+;", re.IGNORECASE)
# Bidi embeddings, overrides and isolates, and other invisible characters: they can disguise a text.
_INVISIBLE = re.compile(
    "[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060\u2066-\u2069\ufeff"
    "\U000e0000-\U000e007f]"
)
_SENTENCE_END = re.compile(r"[.!?](?=\s)|[。！？।؟](?=.)")
_SENTENCE = re.compile(r"(?<=[.!?])\s|(?<=[\u3002\uff01\uff1f])")
# Expectations are written as "Expect: …".
_EXPECTATION = re.compile(r"\bExpect(?:ed)?:", re.IGNORECASE)
_LEFT_OVER = re.compile(r"\b(TODO|TBD|FIXME|XXX)\b|<Insert|lorem ipsum", re.IGNORECASE)
_RUNBOOK_PLACEHOLDER = re.compile(r"<([A-Z][A-Z0-9_]*)>")
# Order statuses are not codes, whatever a sentence calls them.
_ORDER_STATES = {"2000", "3000", "4000", "5000"}
_CONFUSED = re.compile(r"^Not to be confused with:?", re.IGNORECASE | re.MULTILINE)
# Silencing these would be pointless: the database has the same constraints.
_IN_TABLES = {"C001", "C002", "C003", "C006"}
# HTTP clients and proxies automatically retry requests with these statuses.
_REPEATED_BY_HABIT = {408, 425, 429, 502, 503, 504}
# A card number in one piece, or in the groups printed on the card, all with the same separator.
_CARD = re.compile(
    r"(?<![\d.])(?:(?P<card>[2-6]\d{12,18}|[2-6]\d{3}(?P<a>[ -])\d{4}(?P=a)\d{4}(?P=a)\d{4}"
    r"|3\d{3}(?P<b>[ -])\d{6}(?P=b)\d{4,5})"
    r"(?P<more>(?P=a)\d{1,3})?)(?!\d)"
)
_CONTACT = re.compile(r"\w@\w|(?<!\w)@\w|\+\d[\d ()-]{7,}\d")
# What only the operator has: the merchant can neither open it nor call it.
_INTERNAL = re.compile(
    r"\b(?:runbooks?|on-?call|dashboards?|escalat\w*|incident lead|rota)\b|<[A-Z][A-Z0-9_]*>", re.IGNORECASE
)
_UNDO = re.compile(r"\bundo\b|cannot be undone", re.IGNORECASE)


class Level(StrEnum):
    """How bad an issue is. An error keeps a draft from being published."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """One rule that one code breaks."""

    id: str
    """Stable, such as ``"M003"``: `docs/reference/lint.md` lists them."""
    level: Level
    code: str
    where: str
    """The field, such as ``"fr.customer_message"`` or ``"runbook.diagnosis"``; empty if the issue has no field."""
    text: str
    """A sentence for ops staff, in the active language."""

    @property
    def path(self) -> Path:
        """The field as a path, such as ``("fr", "customer_message")``."""
        return parsed(self.where) if self.where else ()

    def __str__(self) -> str:
        place = " ".join(filter(None, (self.code, self.where)))
        return f"{place}: {self.text} ({self.id})" if place else f"{self.text} ({self.id})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """A reader's report that a runbook is wrong, still open."""

    pk: int
    text: str
    author: str
    """The reader's user name; empty for flags from before this column existed."""
    created_at: datetime
    reference: str
    """The runbook parameters that the reader had filled in, such as ``order_id=A-77``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """When a runbook was reviewed, published and changed, and its open flags."""

    reviewed_at: datetime | None
    published_at: datetime | None
    """When the runbook was first published."""
    changed_at: datetime | None
    """When its published text or its inherited owner or escalation last changed."""
    flags: tuple[Flag, ...] = ()
    """The open flags, oldest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What the rules need besides the entry itself."""

    known: Collection[str]
    """Every code of the catalog."""
    retired: Collection[str] = ()
    source_language: str = "en"
    languages: Collection[str] = ()
    """The languages into which every code should be translated."""
    constants: Collection[str] = ("brand",)
    """Placeholders in texts that the site fills."""
    parameters: Collection[str] = ("MERCHANT_ID", "ORDER_ID", "REQUEST_ID", "TRANSACTION_ID")
    """Placeholders that a runbook may contain."""
    general: Mapping[tuple[str, bool], Collection[str]] = field(default_factory=dict)
    """Customer texts that do not reveal the code, by language and whether the outcome is unknown."""
    review: Review | None = None
    review_days: Mapping[str, int | None] = field(default_factory=dict)
    """Days until a runbook is due for review, by severity; None for never."""
    now: datetime | None = None


# The path where a rule is broken, and a sentence for ops staff.
_Found = Iterator[tuple[Path, str]]
_Rule = Callable[[Entry, Context], _Found]
_RULES: list[tuple[str, Level, _Rule]] = []


def lint(entry: Entry, context: Context) -> list[Issue]:
    """Return every issue of one entry, in the order of the rules' ids."""
    return [
        Issue(id=id, level=level, code=entry.code, where=dotted(path), text=text)
        for id, level, rule in _RULES
        for path, text in rule(entry, context)
    ]


def is_silenced(issue: Issue, silenced: Collection[str]) -> bool:
    """Return whether a list such as ``["R010", "M010:4005"]`` silences this issue."""
    return issue.id not in _IN_TABLES and (issue.id in silenced or f"{issue.id}:{issue.code}" in silenced)


def levels() -> dict[str, Level]:
    """Return the level of every rule, by id."""
    return {id: level for id, level, _rule in _RULES}


def _rule(id: str, level: Level) -> Callable[[_Rule], _Rule]:
    def register(rule: _Rule) -> _Rule:
        _RULES.append((id, level, rule))
        return rule

    return register


# ---- codes ----


@_rule("C001", Level.ERROR)
def _unknown_is_checked_first(entry: Entry, context: Context) -> _Found:
    if entry.outcome == Outcome.UNKNOWN and entry.retry_advice != RetryAdvice.CHECK_STATUS_FIRST:
        yield ("retry_advice",), _("The outcome is unknown: the advice must be to check the status first.")
    if entry.outcome == Outcome.UNKNOWN and entry.reveal_to_customer:
        yield ("reveal_to_customer",), _("The outcome is unknown: the code must not be revealed to the customer.")


@_rule("C002", Level.ERROR)
def _accepted_is_2xx(entry: Entry, context: Context) -> _Found:
    if entry.outcome == Outcome.ACCEPTED and not 200 <= entry.http_status <= 299:
        yield ("http_status",), _("An accepted request is no error: its HTTP status must be 2xx.")


@_rule("C003", Level.ERROR)
def _retry_after_only_later(entry: Entry, context: Context) -> _Found:
    if entry.retry_after is not None and entry.retry_advice != RetryAdvice.RETRY_LATER:
        yield ("retry_after",), _("Seconds to wait make sense only with the advice to retry later.")


@_rule("C004", Level.WARNING)
def _replacement_is_usable(entry: Entry, context: Context) -> _Found:
    if entry.replaced_by and not entry.is_retired:
        yield ("replaced_by",), _("The code is not retired, but it names a replacement.")
    if entry.replaced_by in context.retired:
        yield ("replaced_by",), _("The replacement %(code)s is itself retired.") % {"code": entry.replaced_by}


@_rule("C005", Level.WARNING)
def _no_habit_repeats_it(entry: Entry, context: Context) -> _Found:
    if entry.retry_advice != RetryAdvice.RETRY_LATER and entry.http_status in _REPEATED_BY_HABIT:
        yield (
            ("http_status",),
            _("HTTP clients automatically retry after %(status)d, but the advice is not “retry later”.")
            % {"status": entry.http_status},
        )


@_rule("C006", Level.ERROR)
def _assumed_is_checked_first(entry: Entry, context: Context) -> _Found:
    if entry.outcome_basis == Basis.ASSUMED and not entry.is_careful:
        yield (
            ("retry_advice",),
            _(
                "This refusal is only assumed, so money may have moved: the retry advice must be to check the status "
                "first. Confirm the outcome before you give other advice."
            ),
        )


@_rule("C007", Level.WARNING)
def _confirmation_says_how(entry: Entry, context: Context) -> _Found:
    if entry.outcome_basis == Basis.CONFIRMED and not entry.outcome_reason:
        yield ("outcome_reason",), _("The outcome counts as confirmed, but nobody has written down how it is known.")


# ---- messages ----


def _texts(entry: Entry, *names: str) -> Iterator[tuple[Path, str]]:
    """Yield path and text of every message text that is not empty: of these fields, or of all."""
    for language, message in sorted(entry.messages.items()):
        for name in names or MESSAGE_FIELDS:
            if text := getattr(message, name):
                yield (language, name), text


@_rule("M001", Level.ERROR)
def _source_is_complete(entry: Entry, context: Context) -> _Found:
    message = entry.messages.get(context.source_language, Message())
    for name in SHORT_TEXTS:
        if not getattr(message, name):
            yield (context.source_language, name), _("The text in the source language is missing.")


@_rule("M002", Level.WARNING)
def _languages_are_complete(entry: Entry, context: Context) -> _Found:
    for language in sorted(set(context.languages) - {context.source_language}):
        message = entry.messages.get(language, Message())
        # Developers can read an untranslated merchant action in English; customers should not have to.
        for name in ("title", "customer_message"):
            if not getattr(message, name):
                yield (language, name), _("The translation is missing.")


@_rule("M003", Level.ERROR)
def _customer_reads_no_digits(entry: Entry, context: Context) -> _Found:
    for path, text in _texts(entry, "customer_message"):
        if any(unicodedata.category(character) == "Nd" for character in text):
            yield path, _("The customer text contains digits. Numbers belong beside the text.")


@_rule("M004", Level.ERROR)
def _customer_reads_no_address(entry: Entry, context: Context) -> _Found:
    for path, text in _texts(entry, "customer_message"):
        if _URL.search(text):
            yield path, _("The customer text contains a web or e-mail address.")


@_rule("M005", Level.ERROR)
def _customer_reads_no_jargon(entry: Entry, context: Context) -> _Found:
    for path, text in _texts(entry, "customer_message"):
        if word := jargon.find(text, path[0]):
            yield path, _("The customer text says “%(word)s”, which is internal jargon.") % {"word": word}


@_rule("M006", Level.ERROR)
def _texts_hold_no_html(entry: Entry, context: Context) -> _Found:
    for path, text in _texts(entry, *SHORT_TEXTS):
        if _HTML.search(text):
            yield path, _("The text contains HTML, which would be shown literally.")


@_rule("M007", Level.ERROR)
def _texts_hold_nothing_invisible(entry: Entry, context: Context) -> _Found:
    for path, text in _texts(entry):
        if found := _INVISIBLE.search(text):
            character = f"U+{ord(found[0]):04X}"
            yield path, _("The text contains the invisible character %(it)s.") % {"it": character}


@_rule("M008", Level.WARNING)
def _texts_are_trimmed(entry: Entry, context: Context) -> _Found:
    for path, text in _texts(entry):
        if text != text.strip() or ("  " in text and path[1] != "resolution"):  # whose lists may be indented
            yield path, _("The text begins or ends with a space, or contains two in a row.")


@_rule("M009", Level.WARNING)
def _customer_text_is_short(entry: Entry, context: Context) -> _Found:
    for path, text in _texts(entry, "customer_message"):
        sentences = len(_SENTENCE_END.findall(text)) + 1
        if len(text) > _CUSTOMER_LENGTH or sentences > _CUSTOMER_SENTENCES:
            yield (
                path,
                _("The customer text has %(length)d characters and %(sentences)d sentences; keep it to 160 and 2.")
                % {"length": len(text), "sentences": sentences},
            )


@_rule("M010", Level.WARNING)
def _translation_is_one(entry: Entry, context: Context) -> _Found:
    source = entry.messages.get(context.source_language, Message())
    for path, text in _texts(entry):
        if path[0] != context.source_language and text == getattr(source, path[1]):
            yield path, _("The translation is the same as the source text.")


@_rule("M011", Level.WARNING)
def _translation_is_up_to_date(entry: Entry, context: Context) -> _Found:
    source = entry.messages.get(context.source_language, Message())
    for path, _text in _texts(entry):
        language, name = path
        confirmed = entry.messages[language].source_text.get(name)
        if language != context.source_language and confirmed is not None and confirmed != getattr(source, name):
            yield path, _("The source text has changed since this translation was last confirmed.")


@_rule("M012", Level.ERROR)
def _placeholders_are_known(entry: Entry, context: Context) -> _Found:
    for path, text in _texts(entry):
        for unknown in sorted(placeholders.names(text) - set(context.constants)):
            yield path, _("The placeholder {%(name)s} has no value in PTS_ERRORS_CONTEXT.") % {"name": unknown}


@_rule("M013", Level.ERROR)
def _hidden_codes_give_nothing_away(entry: Entry, context: Context) -> _Found:
    if entry.reveal_to_customer:
        return
    for path, text in _texts(entry, "customer_message"):
        general = context.general.get((path[0], entry.outcome == Outcome.UNKNOWN))
        if general is not None and text not in general:
            yield path, _("The customer text of a hidden code must be one of the general texts for its outcome.")


@_rule("M014", Level.WARNING)
def _titles_are_short(entry: Entry, context: Context) -> _Found:
    for path, text in _texts(entry, "title"):
        if len(text) > _TITLE_LENGTH or text.endswith((".", "。", "।")):
            yield path, _("A title is a short phrase of at most 80 characters without a full stop.")


@_rule("M015", Level.WARNING)
def _actions_say_which_order_id(entry: Entry, context: Context) -> _Found:
    for path, text in _texts(entry, "merchant_action"):
        if fixed := _missing_sentence(entry, path[0], text):
            yield path, _("The action must hold, word for word: %(text)s") % {"text": fixed}


@_rule("M016", Level.INFO)
def _source_has_a_resolution(entry: Entry, context: Context) -> _Found:
    if not entry.messages.get(context.source_language, Message()).resolution:
        yield (context.source_language, "resolution"), _("The resolution in the source language is missing.")


@_rule("M017", Level.WARNING)
def _causes_are_ranked(entry: Entry, context: Context) -> _Found:
    for path, text in _texts(entry, "resolution"):
        if len(markdown.numbered_items(text)) < 2:
            yield path, _("The resolution has no numbered list of at least two causes.")


@_rule("M018", Level.WARNING)
def _resolutions_say_which_order_id(entry: Entry, context: Context) -> _Found:
    for path, text in _texts(entry, "resolution"):
        if fixed := _missing_sentence(entry, path[0], text):
            yield path, _("The resolution must hold, word for word: %(text)s") % {"text": fixed}


@_rule("M019", Level.WARNING)
def _resolution_has_its_length(entry: Entry, context: Context) -> _Found:
    least, most = _RESOLUTION_WORDS
    for path, text in _texts(entry, "resolution"):
        words = len(re.findall(r"\S*\w\S*", text))
        is_counted = path[0] == context.source_language and path[0] not in jargon.UNSPACED
        if is_counted and not least <= words <= most:
            sentence = _("The resolution has %(words)d words; write between %(least)d and %(most)d.")
            yield path, sentence % {"words": words, "least": least, "most": most}


@_rule("M020", Level.WARNING)
def _merchants_read_nothing_internal(entry: Entry, context: Context) -> _Found:
    for path, text in _texts(entry, "resolution"):
        if found := _INTERNAL.search(text):
            yield path, _("The resolution says “%(word)s”, which only the operator has.") % {"word": found[0]}


@_rule("M021", Level.ERROR)
def _resolutions_are_markdown_only(entry: Entry, context: Context) -> _Found:
    return _not_plain(_texts(entry, "resolution"))


def _missing_sentence(entry: Entry, language: str, text: str) -> str:
    """Return the fixed sentence about the order id if the text lacks it or also has another one, else an empty text."""
    case = order_ids.after(entry.outcome, entry.retry_advice)
    fixed = order_ids.sentence(case, language)
    others = (order_ids.sentence(other, language) for other in order_ids.SENTENCES if other != case)
    is_right = fixed in text and not any(other and other in text for other in others)
    return "" if is_right else fixed


# ---- runbooks ----


def _sections(entry: Entry) -> Iterator[tuple[Path, str]]:
    for name in RUNBOOK_SECTIONS:
        if entry.runbook is not None and (text := getattr(entry.runbook, name)):
            yield ("runbook", name), text


@_rule("R001", Level.ERROR)
def _sections_are_filled(entry: Entry, context: Context) -> _Found:
    if entry.severity not in (Severity.ERROR, Severity.CRITICAL):
        return
    inherited = {"escalation"} if entry.category.escalation else set()
    for name in RUNBOOK_SECTIONS:
        if not getattr(entry.runbook or Runbook(), name) and name not in inherited:
            yield ("runbook", name), _("The section is empty, but a code of this severity needs it.")


@_rule("R002", Level.ERROR)
def _nothing_is_left_over(entry: Entry, context: Context) -> _Found:
    for path, text in _sections(entry):
        if found := _LEFT_OVER.search(text):
            yield path, _("“%(word)s” is a leftover from drafting.") % {"word": found[0]}


@_rule("R003", Level.ERROR)
def _runbook_placeholders_are_known(entry: Entry, context: Context) -> _Found:
    for path, text in _sections(entry):
        for unknown in sorted(set(_RUNBOOK_PLACEHOLDER.findall(text)) - set(context.parameters)):
            yield (
                path,
                _("The placeholder <%(name)s> is unknown and would leave a gap in a command.") % {"name": unknown},
            )


@_rule("R004", Level.ERROR)
def _codes_exist(entry: Entry, context: Context) -> _Found:
    for path, text in _sections(entry):
        for code in sorted(_codes_in(text, context)):
            if code in context.retired and code != entry.code:
                yield path, _("The code %(code)s is retired.") % {"code": code}
            elif code not in context.known and code not in _ORDER_STATES:
                yield path, _("The code %(code)s is not in the catalog.") % {"code": code}


def _codes_in(text: str, context: Context) -> set[str]:
    """Return the codes that a section names: known ones, and unknown numbers only with a label such as “code”."""
    label = _CONFUSED.search(text)
    labeled_from = label.end() if label else len(text)
    return {
        found.code
        for found in mentions.in_text(text)
        if found.code in context.known or (len(found.code) == 4 and (found.is_labeled or found.start >= labeled_from))
    }


@_rule("R005", Level.ERROR)
def _no_secrets(entry: Entry, context: Context) -> _Found:
    for path, text in _sections(entry):
        if "-----BEGIN " in text:
            yield path, _("The section contains a key or certificate.")
        if any(_is_card(found, context.known) for found in _CARD.finditer(text)):
            yield path, _("The section contains what looks like a card number.")


@_rule("R006", Level.ERROR)
def _markdown_only(entry: Entry, context: Context) -> _Found:
    return _not_plain(_sections(entry))


def _not_plain(texts: Iterable[tuple[Path, str]]) -> _Found:
    for path, text in texts:
        for piece in markdown.forbidden(text):
            if not _RUNBOOK_PLACEHOLDER.fullmatch(piece):
                yield path, _("%(piece)s is HTML or an image, and would be shown literally.") % {"piece": piece}


@_rule("R007", Level.ERROR)
def _runbook_is_bounded(entry: Entry, context: Context) -> _Found:
    if sum(len(text.encode()) for _path, text in _sections(entry)) > _RUNBOOK_LENGTH:
        yield ("runbook",), _("The runbook has more than 20,000 bytes.")


@_rule("R010", Level.WARNING)
def _somebody_owns_it(entry: Entry, context: Context) -> _Found:
    if not (entry.runbook and entry.runbook.owner) and not entry.category.owner:
        yield ("runbook", "owner"), _("Neither the runbook nor its category has an owner.")


@_rule("R011", Level.WARNING)
def _review_is_recent(entry: Entry, context: Context) -> _Found:
    review, now = context.review, context.now
    if review is None or now is None:
        return
    if review.reviewed_at and review.changed_at and review.changed_at > review.reviewed_at:
        yield ("runbook", "reviewed_at"), _("The runbook has changed since its last review.")
    days = context.review_days.get(entry.severity)
    since = review.reviewed_at or review.published_at
    if days is not None and since is not None and now - since > timedelta(days=days):
        overdue = (now - since).days - days
        yield ("runbook", "reviewed_at"), _("The review is overdue by %(days)d days.") % {"days": overdue}


@_rule("R012", Level.WARNING)
def _nobody_flagged_it(entry: Entry, context: Context) -> _Found:
    for flag in context.review.flags if context.review else ():
        yield ("runbook", "flag"), _("A reader flagged the runbook: %(flag)s") % {"flag": flag.text}


@_rule("R013", Level.WARNING)
def _steps_are_numbered(entry: Entry, context: Context) -> _Found:
    if entry.runbook and entry.runbook.diagnosis and not markdown.numbered_items(entry.runbook.diagnosis):
        yield ("runbook", "diagnosis"), _("The diagnosis has no numbered list of steps.")


@_rule("R014", Level.WARNING)
def _steps_say_what_to_expect(entry: Entry, context: Context) -> _Found:
    steps = markdown.numbered_items(entry.runbook.diagnosis) if entry.runbook else []
    for number, step in enumerate(steps, start=1):
        if not re.search(r"\bexpect", step, re.IGNORECASE):
            yield ("runbook", "diagnosis"), _("Step %(number)d does not say what to expect.") % {"number": number}


@_rule("R015", Level.WARNING)
def _changes_can_be_undone(entry: Entry, context: Context) -> _Found:
    if entry.runbook and entry.runbook.mitigation and not _UNDO.search(entry.runbook.mitigation):
        yield (
            ("runbook", "mitigation"),
            _("The mitigation does not say how to undo its changes, or that they cannot be undone."),
        )


@_rule("R016", Level.WARNING)
def _roles_not_people(entry: Entry, context: Context) -> _Found:
    for path, text in _sections(entry):
        if _CONTACT.search(text):
            yield path, _("The section contains an e-mail address, phone number or @name. People leave; name a role.")


@_rule("R017", Level.WARNING)
def _runbook_is_short(entry: Entry, context: Context) -> _Found:
    # Words have letters or digits, which excludes the lines of a Markdown table.
    words = sum(len(re.findall(r"\S*\w\S*", text)) for _path, text in _sections(entry))
    if words > _RUNBOOK_WORDS:
        yield (
            ("runbook",),
            _("The runbook has %(words)d words; keep it to 600, short enough to read at night.") % {"words": words},
        )


@_rule("R018", Level.INFO)
def _links_are_encrypted(entry: Entry, context: Context) -> _Found:
    for path, text in _sections(entry):
        if "http://" in text:
            yield path, _("The section contains a link that is not encrypted.")


@_rule("R019", Level.WARNING)
def _look_alikes_are_similar(entry: Entry, context: Context) -> _Found:
    if entry.runbook is None or not entry.runbook.meaning:
        return
    place = _CONFUSED.search(entry.runbook.meaning)
    named = {found.code for found in mentions.in_text(entry.runbook.meaning[place.end() :])} if place else set()
    named = named & set(context.known)
    for code in sorted(named - set(entry.similar)):
        yield (
            ("similar",),
            _("The runbook names %(code)s as a look-alike; add it to the similar codes.") % {"code": code},
        )
    for code in sorted(set(entry.similar) - named):
        yield (
            ("runbook", "meaning"),
            _("The similar code %(code)s is missing under “Not to be confused with”.") % {"code": code},
        )


@_rule("R020", Level.WARNING)
def _what_is_shown_first_is_short(entry: Entry, context: Context) -> _Found:
    for name, text in shown(entry.runbook or Runbook()).items():
        if len(text) > _SHOWN_LENGTH:
            yield (
                ("runbook", name),
                _("The top of the page shows %(length)d characters of this section; keep that part to 240.")
                % {"length": len(text)},
            )


@_rule("R021", Level.WARNING)
def _meaning_says_which_order_id(entry: Entry, context: Context) -> _Found:
    fixed = order_ids.sentence(order_ids.after(entry.outcome, entry.retry_advice), context.source_language)
    if entry.runbook and entry.runbook.meaning and fixed not in markdown.plain(entry.runbook.meaning):
        yield ("runbook", "meaning"), _("The first paragraph must hold, word for word: %(text)s") % {"text": fixed}


@_rule("R022", Level.ERROR)
def _links_are_whole(entry: Entry, context: Context) -> _Found:
    for name, words in markdown.undefined({path[1]: text for path, text in _sections(entry)}):
        yield (
            ("runbook", name),
            _("The address of the link “%(link)s” is in another section. Write it here: each section is shown alone.")
            % {"link": words},
        )


@_rule("R023", Level.INFO)
def _statements_are_confirmed(entry: Entry, context: Context) -> _Found:
    if count := sum(len(markdown.unconfirmed(text)) for _path, text in _sections(entry)):
        yield (
            ("runbook",),
            ngettext(
                "%(count)d statement of this runbook is unconfirmed.",
                "%(count)d statements of this runbook are unconfirmed.",
                count,
            )
            % {"count": count},
        )


def shown(runbook: Runbook, *, unconfirmed: str = "") -> dict[str, str]:
    """Return the summary at the top of a runbook page, by section, as whole sentences or instructions.

    These are the first sentence of the impact, the instruction of the first diagnosis step, and the first paragraph
    or item of the escalation. The step's expected result is left out: half of it could be taken for a decision.
    ``unconfirmed`` is the label of unconfirmed remarks; without it they stay as written.
    """

    def first(text: str) -> str:
        return markdown.plain(text, unconfirmed=unconfirmed)

    steps = markdown.numbered_items(runbook.diagnosis)
    return {
        "impact": _SENTENCE.split(first(runbook.impact), maxsplit=1)[0],
        "diagnosis": _EXPECTATION.split(first(steps[0]), maxsplit=1)[0].strip() if steps else "",
        "escalation": first(runbook.escalation),
    }


def _is_card(found: re.Match[str], known: Collection[str]) -> bool:
    """Return whether a number has a valid Luhn check digit, as payment cards have and few other numbers.

    Adjacent codes are not a card number. The last group is tried with and without, as it may be another number.
    """
    if all(group in known or group in _ORDER_STATES for group in re.split("[ -]", found["card"])):
        return False
    return any(_has_check_digit(digits) for digits in (found["card"], found[0]))


def _has_check_digit(digits: str) -> bool:
    numbers = [int(character) for character in reversed(digits) if character.isdigit()]
    return (
        sum(number if index % 2 == 0 else sum(divmod(2 * number, 10)) for index, number in enumerate(numbers)) % 10 == 0
    )
