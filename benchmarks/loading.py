"""Load time, memory and refresh of catalogs with 59, 10,000 and 100,000 codes: `python -m benchmarks.loading`."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

from benchmarks import databases
from benchmarks.measure import IS_SMOKE, Row, in_turn, ratio, report, rounds, row

MANY = 200 if IS_SMOKE else 10_000
MOST = 300 if IS_SMOKE else 100_000

# Targets in seconds and megabytes, by number of codes and first or all languages.
_LIMITS = {(59, "first"): ("≤ 0.01", "≤ 2"), (MANY, "first"): ("≤ 0.4", "≤ 25"), (MANY, "all"): ("≤ 1.5", "≤ 150")}


def main() -> None:
    """Measure and report for each available database."""
    for kind in databases.kinds():
        rows = []
        with databases.filled(kind) as few, databases.filled(kind, codes=MANY) as many:
            rows += _load(few, 59, times=rounds(9)) + _load(many, MANY, times=rounds(5))
            rows += _refresh(many)
            if kind == "sqlite":
                with databases.filled(kind, codes=MOST) as most:
                    rows += _load(most, MOST, times=1, is_traced=False)
                    rows += _read(few, most)
        report(f"loading-{kind}", f"Catalogs of any size, on {kind}", rows)


def _load(database: str, codes: int, *, times: int, is_traced: bool = True) -> list[Row]:
    rows = []
    for languages, words in (("first", "the first language"), ("all", "17 languages")):
        took = [_process("load", languages, database=database) for _round in range(times)]
        seconds, megabytes = _LIMITS.get((codes, languages), ("", ""))
        name = f"{codes:,} codes, {words}"
        rows.append(row(f"{name}: ready", [one["ready"] for one in took], "s", seconds))
        rows.append(row(f"{name}: every code answered", [one["every"] for one in took], "s"))
        if is_traced:  # slow, with the same result every time
            traced = _process("trace", languages, database=database)
            rows.append(row(f"{name}: memory held", [traced["held"]], "MB", megabytes))
        rows.append(row(f"{name}: growth of the process", [one["grown"] for one in took], "MB"))
    return rows


def _refresh(database: str) -> list[Row]:
    rows = []
    for languages, words in (("first", "one language"), ("all", "17 languages")):
        milliseconds = _process("refresh", languages, str(rounds(15)), database=database)
        name = f"{MANY:,} codes read in {words}: refresh after one edit"
        rows.append(row(name, milliseconds, "ms", "≤ 20"))
    return rows


def _read(few: str, most: str) -> list[Row]:
    """Compare reads of two processes with catalogs of different sizes."""
    readers = {
        name: databases.start("benchmarks.catalog", "read", database=path)
        for name, path in (("few", few), ("most", most))
    }

    def ask(reader: Any) -> float:
        reader.stdin.write("\n")
        reader.stdin.flush()
        return float(reader.stdout.readline())

    try:
        took = in_turn({name: partial(ask, reader) for name, reader in readers.items()}, rounds(25))
    finally:
        for reader in readers.values():
            reader.communicate()
    return [ratio(f"one read at {MOST:,} codes / one at 59", took["most"], took["few"], "≤ 1.2")]


def _process(*arguments: str, database: str) -> Any:
    return json.loads(databases.run("benchmarks.catalog", *arguments, database=database))


if __name__ == "__main__":
    main()
