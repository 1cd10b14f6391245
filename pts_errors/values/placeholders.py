"""Site constants in texts: ``{brand}`` is replaced by a value from the host's settings."""

from __future__ import annotations

import re
from collections.abc import Mapping

NAME = "[a-z][a-z0-9_]{0,31}"
"""The name of a placeholder, as a regular expression."""

_PLACEHOLDER = re.compile(rf"\{{({NAME})\}}")
# First strong isolate and its end (UAX 9): a Latin brand inside Arabic text must not reorder its neighbours.
_ISOLATE, _END_ISOLATE = "\u2068", "\u2069"


def names(text: str) -> frozenset[str]:
    """Return the names of the placeholders in a text."""
    return frozenset(_PLACEHOLDER.findall(text))


def fill(text: str, context: Mapping[str, object], *, isolate: bool) -> str:
    """Return the text with every known placeholder replaced; unknown ones and other braces stay.

    This is one pass of plain replacement, without format specifications or attribute access, and replaced values are
    not scanned again. ``isolate`` wraps each value for right-to-left texts.
    """
    if "{" not in text:
        return text

    def replaced(found: re.Match[str]) -> str:
        value = context.get(found[1])
        if not isinstance(value, str):  # unknown, or a mistake that the system check reports; do not break the page
            return found[0]
        return f"{_ISOLATE}{value}{_END_ISOLATE}" if isolate else value

    return _PLACEHOLDER.sub(replaced, text)
