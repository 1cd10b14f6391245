"""Markdown of runbooks: CommonMark and tables, nothing of HTML, no images, harmless links."""

from __future__ import annotations

import re
from collections.abc import Iterator, MutableMapping, Sequence
from functools import lru_cache
from typing import Any, cast

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML, RendererProtocol
from markdown_it.token import Token

# What a link may point to. Not "//host", which leaves the site, and no other scheme: javascript:, data:, vbscript: …
_LINK = re.compile(r"\A(https?://|mailto:|#|/(?![/\\]))", re.IGNORECASE)


def render(text: str) -> str:
    """Return safe HTML of a Markdown text."""
    return str(_RENDERER.render(text))


# Parsing is most of what a look at all runbooks costs, and between two looks few of the texts change.
@lru_cache(maxsize=1024)
def forbidden(text: str) -> tuple[str, ...]:
    """Return every piece of raw HTML and every image in a text, as it is written. They would be shown as plain text."""
    found: list[str] = []
    for token in _flat(_PARSER.parse(text)):
        if token.type in ("html_inline", "html_block"):
            found += re.findall(r"<[^>]*>?", token.content)
        elif token.type == "image":
            found.append(f"![{token.content}]")
    return tuple(found)


def numbered_items(text: str) -> list[str]:
    """Return the source of every item of the top-level numbered lists of a text."""
    return list(_numbered_items(text))


@lru_cache(maxsize=1024)
def _numbered_items(text: str) -> tuple[str, ...]:
    lines = text.splitlines()
    return tuple(
        "\n".join(lines[slice(*token.map)])
        for token in _PARSER.parse(text)
        if token.type == "list_item_open" and token.level == 1 and token.map and token.info.isdigit()
    )


def _flat(tokens: Sequence[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from _flat(token.children or ())


def _link_open(
    self: RendererProtocol, tokens: Sequence[Token], index: int, options: Any, env: MutableMapping[str, Any]
) -> str:
    tokens[index].attrSet("rel", "noopener noreferrer nofollow")
    return str(cast(RendererHTML, self).renderToken(tokens, index, options, env))


def _renderer() -> MarkdownIt:
    # The preset's default is html on.
    parser = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")
    parser.validateLink = lambda url: bool(_LINK.match(url))  # type: ignore[method-assign]  # as its docs say
    parser.add_render_rule("link_open", _link_open)
    return parser


_RENDERER = _renderer()
_PARSER = MarkdownIt("commonmark").enable("table")
