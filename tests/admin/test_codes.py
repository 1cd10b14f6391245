"""The form of a code: drafts, publishing, lost updates, permissions, texts kept to the letter."""

from __future__ import annotations

import json

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client

from pts_errors import lookup, publishing
from pts_errors.models import ErrorCode, Flag, Message, Revision, Runbook
from tests.support.admin_pages import LIST, code_url, fields, said, send
from tests.support.factories import CategoryFactory, ErrorCodeFactory, FlagFactory, UserFactory

pytestmark = pytest.mark.django_db


def runbook(code: str) -> Runbook:
    """Return the runbook of a code."""
    return Runbook.objects.get(error__code=code)


def message(code: str, language: str) -> Message:
    """Return the message of a code in a language."""
    return Message.objects.get(error__code=code, language=language)


def test_saving_a_form_as_it_is_changes_nothing(editor):
    """Line ends, blanks and empty languages survive the browser, so the code stays live."""
    versions = dict(ErrorCode.objects.values_list("code", "version"))

    for code in ("1000", "8010", "9999"):
        send(editor, code_url(code))

    assert publishing.unpublished() == {}
    assert dict(ErrorCode.objects.values_list("code", "version")) == versions


def test_a_draft_is_saved_and_not_published(editor):
    """Readers see a draft only once it is published."""
    response = send(editor, code_url("8010"), {"runbook-impact": "Line one.\r\nLine two."}, follow=True)

    assert runbook("8010").impact == "Line one.\nLine two."
    assert "is saved. Readers see it once it is published" in said(response)
    assert set(publishing.unpublished()) == {"8010"}


def test_saving_raises_the_version_even_for_a_message_alone(editor):
    """Every open form on the code is told."""
    before = ErrorCode.objects.get(code="8010").version

    send(editor, code_url("8010"), {"messages-fr-title": "Réservation échouée"})

    assert ErrorCode.objects.get(code="8010").version == before + 1


def test_the_button_publishes_what_it_saves(publisher, django_capture_on_commit_callbacks):
    """Save and publish is one step for whoever may."""
    with django_capture_on_commit_callbacks(execute=True):
        response = send(
            publisher,
            code_url("1007"),
            {"messages-en-title": "Not enough balance", "note": "Plain words.", "wording_only": "on"},
            button="publish",
            follow=True,
        )

    revision = Revision.objects.get(error__code="1007", number=2)
    assert (revision.author_name, revision.note) == ("pub", "Plain words.")
    assert "Published 1 code as revision 2" in said(response)
    assert lookup.get("1007", language="en").title == "Not enough balance"


def test_wording_only_keeps_translations_up_to_date(publisher):
    """A mended typo gives translators no work."""
    send(publisher, code_url("1007"), {"messages-en-title": "Balance too low", "wording_only": "on"}, button="publish")

    assert message("1007", "fr").source_text["title"] == "Balance too low"


def test_a_refused_publish_keeps_the_draft_and_says_why(publisher):
    """The reasons stand on the form, and nothing that was typed is lost."""
    response = send(publisher, code_url("8010"), {"runbook-impact": "TODO"}, button="publish", follow=True)

    assert runbook("8010").impact == "TODO"
    assert not Revision.objects.filter(number=2).exists()
    assert "R002" in said(response)
    assert response.redirect_chain[-1][0] == code_url("8010")


def test_a_note_that_is_too_long_keeps_the_draft(publisher):
    """The column is short; the draft is saved all the same."""
    changes = {"runbook-impact": "Everybody waits.", "note": "x" * 201}

    response = send(publisher, code_url("8010"), changes, button="publish", follow=True)

    assert runbook("8010").impact == "Everybody waits."
    assert "the note is too long" in said(response)


def test_publishing_what_is_live_says_so(publisher):
    """No revision without a difference."""
    response = send(publisher, code_url("8010"), button="publish", follow=True)

    assert "the drafts do not differ from what is live" in said(response)


def test_a_changed_translation_is_confirmed_and_its_neighbors_are_not(editor):
    """Only the touched text was compared with its source."""
    send(editor, code_url("1007"), {"messages-en-title": "New title"})

    send(editor, code_url("1007"), {"messages-fr-title": "Nouveau titre"})

    assert message("1007", "fr").source_text["title"] == "New title"
    assert message("1007", "de").source_text["title"] != "New title"


def test_a_cleared_translation_is_no_longer_confirmed(editor):
    """A blank text was compared with nothing."""
    send(editor, code_url("1007"), {"messages-fr-title": ""})

    assert "title" not in message("1007", "fr").source_text


