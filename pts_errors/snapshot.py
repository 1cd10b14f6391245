"""The published catalog in this process: one immutable value, swapped when the database has a newer one."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Iterable
from contextlib import nullcontext

from django.core.exceptions import SynchronousOnlyOperation
from django.db import DatabaseError, connections, router, transaction

from pts_errors import seed
from pts_errors.catalog import Catalog
from pts_errors.conf import conf
from pts_errors.entry import Entry
from pts_errors.models import Head, Revision

_logger = logging.getLogger("pts_errors")

# While the database does not answer it is asked this often: rarely enough to add no load, often enough to be back soon.
_BACK_OFF_SECONDS = 5.0


class Holder:
    """Holds one process's catalog and knows when to ask the database for a newer one."""

    def __init__(self) -> None:
        """Hold nothing: the first reader loads."""
        self.error = ""
        """Why the last refresh failed; empty when it did not."""
        self._catalog: Catalog | None = None
        self._is_loaded = False  # from the database, not from the package
        self._is_provisional = False  # a publish that was served before its transaction ended, as tests do
        self._due = 0.0
        self._lock = threading.Lock()

    def current(self) -> Catalog:
        """Return the catalog to serve now. Never raises for a database that is away, and never waits when warm."""
        catalog = self._catalog
        if catalog is not None and time.monotonic() < self._due:
            return catalog
        if catalog is None:
            self._lock.acquire()
        elif self._must_not_ask() or not self._lock.acquire(blocking=False):
            return catalog
        try:
            if self._catalog is not None and time.monotonic() < self._due:
                return self._catalog  # another thread has just asked
            return self._ask()
        finally:
            self._lock.release()

    def refresh(self) -> Catalog:
        """Ask the database now, due or not, and return what is served from now on."""
        with self._lock:
            catalog = self._ask()
            self._is_provisional = connections[_alias()].in_atomic_block
            return catalog

    def forget(self) -> None:
        """Let the next reader build the catalog anew, with the settings of that moment."""
        with self._lock:
            self._catalog, self._is_loaded, self._due = None, False, 0.0

    def after_fork(self) -> None:
        """Give a forked child a lock that nobody holds, and let its first reader ask the database."""
        self._lock = threading.Lock()
        self._due = 0.0

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
                catalog = _load(self._catalog if self._is_loaded else None, connection.alias)
        except SynchronousOnlyOperation:
            return self._keep()  # an event loop: the receiver of request_started asks in a thread
        except Exception as error:
            # The one place that swallows every error: a stale text is better than none. One log line an outage.
            if not self.error:
                _logger.warning("The error catalog cannot be refreshed; the last good one is served. %s", error)
            self.error = str(error) or type(error).__name__
            self._due = time.monotonic() + max(_BACK_OFF_SECONDS, conf.REFRESH_SECONDS)
            if isinstance(error, DatabaseError) and not in_transaction:
                connection.close_if_unusable_or_obsolete()
            return self._keep()
        finally:
            if was_closed and connection.connection is not None:
                connection.close()  # a thread that nobody manages would keep it open for ever
        if self.error:
            _logger.warning("The error catalog is refreshed again, at revision %d.", catalog.number)
        self.error = ""
        if catalog is not self._catalog:
            self._catalog, self._is_provisional = catalog, False
        self._is_loaded = True
        # What was read inside a transaction may be rolled back: ask again as soon as that is allowed.
        self._due = 0.0 if in_transaction else time.monotonic() + conf.REFRESH_SECONDS
        return catalog

    def _keep(self) -> Catalog:
        if self._catalog is None:
            self._catalog = build(seed.packaged(), number=0, digest="")
        return self._catalog


class Pinned(Holder):
    """Holds one catalog for good, for tests."""

    def __init__(self, catalog: Catalog) -> None:
        """Hold this catalog."""
        super().__init__()
        self._pinned = catalog

    def current(self) -> Catalog:
        """Return the pinned catalog."""
        return self._pinned

    def refresh(self) -> Catalog:
        """Return the pinned catalog."""
        return self._pinned

    def forget(self) -> None:
        """Pin the same entries, with the settings of this moment."""
        self._pinned = build(self._pinned.entries.values(), number=self._pinned.number, digest=self._pinned.digest)


_holder = Holder()


def current() -> Catalog:
    """Return the catalog to serve now. Never raises for a database that is away, and never waits when warm."""
    return _holder.current()


def refresh() -> Catalog:
    """Ask the database now, due or not, and return what is served from now on."""
    return _holder.refresh()


def swap(holder: Holder) -> Holder:
    """Let another holder serve this process, and return the one that did."""
    global _holder
    before, _holder = _holder, holder
    return before


def forget() -> None:
    """Let the next reader build the catalog anew, with the settings of that moment."""
    _holder.forget()


def build(entries: Iterable[Entry], *, number: int, digest: str) -> Catalog:
    """Return a catalog of the entries as this site's settings want it."""
    return Catalog(
        entries,
        number=number,
        digest=digest,
        source_language=conf.SOURCE_LANGUAGE,
        context=conf.CONTEXT,
        served=conf.LANGUAGES,
    )


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
        return known.replace(_entries(since), number=number, digest=digest)
    # Nothing is known, or the database was restored from a backup: numbers may mean something else now.
    return build(_entries(revisions.live_at(number)), number=number, digest=digest)


def _entries(revisions: Iterable[Revision]) -> Iterable[Entry]:
    for revision in revisions:
        try:
            yield Entry.from_json(revision.snapshot, revision=revision.number)
        except (KeyError, TypeError, ValueError, AttributeError):
            _logger.error("Revision %d of row %s cannot be read.", revision.number, revision.pk, exc_info=True)


def _after_fork() -> None:
    _holder.after_fork()


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_after_fork)
