"""The published catalog of this process: one immutable value, replaced when the database has a newer one."""

from __future__ import annotations

import logging
import math
import os
import threading
from collections.abc import Iterable
from contextlib import nullcontext
from time import monotonic

from django.core.exceptions import SynchronousOnlyOperation
from django.db import Error, connections, router, transaction

from pts_errors.conf import conf
from pts_errors.models import Head, Revision, RevisionQuerySet, stream
from pts_errors.values import seed
from pts_errors.values.catalog import Catalog
from pts_errors.values.entry import Entry

_logger = logging.getLogger("pts_errors")

# The wait between attempts while the database is away: little load, and a quick recovery.
_BACK_OFF_SECONDS = 5.0


uncommitted: set[str] = set()
"""Digests of publishes in this process whose transactions were rolled back or are still open."""


class Holder:
    """Holds the catalog of one process, and asks the database for a newer one when that is due."""

    patience = 5.0
    """Seconds that other readers of a cold process wait for the first load."""

    def __init__(self, known: Catalog | None = None) -> None:
        """Begin with a catalog from the database, or with nothing: then the first reader loads it."""
        self.error = ""
        """Why the last refresh failed; empty if it succeeded."""
        self.catalog = known
        """What is served until ``due``. Readers ask `current`."""
        self.logged: set[str] = set()
        """Unknown codes that were logged, once each."""
        self.confirmed: float | None = None
        """When the database last confirmed that this is the newest catalog, by ``time.monotonic``."""
        self._is_loaded = known is not None  # from the database, not from the package
        self._is_provisional = False  # a publish served before its transaction ends, as in tests
        self._spare: Catalog | None = None  # the packaged catalog, until the database has been read
        self.due = 0.0
        """When to ask the database again, by ``time.monotonic``."""
        self._lock = threading.Lock()
        self._spare_lock = threading.Lock()

    def current(self) -> Catalog:
        """Return the catalog to serve now. Never raises if the database is away, and never waits once loaded."""
        catalog = self.catalog
        if catalog is not None and monotonic() < self.due:
            return catalog
        if catalog is None:
            # The first load may hang with its database: after a while, fall back to the packaged catalog.
            if not self._lock.acquire(timeout=0 if self._spare else self.patience):
                return self._stand_in("The database does not answer.")
        elif self._must_not_ask() or not self._lock.acquire(blocking=False):
            return catalog
        try:
            if self.catalog is not None and monotonic() < self.due:
                return self.catalog  # another thread has just refreshed
            return self._ask()
        finally:
            self._lock.release()

    def refresh(self) -> Catalog:
        """Ask the database now, even if it is not due, and return the catalog to serve from now on."""
        if not self._lock.acquire(timeout=self.patience):
            # Another thread is waiting for the database, so the refresh has to wait.
            return self.catalog or self._stand_in("The database does not answer.")
        try:
            catalog = self._ask()
            self._is_provisional = connections[_alias()].in_atomic_block
            return catalog
        finally:
            self._lock.release()

    def forget(self) -> None:
        """Let the next reader rebuild the catalog with the settings of that moment."""
        with self._lock:
            self.catalog, self.confirmed, self._spare, self._is_loaded, self.due = None, None, None, False, 0.0

    def after_fork(self) -> None:
        """Give a forked child free locks, and let its first reader ask the database."""
        self._lock, self._spare_lock = threading.Lock(), threading.Lock()
        self.due = 0.0

    def _must_not_ask(self) -> bool:
        # Inside the host's transaction, a failing query would break that transaction, and a successful one might see a
        # publish that is rolled back later. The receiver of request_started asks before the transaction begins.
        return self._is_loaded and not self._is_provisional and connections[_alias()].in_atomic_block

    def _ask(self) -> Catalog:
        connection = connections[_alias()]
        in_transaction = connection.in_atomic_block
        was_closed = connection.connection is None
        try:
            # The savepoint keeps the host's transaction usable if the tables do not exist yet.
            with transaction.atomic(using=connection.alias) if in_transaction else nullcontext():
                catalog = _load(self.catalog if self._is_loaded else None, connection.alias)
        except SynchronousOnlyOperation:
            # The receiver of request_started asks from a thread instead.
            return self._keep("A lookup on an event loop came before any request or thread loaded the catalog.")
        except Exception as error:
            # The one place that catches every error: a stale text is better than none. One log line for each outage.
            if not self.error and self._is_loaded:
                _logger.warning("The error catalog cannot be refreshed; the last good one is served. %s", error)
            self.error = str(error) or type(error).__name__
            self.due = monotonic() + max(_BACK_OFF_SECONDS, conf.REFRESH_SECONDS)
            if isinstance(error, Error) and not in_transaction:
                connection.close_if_unusable_or_obsolete()
            return self._keep(self.error)
        finally:
            if was_closed and connection.connection is not None:
                connection.close()  # in a thread outside Django's requests it would stay open forever
        if self.error or self._spare is not None:
            _logger.warning("The error catalog is refreshed again, at revision %d.", catalog.number)
        self.error, self._spare = "", None
        if in_transaction and not self._is_loaded and catalog.digest in uncommitted:
            return catalog  # for this reader only
        if catalog is not self.catalog:
            self.catalog, self._is_provisional = catalog, False
        self._is_loaded = True
        self.confirmed = monotonic()
        # What was read inside a transaction may be rolled back: ask again as soon as that is allowed.
        self.due = 0.0 if in_transaction else monotonic() + conf.REFRESH_SECONDS
        return catalog

    def _keep(self, reason: str) -> Catalog:
        if self.catalog is None:
            self.catalog = self._stand_in(reason)
        return self.catalog

    def _stand_in(self, reason: str) -> Catalog:
        """Return the packaged catalog, and log that it replaces what was published here."""
        with self._spare_lock:
            if self._spare is not None:
                return self._spare
            self._spare = spare = _packaged()
        # Outside the lock: a log handler may look up a code.
        _logger.error(
            "The error catalog cannot be refreshed; the packaged one is served, without what was published here. %s",
            reason,
        )
        return spare


