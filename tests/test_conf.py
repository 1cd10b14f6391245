"""Tests of `pts_errors.conf`."""

from __future__ import annotations

import pytest

from pts_errors.conf import Settings, conf

DEFAULTS = {
    "SOURCE_LANGUAGE": "en",
    "LANGUAGES": (),
    "REFRESH_SECONDS": 1,
    "SHARED_MAX_AGE": 0,
    "CONTEXT": {"brand": "PTS"},
    "BASE_URL": "",
    "API_PERMISSION_CLASSES": ("rest_framework.permissions.AllowAny",),
    "PROBLEM_AUDIENCE": "customer",
    "EXCEPTION_HANDLER": "rest_framework.views.exception_handler",
    "REVIEW_DAYS": {"critical": 90, "error": 180, "warning": 365, "info": None},
    "SILENCED_LINTS": (),
    "ROLES": {},
}
NAMES = [name for name in vars(Settings) if name.isupper()]


@pytest.mark.parametrize(("name", "expected"), DEFAULTS.items(), ids=DEFAULTS)
def test_every_setting_has_a_default(name, expected, settings):
    """A host needs to set none of them."""
    if hasattr(settings, f"PTS_ERRORS_{name}"):
        delattr(settings, f"PTS_ERRORS_{name}")

    assert getattr(conf, name) == expected


@pytest.mark.parametrize("name", NAMES)
def test_every_setting_is_read_at_the_moment_of_use(name, settings):
    """A test of the host may override it."""
    value = object()

    setattr(settings, f"PTS_ERRORS_{name}", value)

    assert getattr(conf, name) is value


@pytest.mark.parametrize("name", NAMES)
def test_every_setting_says_what_it_is_for(name):
    """The reference is written from these sentences."""
    assert getattr(Settings, name).__doc__.rstrip().endswith((".", "``."))
