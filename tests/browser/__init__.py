"""Tests in a real browser."""

from __future__ import annotations

import shutil

from tests.support.hosts import absent


def chromium_path() -> str:
    """Return where Chromium is; without it, skip loudly, and fail where everything has to be tested."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        absent("There is no Chromium, so nothing was tried in a browser.")
    return path
