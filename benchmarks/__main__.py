"""Run every benchmark, each in a process of its own: `python -m benchmarks`."""

from __future__ import annotations

import subprocess
import sys

PARTS = ("lookup", "queries", "start", "visibility", "loading", "api")


def main() -> int:
    """Return 1 if one of them could not be run; a target that is missed is no error."""
    failed = [part for part in PARTS if subprocess.run([sys.executable, "-m", f"benchmarks.{part}"]).returncode]
    if failed:
        print(f"Could not be run: {', '.join(failed)}.")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
