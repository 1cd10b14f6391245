"""What a caller does next after an answer of the gateway, or after none: one pure rule, and its test vectors."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, TypeGuard

from django.utils.translation import get_language, gettext, gettext_noop, override

from pts_errors import lookup, snapshot
from pts_errors.conf import conf
from pts_errors.values.catalog import Catalog, LocalizedError, status_of
from pts_errors.values.entry import REFUSALS, STATUSES, Basis, OrderId, Outcome, RetryAdvice

RESEND_AFTER_SECONDS = 300
"""How long to wait before an order that a query does not find is sent again, with the same order id.

Our own figure for "some minutes"; the gateway names none. A request is good for 5 seconds after its timestamp. Whether
PTS writes the order id down before it calls the bank is an assumption, and the reason to wait at all.
"""

_NOT_FOUND = "not_found"
# The code with which the gateway answers a query for an order that it does not know.
_TRANSACTION_NOT_FOUND = "1002"
# The status whose texts are shown where only people can decide.
_IN_ERROR = "4000"
# No status of the gateway: the test vectors' example of one.
_UNHEARD_OF = "6000"

# Whatever is not one of these is treated like an assumption.
_CERTAIN_BASES = (Basis.DOCUMENTED, Basis.DERIVED, Basis.CONFIRMED)


class Action(StrEnum):
    """What the calling system does next."""

    DONE = "done"
    """Nothing: the order is paid, and that is final."""
    WAIT = "wait"
    """Wait for the callback, or query the order again later."""
    QUERY = "query"
    """Query the order before anything else."""
    RESEND = "resend"
    """Send the same request again, once its cause is removed and ``not_before`` has passed."""
    CORRECT = "correct"
    """Correct the request, then send it."""
    REORDER = "reorder"
    """Offer a further try, which is a new order."""
    STOP = "stop"
    """Send nothing again: the answer would be the same."""
    ESCALATE = "escalate"
    """Send nothing, and let people ask the gateway's customer service."""


