"""Tests of the command ``pts_verify``."""

from __future__ import annotations

import io

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from pts_errors import publishing
from pts_errors.models import Head, Message

pytestmark = pytest.mark.django_db


def test_whole_log_is_confirmed() -> None:
    """In a sentence."""
    out = io.StringIO()

    call_command("pts_verify", stdout=out)

    assert out.getvalue() == "Every revision is as published.\n"


def test_changed_log_fails() -> None:
    """With the first revision that was changed."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE pts_errors_revision SET origin = 'edited' WHERE number = 1")

    with pytest.raises(CommandError, match="Revision 1 "):
        call_command("pts_verify")


def publish(title):
    """Publish another title of a code, and return the anchor."""
    Message.objects.filter(error__code="1007", language="en").update(title=title)
    publishing.publish(["1007"])
    head = Head.objects.get()
    return f"{head.number}:{head.digest}"


def cut():
    """Take the end of the log away, and set the head back."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM pts_errors_revision WHERE number = 3")
        cursor.execute(
            "UPDATE pts_errors_head SET number = 2, digest = (SELECT digest FROM pts_errors_revision WHERE number = 2)"
        )


def forge():
    """Publish something else under the same number, as who may write to the database and reads this program can."""
    cut()
    publish("Forged")


@pytest.mark.parametrize("which", [0, 1])
def test_an_anchor_of_this_log_is_found(which):
    """The newest, or an earlier one."""
    anchors = [publish("Seven"), publish("Eight")]
    out = io.StringIO()

    call_command("pts_verify", "--expect", anchors[which], stdout=out)

    assert out.getvalue().endswith(f"Revision {which + 2} matches the expected anchor.\n")


@pytest.mark.parametrize(("attack", "reason"), [(cut, "its end was cut off"), (forge, "computed again")])
def test_an_anchor_shows_what_the_log_alone_cannot(attack, reason):
    """A log that was cut or computed anew is whole in itself."""
    publish("Seven")
    anchor = publish("Eight")
    attack()
    call_command("pts_verify", stdout=io.StringIO())

    with pytest.raises(CommandError, match=f"^Revision 3 .*{reason}"):
        call_command("pts_verify", "--expect", anchor)


@pytest.mark.parametrize(
    "text", ["", "7", "7:", ":a", "0:" + "0" * 64, "1:" + "G" * 64, "1:" + "0" * 65, "١:" + "0" * 64]
)
def test_what_is_no_anchor_is_refused(text):
    """A typing mistake must not look like a log that is whole."""
    with pytest.raises(CommandError, match="is not like 7:3f5a"):
        call_command("pts_verify", "--expect", text)
