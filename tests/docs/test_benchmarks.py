"""The benchmarks run. Nothing is said about their numbers, which depend on the machine."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec

import pytest

from tests.support.paths import ROOT


def _run(module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT,
        env={**os.environ, "BENCH_SMOKE": "1", "PYTHONDEVMODE": ""},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_tables_are_those_of_the_committed_results() -> None:
    """In the README and on the page on performance."""
    done = _run("benchmarks.report", "--check")

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.host
@pytest.mark.skipif(find_spec("parler") is None, reason="the dependency group bench is not installed")
@pytest.mark.parametrize("part", ["lookup", "queries"])
def test_a_benchmark_runs(part: str) -> None:
    """Once round, against the host project."""
    done = _run(f"benchmarks.{part}")

    assert done.returncode == 0, done.stderr
    assert "| What " in done.stdout
