"""The table of hostile cases and the tests that it names."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from tests.support.paths import ROOT

_TESTS = ROOT / "tests"
_PAGE = ROOT / "docs" / "reference" / "hostile-input.md"
_ROW = re.compile(r"^\| (?P<number>\d+) \| (?P<case>[^|]+) \| (?P<here>[^|]+) \| (?P<tests>[^|]+) \|$", re.MULTILINE)
_CASES = 53
_OWN = 15


def _rows() -> list[re.Match[str]]:
    return [*_ROW.finditer(_PAGE.read_text(encoding="utf-8"))]


def _tests(path: Path) -> set[str]:
    """Return the tests of a file as the page names them."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = {node.name for node in tree.body if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))}
    return {f"{path.relative_to(_TESTS).as_posix()}::{name}" for name in found if name.startswith("test_")}


def test_every_case_has_a_row() -> None:
    """In their order, and our own after them."""
    numbers = [int(row["number"]) for row in _rows()]

    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) >= _CASES + _OWN


def test_every_test_of_the_table_is_there() -> None:
    """A test that was renamed is renamed on the page, too."""
    there = {name for path in _TESTS.rglob("test_*.py") for name in _tests(path)}

    named = {name for row in _rows() for name in re.findall(r"`([^`]+)`", row["tests"])}

    assert named - there == set()


def test_every_row_has_a_test() -> None:
    """No case is only said to hold."""
    assert [row["number"] for row in _rows() if "`" not in row["tests"]] == []


def test_every_hostile_test_is_in_the_table() -> None:
    """Whoever reads the page finds all of them."""
    named = {name for row in _rows() for name in re.findall(r"`([^`]+)`", row["tests"])}
    ours = {name for path in Path(__file__).parent.glob("test_*.py") for name in _tests(path)}

    assert {name for name in ours - named if "test_table.py" not in name} == set()
