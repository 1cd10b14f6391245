"""The content of the on-call pages: what ops staff do about a code, the first steps on top."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy

from pts_errors.conf import conf
from pts_errors.lint import rules
from pts_errors.lint.rules import Review
from pts_errors.pages import linking, words
from pts_errors.pages.frame import Frame
from pts_errors.pages.public import PublicError, public_errors
from pts_errors.pages.search import search
from pts_errors.values import markdown, roles
from pts_errors.values.catalog import Catalog
from pts_errors.values.entry import RUNBOOK_SECTIONS, Entry, Runbook

LIST_TEMPLATE = "pts_errors/runbook_list.html"
RUNBOOK_TEMPLATE = "pts_errors/runbook.html"
UNKNOWN_TEMPLATE = "pts_errors/runbook_unknown.html"
FORBIDDEN_TEMPLATE = "pts_errors/runbook_forbidden.html"

HEADINGS = {
    "meaning": gettext_lazy("Meaning"),
    "impact": gettext_lazy("Impact"),
    "diagnosis": gettext_lazy("Diagnosis"),
    "mitigation": gettext_lazy("Mitigation"),
    "verification": gettext_lazy("Verification"),
    "escalation": gettext_lazy("Escalation"),
}

UNCONFIRMED = gettext_lazy("Unconfirmed")
"""The label of a statement that nobody has confirmed yet."""

_PLACEHOLDER = re.compile(r"<([A-Z][A-Z0-9_]*)>")
# A placeholder in rendered HTML: escaped in a text, or percent-encoded in the address of a link.
_RENDERED = re.compile(r"&lt;([A-Z][A-Z0-9_]*)&gt;|%3C([A-Z][A-Z0-9_]*)%3E")
_TAG = re.compile(r"(<[^>]*>)")
# These characters are harmless in HTML, in Markdown, in a shell and in an address.
_VALUE = re.compile(r"[A-Za-z0-9._:-]{1,64}")

# The lint rule for overdue reviews, and for texts that are newer than their review.
_REVIEW_RULE = "R011"

# The age of something: without a clock, within a day, and later.
_REVIEWED = (
    gettext_lazy("Reviewed on %(date)s."),
    gettext_lazy("Reviewed today."),
    ngettext_lazy("Reviewed %(days)d day ago.", "Reviewed %(days)d days ago.", "days"),
)
_CHANGED = (
    gettext_lazy("Changed on %(date)s."),
    gettext_lazy("Changed today."),
    ngettext_lazy("Changed %(days)d day ago.", "Changed %(days)d days ago.", "days"),
)

Address = linking.Address
"""Returns the address of a code's runbook, in the views or in a static copy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rendered:
    """A runbook with the site's constants filled in."""

    source: Runbook
    """Including what it inherits from its category."""
    html: Mapping[str, str]
    """By section."""
    placeholders: tuple[str, ...]


def values(query: Mapping[str, str]) -> dict[str, str]:
    """Return the values for placeholders in a query: only configured names, only harmless characters."""
    return {name: query[name] for name in conf.RUNBOOK_PARAMETERS if _VALUE.fullmatch(query.get(name, ""))}


def list_page(
    catalog: Catalog, *, frame: Frame, url: Address, query: str = "", given: Mapping[str, str] | None = None
) -> dict[str, object]:
    """Return the context of the list of runbooks.

    A query filters it: to the codes that a pasted line may mean, or else to those that contain every word. The
    addresses of candidates carry over ``given``, the values of placeholders.
    """
    carried = f"?{urlencode(given)}" if given else ""
    language = catalog.source_language
    found = search(catalog, query, language=language, url=lambda code: url(code) + carried, is_live=frame.is_live)
    rows = []
    for error in public_errors(catalog, () if found.candidates else catalog.entries, language=language, url=url):
        entry = catalog.entries[error.code]
        severity, owner = words.of_severity(entry.severity), addressed(entry).owner
        if found.finds(error.code, error.title, error.provider_message, error.name, severity.label, owner):
            rows.append((error, severity, owner))
    return {
        "frame": frame,
        "page": {
            "search": found,
            "rows": rows,
            "count": len(found.candidates or rows),
            "language": language,
            "revision": catalog.number,
        },
    }


def runbook_page(
    catalog: Catalog,
    code: str,
    *,
    frame: Frame,
    url: Address,
    review: Review | None = None,
    now: datetime | None = None,
    given: Mapping[str, str] | None = None,
    public_url: str = "",
) -> dict[str, object]:
    """Return the context of the runbook of one of the catalog's codes.

    ``given`` holds the values of placeholders by parameter. Without ``now``, dates are shown instead of ages.
    ``public_url`` is the address of the code's public page, or empty where there is none.
    """
    entry = catalog.entries[code]
    language = catalog.source_language
    error = PublicError.of(catalog.table(language).find(code))
    filled = _filled(given)
    rendered = _rendered(entry)
    named = {name.upper(): name for name in conf.RUNBOOK_PARAMETERS}
    ages, warnings = _trust(entry, review, now)
    return {
        "frame": frame,
        "page": {
            "error": error,
            "told": f"{public_url}#resolution" if public_url and error.resolution.text else "",
            "severity": words.of_severity(entry.severity),
            "category": words.of_category(entry.category.name) or entry.category.slug,
            "replacements": public_errors(catalog, [entry.replaced_by], language=language, url=url),
            "similar": public_errors(catalog, entry.similar, language=language, url=url),
            "language": language,
            "owner": rendered.source.owner,
            "strip": {
                name: _fill(text, filled)
                for name, text in rules.shown(rendered.source, unconfirmed=str(UNCONFIRMED)).items()
            },
            "ages": ages,
            "warnings": warnings,
            "flags": review.flags if review else (),
            "sections": [
                (name, HEADINGS[name], _fill_html(linking.with_links(html, catalog, code, url), filled))
                for name, html in rendered.html.items()
                if html
            ],
            "parameters": [(named[name], filled.get(name, "")) for name in rendered.placeholders if name in named],
            "open_placeholders": [name for name in rendered.placeholders if name not in filled],
        },
    }


