"""The difference between two texts, word by word."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

# A token is a run of white space, a word, or a punctuation mark. In scripts without spaces between words (Han, kana,
# hangul, Thai, Lao, Khmer, Burmese) it is one character with its combining marks.
_SIGNS = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff"
_MARKS = "\u0300-\u036f\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u0eb1\u0eb4-\u0ebc\u0ec8-\u0ece\u102b-\u103e\u17b6-\u17d3"
_TOKEN = re.compile(
    rf"\s+|[{_SIGNS}][{_MARKS}]*|(?:(?![{_SIGNS}])\w)(?:(?![{_SIGNS}])[\w{_MARKS}])*|[^\w\s]", re.UNICODE
)

# Limit on pairs of equal tokens. Long texts with few different words have millions, which would take minutes.
_MAX_PAIRS = 100_000


class Kind(StrEnum):
    """Whether a piece of text was kept, added or removed."""

    SAME = "same"
    ADDED = "added"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of text that was kept, added or removed."""

    kind: Kind
    text: str


def words(before: str, after: str) -> list[Piece]:
    """Return the pieces that turn one text into the other. Lines are compared first, then words in changed lines."""
    pieces: list[Piece] = []
    for old, new in _matched(before.splitlines(keepends=True), after.splitlines(keepends=True)):
        if old == new:
            _add(pieces, Kind.SAME, "".join(old))
            continue
        for left, right in _matched(_TOKEN.findall("".join(old)), _TOKEN.findall("".join(new))):
            if left == right:
                _add(pieces, Kind.SAME, "".join(left))
            else:
                _add(pieces, Kind.REMOVED, "".join(left))
                _add(pieces, Kind.ADDED, "".join(right))
    return pieces


def _matched(old: list[str], new: list[str]) -> Iterator[tuple[list[str], list[str]]]:
    """Yield matching stretches of both. If that would take too long, only match the common beginning and end."""
    if not _is_long_work(old, new):
        for _tag, i, j, k, m in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
            yield old[i:j], new[k:m]
        return
    start = _common(old, new)
    end = _common(old[start:][::-1], new[start:][::-1])
    yield old[:start], new[:start]
    yield old[start : len(old) - end], new[start : len(new) - end]
    yield old[len(old) - end :], new[len(new) - end :]


def _common(old: list[str], new: list[str]) -> int:
    """Return the number of equal tokens at the beginning."""
    pairs = enumerate(zip(old, new, strict=False))
    return next((number for number, (one, other) in pairs if one != other), min(len(old), len(new)))


def _is_long_work(old: list[str], new: list[str]) -> bool:
    counts = Counter(new)
    return sum(number * counts[token] for token, number in Counter(old).items()) > _MAX_PAIRS


def _add(pieces: list[Piece], kind: Kind, text: str) -> None:
    if text:
        pieces.append(Piece(kind, text))
