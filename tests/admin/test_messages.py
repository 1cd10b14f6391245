"""Translations: the table of codes and languages, one message beside its source, and who may change which language."""

from __future__ import annotations

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.test import Client

from pts_errors import publishing
from pts_errors.models import ErrorCode, LanguageLimit, Message
from tests.support.admin_pages import MATRIX, code_url, fields, message_url, said, send
from tests.support.factories import GroupFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def translator(client: Client) -> Client:
    """A browser in which somebody is logged in who translates into Filipino and Malay."""
    user = UserFactory(username="tala")
    user.groups.add(GroupFactory(role="translator", limit=["fil", "ms"]))
    client.force_login(user)
    return client


def message(code: str, language: str) -> Message:
    """Return the message of a code in a language."""
    return Message.objects.get(error__code=code, language=language)


def add_url(code: str, language: str) -> str:
    """Return the address that adds a missing message."""
    return f"{MATRIX}add/?error={ErrorCode.objects.get(code=code).pk}&language={language}"


def rename(code: str) -> None:
    """Change a source text, so that its translations need review."""
    Message.objects.filter(error__code=code, language="en").update(title="Renamed")


def test_the_matrix_has_every_code_in_every_language(translator):
    """With how many are done."""
    rename("1007")
    Message.objects.filter(error__code="1008", language="fil").delete()

    response = translator.get(MATRIX)

    heads = {head["language"]: head["done"] for head in response.context["heads"]}
    assert (heads["en"], heads["fr"], heads["fil"]) == (59, 58, 57)
    assert len(response.context["rows"]) == 59
    assert add_url("1008", "fil").replace("&", "&amp;") in response.content.decode()


def test_a_bookmark_shows_what_is_left_to_do_in_one_language(translator):
    """Missing ones, too, though they have no row in the list below."""
    rename("1007")
    Message.objects.filter(error__code="1008", language="fil").delete()

    response = translator.get(f"{MATRIX}?language=fil&state=todo")

    assert [row["line"].row.code for row in response.context["rows"]] == ["1007", "1008"]
    assert [row.error.code for row in response.context["cl"].result_list] == ["1007"]


def test_a_broken_translation_is_to_be_checked(translator):
    """An error of the rules, not of taste."""
    Message.objects.filter(error__code="1007", language="fil").update(customer_message="Error 42.")

    response = translator.get(f"{MATRIX}?language=fil&state=check")

    assert [row["line"].row.code for row in response.context["rows"]] == ["1007"]


def test_saving_confirms_the_translation_against_the_source(translator):
    """All of it, changed or not."""
    rename("1007")

    send(translator, message_url("1007", "fil"), {"title": "Bago"})

    row = message("1007", "fil")
    assert (row.title, row.source_text["title"]) == ("Bago", "Renamed")
    assert set(row.source_text) == {"title", "customer_message", "merchant_action"}


def test_a_translation_that_is_still_right_is_saved_as_it_is(translator):
    """Nothing to type."""
    rename("1007")

    send(translator, message_url("1007", "fil"))

    assert message("1007", "fil").source_text["title"] == "Renamed"


def test_a_confirmed_translation_is_a_difference_to_publish(translator):
    """Where nothing else changed in the language, the comparison says so."""
    rename("1007")
    publishing.publish(["1007"])
    send(translator, message_url("1007", "fil"))

    text = translator.get(code_url("1007", "compare/")).content.decode()

    assert "Confirmed against the source text." in text


def test_a_text_that_cannot_be_stored_comes_back(translator):
    """With what is wrong, and with the other texts."""
    response = send(translator, message_url("1007", "fil"), {"title": "x" * 121, "customer_message": "Kept."})

    assert "at most 120 characters" in response.content.decode()
    assert fields(response)["customer_message"] == ["Kept."]


def test_saving_leads_to_the_next_one_to_do(translator):
    """In the order of the numbers, and then from the beginning."""
    rename("1007")
    rename("8010")

    response = send(translator, message_url("8010", "fil"), button="next")

    assert response.headers["Location"] == message_url("1007", "fil")


