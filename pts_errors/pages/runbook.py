"""The on-call pages: what ops staff do about a code, with everything that they need in the first ten seconds."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from pts_errors import lint, markdown
from pts_errors.catalog import Catalog, LocalizedError
from pts_errors.conf import conf
from pts_errors.entry import RUNBOOK_SECTIONS, Entry, Runbook
from pts_errors.lint import Review
from pts_errors.models import Severity
from pts_errors.pages import words
from pts_errors.pages.frame import Frame

LIST_TEMPLATE = "pts_errors/runbook_list.html"
RUNBOOK_TEMPLATE = "pts_errors/runbook.html"
UNKNOWN_TEMPLATE = "pts_errors/runbook_unknown.html"
FORBIDDEN_TEMPLATE = "pts_errors/runbook_forbidden.html"

_HEADINGS = {
    "meaning": gettext_lazy("Meaning"),
    "impact": gettext_lazy("Impact"),
    "diagnosis": gettext_lazy("Diagnosis"),
    "mitigation": gettext_lazy("Mitigation"),
    "verification": gettext_lazy("Verification"),
    "escalation": gettext_lazy("Escalation"),
}

_PLACEHOLDER = re.compile(r"<([A-Z][A-Z0-9_]*)>")
# The same in HTML, as text and inside the address of a link; and every tag, whose attributes take no markup.
_RENDERED = re.compile(r"&lt;([A-Z][A-Z0-9_]*)&gt;|%3C([A-Z][A-Z0-9_]*)%3E")
_TAG = re.compile(r"(<[^>]*>)")
# Neither HTML, nor Markdown, nor a shell, nor an address gives these characters a meaning that could do harm.
_VALUE = re.compile(r"[A-Za-z0-9._:-]{1,64}")

# The lint rule that says whether a review is overdue, or the text newer than it.
_REVIEW_RULE = "R011"

# Where a first sentence ends. Expectations are written as "Expect: …" on a line of their own.
_SENTENCE = re.compile(r"(?<=[.!?])\s|(?<=[\u3002\uff01\uff1f])")
_EXPECT = re.compile(r"\bExpect(?:ed)?:\s*", re.IGNORECASE)

# A number in a log line: not a part of a longer word, a decimal, a date or an identifier.
_NUMBER = re.compile(r"(?<![\w.])[1-9][0-9]{0,8}(?!\w|[.,:]\d|-\w)")

# How log lines write the value of a name: order_id=A77, "order_id": "A77".
_ASSIGNED = r"""["']?\s{0,3}[=:]\s{0,3}["']?([^\s"',;&}\]]+)"""

# A log line may be long; what is beyond is not looked at.
_MAX_QUERY = 10_000


class Links(Protocol):
    """Addresses of the staff pages, as the views or a static copy have them."""

    def runbook(self, code: str) -> str:
        """Return the address of a code's runbook."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunbookLink:
    """One code in a list, with the address of its runbook."""

    code: str
    name: str
    title: str
    provider_message: str
    severity: str
    severity_label: str
    owner: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPage:
    """All runbooks, or those that match a query."""

    frame: Frame
    query: str
    links: tuple[RunbookLink, ...]
    language: str
    """The language in which runbooks are written."""
    revision: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Strip:
    """What one needs to know in the first ten seconds, on one screen of a phone."""

    outcome: words.Words
    retry: words.Words
    impact: str
    first_step: str
    expectation: str
    owner: str
    escalation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One section of a runbook."""

    slug: str
    heading: str
    html: SafeString


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """Whether the page can be trusted, in sentences."""

    reviewed: str
    changed: str
    warnings: tuple[str, ...]
    flag: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunbookPage:
    """The runbook of one code."""

    frame: Frame
    code: str
    name: str
    title: str
    provider_message: str
    category: str
    severity: str
    severity_label: str
    is_retired: bool
    replaced_by: RunbookLink | None
    language: str
    """The language in which runbooks are written."""
    strip: Strip
    trust: Trust
    sections: tuple[Section, ...]
    parameters: tuple[tuple[str, str], ...]
    """Names and values of the placeholders of this runbook that the query string fills."""
    open_placeholders: tuple[str, ...]
    similar: tuple[RunbookLink, ...]
    revision: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rendered:
    """A runbook with the site's constants filled in."""

    source: Runbook
    html: Mapping[str, str]
    placeholders: tuple[str, ...]


@dataclass(slots=True)
class _Cache:
    """The rendered runbooks of one catalog."""

    catalog: Catalog | None = None
    rendered: dict[str, _Rendered] = field(default_factory=dict)


# Rendering takes some milliseconds a runbook. One catalog is served at a time: the next one takes its place.
_cache = _Cache()


