"""The publish screen, the history, the comparison and the way back."""

from __future__ import annotations

import re

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import OperationalError, connection
from django.test import Client

from pts_errors import publishing
from pts_errors.models import Category, ErrorCode, Head, Message, Revision, Runbook
from pts_errors.publishing import reviews
from tests.support.admin_pages import LIST, PUBLISH, code_url, fields, said
from tests.support.factories import ErrorCodeFactory, FlagFactory, MessageFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def edited() -> None:
    """Three edits that nobody has published."""
    Message.objects.filter(error__code="1007", language="en").update(title="Balance too low")
    Runbook.objects.filter(error__code="8010").update(impact="Everybody waits.")
    ErrorCode.objects.filter(code="1001").update(severity="error")


def test_the_screen_shows_every_edit_and_the_number(publisher, edited):
    """What, and as which revision."""
    text = publisher.get(PUBLISH).content.decode()

    assert "Publish 3 codes as revision 2" in text
    assert "Runbook: impact" in text
    assert "<del>" in text
    assert "<ins>" in text


def test_the_screen_names_the_translations_that_become_outdated(publisher, edited):
    """So that the publisher knows whether it is only the wording."""
    text = publisher.get(f"{PUBLISH}?codes=1007").content.decode()

    assert "Français (fr)" in text
    assert "Publish 1 code as revision 2" in text


def test_ticked_codes_are_published_in_one_revision(publisher, edited):
    """With the note, and with an entry in the log of each code."""
    response = publisher.post(PUBLISH, {**fields(publisher.get(PUBLISH)), "note": "Plain."}, follow=True)

    assert "Published 3 codes as revision 2." in said(response)
    assert set(Revision.objects.filter(number=2).values_list("note", flat=True)) == {"Plain."}
    assert LogEntry.objects.filter(change_message="Published as revision 2.").count() == 3


def test_only_ticked_codes_are_published(publisher, edited):
    """The others wait."""
    tick = next(tick for tick in fields(publisher.get(PUBLISH))["tick"] if tick.startswith("8010"))

    publisher.post(PUBLISH, {"tick": tick})

    assert set(publishing.unpublished()) == {"1001", "1007"}


def test_nothing_ticked_publishes_nothing(publisher, edited):
    """The screen asks again."""
    response = publisher.post(PUBLISH, {"note": "x"})

    assert "Tick at least one code." in said(response)
    assert Head.objects.get().number == 1


def test_what_was_edited_since_is_not_published_unseen(publisher, edited):
    """A tick stands for the version that was on the screen."""
    data = fields(publisher.get(PUBLISH))
    ErrorCode.objects.filter(code="8010").update(version=99)

    response = publisher.post(PUBLISH, data)

    assert "somebody edited 8010 in the meantime" in said(response)
    assert Head.objects.get().number == 1


@pytest.mark.parametrize("tick", ["nonsense", "1007", "9998:1", ":", "\x00:1"])
def test_forged_ticks_publish_nothing(publisher, edited, tick):
    """They name no version of a code."""
    assert publisher.post(PUBLISH, {"tick": tick}).status_code == 200
    assert Head.objects.get().number == 1


def test_errors_keep_a_code_from_being_ticked(publisher, edited):
    """And the others can still be published."""
    Runbook.objects.filter(error__code="8010").update(impact="TODO")

    text = publisher.get(PUBLISH).content.decode()

    assert "This code cannot be published until these errors are corrected" in text
    assert "Publish 2 codes as revision 2" in text


def test_a_refusal_is_shown_and_changes_nothing(publisher, edited):
    """A tick of a code with errors comes from no button."""
    Runbook.objects.filter(error__code="8010").update(impact="TODO")

    response = publisher.post(PUBLISH, {"tick": f"8010:{ErrorCode.objects.get(code='8010').version}"})

    assert "R002" in said(response)
    assert Head.objects.get().number == 1


