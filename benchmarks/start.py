"""The time and memory that the app adds to Django's start: `python -m benchmarks.start`."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from functools import partial

from benchmarks.measure import Row, in_turn, report, rounds, row

_CONTRIB = (
    "django.contrib.auth django.contrib.contenttypes django.contrib.sessions "
    "django.contrib.messages django.contrib.staticfiles"
)
_WITH_ADMIN = f"django.contrib.admin {_CONTRIB}"

# Processor time, because waiting for disks and other programs is not our cost.
_PROCESS = """
import time
import psutil
process = psutil.Process()
before, began = process.memory_info().rss, time.process_time()
import django
django.setup()
{then}
print(time.process_time() - began, process.memory_info().rss - before)
"""


def main() -> None:
    """Measure with and without the app, alternately, and report the differences."""
    with tempfile.TemporaryDirectory() as bytecode:
        start = partial(_start, bytecode)
        starts = {
            "plain": partial(start, _CONTRIB),
            "plain ours": partial(start, f"{_CONTRIB} pts_errors"),
            "pages": partial(start, f"{_CONTRIB} pts_errors", "import pts_errors.urls"),
            "admin": partial(start, _WITH_ADMIN),
            "admin ours": partial(start, f"{_WITH_ADMIN} pts_errors"),
            "api": partial(start, f"{_CONTRIB} pts_errors", "import pts_errors.api.urls"),
            "DRF": partial(start, _CONTRIB, "import rest_framework.routers, rest_framework.viewsets"),
        }
        took = in_turn(starts, rounds(15))
    report(
        "start",
        "The start of a process",
        [
            *_more("with the app / without", took["plain ours"], took["plain"], "≤ 10"),
            *_more("with the app and the admin / with the admin", took["admin ours"], took["admin"]),
            *_more("with the app and its pages / without", took["pages"], took["plain"]),
            *_more("with the app and its API / without", took["api"], took["plain"]),
            *_more("with stock DRF / without", took["DRF"], took["plain"]),
            row("django.setup() with startproject's apps but the admin", [_ms(start) for start in took["plain"]], "ms"),
        ],
    )


def _start(bytecode: str, apps: str, then: str = "") -> tuple[float, int]:
    """Return the seconds and bytes of one start."""
    # An installed package is already compiled. Here the warm-up round compiles everything.
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": bytecode}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    done = subprocess.run(
        [sys.executable, "-c", _PROCESS.format(then=then)],
        env={
            **environment,
            "DJANGO_SETTINGS_MODULE": "benchmarks.project.settings",
            "BENCH_DATABASE": ":memory:",
            "BENCH_APPS": apps,
        },
        check=True,
        capture_output=True,
        text=True,
    )
    seconds, memory = done.stdout.split()
    return float(seconds), int(memory)


def _ms(start: tuple[float, int]) -> float:
    return start[0] * 1000


def _more(name: str, ours: list[tuple[float, int]], theirs: list[tuple[float, int]], limit: str = "") -> list[Row]:
    pairs = list(zip(ours, theirs, strict=True))
    return [
        row(f"{name}: time added", [_ms(one) - _ms(other) for one, other in pairs], "ms", limit),
        row(f"{name}: memory added", [(one[1] - other[1]) / 1e6 for one, other in pairs], "MB"),
    ]


if __name__ == "__main__":
    main()
