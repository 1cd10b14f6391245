"""Templates have lines that a diff can show."""

from __future__ import annotations

from pathlib import Path

_ROOT = Path(__file__).resolve().parent.parent


def test_no_line_of_a_template_is_longer_than_120_characters() -> None:
    """The formatter of templates leaves long lines alone, so they are counted here."""
    templates = [path for app in ("pts_errors", "example_project") for path in (_ROOT / app).rglob("*.html")]

    long = [
        f"{path.relative_to(_ROOT)}:{number}"
        for path in templates
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if len(line) > 120
    ]

    assert templates
    assert not long