def test_a_refusal_is_told_in_one_language(publisher, edited):
    """By issue, field and rule: no words of another language stand between those of the reader."""
    Runbook.objects.filter(error__code="8010").update(impact="TODO")
    Message.objects.filter(error__code="8010", language="en").update(customer_message="Call 555.")

    tick = f"8010:{ErrorCode.objects.get(code='8010').version}"
    response = publisher.post(PUBLISH, {"tick": tick}, headers={"Accept-Language": "zh-hans"})

    told = [str(message) for message in response.context["messages"]]
    assert {text.rpartition(" ")[2] for text in told} >= {"(M003)", "(R002)"}
    for text in told:
        assert re.search("[\u4e00-\u9fff]", text)
        assert not re.search("[a-z]{3,} [a-z]{3,}", text), text


def test_a_refusal_tells_no_word_of_a_runbook_to_who_may_not_read_it(client, edited):
    """Only which rule it breaks."""
    Runbook.objects.filter(error__code="8010").update(impact="TODO zebra")
    client.force_login(UserFactory(permissions=("view_errorcode", "change_errorcode", "publish_errorcode")))

    response = client.post(PUBLISH, {"tick": f"8010:{ErrorCode.objects.get(code='8010').version}"})

    assert "(R002)" in said(response)
    assert "TODO" not in said(response)


def test_a_long_note_is_refused_on_the_screen(publisher, edited):
    """The column has 200 characters."""
    response = publisher.post(PUBLISH, {**fields(publisher.get(PUBLISH)), "note": "x" * 201})

    assert "at most 200 characters" in response.content.decode()


def test_a_new_code_is_shown_whole(publisher):
    """There is nothing to compare it with."""
    MessageFactory(error__code="7001", title="Brand new")

    assert "Brand new" in publisher.get(PUBLISH).content.decode()


def test_nothing_to_publish_says_so(publisher):
    """With a way back."""
    assert "There is nothing to publish" in publisher.get(PUBLISH).content.decode()
    assert "no unpublished changes: 1007" in publisher.get(f"{PUBLISH}?codes=1007").content.decode()


# ---- history ----


def publish_title(title: str) -> int:
    """Publish another title of 1007, and return the revision's number."""
    Message.objects.filter(error__code="1007", language="en").update(title=title)
    return publishing.publish(["1007"], author=UserFactory(), note=title)[0].number


def test_the_history_lists_revisions_with_what_they_changed(publisher):
    """Above every save."""
    publish_title("Balance too low")

    text = publisher.get(code_url("1007", "history/")).content.decode()

    assert "English (en): title" in text
    assert "first publish" in text
    assert code_url("1007", "restore/1/") in text


def test_a_long_history_has_pages(publisher):
    """Every revision holds the whole code, so no page shows all of them."""
    for number in range(31):
        publish_title(f"Title {number}")

    first = publisher.get(code_url("1007", "history/")).content.decode()
    second = publisher.get(code_url("1007", "history/") + "?before=3").content.decode()

    assert "?before=3" in first
    assert "first publish" not in first
    assert "first publish" in second


@pytest.mark.parametrize("before", ["x", "-1", "9" * 30, "²"])
def test_a_page_of_the_history_that_is_none_is_the_first(publisher, before):
    """Garbage is ignored."""
    assert publisher.get(code_url("1007", "history/"), {"before": before}).status_code == 200


def test_two_revisions_are_compared(publisher):
    """Any two, in any order."""
    publish_title("Balance too low")

    text = publisher.get(code_url("1007", "compare/") + "?from=1&to=2").content.decode()

    assert "Revision 2, live" in text
    assert "English (en): title" in text
    assert "visually-hidden" in text


def test_the_draft_is_compared_with_what_is_live(publisher):
    """That is what the page shows when nothing is asked for."""
    Message.objects.filter(error__code="1007", language="en").update(title="Only a draft")

    assert "Only" in publisher.get(code_url("1007", "compare/")).content.decode()


