"""The on-call pages: what ops staff do about a code, with everything that they need in the first ten seconds."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from urllib.parse import urlencode

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from pts_errors import lint, markdown, mentions
from pts_errors.catalog import Catalog, LocalizedError
from pts_errors.conf import conf
from pts_errors.entry import RUNBOOK_SECTIONS, Entry, Runbook, Severity
from pts_errors.lint import Flag, Review
from pts_errors.models import LABELS
from pts_errors.pages import search, words
from pts_errors.pages.frame import Frame
from pts_errors.pages.search import Found

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

# Texts in which a number is no mention of a code, but a part of a link, a command or an example.
_QUOTING = re.compile(r"</?(a|code|pre)\b")


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
    rank: int
    """How careful one has to be: 0 where money may have moved."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPage:
    """All runbooks, or those that match a query."""

    frame: Frame
    query: str
    links: tuple[RunbookLink, ...]
    candidates: tuple[Found, ...]
    """The codes that a pasted line may mean; empty where the query is words to look for."""
    language: str
    """The language in which runbooks are written."""
    revision: int
    rules: Mapping[str, Any] | None
    """How a line is read, for the script of a static copy; None where a server reads it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Strip:
    """What one needs to know in the first ten seconds, on one screen of a phone."""

    outcome: words.Words
    retry: words.Words
    impact: str
    first_step: str
    """What the first step asks to do, whole. Its expectation is a decision, and stands with the step alone."""
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
    flags: tuple[Flag, ...]


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


def values(query: Mapping[str, str]) -> dict[str, str]:
    """Return the values that may fill placeholders, by parameter: only listed names, only harmless characters."""
    return {name: query[name] for name in conf.RUNBOOK_PARAMETERS if _VALUE.fullmatch(query.get(name, ""))}


def list_page(
    catalog: Catalog, *, frame: Frame, links: Links, query: str = "", given: Mapping[str, str] | None = None
) -> ListPage:
    """Return the list of all codes, of those that a pasted line may mean, or of those that hold every word of a query.

    ``given`` are the values of placeholders that the addresses of candidates carry on.
    """
    carried = f"?{urlencode(given)}" if given else ""
    addresses = {code: links.runbook(code) + carried for code in catalog.entries}
    language = catalog.source_language
    candidates = search.candidates(search.read(catalog, query), catalog, language=language, addresses=addresses)
    query = " ".join(query[: mentions.MAX_TEXT].split())
    wanted = query.casefold().split()
    every = [_link(catalog, code, links) for code in catalog.entries]
    found = [link for link in every if all(word in _searched(link) for word in wanted)]
    return ListPage(
        frame=frame,
        query=query,
        links=() if candidates else tuple(found),
        candidates=tuple(candidates),
        language=catalog.source_language,
        revision=catalog.number,
        rules=None if frame.is_live else mentions.rules(),
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
        category=words.of_category(entry.category.name) or entry.category.slug,
        severity=entry.severity,
        severity_label=_severity(entry.severity),
        is_retired=entry.is_retired,
        replaced_by=next(iter(_known(catalog, [entry.replaced_by], links)), None),
        language=catalog.source_language,
        strip=_strip(entry, error, rendered.source, filled),
        trust=_trust(entry, review, now),
        sections=tuple(
            Section(
                slug=name,
                heading=str(_HEADINGS[name]),
                html=_fill_html(_with_links(rendered.html[name], catalog, code, links), filled),
            )
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


def _with_links(html: str, catalog: Catalog, own: str, links: Links) -> str:
    """Return rendered Markdown with a link around every code of the catalog but the page's own."""
    pieces = _TAG.split(html)
    before = ""  # a label may stand in another element: <code>status</code> 1000
    quoting = 0
    for index, piece in enumerate(pieces):
        if index % 2:
            if _QUOTING.match(piece):
                quoting += -1 if piece.startswith("</") else 1
            elif not piece.startswith(("<em", "<strong", "</em", "</strong")):
                before = ""
            continue
        if not quoting:
            pieces[index] = _linked(before, piece, catalog, own, links)
        before += piece
    return "".join(pieces)


def _linked(before: str, text: str, catalog: Catalog, own: str, links: Links) -> str:
    done, place = "", len(before)
    for mention in mentions.in_text(before + text):
        if mention.start >= len(before) and mention.code in catalog.entries and mention.code != own:
            done += (before + text)[place : mention.start]
            done += format_html('<a href="{}">{}</a>', links.runbook(mention.code), mention.code)
            place = mention.start + len(mention.code)
    return done + (before + text)[place:]


def _strip(entry: Entry, error: LocalizedError, source: Runbook, filled: Mapping[str, str]) -> Strip:
    shown = {name: _fill(text, filled) for name, text in lint.shown(source).items()}
    return Strip(
        outcome=words.of_outcome(entry.outcome, entry.retry_advice),
        retry=words.of_retry_advice(entry.retry_advice, error.retry_after),
        impact=shown["impact"],
        first_step=shown["diagnosis"],
        owner=source.owner,
        escalation=shown["escalation"],
    )


def _trust(entry: Entry, review: Review | None, now: datetime | None) -> Trust:
    if review is None:
        return Trust(reviewed="", changed="", warnings=(), flags=())
    context = lint.Context(known=(), review=review, review_days=conf.REVIEW_DAYS, now=now)
    return Trust(
        reviewed=_reviewed(review.reviewed_at, now) if review.reviewed_at else _("Never reviewed."),
        changed=_changed(review.changed_at, now) if review.changed_at else "",
        warnings=tuple(issue.text for issue in lint.lint(entry, context) if issue.id == _REVIEW_RULE),
        flags=review.flags,
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
        rank=words.rank(entry.outcome, entry.retry_advice),
    )


def _searched(link: RunbookLink) -> str:
    shown = (link.code, link.title, link.provider_message, link.name, link.severity_label, link.owner)
    return " ".join(shown).casefold()


def _severity(severity: str) -> str:
    return str(LABELS[Severity].get(severity, severity))
