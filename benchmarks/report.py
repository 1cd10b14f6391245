"""Write the last results into the README and the documentation: `python -m benchmarks.report`.

``--check`` writes nothing, and exits with 1 if the pages differ from the committed results.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.measure import RESULTS, table

_ROOT = Path(__file__).resolve().parent.parent
_LATEST = RESULTS / "latest.json"
_PAGE = _ROOT / "docs" / "explanation" / "performance.md"
_README = _ROOT / "README.md"

_INTRODUCTION = """## What it costs

Readers are served from memory, without a query; [the page on performance](docs/explanation/performance.md) has all targets, and explains the missed ones.
"""

# In the order of the page. Parts without results are left out.
_PARTS = (
    "lookup",
    "queries",
    "api-gunicorn",
    "api-granian",
    "loading-sqlite",
    "loading-postgresql",
    "visibility",
    "start",
    "soak",
)
_IN_README = ("lookup", "api-gunicorn", "visibility")
_BLOCK = re.compile(r"(?<=<!-- benchmarks -->\n).*?(?=<!-- end of benchmarks -->)", re.DOTALL)


def main() -> int:
    """Write, or check."""
    parser = argparse.ArgumentParser(description="Write the last results into the README and the documentation.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 if something is out of date")
    is_check = parser.parse_args().check
    latest: dict[str, Any] = json.loads(_LATEST.read_text(encoding="utf-8")) if _LATEST.exists() else {}
    if not is_check:
        for part in _PARTS:
            path = RESULTS / f"{part}.json"
            if path.exists():
                latest[part] = json.loads(path.read_text(encoding="utf-8"))
        RESULTS.mkdir(exist_ok=True)
        _LATEST.write_text(json.dumps(latest, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    stale = []
    for path, text in ((_README, _readme(latest)), (_PAGE, _page(latest))):
        before = path.read_text(encoding="utf-8")
        after = _BLOCK.sub(lambda _block, text=text: text, before)
        if before != after:
            stale.append(path.name)
            if not is_check:
                path.write_text(after, encoding="utf-8")
    print(f"{'Out of date' if is_check else 'Written'}: {', '.join(stale) or 'nothing'}.")
    return 1 if is_check and stale else 0


def _readme(latest: Mapping[str, Any]) -> str:
    results = [latest[part] for part in _IN_README if part in latest]
    rows = [line for result in results for line in result["rows"] if line["limit"]]
    return "\n".join([_INTRODUCTION, *table(rows), "", _measured(results[0]), ""]) if results else ""


def _page(latest: Mapping[str, Any]) -> str:
    lines: list[str] = []
    for part in _PARTS:
        if part in latest:
            result = latest[part]
            lines += ["", f"### {result['title']}", "", *table(result["rows"]), "", _measured(result)]
    return "\n".join(lines) + "\n\n" if lines else ""


def _measured(result: Mapping[str, Any]) -> str:
    machine = result["machine"]
    versions = ", ".join(f"{name} {value}" for name, value in machine.items() if name not in _SYSTEM)
    system = ", ".join(machine[name] for name in _SYSTEM)
    return f"Measured on {result['date']}: {system}, {versions}."


_SYSTEM = ("processor", "system", "python")


if __name__ == "__main__":
    sys.exit(main())