def test_a_code_that_was_never_published_is_compared_with_nothing(publisher):
    """And shown whole."""
    row = ErrorCodeFactory(code="7001", name="NEW_ONE")

    text = publisher.get(f"{LIST}{row.pk}/compare/").content.decode()

    assert "Nothing published yet" in text
    assert "NEW_ONE" in text


@pytest.mark.parametrize("number", ["0", "x", "99", "9" * 40, "%00"])
def test_a_revision_that_is_not_there_is_not_found(publisher, number):
    """For numbers and for garbage."""
    assert publisher.get(f"{code_url('1007', 'compare/')}?from={number}").status_code == 404


def test_a_revision_of_another_time_is_shown(publisher):
    """Fields that nobody knows any more are compared as they are."""
    revision = Revision.objects.get(error__code="1007")
    snapshot = {
        "code": {"code": "1007", "color": ["red"], "shade": "deep", "reveal_to_customer": True},
        "category": {"owner": "Old team"},
        "messages": {"tlh": {"title": "Qapla'"}},
        "runbook": {"checklist": "Old"},
    }
    Revision.objects.bulk_create(
        [Revision(number=2, error=revision.error, snapshot=snapshot, origin="imported", created_at=revision.created_at)]
    )

    text = publisher.get(code_url("1007", "compare/") + "?from=1&to=2").content.decode()

    for shown in ("color", "deep", "Qapla", "checklist", "Category: owner"):
        assert shown in text


def test_runbooks_are_compared_only_for_those_who_may_read_them(client):
    """In the history, the comparison, the publish screen and the restore."""
    Runbook.objects.filter(error__code="1007").update(impact="The canary sings.")
    publishing.publish(["1007"])
    Runbook.objects.filter(error__code="1007").update(impact="The canary flew.")
    user = UserFactory(role="translator")
    user.user_permissions.set(
        UserFactory(role="publisher").groups.get().permissions.exclude(codename__endswith="runbook")
    )
    client.force_login(user)

    for url in (
        code_url("1007", "history/"),
        code_url("1007", "compare/"),
        code_url("1007", "restore/1/"),
        code_url("1007"),
        PUBLISH,
    ):
        text = client.get(url).content.decode()
        assert "canary" not in text
        assert "Runbook: impact" not in text or url == code_url("1007")


def test_an_earlier_revision_is_restored_and_live(publisher):
    """With a note, as a new revision."""
    publish_title("A bad idea")
    url = code_url("1007", "restore/1/")

    response = publisher.post(url, {"note": "It was wrong."}, follow=True)

    assert "Published 1 code as revision 3" in said(response)
    revision = Revision.objects.get(number=3)
    assert (revision.origin, revision.note, revision.author_name) == ("restored", "It was wrong.", "pub")
    assert Message.objects.get(error__code="1007", language="en").title != "A bad idea"


def test_a_restore_shows_and_changes_nothing_of_the_category(publisher):
    """Other codes share its texts; only what would happen is shown."""
    Category.objects.filter(errors__code="1007").update(owner="The new team")
    Message.objects.filter(error__code="1007", language="en").update(title="Too low")
    publishing.publish()
    url = code_url("1007", "restore/1/")

    shown = publisher.get(url)
    publisher.post(url, {"note": "It was wrong."})

    assert len(shown.context["differences"]) == 1
    assert "The new team" not in shown.content.decode()
    assert Category.objects.get(errors__code="1007").owner == "The new team"


def test_a_restore_needs_a_note(publisher):
    """The history must say why."""
    publish_title("A bad idea")

    publisher.post(code_url("1007", "restore/1/"), {"note": " "})

    assert Head.objects.get().number == 2


def test_edits_are_discarded_only_when_that_is_ticked(publisher):
    """They are shown before."""
    publish_title("A bad idea")
    Message.objects.filter(error__code="1007", language="en").update(title="Half an edit")
    url = code_url("1007", "restore/1/")

    refused = publisher.post(url, {"note": "Back."}).content.decode()
    publisher.post(url, {"note": "Back.", "discard_edits": "on"})

    assert "Tick this box to overwrite them" in refused
    assert Head.objects.get().number == 3


