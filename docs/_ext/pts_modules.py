"""The tables of modules on the page on architecture, made from the modules' own docstrings."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[2] / "pts_errors"


def descriptions() -> Iterator[tuple[str, str]]:
    """Yield every room and module, such as ``values/`` and ``values/fields``, with its first sentence as Markdown."""
    for path in sorted(_PACKAGE.rglob("*.py")):
        name = path.relative_to(_PACKAGE).with_suffix("").as_posix()
        if name.startswith("migrations/0"):
            continue  # each is named for what it does
        docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        sentence = re.split(r"(?<=\.)\s", docstring.partition("\n\n")[0])[0]
        yield name.removesuffix("__init__"), sentence.replace("``", "`")


def tables() -> str:
    """Return each room's sentence with a Markdown table of its modules, the top level first."""
    rooms: dict[str, tuple[str, list[str]]] = {}
    for name, sentence in descriptions():
        room, _slash, module = name.rpartition("/")
        if module:
            rooms[room][1].append(f"| `{module}` | {sentence} |")
        else:
            rooms[room] = (f"**`{room or _PACKAGE.name}/`**: {sentence}", [])
    return "\n\n".join(
        "\n".join([room, *(["", "| Module | What it is for |", "| --- | --- |"] if rows else []), *rows])
        for room, rows in rooms.values()
    )
