"""Measure alternately, compare in pairs, and print and store the results."""

from __future__ import annotations

import json
import os
import platform
import statistics
import sys
import time
import timeit
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import TypeVar

Sample = TypeVar("Sample")

RESULTS = Path(__file__).parent / "results"
# BENCH_SMOKE only checks that everything runs; its numbers mean nothing.
IS_SMOKE = "BENCH_SMOKE" in os.environ

_PACKAGES = ("django", "djangorestframework", "django-parler", "gunicorn", "granian", "psycopg")


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of a table."""

    name: str
    """What was measured, and what it was compared with."""
    unit: str
    """``×`` for a ratio, or ms, s, MB, queries, requests/s."""
    value: float
    """The median of all rounds."""
    low: float
    high: float
    rounds: int
    limit: str = ""
    """The target, such as ``≤ 6``, or empty."""

    @property
    def verdict(self) -> str:
        """``met``, ``missed``, or empty without a target."""
        if not self.limit:
            return ""
        sign, _space, number = self.limit.partition(" ")
        is_met = self.value <= float(number) if sign == "≤" else self.value >= float(number)
        return "met" if is_met else "missed"


def rounds(number: int) -> int:
    """Return the number of rounds, which is 1 in a smoke run."""
    return 1 if IS_SMOKE else number


def in_turn(measures: Mapping[str, Callable[[], Sample]], times: int) -> dict[str, list[Sample]]:
    """Return the samples of each measure, taken alternately: A B C, A B C … The first round only warms up."""
    samples: dict[str, list[Sample]] = {name: [] for name in measures}
    for number in range(times + 1):
        for name, measure in measures.items():
            value = measure()
            if number:
                samples[name].append(value)
    return samples


def seconds_per_call(statements: Sequence[str], names: Mapping[str, object]) -> Callable[[], float]:
    """Return a measure of the processor seconds of one statement, the best of three repeats.

    The statements run one after another, so they share the cost of the loop. Processor time excludes other programs,
    and repeats are short, so that all measures of a round see the machine in the same state.
    """
    timer = timeit.Timer("\n".join(statements), timer=time.process_time, globals=dict(names))
    timer.timeit(1)  # warm up, so that autorange does not count one-time costs
    number = 1 if IS_SMOKE else max(1, timer.autorange()[0] // 20)
    return lambda: min(timer.repeat(3, number)) / number / len(statements)


def row(name: str, values: Sequence[float], unit: str, limit: str = "") -> Row:
    """Return the row of these samples."""
    return Row(
        name=name,
        unit=unit,
        value=statistics.median(values),
        low=min(values),
        high=max(values),
        rounds=len(values),
        limit=limit,
    )


def ratio(name: str, ours: Sequence[float], theirs: Sequence[float], limit: str = "") -> Row:
    """Return the row of the ratios of all rounds."""
    return row(name, [one / other for one, other in zip(ours, theirs, strict=True)], "×", limit)


def report(part: str, title: str, rows: Iterable[Row]) -> None:
    """Print the table of a part, and store it in the results folder."""
    lines = list(rows)
    result = {
        "title": title,
        "date": datetime.now(UTC).date().isoformat(),
        "machine": machine(),
        "rows": [{**asdict(line), "verdict": line.verdict} for line in lines],
    }
    print(f"\n{title}\n")
    print("\n".join(table(result["rows"])), flush=True)
    if not IS_SMOKE:
        RESULTS.mkdir(exist_ok=True)
        text = json.dumps(result, ensure_ascii=False, indent=1)
        (RESULTS / f"{part}.json").write_text(text + "\n", encoding="utf-8")


def table(rows: Iterable[Mapping[str, object]]) -> list[str]:
    """Return the lines of a Markdown table."""
    cells = [["What", "Median", "Lowest to highest", "Target", "Result"]]
    for line in rows:
        unit = line["unit"]
        median, low, high = (shown(line[name]) for name in ("value", "low", "high"))
        cells.append(
            [str(line["name"]), f"{median} {unit}", f"{low} to {high}", str(line["limit"]), str(line["verdict"])]
        )
    widths = [max(len(line[column]) for line in cells) for column in range(5)]
    cells.insert(1, ["-" * width for width in widths])
    return ["| " + " | ".join(map(str.ljust, line, widths)) + " |" for line in cells]


def shown(number: object) -> str:
    """Return a number with three significant digits."""
    value = float(str(number))
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"


def machine() -> dict[str, str]:
    """Return processor, system and versions."""
    versions = {}
    for name in _PACKAGES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            versions[name] = "not there"
    return {
        "processor": f"{_processor()}, {len(os.sched_getaffinity(0)) if sys.platform == 'linux' else os.cpu_count()} cores",
        "system": f"{platform.system()} {platform.machine()}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        **versions,
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or "unknown processor"
    return next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown processor"
    )
