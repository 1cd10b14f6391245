"""Tests of the command ``pts_verify``."""

from __future__ import annotations

import io

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

pytestmark = pytest.mark.django_db


def test_whole_log_is_confirmed() -> None:
    """In a sentence."""
    out = io.StringIO()

    call_command("pts_verify", stdout=out)

    assert out.getvalue() == "Every revision is what was published.\n"


def test_changed_log_fails() -> None:
    """With the first revision that was changed."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE pts_errors_revision SET origin = 'edited' WHERE number = 1")

    with pytest.raises(CommandError, match="Revision 1 "):
        call_command("pts_verify")
