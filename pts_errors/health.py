"""Whether this process serves the newest catalog, for a host's monitoring."""

from __future__ import annotations

import time
from dataclasses import dataclass

from pts_errors import snapshot
from pts_errors.conf import conf

# More than a database needs that works at all, on top of the time after which it is asked again.
_GRACE_SECONDS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """What this process serves. ``dataclasses.asdict`` makes JSON values of it."""

    is_healthy: bool
    """Whether the catalog is the database's, was confirmed by it lately, and is whole."""
    revision: int
    """Number of the publish that is served; 0 for the packaged catalog, which stands in for a database not reached yet."""
    age: float | None
    """Seconds since the database last said that this is the newest catalog; None if it never did."""
    error: str
    """Why the last refresh failed, for staff; empty if it did not."""
    damaged: tuple[str, ...]
    """Codes whose published state cannot be read, so that their readers get the safe unknown text."""


def check() -> Health:
    """Return what this process serves, after asking the database for news if that is due. Never raises.

    A process that is not healthy goes on serving: let it raise an alarm, but do not stop it.
    """
    catalog, holder = snapshot.current(), snapshot.holder
    age = None if holder.confirmed is None else time.monotonic() - holder.confirmed
    is_recent = age is not None and age <= conf.REFRESH_SECONDS + _GRACE_SECONDS
    return Health(
        is_healthy=is_recent and not holder.error and not catalog.damaged,
        revision=catalog.number,
        age=age,
        error=holder.error,
        damaged=catalog.damaged,
    )