def test_a_missing_language_is_offered_and_added(editor):
    """There is a row for every language of the catalog."""
    Message.objects.filter(error__code="1007", language="fr").delete()

    send(editor, code_url("1007"), {"messages-fr-title": "Solde insuffisant"})

    assert message("1007", "fr").title == "Solde insuffisant"
    assert message("1007", "fr").source_text == {"title": message("1007", "en").title}


def test_a_missing_runbook_is_offered_and_added(editor):
    """A code without a runbook has the form of one."""
    Runbook.objects.filter(error__code="1007").delete()

    send(editor, code_url("1007"), {"runbook-meaning": "It is too low."})

    assert runbook("1007").meaning == "It is too low."


def test_a_new_code_is_added_with_its_texts(editor):
    """One form makes the whole code."""
    category = CategoryFactory()
    changes = {
        "code": "7777",
        "name": "NEW_CODE",
        "category": category.pk,
        "messages-en-title": "New",
        "runbook-meaning": "It is new.",
    }

    send(editor, f"{LIST}add/", changes)

    assert message("7777", "en").title == "New"
    assert runbook("7777").meaning == "It is new."


def test_the_form_of_a_new_code_shows_what_is_wrong(editor):
    """A code that cannot be stored comes back with a message and with its texts."""
    response = send(editor, f"{LIST}add/", {"code": "07", "name": "x", "messages-en-title": "Kept"})

    assert response.status_code == 200
    assert "without a leading zero" in response.content.decode()
    assert fields(response)["messages-en-title"] == ["Kept"]


def test_code_and_name_are_fixed_once_published(editor):
    """Programs compare with them."""
    send(editor, code_url("1007"), {"code": "1", "name": "OTHER"})

    assert ErrorCode.objects.get(code="1007").name == "INSUFFICIENT_BALANCE"


def test_the_words_of_the_gateway_are_never_edited(editor):
    """They are what the gateway sends, to the letter. Only a new code takes them."""
    row = ErrorCodeFactory(provider_message="Some words.")

    send(editor, code_url(row.code), {"provider_message": "Other words.", "severity": "info"})

    row.refresh_from_db()
    assert (row.provider_message, row.severity) == ("Some words.", "info")
    assert "provider_message" in fields(editor.get(f"{LIST}add/"))


def test_the_form_links_to_the_pages_that_readers_see(editor, client):
    """To the runbook only for those who may read it."""
    links = ["/errors/8010/", "/errors/runbooks/8010/"]

    text = editor.get(code_url("8010")).content.decode()
    client.force_login(UserFactory(role="translator"))
    without = client.get(code_url("8010")).content.decode()

    assert [f'href="{link}"' in text for link in links] == [True, True]
    assert [f'href="{link}"' in without for link in links] == [True, False]


@pytest.mark.urls("tests.support.admin_urls")
def test_a_host_without_pages_has_no_links_to_them(editor):
    """The back office works alone."""
    text = editor.get(code_url("8010")).content.decode()

    assert "Public page" not in text
    assert "Runbook page" not in text


def test_an_open_form_does_not_wipe_a_flag(editor):
    """Flagging raises no version, so the form must not hold the flag."""
    data = fields(editor.get(code_url("8010")))
    FlagFactory(code="8010")

    editor.post(code_url("8010"), {**data, "runbook-impact": "Everybody waits.", "_save": "draft"})

    assert (runbook("8010").impact, Flag.objects.open().count()) == ("Everybody waits.", 1)


def test_the_name_of_an_unpublished_code_can_change(editor):
    """Nobody compares with it yet."""
    row = ErrorCodeFactory(code="7001")

    send(editor, code_url("7001"), {"name": "BETTER_NAME"})

    row.refresh_from_db()
    assert row.name == "BETTER_NAME"


# ---- somebody else saved meanwhile ----


def test_the_second_of_two_editors_is_told_and_loses_nothing(editor, publisher):
    """The form comes back with the text, both differences, and who it was."""
    url = code_url("8010")
    mine = {**fields(editor.get(url)), "runbook-impact": "Mine.", "_save": "draft"}
    send(publisher, url, {"runbook-impact": "Theirs.", "runbook-meaning": "Theirs alone."})

    response = editor.post(url, mine)

    text = response.content.decode()
    assert runbook("8010").impact == "Theirs."
    assert "pub saved this code at" in text
    shown = fields(response)
    assert shown["runbook-impact"] == ["Mine."]
    assert shown["runbook-meaning"] == ["Theirs alone."]
    assert [label for label, _conflict in response.context["conflicts"]] == ["Runbook: meaning", "Runbook: impact"]


