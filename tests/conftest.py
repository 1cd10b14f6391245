"""Fixtures of the whole suite."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.utils import translation
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis

from pts_errors import lookup, snapshot

# How long an example takes says more about the machine than about the code.
hypothesis.register_profile("tests", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis.load_profile("tests")


@pytest.fixture(autouse=True)
def fresh_process() -> Iterator[None]:
    """Begin and end every test as a process that has read nothing yet."""
    snapshot.swap(snapshot.Holder())
    lookup._logged.clear()
    with translation.override("en"):  # a test that activates a language, or sends a request, would leave it behind
        yield
    snapshot.swap(snapshot.Holder())
