"""The content of the page “Confirm before you go live”: every unconfirmed statement of the published runbooks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from pts_errors.conf import conf
from pts_errors.pages.frame import Frame
from pts_errors.pages.public import PublicError, public_errors
from pts_errors.pages.runbook import HEADINGS, Address
from pts_errors.values import markdown, roles
from pts_errors.values.catalog import Catalog
from pts_errors.values.entry import Entry

UNCONFIRMED_TEMPLATE = "pts_errors/runbook_unconfirmed.html"


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One unconfirmed statement of a published runbook."""

    section: str
    heading: object
    """The name of the section, translated."""
    before: str
    remark: str
    after: str
    """The sentence in three parts, with the site's rotas. The remark is what nobody has confirmed."""
    source: str
    """The sentence as it is written, which identifies it in the draft."""
    is_changed: bool
    """Whether the draft no longer has it, so that only a publish is missing."""
    url: str
    """Address of its section on the page of the runbook."""
    edit_url: str
    """Address of its section in the admin; empty for readers who may not edit it."""


def unconfirmed_page(
    catalog: Catalog,
    drafts: Mapping[str, Entry],
    *,
    frame: Frame,
    url: Address,
    edit_url: Callable[[str, str], str],
) -> dict[str, object]:
    """Return the context of the page. ``edit_url`` returns the address of the form of a code and a section."""
    language = catalog.source_language
    rows: list[tuple[PublicError, list[Statement]]] = []
    for error in public_errors(catalog, catalog.entries, language=language, url=url):
        found = list(_statements(catalog.entries[error.code], drafts.get(error.code), error.url, edit_url))
        if found:
            rows.append((error, found))
    statements = [statement for _error, found in rows for statement in found]
    return {
        "frame": frame,
        "page": {
            "rows": rows,
            "count": len(statements),
            "changed": sum(statement.is_changed for statement in statements),
            "language": language,
            "revision": catalog.number,
        },
    }


def codes(catalog: Catalog) -> list[str]:
    """Return the codes whose published runbook has an unconfirmed statement."""
    return [code for code, entry in catalog.entries.items() if any(_marks(entry, name) for name in HEADINGS)]


def _statements(
    entry: Entry, draft: Entry | None, url: str, edit_url: Callable[[str, str], str]
) -> Iterator[Statement]:
    for section, heading in HEADINGS.items():
        drafted = [mark.statement for mark in _marks(draft, section)]
        for mark in _marks(entry, section):
            is_changed = mark.statement not in drafted
            if not is_changed:
                drafted.remove(mark.statement)  # a sentence may be there twice
            yield Statement(
                section=section,
                heading=heading,
                before=roles.named(mark.before, conf.ROLES),
                remark=roles.named(mark.remark, conf.ROLES),
                after=roles.named(mark.after, conf.ROLES),
                source=mark.statement,
                is_changed=is_changed,
                url=f"{url}#{section}",
                edit_url=edit_url(entry.code, section),
            )


def _marks(entry: Entry | None, section: str) -> tuple[markdown.Unconfirmed, ...]:
    return markdown.unconfirmed(getattr(entry.runbook, section)) if entry and entry.runbook else ()
