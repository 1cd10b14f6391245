"""What a file says of one thing, and everything that is wrong with files."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pts_errors import marks
from pts_errors.entry import UNSTORABLE
from pts_errors.marks import Mark

CODE = re.compile(r"[1-9][0-9]{0,8}")


@dataclass(slots=True)
class Problems:
    """Everything wrong in one directory, so that a person can mend it in one go."""

    found: list[str] = field(default_factory=list)

    def add(self, file: str, line: int, text: str) -> None:
        """Note a sentence about a line of a file."""
        self.found.append(f"{file}:{line}: {text}")

    def mark(self, file: str, line: int, text: str) -> Mark | None:
        """Return the mark that stands there, or note that it is none."""
        try:
            return marks.parse(text)
        except ValueError as error:
            self.add(file, line, str(error))
            return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What a file says of one category, one code, one code's messages in a language, or one runbook."""

    file: str
    line: int
    values: Mapping[str, Any]
    """By field, those that the file has."""
    lines: Mapping[str, int] = field(default_factory=dict)
    """By field, where it does not stand on the line of the whole."""
    confirmed: Mapping[str, str] = field(default_factory=dict)
    """By field of a translation, the source text that it was confirmed against."""
    mark: Mark | None = None
    """From what it was exported; None for a file that does not say so."""


def decode(content: bytes, file: str, problems: Problems, charset: str = "UTF-8") -> str | None:
    """Return the text of a file's content, or None if it is none."""
    try:
        text = content.decode("utf-8-sig" if charset == "UTF-8" else charset)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        problems.add(file, line, f"The file is not {charset}: {error.reason} at byte {error.start}.")
        return None
    if found := UNSTORABLE.search(text):
        line = text.count("\n", 0, found.start()) + 1
        problems.add(file, line, f"The file holds the control character U+{ord(found[0]):04X}.")
        return None
    return with_newlines(text)


def with_newlines(text: str) -> str:
    """Return the text with line ends as files have them: browsers send others."""
    return text.replace("\r\n", "\n").replace("\r", "\n")