def test_a_state_that_breaks_a_rule_of_today_is_not_restored(publisher):
    """The reasons are shown."""
    publish_title("Good")
    snapshot = Revision.objects.get(error__code="1007", number=1).snapshot
    snapshot["runbook"]["impact"] = "TODO"
    row = Revision.objects.get(error__code="1007", number=2)
    Revision.objects.bulk_create(
        [Revision(number=0, error=row.error, snapshot=snapshot, origin="edited", created_at=row.created_at)]
    )

    response = publisher.post(code_url("1007", "restore/0/"), {"note": "Back.", "discard_edits": "on"})

    assert "R002" in said(response)


def test_a_restore_of_what_is_live_does_nothing(publisher):
    """And says so."""
    response = publisher.post(code_url("1007", "restore/1/"), {"note": "Back."}, follow=True)

    assert "the drafts do not differ from what is live" in said(response)


# ---- the log, the categories, the preview ----


def test_the_log_lists_revisions_by_date(publisher):
    """With a way to one of them, and no way to change it."""
    publish_title("Balance too low")
    revision = Revision.objects.get(number=2)

    listed = publisher.get("/admin/pts_errors/revision/?q=1007").content.decode()
    shown = publisher.get(f"/admin/pts_errors/revision/{revision.pk}/change/").content.decode()

    assert "Balance too low" in listed
    assert "Changed since revision 1" in shown


def test_the_first_revision_is_shown_whole(publisher):
    """There is none before it."""
    revision = Revision.objects.get(error__code="1007")

    assert "First publish" in publisher.get(f"/admin/pts_errors/revision/{revision.pk}/change/").content.decode()


def test_an_unknown_revision_is_not_found(publisher):
    """For garbage, too."""
    assert publisher.get("/admin/pts_errors/revision/999999/change/").status_code == 404


def test_a_revision_is_shown_only_to_those_who_may_see_the_log(client):
    """Translators may not."""
    client.force_login(UserFactory(role="translator"))
    revision = Revision.objects.get(error__code="1007")

    assert client.get(f"/admin/pts_errors/revision/{revision.pk}/change/").status_code == 403


@pytest.mark.parametrize("page", ["add/", "1/delete/"])
def test_nobody_adds_or_deletes_a_revision(admin_client, page):
    """Not even a superuser."""
    assert admin_client.post(f"/admin/pts_errors/revision/{page}", {"post": "yes"}).status_code == 403
    assert Revision.objects.count() == 59


def test_a_category_tells_open_forms_and_waits_for_publishing(admin_client):
    """Its owner is part of every code in it."""
    category = Category.objects.get(slug="upstream")
    url = f"/admin/pts_errors/category/{category.pk}/change/"

    response = admin_client.post(url, {**fields(admin_client.get(url)), "owner": "Another rota"}, follow=True)

    assert "once the codes in this category are published" in said(response)
    assert len(publishing.unpublished()) == ErrorCode.objects.filter(category=category, version__gt=1).count() == 5


def test_a_category_is_added_and_listed_with_its_number_of_codes(admin_client):
    """The slug is asked for once."""
    data = {"slug": "wallet", "name": "Wallets", "position": 9, "owner": "", "escalation": ""}

    admin_client.post("/admin/pts_errors/category/add/", data)

    assert "Wallets" in admin_client.get("/admin/pts_errors/category/").content.decode()


SNIPPET = f"{LIST}preview/"


def test_the_preview_is_the_very_html_of_the_page(publisher):
    """And lets no HTML through."""
    response = publisher.post(SNIPPET, {"text": "1. Query.\n\n<img src=x onerror=alert(1)>"})

    assert response.content.decode().startswith("<ol>\n<li>Query.</li>")
    assert "<img" not in response.content.decode()
    assert "no-store" in response.headers["Cache-Control"]


