"""Look a code up: what it means, what may be done, and what the customer reads."""

from __future__ import annotations

import logging
from time import monotonic

from django.utils.translation import get_language

from pts_errors import snapshot
from pts_errors.catalog import LocalizedError, Table, text_of
from pts_errors.conf import conf

_logger = logging.getLogger("pts_errors")

# Unknown codes are logged once each; what clients invent beyond so many is not worth the memory.
_MAX_LOGGED = 1000


def get(code: object, *, language: str | None = None) -> LocalizedError:
    """Return the error of a code, in this language or the active one. ``str()`` of it is the customer message.

    ``code`` is text or an int and must match exactly. Everything else, and every code that the catalog does not know,
    gives the safe *unknown* error: ``is_known`` is false, its outcome is unknown, its advice to check the status first.
    Never raises, and costs no query while the catalog is warm.
    """
    # The fast way, taken by every read but the first ones: three look-ups, and no call but the clock's.
    holder = snapshot.holder
    if monotonic() < holder.due:
        try:
            return holder.localized[language or get_language()][code]  # type: ignore[index]
        except (
            Exception
        ):  # whatever is odd about the code or the language, or not there yet: the careful way sees to it
            pass
    error = _table(language).find(code)
    if not error.is_known:
        _log(code)
    return error


def get_all(*, language: str | None = None) -> tuple[LocalizedError, ...]:
    """Return the errors of all codes, ordered by number, in this language or the active one."""
    return tuple(_table(language).errors.values())


def _table(language: object) -> Table:
    if not language or not isinstance(language, str):
        language = get_language() or conf.SOURCE_LANGUAGE
    return snapshot.current().table(language)


def _log(code: object) -> None:
    text = text_of(code)
    # Never a longer value itself: it may be a card number, or a line that looks like another log entry.
    shown = ascii(text) if text else f"of type {type(code).__name__}"
    logged = snapshot.holder.logged
    if shown not in logged and len(logged) < _MAX_LOGGED:
        logged.add(shown)
        _logger.warning("The error code %s is not in the catalog; the safe unknown text is shown.", shown)
