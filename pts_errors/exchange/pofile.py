"""Read the units of a PO file as GNU gettext does, and refuse with a line number what gettext would refuse."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from django.utils.translation import gettext as _

# Far more than the largest catalog needs, and still read within seconds.
_MAX_UNITS = 50_000
_MAX_LINES = 400_000
_MAX_RUN = 1_000
_MAX_TEXT = 200_000

_CHARSET = re.compile(r"charset=([^ \t\n]+)")
# The charsets of gettext that Python and the C library decode alike. Shift_JIS and Big5 differ in some letters.
_CHARSETS = re.compile(
    r"(us-)?ascii|iso-8859-([1-9]|1[345])|koi8-[ru]|cp(850|866|949|125[0-467])|gb(2312|k|18030)|euc-(jp|kr)"
)

_TOKEN = re.compile(
    r"""
      (?P<blank>[ \t]+)
    | (?P<prefix>\#~\|?|\#\|)
    | (?P<comment>\#[^\n]*)
    | (?P<text>"(?:[^"\\\n]++|\\[^\n])*+")
    | (?P<word>[A-Za-z_$][A-Za-z0-9_$]*(?:[ \t]*\[[ \t]*[0-9]+[ \t]*\])?)
    """,
    re.VERBOSE,
)
_ESCAPE = re.compile(r"\\(?:x([0-9A-Fa-f]+)|([0-7]{1,3})|(.))")
_ESCAPES = {"n": "\n", "t": "\t", "b": "\b", "r": "\r", "f": "\f", "v": "\v", "a": "\a", "\\": "\\", '"': '"'}

# Which keywords may follow a keyword within a unit. The previous texts of a fuzzy unit have the prefix "#| ".
_AFTER: Mapping[str, tuple[str, ...]] = {
    "": ("domain", "#| msgctxt", "#| msgid", "msgctxt", "msgid"),
    "#| msgctxt": ("#| msgid",),
    "#| msgid": ("#| msgid_plural", "msgctxt", "msgid"),
    "#| msgid_plural": ("msgctxt", "msgid"),
    "msgctxt": ("msgid",),
    "msgid": ("msgid_plural", "msgstr"),
    "msgid_plural": ("msgstr[]",),
    "msgstr": (),
    "msgstr[]": ("msgstr[]",),
}


class Wrong(Exception):
    """The text is not a PO file, or too large. The message is in the active language."""

    def __init__(self, line: int, text: str) -> None:
        super().__init__(text)
        self.line = line


@dataclass(slots=True)
class Unit:
    """A unit of a PO file."""

    line: int = 0
    """Line of the first keyword outside comments."""
    is_fuzzy: bool = False
    is_obsolete: bool = False
    texts: dict[str, str] = field(default_factory=dict)
    """By keyword, such as ``msgid`` and ``#| msgid``. All plural forms share ``msgstr[]``."""

    @property
    def is_header(self) -> bool:
        """Whether this is the header of the file."""
        return self.texts.get("msgid") == "" and "msgctxt" not in self.texts and not self.is_obsolete


class _Token(NamedTuple):
    kind: str
    """``comment``, ``text``, ``word`` or ``end``."""
    text: str
    line: int
    prefix: str
    """``#~``, ``#|`` or ``#~|`` at the beginning of the line, or empty."""


def charset(content: bytes) -> str:
    """Return the charset in the header of a PO file, or UTF-8.

    Raises:
        Wrong: the charset is not supported.
    """
    # All supported charsets contain ASCII, and the header is ASCII up to the charset.
    raw = content.removeprefix(b"\xef\xbb\xbf").decode("latin-1").replace("\r\n", "\n").replace("\r", "\n")
    try:
        header = next((unit for unit in units(raw, "latin-1") if unit.is_header), Unit())
    except Wrong:
        return "UTF-8"
    found = _CHARSET.search(header.texts.get("msgstr", ""))
    if found is None or found[1].upper() in (
        "UTF-8",
        "UTF8",
        "CHARSET",
    ):  # the last one is the placeholder of PO templates
        return "UTF-8"
    if not _CHARSETS.fullmatch(found[1].lower()):
        sentence = _("The charset %(charset)r in the header is not supported. Save the file as UTF-8.")
        raise Wrong(header.line, sentence % {"charset": found[1][:30]})
    if not content.isascii() and _is_utf8(content):
        sentence = _(
            "The header says charset=%(charset)s, but the file is valid UTF-8. Save it as UTF-8, and say so there."
        )
        raise Wrong(header.line, sentence % {"charset": found[1]})
    return found[1]


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


def units(text: str, encoding: str) -> Iterator[Unit]:
    """Yield the units of a PO file. Escapes are bytes in this encoding; domains are ignored.

    Raises:
        Wrong: at the first error that gettext would report, or where the file is too large.
    """
    unit, before, count = Unit(), "", 0
    for token, value in _statements(text, encoding):
        if before.startswith("msgstr") and token.text != "msgstr[]":
            yield unit
            unit, before = Unit(), ""
        if token.kind == "comment" and not before:
            # Newer versions of gettext split the flags into two kinds of comment.
            unit.is_fuzzy |= token.text.startswith(("#,", "#=")) and "fuzzy" in re.split(r"[\s,]+", token.text[2:])
        elif token.kind == "comment":
            sentence = _("This is not a PO file: a comment is inside a unit. Put it before the unit.")
            raise Wrong(token.line, sentence)
        elif token.kind == "end" and before:
            raise Wrong(token.line, _("This is not a PO file: the last unit has no msgstr."))
        elif token.kind == "word" and token.text not in _AFTER[before]:
            sentence = _(
                "This is not a PO file: %(keyword)s is not allowed here. "
                "A unit is msgctxt, msgid and msgstr, in this order."
            )
            raise Wrong(token.line, sentence % {"keyword": token.text})
        elif token.text == "domain":
            unit = Unit()
        elif token.kind == "word":
            if before and unit.is_obsolete != ("~" in token.prefix):
                sentence = _(
                    "This is not a PO file: only some lines of the unit begin with #~. Begin all with it, or none."
                )
                raise Wrong(token.line, sentence)
            unit.is_obsolete = "~" in token.prefix
            if "|" not in token.prefix:
                unit.line = unit.line or token.line
            unit.texts[token.text] = value
            before = token.text
            count += token.text == "msgid"
            if count > _MAX_UNITS:
                raise _too_much(token.line)


def _statements(text: str, encoding: str) -> Iterator[tuple[_Token, str]]:
    """Yield each keyword with its text; comments and the end with an empty text."""
    keyword: _Token | None = None
    pieces: list[str] = []
    length = 0
    for token in _tokens(text):
        if token.kind == "text":
            if keyword is None or token.prefix != keyword.prefix:
                sentence = _(
                    "This is not a PO file: the text has no keyword. All lines of a unit must begin the same way."
                )
                raise Wrong(token.line, sentence)
            pieces.append(_unescaped(token))
            length += len(token.text)
            if len(pieces) > _MAX_RUN or length > _MAX_TEXT:
                raise _too_much(token.line)
            continue
        if keyword is not None:
            if not pieces:
                sentence = _(
                    'This is not a PO file: %(keyword)s has no text, not even "". '
                    'Put each text in straight quotes, and write a quote inside it as \\".'
                )
                raise Wrong(keyword.line, sentence % {"keyword": keyword.text})
            yield keyword, _decoded("".join(pieces), keyword.line, encoding)
        keyword, pieces, length = None, [], 0
        if token.kind == "word":
            keyword = token
        else:
            yield token, ""


def _tokens(text: str) -> Iterator[_Token]:
    """Yield the tokens of a PO file, and its end."""
    if text.count("\n") > _MAX_LINES:
        raise _too_much(_MAX_LINES + 1)
    for line, content in enumerate(text.split("\n"), start=1):
        if len(content) > _MAX_TEXT:
            raise _too_much(line)
        if content.endswith("\\"):
            sentence = _(
                "This is not a PO file: the line ends in a backslash, which would join it to the next one. Remove it."
            )
            raise Wrong(line, sentence)
        prefix, position = "", 0
        while position < len(content):
            found = _TOKEN.match(content, position)
            if found is None and content[position] == '"':
                sentence = _(
                    "This is not a PO file: the text does not end on its line. "
                    "Close it with a quote, and write a line break as \\n."
                )
                raise Wrong(line, sentence)
            if found is None or (found["prefix"] and prefix):
                sentence = _(
                    "This is not a PO file: %(character)r is not allowed here. "
                    'Put each text in straight quotes, and write a quote inside it as \\".'
                )
                raise Wrong(line, sentence % {"character": content[position]})
            position = found.end()
            match found.lastgroup:
                case "prefix":
                    prefix = found[0]
                case "comment" | "text" as kind:
                    yield _Token(kind, found[0], line, prefix)
                case "word":
                    yield _Token("word", _keyword(found, line, prefix), line, prefix)
    yield _Token("end", "", line, "")


def _keyword(found: re.Match[str], line: int, prefix: str) -> str:
    """Return the keyword as spelled in `_AFTER`."""
    name, _bracket, index = found[0].partition("[")
    if name.rstrip() not in ("domain", "msgctxt", "msgid", "msgid_plural", "msgstr"):
        sentence = _(
            "This is not a PO file: %(word)r is not a keyword. "
            'Put each text in straight quotes, and write a quote inside it as \\".'
        )
        raise Wrong(line, sentence % {"word": name[:30]})
    return f"{'#| ' if '|' in prefix else ''}{name.rstrip()}{'[]' if index else ''}"


def _unescaped(token: _Token) -> str:
    """Return a quoted text without escapes. Bytes beyond ASCII become surrogates, as with surrogateescape."""

    def character(found: re.Match[str]) -> str:
        digits, octal, other = found.groups()
        if other is not None and other not in _ESCAPES:
            sentence = _("This is not a PO file: the escape %(escape)s is unknown. Write a backslash as \\\\.")
            raise Wrong(token.line, sentence % {"escape": found[0]})
        if other is not None:
            return _ESCAPES[other]
        byte = int(digits, 16) if digits else int(octal, 8)
        if not 0 < byte <= 0xFF:  # gettext would truncate it to eight bits, and end the text at a zero
            sentence = _(
                "This is not a PO file: the escape %(escape)s is not a valid byte. Write the character itself."
            )
            raise Wrong(token.line, sentence % {"escape": found[0][:20]})
        return chr(byte) if byte < 0x80 else chr(0xDC00 + byte)

    return _ESCAPE.sub(character, token.text[1:-1])


def _decoded(text: str, line: int, encoding: str) -> str:
    try:
        return text if text.isascii() else text.encode(encoding, "surrogateescape").decode(encoding)
    except UnicodeError:
        sentence = _(
            "This is not a PO file: the escapes in the text are not valid %(charset)s. Write the characters themselves."
        )
        raise Wrong(line, sentence % {"charset": encoding}) from None


def _too_much(line: int) -> Wrong:
    sentence = _(
        "The file is too large for a catalog: at most %(units)d units and %(lines)d lines in a file, "
        "and %(run)d lines or %(characters)d characters in one text."
    )
    numbers = {"units": _MAX_UNITS, "lines": _MAX_LINES, "run": _MAX_RUN, "characters": _MAX_TEXT}
    return Wrong(line, sentence % numbers)
