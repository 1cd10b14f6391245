"""A catalog in people's form, written to a directory and read from one."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pts_errors.exchange import folder
from pts_errors.exchange.plan import compiled
from pts_errors.values.entry import Entry


def write_directory(directory: Path, entries: Iterable[Entry], *, source_language: str = "en") -> list[Path]:
    """Write the entries, and return the paths of the files."""
    paths = []
    for name, text in folder.write(entries, source_language=source_language):
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="")
        paths.append(path)
    return paths


def read_directory(directory: Path, *, source_language: str = "en") -> tuple[Entry, ...]:
    """Return the entries of a directory, as ``pts_compile`` reads them."""
    records = folder.parse(folder.read(directory), source_language=source_language)
    return compiled(records, source_language=source_language)


def rewrite(path: Path, old: str, new: str) -> None:
    """Replace a text in a file, which must be there."""
    content = path.read_bytes().decode()
    assert old in content, (path, old)
    path.write_bytes(content.replace(old, new, 1).encode())
