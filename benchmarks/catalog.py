"""Measurements of `benchmarks.loading`, one a process: `BENCH_DATABASE=… python -m benchmarks.catalog load all`."""

from __future__ import annotations

import gc
import json
import os
import sys
import time
import tracemalloc

# No refresh during a measurement.
os.environ["BENCH_REFRESH_SECONDS"] = "3600"

import psutil
from django.db import connection, transaction

from benchmarks import host  # noqa: F401  # sets Django up
from benchmarks.measure import seconds_per_call
from pts_errors import lookup, snapshot
from pts_errors.publishing import log
from pts_errors.values import seed
from pts_errors.values.entry import Origin

LANGUAGES = sorted({language for entry in seed.packaged() for language in entry.messages})


def load(languages: str, *, trace: bool) -> dict[str, float]:
    """Return seconds and megabytes of a first load in this process.

    ``ready`` is the time of one answer in each language. ``every`` includes the first answer for every code.
    """
    seed.packaged.cache_clear()
    connection.ensure_connection()
    gc.collect()
    if trace:
        tracemalloc.start()
    process = psutil.Process()
    before, began = process.memory_info().rss, _clock()
    for language in _chosen(languages):
        lookup.get("1005", language=language)
    ready = _clock() - began
    for language in _chosen(languages):
        lookup.get_all(language=language)
    every = _clock() - began
    gc.collect()
    held = tracemalloc.get_traced_memory()[0] if trace else 0
    return {"ready": ready, "every": every, "held": held / 1e6, "grown": (process.memory_info().rss - before) / 1e6}


def refresh(languages: str, times: int) -> list[float]:
    """Return the milliseconds of a refresh and the first answer, each time after one code was published."""
    for language in _chosen(languages):
        lookup.get_all(language=language)
    (entry,) = log.live(using="default", codes=["1005"]).values()
    took = []
    for number in range(times + 1):
        with transaction.atomic():
            log.lock(using="default")
            changed = entry.as_json()
            changed["messages"]["de"]["title"] = f"Nummer {number}"
            new = {"1005": type(entry).from_json(changed)}
            log.append(new, origin=Origin.EDITED, author=None, note="", using="default")
        began = _clock()
        snapshot.refresh()
        title = lookup.get("1005", language="de").title
        took.append((_clock() - began) * 1000)
        if title != f"Nummer {number}":
            raise RuntimeError(f"The title is still {title}.")
    return took[1:]


def read() -> None:
    """Print the seconds of one warm read for every input line."""
    codes = [entry.code for entry in seed.packaged()][::6]
    measure = seconds_per_call([f"lookup.get({code!r}, language='de')" for code in codes], {"lookup": lookup})
    for _line in sys.stdin:
        print(measure(), flush=True)


def _chosen(languages: str) -> list[str]:
    return LANGUAGES if languages == "all" else ["de"]


def _clock() -> float:
    # SQLite works in this process, so processor time is complete. Other databases work in their own server.
    return time.process_time() if connection.vendor == "sqlite" else time.perf_counter()


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["load", languages]:
            print(json.dumps(load(languages, trace=False)))
        case ["trace", languages]:
            print(json.dumps(load(languages, trace=True)))
        case ["refresh", languages, times]:
            print(json.dumps(refresh(languages, int(times))))
        case ["read"]:
            read()