def test_the_preview_of_an_absurd_text_is_refused(publisher):
    """Rendering time is bounded."""
    assert publisher.post(SNIPPET, {"text": "[a](b" * 20_000}).status_code == 400


def test_the_preview_needs_a_token(publisher):
    """As every POST."""
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(UserFactory(role="publisher"))

    assert strict.post(SNIPPET, {"text": "x"}).status_code == 403


def test_the_whole_draft_is_shown_without_script(publisher):
    """With the escalation of the category where there is none."""
    Runbook.objects.filter(error__code="8010").update(impact="**Only** a draft.", escalation="", meaning="")

    text = publisher.get(code_url("8010", "preview/")).content.decode()

    assert "<strong>Only</strong> a draft." in text
    assert "(from the category)" in text
    assert "Empty." in text


def test_the_draft_of_an_unknown_code_is_not_found(publisher):
    """As everywhere."""
    assert publisher.get(f"{LIST}999999/preview/").status_code == 404


def test_what_the_rules_say_of_a_runbook_is_for_those_who_may_read_it(client):
    """A reader's flag, above all, quotes what only staff may know."""
    Message.objects.filter(error__code="1005", language="en").update(title="Too much")
    FlagFactory(code="1005", text="The canary of step three is dead")
    user = UserFactory()
    user.user_permissions.set(
        UserFactory(role="publisher").groups.get().permissions.exclude(codename__endswith="runbook")
    )
    client.force_login(user)

    shown = client.get(PUBLISH).content.decode()

    assert "1005" in shown
    assert "canary" not in shown


def test_a_database_that_refuses_is_named(publisher):
    """Such as one whose disk is full: the edit stays, and the page says what happened."""
    Message.objects.filter(error__code="1007", language="en").update(title="Seven")
    data = {**fields(publisher.get(PUBLISH)), "_save": "publish"}

    def refuse(execute, sql, params, many, context):
        if sql.startswith("INSERT") and "pts_errors_revision" in sql:
            raise OperationalError("database or disk is full")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(refuse):
        response = publisher.post(PUBLISH, data, follow=True)

    assert "database or disk is full Nothing was published." in said(response)
    assert list(publishing.unpublished()) == ["1007"]
    assert Head.objects.get().number == 1


def test_a_code_whose_live_state_is_damaged_can_be_published(publisher):
    """Nothing is said of its translations, because nobody knows what they were confirmed against."""
    Message.objects.filter(error__code="1007", language="en").update(title="Seven")
    with connection.cursor() as cursor:
        row = ErrorCode.objects.get(code="1007").pk
        cursor.execute("UPDATE pts_errors_revision SET snapshot = %s WHERE error_id = %s", ["{}", row])

    shown = publisher.get(PUBLISH)
    response = publisher.post(PUBLISH, {**fields(shown), "_save": "publish"}, follow=True)

    assert shown.status_code == 200
    assert "Published 1 code as revision 2" in said(response)


def test_history_hides_what_was_said_of_a_runbook_and_nothing_else(client):
    """From who may not read it: the words go, and other entries stay."""
    client.force_login(UserFactory(role="translator"))
    code = ErrorCode.objects.get(code="1007")
    author = UserFactory(role="editor")
    for text in (f"{reviews.FLAGGED}: the canary is dead", "Changed the title."):
        LogEntry.objects.create(
            user=author,
            content_type=ContentType.objects.get_for_model(ErrorCode),
            object_id=str(code.pk),
            object_repr=str(code),
            action_flag=CHANGE,
            change_message=text,
        )

    page = client.get(code_url("1007", "history/")).content.decode()

    assert "Changed the title." in page
    assert f"{reviews.FLAGGED}." in page
    assert "canary" not in page


def test_a_code_that_was_never_published_has_a_history_without_revisions(publisher):
    """Its saves are there all the same."""
    code = ErrorCodeFactory(code="7001")

    page = publisher.get(code_url(code.code, "history/"))

    assert page.status_code == 200
    assert page.context["revisions"] == []