def test_saving_again_after_a_conflict_saves_mine_over_theirs(editor, publisher):
    """What only they changed stays; what both changed is mine."""
    url = code_url("8010")
    mine = {**fields(editor.get(url)), "runbook-impact": "Mine.", "_save": "draft"}
    send(publisher, url, {"runbook-impact": "Theirs.", "runbook-meaning": "Theirs alone.", "severity": "warning"})
    response = editor.post(url, mine)

    editor.post(url, {**fields(response), "_save": "draft"})

    assert (runbook("8010").impact, runbook("8010").meaning) == ("Mine.", "Theirs alone.")
    assert ErrorCode.objects.get(code="8010").severity == "warning"


def test_choices_and_boxes_of_the_other_are_kept(editor, publisher):
    """Not only texts take part."""
    url = code_url("1001")
    ErrorCode.objects.filter(code="1001").update(reveal_to_customer=False)
    mine = {**fields(editor.get(url)), "runbook-impact": "Mine.", "_save": "draft"}
    send(publisher, url, {"reveal_to_customer": "on", "is_retired": "on", "retry_advice": "do_not_retry"})
    response = editor.post(url, mine)

    editor.post(url, {**fields(response), "_save": "draft"})

    row = ErrorCode.objects.get(code="1001")
    assert (row.reveal_to_customer, row.is_retired, row.retry_advice) == (True, True, "do_not_retry")
    assert runbook("1001").impact == "Mine."


def test_related_codes_of_the_other_are_kept(editor, publisher):
    """Lists take part, too, and are shown as the names of the codes."""
    url = code_url("1007")
    other = ErrorCode.objects.get(code="1003")
    mine = {**fields(editor.get(url)), "runbook-impact": "Mine.", "_save": "draft"}
    send(publisher, url, {"similar": [other.pk]})

    response = editor.post(url, mine)

    assert fields(response)["similar"] == [str(other.pk)]
    assert "1003 DUPLICATE_ORDER_ID" in response.content.decode()


def test_a_text_that_they_cleared_stays_cleared(editor, publisher):
    """Blank is a value like any other."""
    url = code_url("1007")
    mine = {**fields(editor.get(url)), "runbook-impact": "Mine.", "_save": "draft"}
    send(publisher, url, {"messages-fr-title": ""})
    response = editor.post(url, mine)

    editor.post(url, {**fields(response), "_save": "draft"})

    assert message("1007", "fr").title == ""


def test_a_language_that_both_added_meets_in_one_row(editor, publisher):
    """Forms are named by language, so the second one finds the row of the first."""
    Message.objects.filter(error__code="1007", language="fr").delete()
    url = code_url("1007")
    mine = {**fields(editor.get(url)), "messages-fr-title": "À moi", "_save": "draft"}
    send(publisher, url, {"messages-fr-title": "À eux", "messages-fr-customer_message": "Texte."})
    response = editor.post(url, mine)

    editor.post(url, {**fields(response), "_save": "draft"})

    assert (message("1007", "fr").title, message("1007", "fr").customer_message) == ("À moi", "Texte.")


def test_a_form_that_forgot_what_it_was_opened_with_is_told_of_every_difference(editor, publisher):
    """Without the values of the beginning nothing can be called untouched."""
    url = code_url("8010")
    mine = {**fields(editor.get(url)), "runbook-impact": "Mine.", "_save": "draft"}
    send(publisher, url, {"runbook-meaning": "Theirs alone."})

    for loaded in ("", "[]", "nonsense"):
        response = editor.post(url, {**mine, "loaded": loaded})

        conflicts = {conflict.where for _label, conflict in response.context["conflicts"]}
        assert conflicts >= {"runbook.impact", "runbook.meaning"}, loaded


def test_a_change_by_a_program_is_a_conflict_without_a_name(editor):
    """Imports and restores raise the version and leave no entry in the admin's log."""
    url = code_url("8010")
    mine = {**fields(editor.get(url)), "runbook-impact": "Mine.", "_save": "draft"}
    ErrorCode.objects.filter(code="8010").update(version=99)

    response = editor.post(url, mine)

    assert "This code was changed while you were editing" in response.content.decode()


def test_a_forged_version_saves_nothing(editor):
    """The token is read again from the database."""
    url = code_url("8010")
    data = {**fields(editor.get(url)), "runbook-impact": "Mine.", "_save": "draft"}

    for token in ("", "x", "99999999"):
        response = editor.post(url, {**data, "token": token})

        assert response.status_code == 200, token
        assert runbook("8010").impact != "Mine.", token


