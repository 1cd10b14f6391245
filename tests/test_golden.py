"""The record of what users see: the same twice, and every difference is reported."""

from __future__ import annotations

from pathlib import Path

import pytest

from pts_errors.testing import override_catalog
from tests.support import golden, golden_walk


def recorded(file: Path) -> Path:
    """Record the public pages and the API of one code in one language."""
    recording = golden.Recording(golden.bodies(file))
    golden_walk.public(recording, "public", ["fr"], ["1007"])
    recording.write(file)
    return file


@pytest.mark.django_db
def test_a_difference_is_reported(tmp_path: Path) -> None:
    """With its name and its words; nothing is reported of what is the same."""
    before, again = recorded(tmp_path / "before"), recorded(tmp_path / "again")
    with override_catalog({"1007": {"messages": {"fr": {"title": "Autre titre"}}}}):
        after = recorded(tmp_path / "after")

    found = list(golden.differences(before, after, shown=1000))

    assert list(golden.differences(before, again)) == []
    assert "differs: public/fr/errors_1007.md" in found
    assert any("-# 1007 Solde insuffisant" in diff and "+# 1007 Autre titre" in diff for diff in found)


def test_what_is_missing_or_new_is_reported(tmp_path: Path) -> None:
    """By name."""
    for name in ("before", "after"):
        recording = golden.Recording(golden.bodies(tmp_path / name))
        recording.add(f"only/{name}", "")
        recording.write(tmp_path / name)

    found = list(golden.differences(tmp_path / "before", tmp_path / "after"))

    assert found == ["missing: only/before", "new: only/after"]


@pytest.mark.parametrize(
    ("html", "is_same"),
    [
        ('<div class="a">\n  <p\n    id="b"\n  >One <b>two</b></p>\n</div>\n', True),
        ('<div class="a"><p id="b">One<b>two</b></p></div>', False),
        ('<div class="a"><p id="b">One <b>too</b></p></div>', False),
    ],
)
def test_only_white_space_that_is_seen_counts(html: str, is_same: bool) -> None:
    """Templates may be formatted anew."""
    assert (golden.tidy(html) == golden.tidy('<div class="a"><p id="b">One <b>two</b></p></div>')) == is_same


def test_tokens_do_not_count() -> None:
    """They are random; the text of an area is kept to the letter."""
    pages = [
        golden.tidy(f'<form><input type="hidden" name="csrfmiddlewaretoken" value="{token}"><textarea>\n a</textarea>')
        for token in ("abc", "def")
    ]

    assert pages[0] == pages[1]
    assert "<textarea>\n a</textarea>" in pages[0]
