"""The published catalog in this process: one immutable value, swapped when the database has a newer one."""

from __future__ import annotations

import logging
import math
import os
import threading
import time
from collections.abc import Iterable, Mapping
from contextlib import nullcontext

from django.core.exceptions import SynchronousOnlyOperation
from django.db import Error, connections, router, transaction

from pts_errors import seed
from pts_errors.catalog import Catalog, LocalizedError
from pts_errors.conf import conf
from pts_errors.entry import Entry
from pts_errors.models import Head, Revision, RevisionQuerySet, stream

_logger = logging.getLogger("pts_errors")

# While the database does not answer it is asked this often: rarely enough to add no load, often enough to be back soon.
_BACK_OFF_SECONDS = 5.0

uncommitted: set[str] = set()
"""Digests of publishes in this process whose transactions have not ended well, or not ended yet."""


class Holder:
    """Holds one process's catalog and knows when to ask the database for a newer one."""

    patience = 5.0
    """Seconds that the other readers of a cold process wait for the first load."""

    def __init__(self, known: Catalog | None = None) -> None:
        """Begin with a catalog that the database gave, or with nothing, so that the first reader loads it."""
        self.error = ""
        """Why the last refresh failed; empty when it did not."""
        self.localized: Mapping[str, Mapping[str, LocalizedError]] = {}
        """What of the catalog was asked for, up to the time ``due``: for the fast way of `pts_errors.lookup.get` alone."""
        self.catalog = known
        self.logged: set[str] = set()
        """Unknown codes that were logged, once each."""
        self.confirmed: float | None = None
        """Time, as ``time.monotonic`` gives it, at which the database last said that this is the newest catalog."""
        self._is_loaded = known is not None  # from the database, not from the package
        self._is_provisional = False  # a publish that was served before its transaction ended, as tests do
        self._spare: Catalog | None = None  # what is served while there is nothing from the database
        self.due = 0.0
        """Time, as ``time.monotonic`` gives it, after which the database is asked again."""
        self._lock = threading.Lock()
        self._spare_lock = threading.Lock()

    @property
    def catalog(self) -> Catalog | None:
        """What is served, up to the time ``due``: see `current`, which is the way to ask for it."""
        return self._catalog

    @catalog.setter
    def catalog(self, catalog: Catalog | None) -> None:
        self._catalog = catalog
        self.localized = catalog.localized if catalog is not None else {}

    def current(self) -> Catalog:
        """Return the catalog to serve now. Never raises for a database that is away, and never waits when warm."""
        catalog = self.catalog
        if catalog is not None and time.monotonic() < self.due:
            return catalog
        if catalog is None:
            # The first question may hang with its database: after a while the packaged catalog has to do.
            if not self._lock.acquire(timeout=0 if self._spare else self.patience):
                return self._stand_in("The database does not answer.")
        elif self._must_not_ask() or not self._lock.acquire(blocking=False):
            return catalog
        try:
            if self.catalog is not None and time.monotonic() < self.due:
                return self.catalog  # another thread has just asked
            return self._ask()
        finally:
            self._lock.release()

    def refresh(self) -> Catalog:
        """Ask the database now, due or not, and return what is served from now on."""
        if not self._lock.acquire(timeout=self.patience):
            # Whoever asks now hangs with the database, and the news has to wait.
            return self.catalog or self._stand_in("The database does not answer.")
        try:
            catalog = self._ask()
            self._is_provisional = connections[_alias()].in_atomic_block
            return catalog
        finally:
            self._lock.release()

    def forget(self) -> None:
        """Let the next reader build the catalog anew, with the settings of that moment."""
        with self._lock:
            self.catalog, self.confirmed, self._spare, self._is_loaded, self.due = None, None, None, False, 0.0

    def after_fork(self) -> None:
        """Give a forked child a lock that nobody holds, and let its first reader ask the database."""
        self._lock, self._spare_lock = threading.Lock(), threading.Lock()
        self.due = 0.0

    def _must_not_ask(self) -> bool:
        # Inside the host's transaction a query that fails would break that transaction, and one that works might see a
        # publish which is rolled back later. The receiver of request_started asks before the transaction begins.
        return self._is_loaded and not self._is_provisional and connections[_alias()].in_atomic_block

    def _ask(self) -> Catalog:
        connection = connections[_alias()]
        in_transaction = connection.in_atomic_block
        was_closed = connection.connection is None
        try:
            # The savepoint keeps the host's transaction whole when the tables are not there yet.
            with transaction.atomic(using=connection.alias) if in_transaction else nullcontext():
                catalog = _load(self.catalog if self._is_loaded else None, connection.alias)
        except SynchronousOnlyOperation:
            # The receiver of request_started asks in a thread.
            return self._keep("It was looked up on an event loop before any request or other thread had asked.")
        except Exception as error:
            # The one place that swallows every error: a stale text is better than none. One log line an outage.
            if not self.error and self._is_loaded:
                _logger.warning("The error catalog cannot be refreshed; the last good one is served. %s", error)
            self.error = str(error) or type(error).__name__
            self.due = time.monotonic() + max(_BACK_OFF_SECONDS, conf.REFRESH_SECONDS)
            if isinstance(error, Error) and not in_transaction:
                connection.close_if_unusable_or_obsolete()
            return self._keep(self.error)
        finally:
            if was_closed and connection.connection is not None:
                connection.close()  # a thread that nobody manages would keep it open for ever
        if self.error or self._spare is not None:
            _logger.warning("The error catalog is refreshed again, at revision %d.", catalog.number)
        self.error, self._spare = "", None
        if in_transaction and not self._is_loaded and catalog.digest in uncommitted:
            return catalog  # for this reader alone
        if catalog is not self.catalog:
            self.catalog, self._is_provisional = catalog, False
        self._is_loaded = True
        self.confirmed = time.monotonic()
        # What was read inside a transaction may be rolled back: ask again as soon as that is allowed.
        self.due = 0.0 if in_transaction else time.monotonic() + conf.REFRESH_SECONDS
        return catalog

    def _keep(self, reason: str) -> Catalog:
        if self.catalog is None:
            self.catalog = self._stand_in(reason)
        return self.catalog

    def _stand_in(self, reason: str) -> Catalog:
        """Return the packaged catalog, and tell ops staff that it stands in for what was published here."""
        with self._spare_lock:
            if self._spare is not None:
                return self._spare
            self._spare = spare = _packaged()
        # Without the lock: what handles this line may look up a code.
        _logger.error(
            "The error catalog cannot be refreshed; the packaged one is served, without what was published here. %s",
            reason,
        )
        return spare


