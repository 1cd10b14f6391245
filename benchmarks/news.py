"""Processes of `benchmarks.visibility` and `benchmarks.soak`: publishers, and a reader."""

from __future__ import annotations

import random
import select
import sys
import time

from django.conf import settings
from django.db import Error, connection, transaction

from benchmarks import host  # noqa: F401  # sets Django up
from pts_errors import lookup, publishing
from pts_errors.models import Message


def read() -> None:
    """Print the time whenever the title changes."""
    title = ""
    while True:
        now = lookup.get("1005", language="en").title
        if now != title:
            title = now
            print(time.monotonic(), flush=True)
        time.sleep(0.001)


def publish(times: int) -> None:
    """Publish repeatedly, and print the time of each commit."""
    for number in range(times):
        # A random time since the reader's last refresh.
        time.sleep(settings.PTS_ERRORS_REFRESH_SECONDS * (1.2 + random.random()))
        committed: list[float] = []
        with transaction.atomic():
            transaction.on_commit(lambda moments=committed: moments.append(time.monotonic()))
            Message.objects.filter(error__code="1005", language="en").update(title=f"Number {'x' * (number + 1)}")
            publishing.publish(["1005"])
        print(committed[0])


def keep_publishing(every: float) -> None:
    """Publish until a line of input arrives, even without the database; print the numbers of successes and failures."""
    codes = ("1005", "1006", "4001", "8005")
    made = failed = 0
    while not select.select([sys.stdin], [], [], every)[0]:
        code = codes[made % len(codes)]
        try:
            with transaction.atomic():
                Message.objects.filter(error__code=code, language="en").update(title=f"Title {'x' * (1 + made % 50)}")
                publishing.publish([code])
        except Error:
            failed += 1
            connection.close()
        else:
            made += 1
    print(made, failed)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["read"]:
            read()
        case ["publish", times]:
            publish(int(times))
        case ["keep-publishing", every]:
            keep_publishing(float(every))
