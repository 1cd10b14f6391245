"""Run all benchmarks, each in its own process: `python -m benchmarks`."""

from __future__ import annotations

import subprocess
import sys

PARTS = ("lookup", "queries", "start", "visibility", "loading", "api")


def main() -> int:
    """Return 1 if a benchmark failed to run; a missed target is not an error."""
    failed = [part for part in PARTS if subprocess.run([sys.executable, "-m", f"benchmarks.{part}"]).returncode]
    if failed:
        print(f"Failed to run: {', '.join(failed)}.")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