class Pinned(Holder):
    """Always holds the same catalog, for tests."""

    def __init__(self, catalog: Catalog) -> None:
        super().__init__()
        self._pin(catalog)

    def refresh(self) -> Catalog:
        """Return the pinned catalog."""
        return self.current()

    def forget(self) -> None:
        """Rebuild the catalog from the same entries with the current settings."""
        before = self.current()
        self._pin(build(before.entries.values(), damaged=before.damaged, number=before.number, digest=before.digest))

    def after_fork(self) -> None:
        """Keep the pinned catalog."""

    def _pin(self, catalog: Catalog) -> None:
        self.catalog, self.due = catalog, math.inf


holder = Holder()


def current() -> Catalog:
    """Return the catalog to serve now. Never raises if the database is away, and never waits once loaded."""
    return holder.current()


def refresh() -> Catalog:
    """Ask the database now, even if it is not due, and return the catalog to serve from now on."""
    return holder.refresh()


def swap(other: Holder) -> Holder:
    """Let another holder serve this process, and return the previous one."""
    global holder
    before, holder = holder, other
    return before


def forget() -> None:
    """Let the next reader rebuild the catalog with the settings of that moment."""
    holder.forget()


def build(entries: Iterable[Entry], *, number: int, digest: str, damaged: Iterable[str] = ()) -> Catalog:
    """Return a catalog of the entries, built with this site's settings."""
    return Catalog(
        entries,
        damaged=damaged,
        number=number,
        digest=digest,
        source_language=conf.SOURCE_LANGUAGE,
        context=conf.CONTEXT,
        served=conf.LANGUAGES,
    )


def _packaged() -> Catalog:
    return build(seed.packaged(), number=0, digest="")


def _alias() -> str:
    # Not a replica: one that lags would undo what was just published.
    return router.db_for_write(Head)


def _load(known: Catalog | None, alias: str) -> Catalog:
    """Return the published catalog: the known one if it is still the newest, else one with the newer revisions."""
    head = Head.objects.using(alias).filter(pk=Head.PK).values_list("number", "digest").first()
    if head is None or not head[0]:
        raise LookupError("Nothing is published: the table of revisions is empty. Run manage.py migrate.")
    number, digest = head
    if known is not None and (known.number, known.digest) == head:
        return known
    revisions = Revision.objects.using(alias)
    if known is not None and revisions.filter(number=known.number, digest=known.digest).exists():
        since = revisions.filter(number__gt=known.number, number__lte=number).order_by("number")
        entries, damaged = _read(since)
        return known.replace(entries, damaged=damaged, number=number, digest=digest)
    # Nothing is loaded, or the database was restored from a backup, so that numbers may mean something else now.
    entries, damaged = _read(revisions.live_at(number))
    return build(entries, damaged=damaged, number=number, digest=digest)


def _read(revisions: RevisionQuerySet) -> tuple[list[Entry], list[str]]:
    """Return the newest state of each code, and the codes of those that are damaged."""
    found: dict[str, Entry | None] = {}
    for revision in stream(revisions.only("number", "snapshot", "error__code").select_related("error")):
        code, number = revision.error.code, revision.number
        found[code] = _without_sources(revision).entry()
        if found[code] is None:
            _logger.error("Revision %d of code %s is damaged; its readers get the unknown text.", number, code)
    return [entry for entry in found.values() if entry], [code for code, entry in found.items() if not entry]


def _without_sources(revision: Revision) -> Revision:
    """Return the revision without the source texts of its translations: half of the memory, never read."""
    messages = revision.snapshot.get("messages") if isinstance(revision.snapshot, dict) else None
    for message in messages.values() if isinstance(messages, dict) else ():
        if isinstance(message, dict):
            message.pop("source_text", None)
    return revision


if hasattr(os, "register_at_fork"):  # pragma: no branch # not on Windows
    os.register_at_fork(after_in_child=lambda: holder.after_fork())
