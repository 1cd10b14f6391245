"""Look up a code: what it means, what may be done, and what the customer reads."""

from __future__ import annotations

import logging

from django.utils.translation import get_language

from pts_errors import snapshot
from pts_errors.conf import conf
from pts_errors.values.catalog import LocalizedError, LocalizedStatus, text_of
from pts_errors.values.entry import STATUSES

_logger = logging.getLogger("pts_errors")

# Each unknown code is logged once, up to this many: clients can invent any number of codes.
_MAX_LOGGED = 1000


def get(code: object, *, language: str | None = None) -> LocalizedError:
    """Return the error of a code, in this language or the active one. ``str()`` of it is the customer message.

    ``code`` is text or an int and must match exactly. Any other value, and any code that is not in the catalog, gives
    the safe *unknown* error: ``is_known`` is false, the outcome is unknown, the advice is to check the status first.
    Never raises, and costs no query while the catalog is warm.
    """
    if not language or not isinstance(language, str):
        language = _active_language()
    error = snapshot.holder.current().table(language).find(code)
    if not error.is_known:
        _log(code)
    return error


def get_all(*, language: str | None = None) -> tuple[LocalizedError, ...]:
    """Return the errors of all codes, ordered by number, in this language or the active one."""
    if not language or not isinstance(language, str):
        language = _active_language()
    return tuple(snapshot.current().table(language).errors.values())


def status(value: object, *, language: str | None = None) -> LocalizedStatus:
    """Return the status of an order, in this language or the active one. ``str()`` of it is the customer message.

    ``value`` is the text or int of a query's answer, such as ``"3000"``, or ``"not_found"`` where the gateway answered
    with code 1002. Any other value gives the texts of 4000, the most careful ones, and ``is_known`` is false. Never
    raises.
    """
    if not language or not isinstance(language, str):
        language = _active_language()
    return snapshot.current().table(language).status(value)


def statuses(*, language: str | None = None) -> tuple[LocalizedStatus, ...]:
    """Return the seven statuses that an order can have, in this language or the active one."""
    return tuple(status(value, language=language) for value in STATUSES)


def _active_language() -> str:
    return get_language() or conf.SOURCE_LANGUAGE


def _log(code: object) -> None:
    text = text_of(code)
    # Longer values are not logged: they may be card numbers, or forged log lines.
    shown = ascii(text) if text else f"of type {type(code).__name__}"
    logged = snapshot.holder.logged
    if shown not in logged and len(logged) < _MAX_LOGGED:
        logged.add(shown)
        _logger.warning("The error code %s is not in the catalog; the safe unknown text is shown.", shown)
