"""Records, the parsed content of files, and the problems found while parsing."""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from pts_errors.exchange.baselines import Baseline
from pts_errors.values import entry
from pts_errors.values.fields import Path

CODE = re.compile(entry.CODE)


@dataclass(slots=True)
class Problems:
    """Collects all problems of some files, so that they can be fixed in one go."""

    found: list[str] = field(default_factory=list)

    def add(self, file: str, line: int, text: str) -> None:
        """Add a sentence about a line of a file, in the active language."""
        self.found.append(f"{file}:{line}: {text}")

    def baseline(self, file: str, line: int, text: str) -> Baseline | None:
        """Return the baseline in a text; None for an empty text, and None with a problem for any other text."""
        try:
            return Baseline.parse(text)
        except ValueError:
            self.add(file, line, _("The revision %(revision)r is not a revision such as 12.") % {"revision": text[:40]})
            return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A row of a table, a code's messages in one language, or a runbook."""

    key: str
    """The code, or the slug of a category."""
    block: str
    """The kind of record: ``"category"``, ``"code"``, ``"runbook"`` or a language."""
    file: str
    line: int
    values: Mapping[Path, Any]
    """The values in the file, by path."""
    lines: Mapping[Path, int] = field(default_factory=dict)
    """Line of each value that is not on the record's own line."""
    confirmed: Mapping[Path, str] = field(default_factory=dict)
    """For a translation, the source text that it was confirmed against."""
    baseline: Baseline | None = None
    """None for a file without baselines."""

    @property
    def place(self) -> str:
        """File and line, as in problems."""
        return f"{self.file}:{self.line}"


def decode(content: bytes, file: str, problems: Problems, charset: str = "") -> str | None:
    """Return the content of a file as text, or None with a problem if it cannot be decoded.

    Without a charset this is UTF-8, or UTF-16 with a byte order mark, as Windows programs save it.
    """
    is_utf_16 = not charset and content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    name = "UTF-16" if is_utf_16 else charset or "UTF-8"
    try:
        text = content.decode("utf-8-sig" if name == "UTF-8" else name)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        sentence = _(
            "The file is not %(charset)s: %(reason)s at byte %(byte)d. "
            "Save it as UTF-8, which spreadsheets call “CSV UTF-8” or “Unicode (UTF-8)”."
        )
        problems.add(file, line, sentence % {"charset": name, "reason": error.reason, "byte": error.start})
        return None
    if found := entry.UNSTORABLE.search(text):
        line = text.count("\n", 0, found.start()) + 1
        sentence = _("The file contains the control character U+%(code)s.")
        if found[0] == "\0":  # typical of UTF-16 without a byte order mark
            sentence = _(
                "The file contains the control character U+%(code)s. "
                "Save it as UTF-8, which spreadsheets call “CSV UTF-8” or “Unicode (UTF-8)”."
            )
        problems.add(file, line, sentence % {"code": f"{ord(found[0]):04X}"})
        return None
    return with_newlines(text)


def with_newlines(text: str) -> str:
    """Return the text with Unix line ends; browsers send CRLF."""
    return text.replace("\r\n", "\n").replace("\r", "\n")
