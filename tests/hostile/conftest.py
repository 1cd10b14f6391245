"""Fixtures of the hostile tests."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from pts_errors.lint import rules


@pytest.fixture
def warm(db: None, settings: Settings) -> None:
    """Be a process that asks the database once, as in production."""
    settings.PTS_ERRORS_REFRESH_SECONDS = 60


@pytest.fixture
def lawless(settings: Settings) -> None:
    """Let every text be published, as if it had come into the database by another way."""
    settings.PTS_ERRORS_SILENCED_LINTS = list(rules.levels())
