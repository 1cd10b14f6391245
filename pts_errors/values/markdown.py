"""Markdown of runbooks: CommonMark and tables, without HTML and images, with safe links only."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import takewhile
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.renderer import RendererHTML
from markdown_it.rules_block import StateBlock, table
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

# Allowed link targets. Not "//host", which leaves the site, and no other scheme: javascript:, data:, vbscript: …
_LINK = re.compile(r"\A(https?://|mailto:|#|/(?![/\\]))", re.IGNORECASE)

# Markdown's line ends. str.splitlines() has more of them, so its line numbers would differ from the parser's.
_LINE_END = re.compile(r"\r\n|\r|\n")

# Lone surrogates cannot be encoded for a browser, and break the parser in links.
_SURROGATE = re.compile("[\ud800-\udfff]")

# A table takes its width from the first line and its length from the text, so a short text can ask for a million cells.
_MAX_CELLS = 5_000

_EXPECT = re.compile(r"expect(ed)?:", re.IGNORECASE)

# The notation of an unconfirmed statement: a remark in parentheses that begins with these words. It may hold balanced
# parentheses, code and links.
_MARK = re.compile(r"\(assumption\s+to\s+confirm:\s*", re.IGNORECASE)
# The stock set, and the parentheses of marks.
_TEXT_END = re.compile(r"[\n!#$%&*+\-:<=>@\[\\\]^_`{}~()]")
_SENTENCE_BEGIN = re.compile(r".*[.!?]\s", re.DOTALL)
_SENTENCE_END = re.compile(r"[.!?](?=\s|$)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Unconfirmed:
    """A remark marked as an assumption, with the sentence around it. Plain text, without markup."""

    before: str
    remark: str
    """Without the parentheses and the words that mark it."""
    after: str

    @property
    def statement(self) -> str:
        """The whole sentence as it is written."""
        return f"{self.before}(assumption to confirm: {self.remark}){self.after}"


# The same few texts are shown again and again, and rendering one takes some milliseconds.
@lru_cache(maxsize=1024)
def render(text: str, *, unconfirmed: str = "") -> str:
    """Return safe HTML of a Markdown text.

    ``unconfirmed`` is the label of unconfirmed remarks, in the reader's language; without it they stay as written.
    """
    return str(_RENDERER.render(_whole(text), {"unconfirmed": unconfirmed}))


@lru_cache(maxsize=1024)
def unconfirmed(text: str) -> tuple[Unconfirmed, ...]:
    """Return every unconfirmed remark of a text, in order. One in code is an example, and does not count."""
    return tuple(_marks(text))


def confirmed(text: str, number: int) -> str:
    """Return the text with one unconfirmed remark, counted from 0, as a fact: “(it can)”.

    Only the words of the notation go, because a remark may say more than that something is so.

    Raises:
        IndexError: there is no remark of this number.
    """
    count = len(unconfirmed(text))
    for found in _MARK.finditer(text):
        without = f"{text[: found.start()]}({text[found.end() :]}"
        if sum(1 for _mark in _marks(without)) < count:  # not code
            if number == 0:
                return without
            number -= 1
    raise IndexError(number)


# Parsing dominates the cost of linting all runbooks, and few texts change between two runs.
@lru_cache(maxsize=1024)
def forbidden(text: str) -> tuple[str, ...]:
    """Return the source of every piece of raw HTML and every image. The renderer shows them as plain text."""
    found: list[str] = []
    for token in _flat(_PARSER.parse(_whole(text))):
        if token.type in ("html_inline", "html_block"):
            found += re.findall(r"<[^>]*>?", token.content)
        elif token.type == "image":
            found.append(f"![{token.content}]")
    return tuple(found)


@lru_cache(maxsize=1024)
def numbered_items(text: str) -> tuple[str, ...]:
    """Return the source of every item of the top-level numbered lists of a text."""
    lines = _LINE_END.split(text)
    return tuple(
        "\n".join(lines[slice(*token.map)]).rstrip("\n")
        for token in _PARSER.parse(_whole(text))
        if token.type == "list_item_open" and token.level == 1 and token.map and token.info.isdigit()
    )


def fenced(text: str) -> tuple[frozenset[int], tuple[int, str] | None]:
    """Return the line numbers, from 0, inside fenced code blocks, and an unclosed last block as (line, fence).

    Blocks within lists and quotes are left out, because they end with the list or quote.
    """
    lines, code = _LINE_END.split(text), set[int]()
    for token in _BLOCKS.parse(_whole(text)):
        if token.type == "fence" and token.level == 0 and token.map:
            begin, end = token.map
            code.update(range(begin, end))
            if end - begin < 2 or not re.fullmatch(rf" {{0,3}}{token.markup}{token.markup[0]}*[ \t]*", lines[end - 1]):
                return frozenset(code), (begin, token.markup)
    return frozenset(code), None


def undefined(texts: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield name and words of every link whose address is defined in another text: each text is rendered alone."""
    if not any("]:" in text for text in texts.values()):
        return
    env: dict[str, Any] = {}
    for text in texts.values():
        list(_linked(text, env))
    for name, text in texts.items():
        together, alone = _linked(text, {"references": dict(env.get("references", {}))}), _linked(text, {})
        for words in Counter(together) - Counter(alone):
            yield name, words


def _whole(text: str) -> str:
    return _SURROGATE.sub("\ufffd", text)


