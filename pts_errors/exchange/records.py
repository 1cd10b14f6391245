"""Records: the contents of the files, and every problem found in them."""

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
    """Everything wrong in some files, so that a person can mend it in one go."""

    found: list[str] = field(default_factory=list)

    def add(self, file: str, line: int, text: str) -> None:
        """Note a sentence about a line of a file, in the active language."""
        self.found.append(f"{file}:{line}: {text}")

    def baseline(self, file: str, line: int, text: str) -> Baseline | None:
        """Return the baseline that is written there, or note that it is none."""
        try:
            return Baseline.parse(text)
        except ValueError:
            self.add(file, line, _("The revision %(revision)r is not like 12.") % {"revision": text[:40]})
            return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A row of a table, a code's messages in one language, or a runbook."""

    key: str
    """The code, or the slug of a category."""
    block: str
    """What it is about: ``"category"``, ``"code"``, ``"runbook"`` or a language."""
    file: str
    line: int
    values: Mapping[Path, Any]
    """Those that the file has."""
    lines: Mapping[Path, int] = field(default_factory=dict)
    """Where a value is on another line than the record."""
    confirmed: Mapping[Path, str] = field(default_factory=dict)
    """For a translation, the source text that it was confirmed against."""
    baseline: Baseline | None = None
    """From what it was exported; None for a file that does not say so."""

    @property
    def place(self) -> str:
        """Where it is, as problems name it."""
        return f"{self.file}:{self.line}"


def decode(content: bytes, file: str, problems: Problems, charset: str = "") -> str | None:
    """Return the text of a file's content, or None if it is none.

    Without a charset it is UTF-8, or UTF-16 that says so by its first two bytes, as spreadsheets and editors of Windows
    save it.
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
        sentence = _("The file holds the control character U+%(code)s.")
        if found[0] == "\0":  # every other byte of UTF-16 that does not say so
            sentence = _(
                "The file holds the control character U+%(code)s. "
                "Save it as UTF-8, which spreadsheets call “CSV UTF-8” or “Unicode (UTF-8)”."
            )
        problems.add(file, line, sentence % {"code": f"{ord(found[0]):04X}"})
        return None
    return with_newlines(text)


def with_newlines(text: str) -> str:
    """Return the text with line ends as files have them: browsers send others."""
    return text.replace("\r\n", "\n").replace("\r", "\n")