class Pinned(Holder):
    """Holds one catalog for good, for tests."""

    def __init__(self, catalog: Catalog) -> None:
        """Hold this catalog."""
        super().__init__()
        self._pin(catalog)

    def refresh(self) -> Catalog:
        """Return the pinned catalog."""
        return self.current()

    def forget(self) -> None:
        """Pin the same entries, with the settings of this moment."""
        before = self.current()
        self._pin(build(before.entries.values(), damaged=before.damaged, number=before.number, digest=before.digest))

    def after_fork(self) -> None:
        """Keep the pinned catalog."""

    def _pin(self, catalog: Catalog) -> None:
        self.catalog, self.due = catalog, math.inf


holder = Holder()


def current() -> Catalog:
    """Return the catalog to serve now. Never raises for a database that is away, and never waits when warm."""
    return holder.current()


def refresh() -> Catalog:
    """Ask the database now, due or not, and return what is served from now on."""
    return holder.refresh()


def swap(other: Holder) -> Holder:
    """Let another holder serve this process, and return the one that did."""
    global holder
    before, holder = holder, other
    return before


def forget() -> None:
    """Let the next reader build the catalog anew, with the settings of that moment."""
    holder.forget()


def build(entries: Iterable[Entry], *, number: int, digest: str, damaged: Iterable[str] = ()) -> Catalog:
    """Return a catalog of the entries as this site's settings want it."""
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
    # Replicas lag: what was just published must not be undone by the next look.
    return router.db_for_write(Head)


def _load(known: Catalog | None, alias: str) -> Catalog:
    """Return the published catalog: the known one if it is still the newest, else with what came since."""
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
    # Nothing is known, or the database was restored from a backup: numbers may mean something else now.
    entries, damaged = _read(revisions.live_at(number))
    return build(entries, damaged=damaged, number=number, digest=digest)


def _read(revisions: RevisionQuerySet) -> tuple[list[Entry], list[str]]:
    """Return the states, and the codes of those that other hands have damaged."""
    entries, damaged = [], []
    rows = revisions.values_list("error__code", "number", "snapshot")
    for code, number, state in stream(rows):
        try:
            for message in state["messages"].values():
                message.pop("source_text", None)  # half of the memory, and nothing that a reader reads
            entries.append(Entry.from_json(state, revision=number))
        except (KeyError, TypeError, ValueError, AttributeError):
            damaged.append(code)
            _logger.error("Revision %d of code %s is damaged; its readers get the unknown text.", number, code)
    return entries, damaged


if hasattr(os, "register_at_fork"):  # pragma: no branch # not on Windows
    os.register_at_fork(after_in_child=lambda: holder.after_fork())
