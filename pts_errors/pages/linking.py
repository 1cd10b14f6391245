"""Links around the codes that a rendered text names."""

from __future__ import annotations

import re
from collections.abc import Callable

from django.utils.html import format_html

from pts_errors.values import mentions
from pts_errors.values.catalog import Catalog

Address = Callable[[str], str]
"""Returns the address of a code's page, in the views or in a static copy."""

_TAG = re.compile(r"(<[^>]*>)")

# Numbers inside these elements belong to a link, a command or an example, and get no link.
_QUOTING = re.compile(r"</?(a|code|pre)\b")


def with_links(html: str, catalog: Catalog, own: str, url: Address) -> str:
    """Return rendered Markdown with a link around every code of the catalog but the page's own."""
    pieces = _TAG.split(html)
    before = ""  # a label may stand in another element: <code>status</code> 1000
    quoting = 0
    for index, piece in enumerate(pieces):
        if index % 2:
            if _QUOTING.match(piece):
                quoting += -1 if piece.startswith("</") else 1
            elif not piece.startswith(("<em", "<strong", "</em", "</strong")):
                before = ""
            continue
        if not quoting:
            pieces[index] = _linked(before, piece, catalog, own, url)
        before += piece
    return "".join(pieces)


def _linked(before: str, text: str, catalog: Catalog, own: str, url: Address) -> str:
    done, place = "", len(before)
    for mention in mentions.in_text(before + text):
        if mention.start >= len(before) and mention.code in catalog.entries and mention.code != own:
            done += (before + text)[place : mention.start]
            done += format_html('<a href="{}">{}</a>', url(mention.code), mention.code)
            place = mention.start + len(mention.code)
    return done + (before + text)[place:]
