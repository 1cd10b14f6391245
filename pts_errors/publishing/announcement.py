"""Announce a publish once it is committed: to this process, to the log file and to the host's receivers."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import partial

from django.db import router, transaction

from pts_errors import snapshot
from pts_errors.models import Head, Revision
from pts_errors.publishing import log
from pts_errors.signals import published
from pts_errors.values.entry import Origin

_logger = logging.getLogger("pts_errors")


def send_on_commit(revisions: Sequence[Revision], origin: Origin, *, using: str) -> None:
    """Announce these revisions, if there are any, when the caller's transaction is committed."""
    if revisions:
        codes = tuple(dict.fromkeys(revision.snapshot["code"]["code"] for revision in revisions))
        anchor = log.Anchor(revisions[-1].number, revisions[-1].digest)
        snapshot.uncommitted.add(anchor.digest)
        transaction.on_commit(partial(_send, using, anchor, codes, origin), using=using)


def _send(using: str, anchor: log.Anchor, codes: tuple[str, ...], origin: Origin) -> None:
    # The anchor in the log file can later prove that the end of the table was cut off or its digests recomputed.
    _logger.info("Published %s (%s, %d codes).", anchor, origin, len(codes))
    snapshot.uncommitted.discard(anchor.digest)
    if using == router.db_for_write(Head):  # pragma: no branch # a host of tests/hosts/test_databases.py has two
        snapshot.refresh()
    published.send_robust(sender=Revision, number=anchor.number, codes=codes, origin=str(origin))
