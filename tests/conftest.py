"""Fixtures of the whole suite."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.utils import translation

from pts_errors import lookup, snapshot


@pytest.fixture(autouse=True)
def fresh_process() -> Iterator[None]:
    """Begin and end every test as a process that has read nothing yet."""
    snapshot.swap(snapshot.Holder())
    lookup._logged.clear()
    with translation.override("en"):  # a test that activates a language, or sends a request, would leave it behind
        yield
    snapshot.swap(snapshot.Holder())