def _linked(text: str, env: MutableMapping[str, Any]) -> Iterator[str]:
    """Yield the words of every link."""
    for token in _PARSER.parse(_whole(text), env):
        children = token.children or []
        for number, child in enumerate(children):
            if child.type == "link_open":
                yield "".join(other.content for other in takewhile(lambda x: x.type != "link_close", children[number:]))


def plain(text: str, *, unconfirmed: str = "") -> str:
    """Return the first paragraph or list item of a text, without markup, on one line.

    ``unconfirmed`` is the label of unconfirmed remarks; without it they stay as written.
    """
    for token in _RENDERER.parse(_whole(text)):
        if token.type == "inline":
            return " ".join(_words(token.children or (), unconfirmed).split())
    return ""


def _words(tokens: Sequence[Token], label: str = "") -> str:
    words = {"softbreak": " ", "hardbreak": " "}
    if label:
        words["unconfirmed_open"] = f"({label}: "
    return "".join(words.get(token.type, token.content) for token in tokens)


def _marks(text: str) -> Iterator[Unconfirmed]:
    if not _MARK.search(text):
        return
    for inline in _RENDERER.parse(_whole(text)):
        tokens = inline.children or []
        for begin, token in enumerate(tokens):
            if token.type == "unconfirmed_open":
                close = ("unconfirmed_close", token.level)
                end = next(n for n, other in enumerate(tokens[begin:], begin) if (other.type, other.level) == close)
                before, after = _words(tokens[:begin]), _words(tokens[end + 1 :])
                start, stop = _SENTENCE_BEGIN.match(before), _SENTENCE_END.search(after)
                yield Unconfirmed(
                    before=before[start.end() :] if start else before,
                    remark=_words(tokens[begin + 1 : end]).strip(),
                    after=after[: stop.end()] if stop else after,
                )


def _flat(tokens: Sequence[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from _flat(token.children or ())


class _Renderer(RendererHTML):
    """Renders links, marks, table cells and line breaks: each method renders the token of its name."""

    def link_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        tokens[idx].attrSet("rel", "noopener noreferrer nofollow")
        return self.renderToken(tokens, idx, options, env)

    def unconfirmed_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        if label := env["unconfirmed"]:
            return f'<span class="unconfirmed">(<b>{escapeHtml(label)}</b>: '
        return escapeHtml(tokens[idx].content)

    def unconfirmed_close(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return ")</span>" if env["unconfirmed"] else ")"

    def th_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        # Content security policies forbid inline style.
        style = tokens[idx].attrs.pop("style", None)
        if style is not None:
            tokens[idx].attrSet("align", str(style).removeprefix("text-align:"))
        return self.renderToken(tokens, idx, options, env)

    td_open = th_open

    def softbreak(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        # The expected result of a step begins a new line, so keep that line break.
        return "<br>\n" if _EXPECT.match(tokens[idx + 1].content) else "\n"


def _text(state: StateInline, silent: bool) -> bool:
    found = _TEXT_END.search(state.src, state.pos, state.posMax)
    end = found.start() if found else state.posMax
    if end == state.pos:
        return False
    if not silent:
        state.pending += state.src[state.pos : end]
    state.pos = end
    return True


def _mark(state: StateInline, silent: bool) -> bool:
    """Read one unconfirmed remark, as the stock rule reads the words of a link."""
    found = _MARK.match(state.src, state.pos, state.posMax)
    if found is None:
        return False
    begin, most = state.pos, state.posMax
    end = _closing(state, found.end())
    if end < 0 or not state.src[found.end() : end].strip():
        state.pos = begin
        return False
    if not silent:
        state.pos, state.posMax = found.end(), end
        state.push("unconfirmed_open", "span", 1).content = found[0]
        state.md.inline.tokenize(state)
        state.push("unconfirmed_close", "span", -1).content = ")"
    state.pos, state.posMax = end + 1, most
    return True


def _closing(state: StateInline, begin: int) -> int:
    """Return the place of the closing parenthesis, or -1. Those in code, in links and after a backslash are skipped."""
    state.pos, depth = begin, 1
    while state.pos < state.posMax:
        place = state.pos
        if state.src[place] == ")":
            depth -= 1
            if depth == 0:
                return place
        state.md.inline.skipToken(state)
        if state.src[place] == "(" and state.pos == place + 1:  # not a mark within the mark, which is skipped whole
            depth += 1
    return -1


def _small_table(state: StateBlock, line: int, end: int, silent: bool) -> bool:
    # Count before parsing: at most one row for each line, and one cell for each "|".
    columns = state.src.count("|", state.bMarks[line], state.eMarks[line]) + 1
    return columns * (end - line) <= _MAX_CELLS and table(state, line, end, silent)


def _with_tables(parser: MarkdownIt) -> MarkdownIt:
    parser.enable("table").block.ruler.at("table", _small_table, {"alt": ["paragraph", "reference"]})
    return parser


# The preset's default is html on.
_RENDERER = _with_tables(MarkdownIt("commonmark", {"html": False}, renderer_cls=_Renderer)).disable("image")
_RENDERER.inline.ruler.at("text", _text)
_RENDERER.inline.ruler.after("text", "unconfirmed", _mark)
_RENDERER.validateLink = lambda url: bool(_LINK.match(url))  # type: ignore[method-assign]  # as its docs say
# Finds only blocks, the same as the renderer.
_BLOCKS = MarkdownIt("commonmark", {"html": False})
_BLOCKS.core.ruler.enableOnly(["normalize", "block"])
# Finds HTML and images, which the renderer disables.
_PARSER = _with_tables(MarkdownIt("commonmark"))
_PARSER.validateLink = lambda url: True  # type: ignore[method-assign]  # as its docs say