def as_markdown(
    catalog: Catalog,
    code: str,
    *,
    review: Review | None = None,
    now: datetime | None = None,
    given: Mapping[str, str] | None = None,
) -> str:
    """Return a runbook as Markdown with its placeholders filled, for chat bots and terminals."""
    entry = catalog.entries[code]
    error = PublicError.of(catalog.table(catalog.source_language).find(code))
    outcome, retry = error.outcome_words, error.retry_words
    rendered = _rendered(entry)
    ages, warnings = _trust(entry, review, now)
    lines = [
        f"# {code} {error.title} ({words.of_severity(entry.severity).label})",
        "",
        f"> {error.provider_message}",
        "",
        f"- {_('Money')}: **{outcome.label}**. {outcome.sentence} {error.basis_words}",
        f"- {_('Retry')}: **{retry.label}**. {retry.sentence}",
        f"- {_('Owner')}: {roles.named_in_markdown(completed(entry).owner, conf.ROLES)}",
        *(f"- {sentence}" for sentence in [*ages, *warnings]),
    ]
    for name, heading in HEADINGS.items():
        if rendered.html[name]:
            lines += ["", f"## {heading}", "", _fill(getattr(rendered.source, name), _filled(given))]
    return "\n".join(lines) + "\n"


def completed(entry: Entry) -> Runbook:
    """Return a code's runbook with what it inherits from the category."""
    own = entry.runbook or Runbook()
    return replace(own, owner=own.owner or entry.category.owner, escalation=own.escalation or entry.category.escalation)


def addressed(entry: Entry) -> Runbook:
    """Return the completed runbook with the site's rotas beside the roles that it names."""
    runbook = completed(entry)
    sections = {name: roles.named_in_markdown(getattr(runbook, name), conf.ROLES) for name in RUNBOOK_SECTIONS}
    return replace(runbook, owner=roles.named(runbook.owner, conf.ROLES), **sections)


def as_html(text: str) -> SafeString:
    """Return the HTML of a section, with the site's constants and rotas filled in."""
    return _as_html(roles.named_in_markdown(_fill(text, conf.RUNBOOK_CONTEXT), conf.ROLES))


def _filled(given: Mapping[str, str] | None) -> dict[str, str]:
    return {name.upper(): value for name, value in (given or {}).items()}


def _rendered(entry: Entry) -> _Rendered:
    runbook = addressed(entry)
    texts = {name: _fill(getattr(runbook, name), conf.RUNBOOK_CONTEXT) for name in RUNBOOK_SECTIONS}
    return _Rendered(
        source=replace(runbook, **texts),
        html={name: _as_html(text) for name, text in texts.items()},
        placeholders=tuple(dict.fromkeys(_PLACEHOLDER.findall("\n".join(texts.values())))),
    )


def _as_html(text: str) -> SafeString:
    # Safe: the renderer lets no HTML of the text through.
    return mark_safe(markdown.render(text, unconfirmed=str(UNCONFIRMED)))


def _fill(text: str, filled: Mapping[str, str]) -> str:
    return _PLACEHOLDER.sub(lambda found: filled.get(found[1], found[0]), text)


def _fill_html(html: str, filled: Mapping[str, str]) -> SafeString:
    """Fill the placeholders in rendered Markdown, and mark what was filled and what is open."""

    def plain(found: re.Match[str]) -> str:
        return filled.get(found[1] or found[2], found[0])

    def marked(found: re.Match[str]) -> str:
        name = found[1]
        if name is None:  # a literal "%3C…%3E" in a text
            return found[0]
        if name in filled:
            return format_html('<mark class="filled">{}</mark>', filled[name])
        return format_html('<mark class="open">&lt;{}&gt;</mark>', name)

    # Every other piece is a tag. The renderer escapes "<" and ">" in texts and in attributes.
    pieces = _TAG.split(html)
    done = (_RENDERED.sub(plain if index % 2 else marked, piece) for index, piece in enumerate(pieces))
    return mark_safe("".join(done))  # the renderer's safe HTML, and values that hold no markup


def _trust(entry: Entry, review: Review | None, now: datetime | None) -> tuple[list[str], list[str]]:
    """Return sentences on how far to trust the page: the ages of review and text, and warnings."""
    if review is None:
        return [], []
    context = rules.Context(known=(), review=review, review_days=conf.REVIEW_DAYS, now=now)
    ages = [_age(_REVIEWED, review.reviewed_at, now) if review.reviewed_at else _("Never reviewed.")]
    if review.changed_at:
        ages.append(_age(_CHANGED, review.changed_at, now))
    return ages, [issue.text for issue in rules.lint(entry, context) if issue.id == _REVIEW_RULE]


def _age(sentences: tuple[Any, Any, Any], moment: datetime, now: datetime | None) -> str:
    on, today, ago = sentences
    if now is None:
        return str(on) % {"date": moment.date().isoformat()}
    days = (now - moment).days
    return str(today) if days < 1 else str(ago % {"days": days})
