"""A fuzzer against a running server: every answer to every request is as the OpenAPI document says."""

from __future__ import annotations

import base64
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.factories import UserFactory

pytest.importorskip("schemathesis", reason="schemathesis is not installed")

# A revision ahead of the head is well-formed, and still 410: no document can say which is the newest.
CONFIG = """\
[checks]
positive_data_acceptance.expected-statuses = ["2xx", "304", "403", "404", "406", "410", "412"]
"""


@pytest.mark.parametrize("person", ["anonymous", "staff"])
@pytest.mark.django_db(transaction=True)
def test_no_request_is_answered_otherwise_than_documented(
    person: str, live_server: Any, settings: Any, tmp_path: Path
) -> None:
    """All checks, in all phases: examples, boundaries, fuzzing, and sequences of requests."""
    (tmp_path / "schemathesis.toml").write_text(CONFIG, encoding="utf-8")
    settings.PTS_ERRORS_REFRESH_SECONDS = 60
    options = ["--checks", "all", "--max-examples", "3", "--seed", "1", "--no-color", "--max-response-time", "5"]
    if person == "staff":
        user = UserFactory(permissions=("view_runbook", "view_revision"))
        user.set_password("correct horse")
        user.save()
        credentials = base64.b64encode(f"{user.username}:correct horse".encode()).decode()
        options += ["--header", f"Authorization: Basic {credentials}", "--include-path-regex", "runbooks|revisions"]
        # It spoils one of the ways to log in, and does not see that the other one is still right.
        options += ["--exclude-checks", "ignored_auth"]
    command = [sys.executable, "-m", "schemathesis.cli", "run", f"{live_server.url}/api/schema/", *options]

    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
