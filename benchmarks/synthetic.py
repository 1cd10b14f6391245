"""Fill a database with variations of the shipped codes: `BENCH_DATABASE=… python -m benchmarks.synthetic 10000`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from itertools import count, cycle, islice

from django.db import transaction

from benchmarks import host
from pts_errors.models import Category, ErrorCode
from pts_errors.publishing import log
from pts_errors.values import seed
from pts_errors.values.entry import Entry, Origin

_FIRST = 10_000  # the shipped codes have four digits
_BATCH = 1_000  # codes in one publish


def fill(codes: int) -> None:
    """Publish this many codes, each with 17 languages and a runbook as long as the shipped ones.

    Draft texts are left out: readers never touch them, and writing them would take longer than the rest.
    """
    categories = dict(Category.objects.values_list("slug", "pk"))
    missing = islice(entries(), max(0, codes - len(seed.packaged())))
    while batch := list(islice(missing, _BATCH)):
        with transaction.atomic():
            log.lock(using="default")
            ErrorCode.objects.bulk_create(
                ErrorCode(
                    code=entry.code,
                    name=entry.name,
                    category_id=categories[entry.category.slug],
                    outcome=entry.outcome,
                    retry_advice=entry.retry_advice,
                    retry_after=entry.retry_after,
                    http_status=entry.http_status,
                )
                for entry in batch
            )
            by_code = {entry.code: entry for entry in batch}
            log.append(by_code, origin=Origin.IMPORTED, author=None, note="Synthetic.", using="default")


def entries() -> Iterator[Entry]:
    """Yield an endless series of codes with texts that all differ, like real ones."""
    for number, entry in zip(count(_FIRST), cycle(seed.packaged())):
        code = str(number)
        messages = {
            language: replace(
                message,
                title=f"{message.title} {code}",
                customer_message=f"{message.customer_message} {code}",
                merchant_action=message.merchant_action and f"{message.merchant_action} {code}",
            )
            for language, message in entry.messages.items()
        }
        yield replace(entry, code=code, name=f"{entry.name}_{code}", replaced_by="", similar=(), messages=messages)


if __name__ == "__main__":
    host.migrate()
    fill(int(sys.argv[1]))
