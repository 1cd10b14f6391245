"""Processes of `benchmarks.visibility` and `benchmarks.soak`: some publish, one reads all the time."""

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
    """Print the time whenever the title is another."""
    title = ""
    while True:
        now = lookup.get("1005", language="en").title
        if now != title:
            title = now
            print(time.monotonic(), flush=True)
        time.sleep(0.001)


def publish(times: int) -> None:
    """Publish again and again, and print when each was committed."""
    for number in range(times):
        # Any time may have passed since the reader asked last.
        time.sleep(settings.PTS_ERRORS_REFRESH_SECONDS * (1.2 + random.random()))
        committed: list[float] = []
        with transaction.atomic():
            transaction.on_commit(lambda moments=committed: moments.append(time.monotonic()))
            Message.objects.filter(error__code="1005", language="en").update(title=f"Number {'x' * (number + 1)}")
            publishing.publish(["1005"])
        print(committed[0])


def keep_publishing(every: float) -> None:
    """Publish until there is a line to read, whatever becomes of the database; print how many were made and failed."""
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
