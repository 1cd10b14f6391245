"""Tests name nothing private of the package, so that what is inside can be moved and rewritten."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.paths import ROOT

_FILES = sorted(
    {path for folder in ("tests", "benchmarks", "example_project") for path in (ROOT / folder).rglob("*.py")}
    - {Path(__file__)}
)


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _is_private(name: str) -> bool:
    return re.fullmatch(r"_[A-Za-z]\w*", name) is not None


def _defined(tree: ast.Module) -> Iterator[str]:
    """Yield the private names that a module defines, of whatever kind."""
    for node in ast.walk(tree):
        name = getattr(node, "name", None) or getattr(node, "arg", None)
        if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Store):
            name = node.id if isinstance(node, ast.Name) else node.attr
        if isinstance(name, str) and _is_private(name):
            yield name


def _named(tree: ast.Module) -> Iterator[str]:
    """Yield the private names that a test reads, imports, replaces, or writes down as code of another process."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("pts_errors"):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("attr", "patch", "patch.object")):
            yield from (str(argument.value) for argument in node.args[:2] if isinstance(argument, ast.Constant))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from re.findall(r"(?<=\w\.)_[A-Za-z]\w*", node.value)


_PRIVATE = {name for path in (ROOT / "pts_errors").rglob("*.py") for name in _defined(_tree(path))}


@pytest.mark.parametrize("path", _FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_private_name_of_the_package_is_named(path: Path) -> None:
    """Not by a mock either, nor in a text that a host's process runs."""
    tree = _tree(path)

    assert _PRIVATE.intersection(_named(tree)).difference(_defined(tree)) == set()


@pytest.mark.parametrize(
    "code",
    [
        "lookup.holder._lock",
        "from pts_errors.snapshot import _load",
        "monkeypatch.setattr(snapshot, '_load', None)",
        "monkeypatch.setattr('pts_errors.snapshot._load', None)",
        "host.python('snapshot.holder._lock.locked()')",
    ],
)
def test_a_private_name_would_be_found(code: str) -> None:
    """However it is written."""
    assert _PRIVATE.intersection(_named(ast.parse(code)))