def search(catalog: Catalog, query: str) -> str:
    """Return the first code of the catalog that a text names, such as a pasted log line, or an empty text."""
    return next((found for found in _NUMBER.findall(query[:_MAX_QUERY]) if found in catalog.entries), "")


def values_in(query: str) -> dict[str, str]:
    """Return the values of placeholders that a log line names, such as ``order_id=A77``."""
    found = {}
    for name in conf.RUNBOOK_PARAMETERS:
        match = re.search(rf"(?<!\w){re.escape(name)}{_ASSIGNED}", query[:_MAX_QUERY])
        if match and _VALUE.fullmatch(match[1]):
            found[name] = match[1]
    return found


def values(query: Mapping[str, str]) -> dict[str, str]:
    """Return the values that may fill placeholders, by parameter: only listed names, only harmless characters."""
    return {name: query[name] for name in conf.RUNBOOK_PARAMETERS if _VALUE.fullmatch(query.get(name, ""))}


def list_page(catalog: Catalog, *, frame: Frame, links: Links, query: str = "") -> ListPage:
    """Return the list of all codes, or of those in which every word of the query is found."""
    query = " ".join(query[:_MAX_QUERY].split())
    wanted = query.casefold().split()
    every = [_link(catalog, code, links) for code in catalog.entries]
    found = [link for link in every if all(word in _searched(link) for word in wanted)]
    return ListPage(
        frame=frame, query=query, links=tuple(found), language=catalog.source_language, revision=catalog.number
    )


def runbook_page(
    catalog: Catalog,
    code: str,
    *,
    frame: Frame,
    links: Links,
    review: Review | None = None,
    now: datetime | None = None,
    given: Mapping[str, str] | None = None,
) -> RunbookPage:
    """Return the runbook of one of the catalog's codes.

    ``given`` are the values of placeholders by parameter. Without ``now``, nothing is said that time would make false.
    """
    entry = catalog.entries[code]
    filled = {name.upper(): value for name, value in (given or {}).items()}
    rendered = _rendered(catalog, entry)
    error = catalog.table(catalog.source_language).errors[code]
    named = {name.upper(): name for name in conf.RUNBOOK_PARAMETERS}
    return RunbookPage(
        frame=frame,
        code=code,
        name=entry.name,
        title=error.title,
        provider_message=entry.provider_message,
        category=entry.category.name or entry.category.slug,
        severity=entry.severity,
        severity_label=_severity(entry.severity),
        is_retired=entry.is_retired,
        replaced_by=next(iter(_known(catalog, [entry.replaced_by], links)), None),
        language=catalog.source_language,
        strip=_strip(entry, error, rendered.source, filled),
        trust=_trust(entry, review, now),
        sections=tuple(
            Section(slug=name, heading=str(_HEADINGS[name]), html=_fill_html(rendered.html[name], filled))
            for name in RUNBOOK_SECTIONS
            if rendered.html[name]
        ),
        parameters=tuple((named[name], filled.get(name, "")) for name in rendered.placeholders if name in named),
        open_placeholders=tuple(name for name in rendered.placeholders if name not in filled),
        similar=_known(catalog, entry.similar, links),
        revision=entry.revision,
    )


def as_markdown(catalog: Catalog, page: RunbookPage, given: Mapping[str, str]) -> str:
    """Return a runbook as Markdown with its placeholders filled, for chat bots and for a terminal."""
    filled = {name.upper(): value for name, value in given.items()}
    source = _rendered(catalog, catalog.entries[page.code]).source
    lines = [
        f"# {page.code} {page.title} ({page.severity_label})",
        "",
        f"> {page.provider_message}",
        "",
        f"- {_('Money')}: **{page.strip.outcome.label}**. {page.strip.outcome.sentence}",
        f"- {_('Retry')}: **{page.strip.retry.label}**. {page.strip.retry.sentence}",
        f"- {_('Owner')}: {page.strip.owner}",
        *(f"- {sentence}" for sentence in (page.trust.reviewed, page.trust.changed, *page.trust.warnings) if sentence),
    ]
    for section in page.sections:
        lines += ["", f"## {section.heading}", "", _fill(getattr(source, section.slug), filled)]
    return "\n".join(lines) + "\n"


def _rendered(catalog: Catalog, entry: Entry) -> _Rendered:
    global _cache
    cache = _cache
    if cache.catalog is not catalog:
        cache = _cache = _Cache(catalog=catalog)
    if entry.code not in cache.rendered:
        cache.rendered[entry.code] = _render(entry)
    return cache.rendered[entry.code]


