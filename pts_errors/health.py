"""Whether this process serves the newest catalog, for a host's monitoring."""

from __future__ import annotations

import time
from dataclasses import dataclass

from pts_errors import snapshot
from pts_errors.conf import conf

# Allowed on top of the refresh interval; a working database answers sooner.
_GRACE_SECONDS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """What this process serves. ``dataclasses.asdict`` makes JSON values of it."""

    is_healthy: bool
    """Whether the catalog comes from the database, was confirmed recently, and is complete."""
    revision: int
    """Number of the publish that is served; 0 for the packaged catalog, until the database is reached."""
    age: float | None
    """Seconds since the database last confirmed that this is the newest catalog; None if it never did."""
    error: str
    """Why the last refresh failed, for staff; empty if it succeeded."""
    damaged: tuple[str, ...]
    """Codes whose published state cannot be read, so that their readers get the safe unknown text."""


def check() -> Health:
    """Return what this process serves, after a refresh if one is due. Never raises.

    An unhealthy process goes on serving: let it raise an alarm, but do not stop it.
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
