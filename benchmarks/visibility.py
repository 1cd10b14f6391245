"""The time from a publish until another process shows it: `python -m benchmarks.visibility`."""

from __future__ import annotations

from typing import Any

from benchmarks import databases
from benchmarks.measure import IS_SMOKE, Row, report, row

_REFRESH = 0.1 if IS_SMOKE else 1.0  # seconds; one is the default
_PUBLISHES = 2 if IS_SMOKE else 15


def main() -> None:
    """Measure and report for each available database."""
    report("visibility", "Publishes seen by another process", [row for kind in databases.kinds() for row in _see(kind)])


def _see(kind: str) -> list[Row]:
    refresh = str(_REFRESH)
    with databases.filled(kind) as database:
        reader: Any = databases.start("benchmarks.news", "read", database=database, BENCH_REFRESH_SECONDS=refresh)
        try:
            reader.stdout.readline()  # the first read is done
            published = databases.run(
                "benchmarks.news", "publish", str(_PUBLISHES), database=database, BENCH_REFRESH_SECONDS=refresh
            )
            # The monotonic clock is the machine's, so times of two processes can be compared.
            delays = [float(reader.stdout.readline()) - float(committed) for committed in published.split()]
        finally:
            reader.kill()
            reader.communicate()
    return [
        row(f"{kind}: longest of {_PUBLISHES}, less the refresh time", [max(delays) - _REFRESH], "s", "≤ 0.1"),
        row(f"{kind}: after its commit, a publish is seen within", delays, "s"),
    ]


if __name__ == "__main__":
    main()
