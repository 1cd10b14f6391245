"""The fixed sentences about which order id a further try may carry, in every language."""

from __future__ import annotations

import gettext
from functools import cache
from importlib import resources

from django.utils.translation import gettext_noop, to_locale

from pts_errors.values.entry import REFUSALS, OrderId, RetryAdvice

SENTENCES = {
    OrderId.SAME: gettext_noop(
        "Whatever is sent again keeps the same order_id: a new one can pay twice. "
        "Only after status 3000 (failed) does a further try take a new order_id."
    ),
    OrderId.ANY: gettext_noop(
        "If this answered the order itself, a further try may keep the order_id or take a new one. "
        "If it answered a query, it says nothing about the order: query again."
    ),
}
"""In English. Every merchant action ends with one of them, and every runbook's first paragraph holds it."""


def after(outcome: str, retry_advice: str) -> OrderId:
    """Return which order id a further try may carry after a code with this outcome and advice, before any query."""
    is_refused = outcome in REFUSALS and retry_advice != RetryAdvice.CHECK_STATUS_FIRST
    return OrderId.ANY if is_refused else OrderId.SAME


@cache
def sentence(order_id: OrderId, language: str) -> str:
    """Return the fixed sentence in a language, or an empty text if it has no translation."""
    source = SENTENCES[order_id]
    if language.split("-")[0] == "en":
        return source
    # Not Django's gettext, which falls back to the host's language: the rule would demand the wrong language.
    folder = str(resources.files("pts_errors").joinpath("locale"))
    found = gettext.translation("django", folder, [to_locale(language)], fallback=True).gettext(source)
    return "" if found == source else found