def test_the_next_one_may_be_missing(translator):
    """Then it is added."""
    Message.objects.filter(error__code="1008", language="ms").delete()

    assert translator.get(f"{MATRIX}next/ms/").headers["Location"] == add_url("1008", "ms")


def test_the_last_one_is_celebrated(translator):
    """Nothing is left to do."""
    rename("1007")

    response = send(translator, message_url("1007", "fil"), button="next", follow=True)

    assert "Nothing is left to do in Filipino (fil)." in said(response)


def test_a_missing_translation_is_added(translator):
    """And raises the version of the code."""
    Message.objects.filter(error__code="1008", language="fil").delete()
    before = ErrorCode.objects.get(code="1008").version

    send(translator, add_url("1008", "fil"), {"title": "Bago", "customer_message": "Bago."}, button="next")

    assert message("1008", "fil").source_text["title"] == message("1008", "en").title
    assert ErrorCode.objects.get(code="1008").version == before + 1


def test_a_translation_without_a_source_is_confirmed_against_nothing(translator):
    """Somebody deleted the source."""
    Message.objects.filter(error__code="1008", language="en").delete()

    send(translator, message_url("1008", "fil"))

    assert message("1008", "fil").source_text["title"] == ""


@pytest.mark.parametrize("query", ["", "?error=1&language=nonsense", "?error=x&language=fil"])
def test_adding_needs_a_code_and_a_language(translator, query):
    """The table says which."""
    response = translator.get(f"{MATRIX}add/{query}", follow=True)

    assert "Choose a code and a language in the table" in said(response)


def test_adding_what_is_there_leads_to_it(translator):
    """An old tab does no harm."""
    assert translator.get(add_url("1008", "fil")).headers["Location"] == message_url("1008", "fil")


def test_two_translators_who_add_the_same_message_meet(translator):
    """The second is told, and keeps the text."""
    Message.objects.filter(error__code="1008", language="fil").delete()
    url = add_url("1008", "fil")
    mine = {**fields(translator.get(url)), "title": "Akin", "_save": "draft"}
    send(translator, url, {"title": "Kanila", "customer_message": "Kanila."})

    response = translator.post(url, mine)

    shown = fields(response)
    assert (shown["title"], shown["customer_message"]) == (["Akin"], ["Kanila."])
    translator.post(url, {**shown, "_save": "draft"})
    assert message("1008", "fil").title == "Akin"


def test_a_translator_and_an_editor_meet(translator):
    """The code has one version, whoever saves."""
    url = message_url("1007", "fil")
    mine = {**fields(translator.get(url)), "title": "Akin", "_save": "draft"}
    editor = Client()
    editor.force_login(UserFactory(username="edda", role="editor"))
    send(editor, code_url("1007"), {"messages-fil-title": "Kanila"})

    response = translator.post(url, mine)

    assert "edda saved this code at" in response.content.decode()
    assert [label for label, _conflict in response.context["conflicts"]] == ["Filipino (fil): title"]
    assert fields(response)["title"] == ["Akin"]


def test_the_save_is_in_the_history_of_the_code(translator):
    """Who did what, in one place."""
    send(translator, message_url("1007", "fil"), {"title": "Bago"})

    entries = LogEntry.objects.filter(object_id=str(ErrorCode.objects.get(code="1007").pk))
    assert "Translated into Filipino (fil)." in [entry.change_message for entry in entries]


def test_the_other_languages_are_at_hand(translator):
    """A look at a neighbor helps."""
    assert message("1007", "ms").title in translator.get(message_url("1007", "fil")).content.decode()


def test_a_message_that_is_not_there_is_answered_as_the_admin_does(translator):
    """By a redirect with a message."""
    assert translator.get(f"{MATRIX}999999/change/").status_code == 302


# ---- languages of a translator ----


def test_another_language_is_only_shown(translator):
    """The group's limit says which languages it is for."""
    assert message("1007", "fr").title in translator.get(message_url("1007", "fr")).content.decode()
    assert translator.post(message_url("1007", "fr"), {"title": "Non"}).status_code == 403
    assert message("1007", "fr").title != "Non"


