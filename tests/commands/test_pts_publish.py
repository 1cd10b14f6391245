"""Tests of the command ``pts_publish``."""

from __future__ import annotations

from io import StringIO

import pytest
from django.contrib.auth.models import Permission, User
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection

from pts_errors.models import Head, Message, Revision

pytestmark = pytest.mark.django_db


def publish(*arguments):
    """Return what the command prints."""
    out = StringIO()
    call_command("pts_publish", *arguments, stdout=out)
    return out.getvalue()


def edit(code, **texts):
    """Change the English draft of a code."""
    Message.objects.filter(error__code=code, language="en").update(**texts)


def test_nothing_is_published_where_nothing_was_edited():
    """And no number is used up."""
    assert publish("--all") == "Nothing to publish: every draft is live.\n"
    assert Head.objects.get().number == 1


def test_all_edited_drafts_are_published():
    """Under one number."""
    edit("1007", title="Seven")
    edit("1008", title="Eight")

    printed = publish("--all")

    anchor = f"2:{Head.objects.get().digest}"
    assert printed == f"1007 is published as revision 2.\n1008 is published as revision 2.\nAnchor: {anchor}\n"


def test_only_the_codes_that_are_named_are_published():
    """The others stay drafts."""
    edit("1007", title="Seven")
    edit("1008", title="Eight")

    assert publish("1008", "1001").startswith("1008 is published as revision 2.\nAnchor: 2:")


def test_the_note_is_kept():
    """In the log of revisions, as from the process that wrote it."""
    edit("1007", title="Seven")

    publish("1007", "--note", "Why not.")

    revision = Revision.objects.get(number=2)
    assert (revision.note, revision.author_name, revision.process) == ("Why not.", "", "pts_publish")


def test_a_person_is_the_author():
    """One who may publish in the admin, too."""
    user = User.objects.create_user("ada")
    user.user_permissions.add(Permission.objects.get(codename="publish_errorcode"))
    edit("1007", title="Seven")

    publish("1007", "--user", "ada")

    revision = Revision.objects.get(number=2)
    assert (revision.author, revision.actor, revision.process) == (user, "ada", "")


def test_a_process_is_named_where_no_person_acts():
    """Such as a job of the night."""
    edit("1007", title="Seven")

    publish("1007", "--process", "night shift")

    assert Revision.objects.get(number=2).actor == "process night shift"


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["1007", "--user", "nobody"], "There is no active user 'nobody'"),
        (["1007", "--user", "gone"], "There is no active user 'gone'"),
        (["1007", "--user", "reader"], "may not publish: the permission pts_errors.publish_errorcode is missing"),
        (["1007", "--process", " "], "needs an author or the name of a process"),
        (["1007", "--process", "x" * 151], "process: The text cannot be stored"),
        (["1007", "--process", "a\x1b[2J"], "process: The text cannot be stored"),
        (["1007", "--process", "a", "--user", "reader"], "not allowed with argument"),
        ([], "Name the codes to publish, or publish every draft with --all"),
        (["1007", "--all"], "but not both"),
    ],
)
def test_what_nobody_may_or_said_is_refused(arguments, reason):
    """In a sentence that names it, and nothing is published."""
    User.objects.create_superuser("gone", is_active=False)
    User.objects.create_user("reader")
    edit("1007", title="Seven")

    with pytest.raises(CommandError) as caught:
        publish(*arguments)

    assert reason in str(caught.value)
    assert Head.objects.get().number == 1


def test_a_dry_run_names_what_would_be_published():
    """Code by code, and writes nothing."""
    edit("1007", title="Seven")
    edit("1008", title="Eight")

    printed = publish("--all", "--dry-run", "--wording-only")

    assert printed.splitlines() == [
        "1007 would be published: en.title",
        "1008 would be published: en.title",
        "Nothing was written.",
    ]
    assert Head.objects.get().number == 1
    assert Message.objects.get_by_natural_key("1007", "de").source_text["title"] == "Insufficient balance"


def test_a_dry_run_of_nothing_says_so():
    """As a publish would."""
    assert publish("1007", "--dry-run") == "Nothing to publish: every draft is live.\n"


def test_a_dry_run_refuses_what_a_publish_would():
    """For the same reasons."""
    edit("1007", title="")

    with pytest.raises(CommandError, match=r"1007 en\.title"):
        publish("1007", "--dry-run")


@pytest.mark.parametrize(("arguments", "confirmed"), [([], "Insufficient balance"), (["--wording-only"], "Seven")])
def test_translations_stay_up_to_date_when_only_the_wording_changed(arguments, confirmed):
    """Without the option they need a review."""
    edit("1007", title="Seven")

    publish("1007", *arguments)

    assert Message.objects.get_by_natural_key("1007", "de").source_text["title"] == confirmed


def test_a_draft_that_would_harm_is_refused():
    """With every reason on a line of its own, and nothing is published."""
    edit("1007", title="", customer_message="")
    edit("1008", title="Eight")

    with pytest.raises(CommandError) as caught:
        publish("--all")

    first, *reasons = str(caught.value).splitlines()
    assert first == "Nothing was published."
    assert [reason.partition(":")[0] for reason in reasons] == ["1007 en.title", "1007 en.customer_message"]
    assert Head.objects.get().number == 1


def test_an_unknown_code_is_named():
    """A typing mistake must not look like a publish."""
    with pytest.raises(CommandError, match="7777: The code is not in the catalog"):
        publish("7777")


def test_a_note_that_is_too_long_is_refused():
    """Before anything is written, on every database."""
    edit("1007", title="Seven")

    with pytest.raises(CommandError, match="201 characters; at most 200"):
        publish("--all", "--note", "x" * 201)

    assert Head.objects.get().number == 1


def test_a_database_that_refuses_is_named():
    """Such as one whose disk is full; nothing was published."""
    edit("1007", title="Seven")

    def refuse(execute, sql, params, many, context):
        if sql.startswith("INSERT") and "pts_errors_revision" in sql:
            raise OperationalError("database or disk is full")
        return execute(sql, params, many, context)

    with (
        connection.execute_wrapper(refuse),
        pytest.raises(CommandError, match=r"Nothing was published\.\ndatabase or disk"),
    ):
        publish("--all")

    assert Head.objects.get().number == 1
