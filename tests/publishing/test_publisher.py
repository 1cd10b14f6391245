"""Tests of publish, restore, seed and the log."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection

from pts_errors import lookup, publishing, snapshot
from pts_errors.exceptions import PublishRefused, UnpublishedChanges
from pts_errors.models import Category, ErrorCode, Head, Message, Revision, Runbook
from pts_errors.signals import published
from pts_errors.values.entry import Entry, Origin

pytestmark = pytest.mark.django_db


def edit(code: str, language: str = "en", **texts: str) -> None:
    """Change the draft of a message."""
    Message.objects.filter(error__code=code, language=language).update(**texts)


def test_fresh_catalog_is_live() -> None:
    """Seeding publishes all 59 codes as revision 1, shipped, and nothing waits."""
    revisions = Revision.objects.all()

    assert {revision.origin for revision in revisions} == {Origin.SHIPPED}
    assert len(revisions) == 59
    assert Head.objects.get().number == 1
    assert publishing.unpublished() == {}
    assert publishing.verify() == ""


def test_publish_writes_one_revision_for_each_changed_code() -> None:
    """The others are left out, and all carry the same number and note."""
    edit("1005", title="Too much")
    edit("1006", title="Too little")
    author = User.objects.create_user("ops")

    revisions = publishing.publish(author=author, note="Shorter titles")

    assert [revision.error.code for revision in revisions] == ["1005", "1006"]
    assert {revision.number for revision in revisions} == {2}
    assert {revision.note for revision in revisions} == {"Shorter titles"}
    assert {revision.author_name for revision in revisions} == {"ops"}
    assert {revision.origin for revision in revisions} == {Origin.EDITED}


def test_publish_takes_only_the_named_codes() -> None:
    """What else was edited stays a draft. A code may be an int."""
    edit("1005", title="Too much")
    edit("1006", title="Too little")

    revisions = publishing.publish([1005])

    assert [revision.error.code for revision in revisions] == ["1005"]
    assert list(publishing.unpublished()) == ["1006"]


def test_publish_of_nothing_new_is_nothing() -> None:
    """No revision, no number used up."""
    assert publishing.publish() == []
    assert publishing.publish(["1005"]) == []

    assert Head.objects.get().number == 1


def test_publish_is_seen_at_commit(django_capture_on_commit_callbacks: Any) -> None:
    """Not a moment earlier, and in this process at once."""
    before = str(lookup.get("1005"))
    edit("1005", customer_message="Please enter less.")

    with django_capture_on_commit_callbacks(execute=True):
        publishing.publish(["1005"])
        inside = str(lookup.get("1005"))

    assert inside == before
    assert str(lookup.get("1005")) == "Please enter less."
    assert lookup.get("1005").revision == 2
    assert lookup.get("1006").revision == 1


def test_publish_tells_listeners_after_the_commit(django_capture_on_commit_callbacks: Any) -> None:
    """The signal carries number, codes and origin."""
    heard: list[dict[str, Any]] = []

    def listener(**kwargs: Any) -> None:
        heard.append(kwargs)

    published.connect(listener)
    edit("1005", title="Too much")
    try:
        with django_capture_on_commit_callbacks(execute=True):
            publishing.publish()
    finally:
        published.disconnect(listener)

    assert [(h["number"], h["codes"], h["origin"]) for h in heard] == [(2, ("1005",), "edited")]


@pytest.mark.parametrize(
    ("texts", "rule"),
    [
        ({"customer_message": "Enter less than 500."}, "M003"),
        ({"customer_message": "See https://example.org."}, "M004"),
        ({"customer_message": "The gateway refused it."}, "M005"),
        ({"title": ""}, "M001"),
    ],
)
def test_publish_refuses_a_draft_that_breaks_a_rule(texts: dict[str, str], rule: str) -> None:
    """The reason names the code and the rule; head and log stay as they were."""
    edit("1005", **texts)

    with pytest.raises(PublishRefused, match=rf"1005.*{rule}"):
        publishing.publish()

    assert Head.objects.get().number == 1
    assert Revision.objects.count() == 59


def test_hidden_code_cannot_say_why() -> None:
    """The text of a code that is not revealed must be one of the general ones."""
    edit("1007", customer_message="You have too little money with us.")

    with pytest.raises(PublishRefused, match="M013"):
        publishing.publish(["1007"])


def test_hidden_codes_may_be_reworded_together() -> None:
    """A text that several of them share tells nobody which one it was."""
    edit("1007", customer_message="That did not work. Please talk to us.")
    edit("1013", customer_message="That did not work. Please talk to us.")

    assert len(publishing.publish(["1007", "1013"])) == 2


def test_silenced_rule_does_not_block(settings: Any) -> None:
    """A host can decide otherwise, for one code."""
    settings.PTS_ERRORS_SILENCED_LINTS = ["M013:1007"]
    edit("1007", customer_message="Please talk to us.")

    assert len(publishing.publish(["1007"])) == 1


def test_publish_refuses_an_unknown_code() -> None:
    """A typing mistake is not nothing."""
    with pytest.raises(PublishRefused, match="4242"):
        publishing.publish(["4242"])


@pytest.mark.parametrize("note", ["a\x00b", "x" * 201])
def test_a_note_that_not_every_database_stores_is_refused(note: str) -> None:
    """Before anything is written."""
    edit("1005", title="Too much")

    with pytest.raises(PublishRefused, match="note: The text cannot be stored"):
        publishing.publish(note=note)

    assert list(publishing.unpublished()) == ["1005"]


@pytest.mark.parametrize("name", ["TOO_MUCH", "ZU_VIEL"])
def test_published_name_never_changes(name: str) -> None:
    """Programs compare with it."""
    ErrorCode.objects.filter(code="1005").update(name=name)

    with pytest.raises(PublishRefused, match="WITHDRAWAL_AMOUNT_TOO_LARGE"):
        publishing.publish()


def test_new_code_is_published_whole() -> None:
    """A code that ops staff add is live once it is published, and not before."""
    row = ErrorCode.objects.create(
        code="4242",
        name="BANK_HOLIDAY",
        category=Category.objects.get(slug="upstream"),
        outcome="rejected",
        outcome_basis="derived",
        retry_advice="retry_later",
        retry_after=60,
        http_status=503,
        severity="warning",
        reveal_to_customer=True,
    )
    Message.objects.create(
        error=row, language="en", title="Closed", customer_message="Come again.", merchant_action="Wait."
    )
    assert not lookup.get("4242").is_known

    publishing.publish(["4242"])

    assert lookup_after_commit("4242") == "Come again."


def lookup_after_commit(code: str) -> str:
    """Return what another process reads."""
    snapshot.swap(snapshot.Holder())
    return str(lookup.get(code))


def test_changed_source_makes_translations_need_review() -> None:
    """The confirmed source stays what it was, unless only the wording changed."""
    edit("1005", title="Too much")

    publishing.publish()

    message = Message.objects.get(error__code="1005", language="fr")
    assert message.source_text["title"] == "Withdrawal amount too large"


def test_wording_only_keeps_translations_confirmed() -> None:
    """Translations that were up to date are confirmed against the new words; others are not."""
    older = {"de": "Something older", "es": "Zzz"}
    for language, title in older.items():
        stale = Message.objects.get(error__code="1005", language=language)
        stale.source_text = {**stale.source_text, "title": title}
        stale.save()
    edit("1005", title="Too much")

    publishing.publish(wording_only=True)

    confirmed = {
        message.language: message.source_text["title"]
        for message in Message.objects.filter(error__code="1005", language__in=["fr", *older])
    }
    assert confirmed == {"fr": "Too much", **older}
    assert publishing.unpublished() == {}


def test_wording_only_says_nothing_of_a_new_code() -> None:
    """It has no words yet that could have changed; what is published with it is another matter."""
    row = ErrorCode.objects.create(
        code="4242",
        name="BANK_HOLIDAY",
        category=Category.objects.get(slug="upstream"),
        outcome="declined",
        outcome_basis="documented",
        retry_advice="do_not_retry",
        severity="info",
        reveal_to_customer=True,
    )
    texts = {"title": "Closed", "customer_message": "Come again.", "merchant_action": "Wait."}
    Message.objects.create(error=row, language="en", **texts)
    Message.objects.create(error=row, language="fr", title="Fermé", source_text={"title": "Shut"})

    publishing.publish(["4242"], wording_only=True)

    assert Message.objects.get(error=row, language="fr").source_text == {"title": "Shut"}


def test_every_publish_is_told_to_the_log_with_the_digest_of_the_table(
    caplog: pytest.LogCaptureFixture, django_capture_on_commit_callbacks: Any
) -> None:
    """Whoever keeps the log can tell later whether the end of the table was cut off."""
    edit("1005", title="Too much")
    edit("1006", title="Too little")

    with caplog.at_level("INFO", "pts_errors"), django_capture_on_commit_callbacks(execute=True):
        publishing.publish()
        digest = Head.objects.get().digest
        assert digest in snapshot.uncommitted

    assert f"Published 2:{digest} (edited, 2 codes)." in caplog.messages
    assert digest not in snapshot.uncommitted


def test_restore_confirms_no_translation() -> None:
    """One that needed a review in the earlier state needs it again."""
    edit("1005", title="Too much")
    (stale,) = publishing.publish()
    publishing.restore(Revision.objects.get(error__code="1005", number=1), note="Back")

    publishing.restore(stale, note="And forth")

    message = Message.objects.get(error__code="1005", language="fr")
    assert message.source_text["title"] == "Withdrawal amount too large"
    assert publishing.unpublished() == {}


def test_restore_refuses_a_damaged_state() -> None:
    """Whatever other hands made of it, and nothing is written."""
    revision = Revision.objects.get(error__code="1005")
    for damaged in (
        {},
        {"code": None},
        {**revision.snapshot, "code": {"code": 1005}},
        {**revision.snapshot, "messages": []},
    ):
        revision.snapshot = damaged

        with pytest.raises(PublishRefused, match="Revision 1 is damaged and cannot be restored"):
            publishing.restore(revision, note="Back")

    assert publishing.unpublished() == {}


def test_restore_brings_an_earlier_state_back() -> None:
    """As a new revision, with its note, author and origin; the draft follows."""
    before = Revision.objects.get(error__code="1005")
    edit("1005", title="Too much")
    Runbook.objects.filter(error__code="1005").update(impact="None at all.")
    publishing.publish()

    (revision,) = publishing.restore(before, note="The new title confused people")

    assert revision.number == 3
    assert revision.origin == Origin.RESTORED
    assert revision.snapshot == before.snapshot
    assert Message.objects.get(error__code="1005", language="en").title == "Withdrawal amount too large"
    assert publishing.unpublished() == {}
    assert publishing.verify() == ""


def test_restore_leaves_the_category_of_others_alone() -> None:
    """What was written about the category since then stays, and no other code has an edit now."""
    before = Revision.objects.get(error__code="1005")
    Category.objects.filter(errors__code="1005").update(owner="The new team")
    edit("1005", title="Too much")
    publishing.publish()

    (revision,) = publishing.restore(before, note="The new title confused people")

    assert revision.snapshot["category"]["owner"] == "The new team"
    assert revision.snapshot["messages"] == before.snapshot["messages"]
    assert Category.objects.get(errors__code="1005").owner == "The new team"
    assert publishing.unpublished() == {}


def test_restore_raises_the_version() -> None:
    """A form that is open on the code is told."""
    before = Revision.objects.get(error__code="1005")
    edit("1005", title="Too much")
    publishing.publish()
    version = ErrorCode.objects.get(code="1005").version

    publishing.restore(before, note="Back")

    assert ErrorCode.objects.get(code="1005").version > version


def test_restore_removes_a_language_that_came_later() -> None:
    """The whole state comes back, not only the texts that it has."""
    before = Revision.objects.get(error__code="1005")
    Message.objects.create(error=before.error, language="nl", title="Te veel", customer_message="Minder, alstublieft.")
    publishing.publish()

    publishing.restore(before, note="Not reviewed")

    assert not Message.objects.filter(error__code="1005", language="nl").exists()


def test_restore_does_not_overwrite_unpublished_edits() -> None:
    """Unless somebody says so."""
    before = Revision.objects.get(error__code="1005")
    edit("1005", title="Too much")

    with pytest.raises(UnpublishedChanges, match="1005"):
        publishing.restore(before, note="Back")
    assert Message.objects.get(error__code="1005", language="en").title == "Too much"

    assert publishing.restore(before, note="Back", discard_edits=True) == []
    assert publishing.unpublished() == {}


def test_restore_needs_a_note() -> None:
    """Somebody will ask why."""
    before = Revision.objects.get(error__code="1005")

    with pytest.raises(PublishRefused, match="note"):
        publishing.restore(before, note=" ")


def test_restore_reads_a_state_of_an_older_format() -> None:
    """A key that it lacks takes its default, one that is no longer known is ignored."""
    revision = Revision.objects.get(error__code="1005")
    state = json.loads(json.dumps(revision.snapshot))
    del state["code"]["retry_after"], state["category"]["escalation"]
    state["code"]["grpc_status"] = "NOT_FOUND"
    state["code"]["severity"] = "info"

    entry = Entry.from_json(state)

    assert entry.retry_after is None
    assert entry.severity == "info"


def test_as_of_gives_the_catalog_of_a_moment() -> None:
    """Each change from its moment on; before the first there is nothing."""
    seeded = Revision.objects.filter(number=1).first()
    assert seeded is not None
    edit("1005", title="Too much")
    (revision,) = publishing.publish()

    before = publishing.as_of(revision.created_at - timedelta(microseconds=1))
    after = publishing.as_of(revision.created_at)
    nothing = publishing.as_of(datetime(2000, 1, 1, tzinfo=UTC))

    assert before.number == 1
    assert before.entries["1005"].messages["en"].title == "Withdrawal amount too large"
    assert after.number == 2
    assert after.entries["1005"].messages["en"].title == "Too much"
    assert after.digest == Head.objects.get().digest
    assert (nothing.number, dict(nothing.entries)) == (0, {})


def test_time_never_runs_backwards(time_machine: Any) -> None:
    """The order of publishes is the number; a clock that was set back only slows the stamps."""
    edit("1005", title="Too much")
    (later,) = publishing.publish()
    time_machine.move_to(datetime(2001, 1, 1, tzinfo=UTC))
    edit("1005", title="Much too much")

    (next_one,) = publishing.publish()

    assert next_one.created_at > later.created_at


def test_verify_names_the_revision_that_was_changed() -> None:
    """By whoever has access to the database."""
    row = Revision.objects.order_by("pk")[7]
    with connection.cursor() as cursor:
        cursor.execute("UPDATE pts_errors_revision SET note = 'innocent' WHERE id = %s", [row.pk])

    assert publishing.verify() == f"Revision 1 (row {row.pk}) is not what was published."


def test_verify_sees_that_the_end_was_cut_off() -> None:
    """The head still knows what came last."""
    edit("1005", title="Too much")
    publishing.publish()
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM pts_errors_revision WHERE number = 2")

    assert "before revision 2" in publishing.verify()


def test_catalog_of_this_version_is_merged_once() -> None:
    """The next migrate looks no further than the head."""
    edit("1005", title="Too much")

    assert publishing.upgrade_if_newer("default") is False
    Head.objects.update(catalog=0)
    assert publishing.upgrade_if_newer("default") is True
    assert publishing.upgrade_if_newer("default") is False

    assert Message.objects.get(error__code="1005", language="en").title == "Too much"


def test_check_returns_the_issues_of_the_drafts() -> None:
    """Of all codes, or of some."""
    edit("1005", title="")

    assert {issue.code for issue in publishing.check() if issue.level != "info"} == {"1005"}
    assert publishing.check(["8001"]) == []