class Call(StrEnum):
    """What the code answered."""

    ORDER = "order"
    """The order itself."""
    QUERY = "query"
    """A query about the order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """The next step after one answer of the gateway."""

    action: Action
    order_id: OrderId | None
    """Which order id whatever is sent or queried next carries; None where nothing is sent."""
    not_before: int | None
    """Seconds to wait first, or None."""
    is_final: bool
    """Whether the order's state is final: only after status 2000 and 3000."""
    customer_message: str
    """What the customer may read now."""
    merchant_action: str
    """For integrators: what to do about it."""
    reason: str
    """For integrators: why this step, in one or two sentences of the requested language."""
    language: str
    """The language of the customer message."""
    direction: str
    """The direction of that language: ``"ltr"`` or ``"rtl"``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Decision:
    """A step without texts."""

    action: Action
    order_id: OrderId | None = None
    not_before: int | None = None
    reason: str
    status: str = ""
    """The order status whose texts are shown; if empty, those of the code."""

    def as_json(self) -> dict[str, Any]:
        return {
            "action": self.action.value,
            "order_id": self.order_id and self.order_id.value,
            "not_before": self.not_before,
            "is_final": self.is_final,
        }

    @property
    def is_final(self) -> bool:
        return self.action in (Action.DONE, Action.REORDER)


def next_step(code: object, *, status: object = None, call: object = Call.ORDER, language: str | None = None) -> Step:
    """Return what to do next after this code, and after the order's status if it has been queried since.

    ``code`` is text or an int, as `pts_errors.lookup.get` takes it; None or empty text stands for a call that got no
    answer. ``status`` is the order's status in a query's answer, as text or an int; ``"not_found"`` if the query
    answered 1002; None or empty text if nothing was queried. An unheard-of status is treated like 4000. ``call`` is
    ``"order"`` if the code answered the order itself, and ``"query"`` (as is any other value) if it answered a query
    about the order. Never raises.
    """
    language, is_order = _language(language), _is(call, Call.ORDER)
    table = snapshot.current().table(language)
    error = None if _is_empty(code) else lookup.get(code, language=language)
    decision = _decide(error, _status(status), is_order=is_order)
    if decision.status:
        texts: Any = lookup.status(decision.status, language=language)
    elif error is not None and is_order:
        texts = error
    else:
        texts = table.unknown
    # The catalog's own tag: clients can invent any number of languages, and Django would keep each of them.
    with override(table.language):
        reason = gettext(decision.reason)
    return Step(
        action=decision.action,
        order_id=decision.order_id,
        not_before=decision.not_before,
        is_final=decision.is_final,
        customer_message=texts.customer_message,
        merchant_action=texts.merchant_action,
        reason=reason,
        language=texts.language,
        direction=texts.direction,
    )


def table() -> list[dict[str, Any]]:
    """Return the whole rule over the published catalog as test vectors, ready for JSON.

    Each is ``{"input": {"code", "status", "call"}, "expected": {"action", "order_id", "not_before", "is_final"}}``, for
    every code, no answer (null) and a code that is not in the catalog, each without a status, with the seven of a
    query and with an unheard-of one, for both calls.
    """
    return list(_vectors(snapshot.current()))


def document(catalog: Catalog) -> dict[str, Any]:
    """Return the test vectors of a catalog with its revision, as the API and ``pts_export`` give them."""
    vectors = list(_vectors(catalog))
    return {"revision": catalog.number, "count": len(vectors), "results": vectors}


def _decide(error: LocalizedError | None, status: str, *, is_order: bool) -> _Decision:
    """Return the step after an error, or after no answer (None), and the status of a query, or none (empty)."""
    if not is_order:
        # The code speaks of the query. Only 1002 speaks of the order, which the gateway does not know.
        is_known = error is not None and error.code != _TRANSACTION_NOT_FOUND
        if not status:
            return _SEND_AGAIN if error is not None and not is_known else _QUERY_AGAIN
        if status == _NOT_FOUND:
            return replace(_QUERY_AGAIN, status=_NOT_FOUND) if is_known else _SEND_AGAIN
    if status and status != _NOT_FOUND:
        return _BY_STATUS[status]
    if _is_certain(error):
        return _after_refusal(error)
    if status == _NOT_FOUND:
        # What answered may have known the order. A refusal that is only assumed may come from a front door.
        return _SEND_AGAIN if error is None or _is_assumed(error) else _CONTRADICTION
    if error is None:
        return _UNKNOWN
    if error.outcome == Outcome.ACCEPTED:
        return _ACCEPTED
    return _CHECK_FIRST if _is_refusal(error) else _UNKNOWN


def _after_refusal(error: LocalizedError) -> _Decision:
    """Return the step after a certain refusal of the order itself, which can be sent again under any order id."""
    action = _AFTER_REFUSAL.get(error.retry_advice)
    if action is None:
        return _STOP
    not_before = error.retry_after if error.retry_advice == RetryAdvice.RETRY_LATER else None
    return _Decision(action=action, order_id=OrderId.ANY, not_before=not_before, reason=_STOP.reason)


def _is_refusal(error: LocalizedError) -> bool:
    return error.outcome in REFUSALS


def _is_assumed(error: LocalizedError) -> bool:
    return _is_refusal(error) and error.basis not in _CERTAIN_BASES


def _is_certain(error: LocalizedError | None) -> TypeGuard[LocalizedError]:
    """Return whether nothing of the order was or will be paid, as far as the code tells."""
    return (
        error is not None
        and _is_refusal(error)
        and not _is_assumed(error)
        and error.retry_advice != RetryAdvice.CHECK_STATUS_FIRST
    )


_AFTER_REFUSAL = {
    RetryAdvice.RETRY_AFTER_CORRECTION.value: Action.CORRECT,
    RetryAdvice.RETRY_AFTER_RESOLUTION.value: Action.RESEND,
    RetryAdvice.RETRY_LATER.value: Action.RESEND,
}
_STOP = _Decision(
    action=Action.STOP,
    reason=gettext_noop("This refusal is certain: nothing of the request can be paid any more."),
)
_ACCEPTED = _Decision(
    action=Action.WAIT,
    order_id=OrderId.SAME,
    reason=gettext_noop("The gateway took the request. That is not yet a payment: the final state comes later."),
)
_UNKNOWN = _Decision(
    action=Action.QUERY,
    order_id=OrderId.SAME,
    reason=gettext_noop("Money may have moved. Only a query of the order tells what became of it."),
)
_CHECK_FIRST = _Decision(
    action=Action.QUERY,
    order_id=OrderId.SAME,
    reason=gettext_noop(
        "The gateway refused this request. "
        "That says nothing final about the order, which may be paid: only a query tells."
    ),
)
_QUERY_AGAIN = _Decision(
    action=Action.QUERY,
    order_id=OrderId.SAME,
    reason=gettext_noop("An error in answer to a query says nothing about the order."),
)
_SEND_AGAIN = _Decision(
    action=Action.RESEND,
    order_id=OrderId.SAME,
    not_before=RESEND_AFTER_SECONDS,
    reason=gettext_noop(
        "The gateway does not know this order; sent again with the same order id, it cannot be paid twice."
    ),
    status=_NOT_FOUND,
)
_CONTRADICTION = _Decision(
    action=Action.ESCALATE,
    reason=gettext_noop(
        "The gateway has answered about this order before and now does not find it: "
        "only its customer service can explain that."
    ),
    status=_IN_ERROR,
)
_OPEN = _Decision(
    action=Action.WAIT,
    order_id=OrderId.SAME,
    reason=gettext_noop("The order is not final: it may still be paid."),
)
_BY_STATUS = {
    "0000": replace(_OPEN, status="0000"),
    "1000": replace(_OPEN, status="1000"),
    "2000": _Decision(
        action=Action.DONE, reason=gettext_noop("The order succeeded, and that is final."), status="2000"
    ),
    "3000": _Decision(
        action=Action.REORDER,
        order_id=OrderId.NEW,
        reason=gettext_noop("The order failed, and that is final: its order id is used up."),
        status="3000",
    ),
    "4000": _Decision(
        action=Action.ESCALATE,
        reason=gettext_noop("Only the gateway's customer service can say what became of this order."),
        status=_IN_ERROR,
    ),
    "5000": replace(_OPEN, status="5000"),
}


# Methods of the base classes: those of lazy objects and subclasses may raise.
def _is(value: Any, text: str) -> bool:
    return issubclass(type(value), str) and str.__eq__(value, text) is True


def _language(value: Any) -> str:
    text = str.__str__(value) if issubclass(type(value), str) else ""
    return text or get_language() or conf.SOURCE_LANGUAGE


def _is_empty(value: object) -> bool:
    return value is None or _is(value, "")


def _status(value: Any) -> str:
    """Return a status as text, empty if there is none; an unheard-of one is that of an order in error."""
    if _is_empty(value):
        return ""
    text = status_of(value)
    return text if text in STATUSES else _IN_ERROR


def _vectors(catalog: Catalog) -> Iterator[dict[str, Any]]:
    found = catalog.table(catalog.source_language)
    unknown = next(code for code in map(str, range(7777, 8888)) if code not in catalog.entries)
    for code in (*catalog.entries, unknown, None):
        for status in (None, *STATUSES, _UNHEARD_OF):
            for call in Call:
                error = None if code is None else found.find(code)
                decision = _decide(error, _status(status), is_order=call is Call.ORDER)
                yield {
                    "input": {"code": code, "status": status, "call": call.value},
                    "expected": decision.as_json(),
                }
