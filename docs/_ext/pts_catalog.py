"""The directive ``pts-catalog``: every code of the packaged catalog, for people who integrate it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

import pts_errors
from pts_errors.lint import order_ids
from pts_errors.values import markdown, placeholders, seed
from pts_errors.values.entry import Category, Entry, Message

_SOURCE = "en"
_CONTEXT = {"brand": "PTS"}


def outcomes() -> str:
    """Return every code's outcome, with its basis and reason, as a Markdown table."""
    rows = [
        f"| {entry.code} | `{entry.outcome}` | {entry.outcome_basis} | {entry.outcome_reason} "
        f"| `{entry.retry_advice}` | {order_ids.after(entry.outcome, entry.retry_advice)} |"
        for entry in seed.packaged()
    ]
    head = ["| Code | Outcome | Basis | Reason | Retry advice | Order id |", "| --- | --- | --- | --- | --- | --- |"]
    return "\n".join([*head, *rows])


class CatalogDirective(SphinxDirective):
    """Writes a section for each category and one in it for each of its codes."""

    def run(self) -> list[nodes.Node]:
        """Return the sections."""
        self.env.note_dependency(str(Path(pts_errors.__file__).with_name("fixtures") / "catalog.json"))
        entries = sorted(seed.packaged(), key=lambda entry: (entry.category.position, len(entry.code), entry.code))
        return [
            self._category(category, list(group))
            for category, group in groupby(entries, key=lambda entry: entry.category)
        ]

    def _category(self, category: Category, entries: list[Entry]) -> nodes.section:
        section = self._section(f"category-{category.slug}", nodes.Text(category.name))
        section += [self._code(entry) for entry in entries]
        return section

    def _code(self, entry: Entry) -> nodes.section:
        section = self._section(_anchor(entry.code), nodes.Text(f"{entry.code} "), nodes.literal("", entry.name))
        fields = nodes.field_list()
        for name, content in _fields(entry):
            fields += nodes.field(
                "", nodes.field_name("", name), nodes.field_body("", nodes.paragraph("", "", *content))
            )
        section += fields
        if resolution := entry.messages.get(_SOURCE, Message()).resolution:
            section += nodes.rubric("", "Likely causes and what to do")
            section += nodes.raw("", markdown.render(_text(resolution)), format="html")
        return section

    def _section(self, anchor: str, *title: nodes.Node) -> nodes.section:
        section = nodes.section(ids=[anchor], names=[anchor])
        section += nodes.title("", "", *title)
        self.state.document.note_explicit_target(section)
        return section


def _fields(entry: Entry) -> Iterator[tuple[str, list[nodes.Node]]]:
    message = entry.messages.get(_SOURCE, Message())
    yield "Title", [nodes.Text(message.title)]
    yield "Provider message", [nodes.literal("", entry.provider_message)]
    yield "Outcome", [nodes.literal("", str(entry.outcome))]
    yield "How it is known", [nodes.Text(f"{entry.outcome_basis}. {entry.outcome_reason}")]
    advice: list[nodes.Node] = [nodes.literal("", str(entry.retry_advice))]
    if entry.retry_after is not None:
        advice.append(nodes.Text(f", after {entry.retry_after} seconds"))
    yield "Retry advice", advice
    yield "Responsible party", [nodes.literal("", str(entry.responsible_party))]
    yield "HTTP status", [nodes.literal("", str(entry.http_status))]
    yield "Revealed to customers", [nodes.Text("yes" if entry.reveal_to_customer else "no")]
    yield "Customer message", [nodes.Text(_text(message.customer_message))]
    yield "Merchant action", [nodes.Text(_text(message.merchant_action))]
    if entry.similar:
        yield "Similar codes", list(_links(entry.similar))


def _text(text: str) -> str:
    return placeholders.fill(text, _CONTEXT, isolate=False)


def _links(codes: tuple[str, ...]) -> Iterator[nodes.Node]:
    for index, code in enumerate(codes):
        if index:
            yield nodes.Text(", ")
        yield nodes.reference("", code, internal=True, refid=_anchor(code))


def _anchor(code: str) -> str:
    return f"code-{code}"


def setup(app: Sphinx) -> dict[str, Any]:
    """Add the directive."""
    app.add_directive("pts-catalog", CatalogDirective)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