# ---- what the page shows ----


def test_the_strip_names_who_edited_what(editor):
    """Whoever opens an edited code sees it at once."""
    send(editor, code_url("8010"), {"runbook-impact": "Shorter."})

    text = editor.get(code_url("8010")).content.decode()

    assert "Edited since by edda:" in text
    assert "Runbook: impact" in text
    assert "Live, edited" in text


def test_every_flag_of_a_reader_is_shown_and_closed_one_by_one(editor):
    """With who it was, when, and what they had filled in; closing one leaves the other."""
    first = FlagFactory(code="8010", reference="order_id=A-77")
    FlagFactory(code="8010", text="Step 4 as well.")

    before = editor.get(code_url("8010")).content.decode()
    response = editor.post(code_url("8010", f"flags/{first.pk}/"), follow=True)
    again = editor.post(code_url("8010", f"flags/{first.pk}/"), follow=True)

    for text in ("Step 3 is wrong.", "ada flagged the runbook on", "order_id=A-77", "Step 4 as well."):
        assert text in before
    assert "The flag is closed." in response.content.decode()
    assert "The flag was already closed." in again.content.decode()
    assert [flag.text for flag in Flag.objects.open()] == ["Step 4 as well."]
    assert "Step 3 is wrong." not in editor.get(code_url("8010")).content.decode()


def test_a_flag_is_closed_by_post_and_by_those_who_may_change_runbooks(editor):
    """A look or a picture on another site closes nothing."""
    flag = FlagFactory(code="8010")
    reader = Client()
    reader.force_login(UserFactory(role="reader"))

    answers = [editor.get(code_url("8010", f"flags/{flag.pk}/")), reader.post(code_url("8010", f"flags/{flag.pk}/"))]

    assert [answer.status_code for answer in answers] == [405, 403]
    assert Flag.objects.open().exists()


def test_a_stale_translation_shows_how_its_source_changed(editor):
    """The translator reads the difference and not two texts."""
    send(editor, code_url("1007"), {"messages-en-title": "Balance too low"})

    text = editor.get(code_url("1007")).content.decode()

    assert "The source has changed since this was translated" in text
    assert "Review" in text


def test_every_translated_field_says_its_language_and_direction(editor):
    """Screen readers and right-to-left texts need it."""
    text = editor.get(code_url("1007")).content.decode()

    assert 'lang="ar" dir="rtl"' in text
    assert 'lang="zh-hans" dir="ltr"' in text


def test_placeholders_and_their_result_are_shown(editor):
    """Whoever translates sees which placeholders to keep and what becomes of them."""
    send(editor, code_url("1007"), {"messages-en-title": "The {brand} balance is too low"})

    text = editor.get(code_url("1007")).content.decode()

    assert 'data-pts-copy="{brand}"' in text
    assert "The PTS balance is too low" in text


def test_stored_markup_is_inert(editor):
    """Texts of others are shown and never run."""
    attack = "<script>alert(1)</script>"
    ErrorCode.objects.filter(code="8010").update(provider_message=attack)
    send(editor, code_url("8010"), {"runbook-impact": attack, "messages-en-title": attack})

    for page in ("change/", "history/", "compare/", "preview/"):
        assert attack not in editor.get(code_url("8010", page)).content.decode()
    assert attack not in editor.get(LIST).content.decode()


def test_the_save_is_in_the_log_of_the_admin(editor):
    """Who did what and when."""
    send(editor, code_url("8010"), {"runbook-impact": "Shorter."})

    assert LogEntry.objects.get().user.username == "edda"


def test_save_and_continue_stays_on_the_form(editor):
    """The stock button works as ever."""
    data = {**fields(editor.get(code_url("8010"))), "runbook-impact": "Shorter.", "_continue": "1"}

    response = editor.post(code_url("8010"), data)

    assert response.headers["Location"] == code_url("8010")


def test_nobody_finds_a_button_to_delete(editor):
    """Codes are retired."""
    assert "deletelink" not in editor.get(code_url("8010")).content.decode()


def test_an_unknown_code_is_answered_as_the_admin_does(editor):
    """By a redirect with a message."""
    assert editor.get(f"{LIST}999999/change/").status_code == 302


def test_the_loaded_values_are_json(editor):
    """What the form was opened with is plain data."""
    loaded = json.loads(fields(editor.get(code_url("1007")))["loaded"][0])

    assert loaded["en.title"] == message("1007", "en").title
    assert loaded["severity"] == ErrorCode.objects.get(code="1007").severity