def _render(entry: Entry) -> _Rendered:
    runbook = entry.runbook or Runbook()
    texts = {name: _fill(getattr(runbook, name), conf.RUNBOOK_CONTEXT) for name in RUNBOOK_SECTIONS}
    texts["escalation"] = texts["escalation"] or _fill(entry.category.escalation, conf.RUNBOOK_CONTEXT)
    found = _PLACEHOLDER.findall("\n".join(texts.values()))
    return _Rendered(
        source=Runbook(owner=runbook.owner or entry.category.owner, **texts),
        html={name: markdown.render(text) for name, text in texts.items()},
        placeholders=tuple(dict.fromkeys(found)),
    )


def _fill(text: str, filled: Mapping[str, str]) -> str:
    return _PLACEHOLDER.sub(lambda found: filled.get(found[1], found[0]), text)


def _fill_html(html: str, filled: Mapping[str, str]) -> SafeString:
    """Fill the placeholders in rendered Markdown, and mark what was filled and what is open."""

    def plain(found: re.Match[str]) -> str:
        return filled.get(found[1] or found[2], found[0])

    def marked(found: re.Match[str]) -> str:
        name = found[1]
        if name is None:  # "%3C…%3E" that somebody wrote as text
            return found[0]
        if name in filled:
            return format_html('<mark class="filled">{}</mark>', filled[name])
        return format_html('<mark class="open">&lt;{}&gt;</mark>', name)

    # Split by tags, every other piece is one. The renderer escapes "<" and ">" in texts and in attributes.
    pieces = _TAG.split(html)
    done = (_RENDERED.sub(plain if index % 2 else marked, piece) for index, piece in enumerate(pieces))
    return mark_safe("".join(done))  # what the renderer made safe, with values that hold no markup


def _strip(entry: Entry, error: LocalizedError, source: Runbook, filled: Mapping[str, str]) -> Strip:
    step, *expectation = _EXPECT.split(next(map(markdown.plain, markdown.numbered_items(source.diagnosis)), ""), 1)
    return Strip(
        outcome=words.of_outcome(entry.outcome),
        retry=words.of_retry_advice(entry.retry_advice, error.retry_after),
        impact=_fill(_first_sentence(markdown.plain(source.impact)), filled),
        first_step=_fill(_first_sentence(step), filled),
        expectation=_fill(_first_sentence("".join(expectation)), filled),
        owner=source.owner,
        escalation=_fill(_first_sentence(markdown.plain(source.escalation)), filled),
    )


def _first_sentence(text: str) -> str:
    return _SENTENCE.split(text.strip(), maxsplit=1)[0]


def _trust(entry: Entry, review: Review | None, now: datetime | None) -> Trust:
    if review is None:
        return Trust(reviewed="", changed="", warnings=(), flag="")
    context = lint.Context(known=(), review=review, review_days=conf.REVIEW_DAYS, now=now)
    return Trust(
        reviewed=_reviewed(review.reviewed_at, now) if review.reviewed_at else _("Never reviewed."),
        changed=_changed(review.changed_at, now) if review.changed_at else "",
        warnings=tuple(issue.text for issue in lint.lint(entry, context) if issue.id == _REVIEW_RULE),
        flag=review.flag,
    )


def _reviewed(moment: datetime, now: datetime | None) -> str:
    if now is None:
        return _("Reviewed on %(date)s.") % {"date": _date(moment)}
    days = (now - moment).days
    if days < 1:
        return _("Reviewed today.")
    return ngettext("Reviewed %(days)d day ago.", "Reviewed %(days)d days ago.", days) % {"days": days}


def _changed(moment: datetime, now: datetime | None) -> str:
    if now is None:
        return _("Changed on %(date)s.") % {"date": _date(moment)}
    days = (now - moment).days
    if days < 1:
        return _("Changed today.")
    return ngettext("Changed %(days)d day ago.", "Changed %(days)d days ago.", days) % {"days": days}


def _date(moment: datetime) -> str:
    return moment.date().isoformat()


def _known(catalog: Catalog, codes: Collection[str], links: Links) -> tuple[RunbookLink, ...]:
    return tuple(_link(catalog, code, links) for code in codes if code in catalog.entries)


def _link(catalog: Catalog, code: str, links: Links) -> RunbookLink:
    entry = catalog.entries[code]
    return RunbookLink(
        code=code,
        name=entry.name,
        title=catalog.table(catalog.source_language).errors[code].title,
        provider_message=entry.provider_message,
        severity=entry.severity,
        severity_label=_severity(entry.severity),
        owner=(entry.runbook.owner if entry.runbook else "") or entry.category.owner,
        url=links.runbook(code),
    )


def _searched(link: RunbookLink) -> str:
    shown = (link.code, link.title, link.provider_message, link.name, link.severity_label, link.owner)
    return " ".join(shown).casefold()


def _severity(severity: str) -> str:
    return str(dict(Severity.choices).get(severity, severity))