def test_another_language_is_not_added(translator):
    """Neither by the form nor by its address."""
    Message.objects.filter(error__code="1008", language="fr").delete()

    assert translator.get(add_url("1008", "fr")).status_code == 403
    assert translator.post(add_url("1008", "fr"), {"title": "Non"}).status_code == 403


def test_the_next_one_of_another_language_is_refused(translator):
    """Nothing to do there for this user."""
    assert translator.get(f"{MATRIX}next/fr/").status_code == 403


def test_who_may_only_look_has_nothing_to_do(client):
    """The table is shown without a way to write."""
    rename("1007")
    user = UserFactory(role="reader")
    user.user_permissions.set(Permission.objects.filter(codename="view_message"))
    client.force_login(user)

    text = client.get(MATRIX).content.decode()

    assert "Review" in text
    assert "Next to do" not in text


@pytest.mark.parametrize(
    ("groups", "direct", "expected"),
    [
        ([["fil"]], False, (True, False)),
        ([["fil", "fr"]], False, (True, True)),
        ([["ms"], ["fr"]], False, (False, True)),
        ([[]], False, (False, False)),
        ([["fil-ph", "FR"]], False, (False, False)),
        ([None], False, (True, True)),
        ([None, ["ms"]], False, (True, True)),
        ([["ms"]], True, (True, True)),
        ([], True, (True, True)),
        ([], False, (False, False)),
    ],
)
def test_languages_follow_from_groups(client, groups, direct, expected):
    """Rights add up; a limit holds for what its own group gives, and a name means nothing."""
    user = UserFactory(role="reader")
    for number, limit in enumerate(groups):
        user.groups.add(GroupFactory(role="translator", name=f"Translators [de] {number}", limit=limit))
    if direct:
        user.user_permissions.set(GroupFactory(role="translator").permissions.all())
    client.force_login(user)

    allowed = tuple(client.post(message_url("1007", language), {}).status_code == 200 for language in ("fil", "fr"))

    assert allowed == expected


def test_languages_of_others_are_locked_in_the_form_of_the_code(client):
    """An editor of some languages changes these alone, whatever is sent."""
    user = UserFactory()
    group = GroupFactory(role="editor", limit=["en", "fil"])
    user.groups.add(group)
    client.force_login(user)

    send(client, code_url("1007"), {"messages-fr-title": "Non", "messages-fil-title": "Oo"})

    assert message("1007", "fr").title != "Non"
    assert message("1007", "fil").title == "Oo"


def test_every_screen_for_translating_says_which_languages(translator):
    """In their own words; a group may be limited to none."""
    words = "You may change texts in: Filipino, Bahasa Melayu"
    assert words in translator.get(MATRIX).content.decode()
    assert words in translator.get(message_url("1007", "fil")).content.decode()
    assert words in translator.get(code_url("1007")).content.decode()

    LanguageLimit.objects.update(languages=[])
    assert "You may not change texts in any language." in translator.get(MATRIX).content.decode()
    LanguageLimit.objects.all().delete()
    assert "You may change texts in every language." in translator.get(MATRIX).content.decode()


def test_limits_are_ticked_on_a_page_that_names_the_groups_without_one(client):
    """A limit that somebody forgot is seen."""
    group = GroupFactory(role="translator", name="Guild")
    client.force_login(UserFactory(is_superuser=True))
    url = "/admin/pts_errors/languagelimit/"
    assert "These groups may change texts in every language: Guild" in " ".join(
        client.get(url).content.decode().split()
    )

    client.post(f"{url}add/", {"group": group.pk, "languages": ["fr", "zh-hans"]})

    assert LanguageLimit.objects.get(group=group).languages == ["fr", "zh-hans"]
    text = client.get(url).content.decode()
    assert "Français (fr), 简体中文 (zh-hans)" in text
    assert "Guild" in text
    assert "These groups" not in text
    assert client.post(f"{url}add/", {"group": group.pk, "languages": ["xx"]}).status_code == 200
