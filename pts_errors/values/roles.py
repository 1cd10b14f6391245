"""Roles in runbooks, such as “Platform on-call”, and the site's own rotas for them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

ROLES = (
    "Channel operations on-call",
    "Finance on-call",
    "Incident lead",
    "Ledger on-call",
    "Merchant integration on-call",
    "Merchant support",
    "Platform on-call",
    "Reconciliation team",
    "Security on-call",
)
"""Every role that the shipped runbooks name."""

# Code comes first, because a name inside a command must stay what people copy.
_CODE_OR_ROLE = re.compile(
    rf"(?P<fence>`+)(?!`).*?(?<!`)(?P=fence)(?!`)|(?<!\w)(?P<role>{'|'.join(map(re.escape, ROLES))})(?!\w)", re.DOTALL
)
_MARKDOWN = re.compile(r"([\\`*_\[\]<>&|~!#])")


def named(text: str, rotas: object) -> str:
    """Return a plain text with the site's rota after every role that has one: ``Platform on-call (rota-7)``.

    A mistake in ``rotas``, which the system check reports, leaves the text as it is.
    """
    return _filled(text, rotas, lambda rota: rota)


def named_in_markdown(text: str, rotas: object) -> str:
    """Return the same of a Markdown text. The rotas are escaped, so they are shown exactly as they are set."""
    return _filled(text, rotas, lambda rota: _MARKDOWN.sub(r"\\\1", rota))


def _filled(text: str, rotas: object, escaped: Callable[[str], str]) -> str:
    if not rotas or not isinstance(rotas, Mapping):
        return text

    def replaced(found: re.Match[str]) -> str:
        rota = rotas.get(found["role"])
        return f"{found[0]} ({escaped(rota)})" if rota and isinstance(rota, str) else found[0]

    return _CODE_OR_ROLE.sub(replaced, text)
