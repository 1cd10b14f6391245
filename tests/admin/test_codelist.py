"""The list of codes: work queue, states, filters with counts, search, actions, and how few queries it takes."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from pts_errors import publishing
from pts_errors.models import ErrorCode, Message, Runbook
from tests.support.admin_pages import LIST, MATRIX, PUBLISH, code_url, message_url, said
from tests.support.factories import ErrorCodeFactory, FlagFactory, MessageFactory, UserFactory

pytestmark = pytest.mark.django_db


def codes(response) -> list[str]:
    """Return the codes that a list shows."""
    return [row.code for row in response.context["cl"].result_list]


def queue(response) -> list[str]:
    """Return the sentences of the work queue."""
    return [item["text"] for item in response.context["queue"]]


def test_every_code_is_on_one_page(publisher):
    """Ctrl-F works."""
    assert len(codes(publisher.get(LIST))) == 59


def test_the_queue_says_when_nothing_waits(publisher):
    """A quiet list looks quiet, and a list of which nobody has read the runbooks is not."""
    assert queue(publisher.get(LIST)) == ["59 runbooks never reviewed"]
    Runbook.objects.update(reviewed_at=timezone.now())

    assert "Nothing to do" in publisher.get(LIST).content.decode()


def test_the_queue_counts_what_waits_and_links_to_it(publisher):
    """The list is the work queue."""
    Message.objects.filter(error__code="1007", language="en").update(title="Balance too low")
    Message.objects.filter(error__code="1008", language="fil").delete()
    Runbook.objects.exclude(error__code__in=["1002", "1003"]).update(reviewed_at=timezone.now())
    Runbook.objects.filter(error__code="8010").update(impact="TODO")
    FlagFactory(code="8010")
    Runbook.objects.filter(error__code="1001").update(reviewed_at=timezone.now() - timedelta(days=400))

    response = publisher.get(LIST)

    assert queue(response) == [
        "3 codes edited, not published",
        "16 translations need review",
        "1 translation missing",
        "1 runbook due for review",
        "2 runbooks never reviewed",
        "1 runbook flagged",
        "1 code with errors",
    ]
    for item in response.context["queue"]:
        assert codes(publisher.get(f"{LIST}?{item['query']}"))


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("state=new", ["7001"]),
        ("state=edited", ["1007"]),
        ("state=retired", ["9999"]),
        ("state=unpublished", ["1007", "7001"]),
        ("state=broken", ["7001", "8001", "9007"]),  # the runbooks of two name 9999, which is retired
        ("state=nonsense", []),
        ("runbook=empty", ["7001"]),
        ("translation=missing", ["1007", "7001"]),
        ("missing=fil", ["1007", "7001"]),
        ("missing=nonsense", []),
        ("owner=Somebody+on-call", ["7001"]),
        ("severity=info&category=transaction", ["1000"]),
        ("q=duplicate_ORDER", ["1003"]),
        ("q=Gateway+not+found", ["8108", "9005"]),
        ("q=code%3D1000+then+code%3D4001", ["1000", "4001"]),
        ("q=xyzzy", []),
        ("q=%20", None),
    ],
)
def test_filters_and_search_find_their_codes(publisher, query, expected):
    """Each alone, and together."""
    ErrorCodeFactory(code="7001", name="NEW_CODE")
    ErrorCode.objects.filter(code="9999").update(is_retired=True)
    publishing.publish(["9999"])
    Message.objects.filter(error__code="1007", language="fil").delete()

    found = codes(publisher.get(f"{LIST}?{query}"))

    assert sorted(found) == expected if expected is not None else len(found) == 60


def test_counts_beside_filters_keep_to_the_other_filters_and_to_the_search(publisher):
    """A count says how many rows a click would show."""
    response = publisher.get(f"{LIST}?category=upstream&q=query")

    spec = next(spec for spec in response.context["cl"].filter_specs if spec.parameter_name == "severity")
    counted = sum(spec.get_facet_queryset(response.context["cl"]).values())
    assert counted == len(codes(response)) > 0


def test_a_known_number_opens_its_code(publisher):
    """Search, Enter, there."""
    assert publisher.get(f"{LIST}?q=+8010+").headers["Location"] == code_url("8010")


def test_runbooks_are_searched_only_for_those_who_may_read_them(publisher):
    """A search must not tell what a page would not."""
    Runbook.objects.filter(error__code="8010").update(impact="The canary sings.")
    translator = Client()
    translator.force_login(UserFactory(role="translator"))

    assert codes(publisher.get(f"{LIST}?q=canary")) == ["8010"]
    assert codes(translator.get(f"{LIST}?q=canary")) == []


@pytest.mark.parametrize("term", ["(a+)+$", "a" * 10_000, "\x00", "'; --", "%"])
def test_hostile_terms_are_words_like_any_other(publisher, term):
    """They are looked for as they are, at once."""
    assert publisher.get(LIST, {"q": term}).status_code == 200


def test_rows_name_what_is_missing_and_who_changed_them(publisher):
    """Words, not only colors."""
    Message.objects.filter(error__code="1007", language__in=["fil", "fr", "de", "hi", "th"]).delete()
    publishing.publish(["1007"], author=UserFactory(username="mona"))

    text = publisher.get(LIST).content.decode()

    assert "12/17" in text
    assert "de Missing, fil Missing, fr Missing and 2 more" in text
    assert "mona" in text


@pytest.mark.parametrize("order", ["3", "-6", "8", "9"])
def test_the_list_is_sorted_by_its_columns(publisher, order):
    """Severity by urgency."""
    assert len(codes(publisher.get(f"{LIST}?o={order}"))) == 59


def test_publishing_a_selection_shows_what_changes_and_what_is_left_out(publisher):
    """The action leads to the publish screen."""
    Runbook.objects.filter(error__code="8010").update(impact="Everybody waits.")
    rows = ErrorCode.objects.filter(code__in=["8010", "1007"])

    response = publisher.post(
        LIST, {"action": "publish_selected", "_selected_action": [row.pk for row in rows]}, follow=True
    )

    assert response.redirect_chain[0][0] == f"{PUBLISH}?codes=8010"
    assert "Skipped, because they have no unpublished changes: 1007." in said(response)


def test_publishing_a_selection_without_edits_stays_on_the_list(publisher):
    """Nothing to look at."""
    rows = ErrorCode.objects.all()

    response = publisher.post(
        LIST, {"action": "publish_selected", "_selected_action": [row.pk for row in rows]}, follow=True
    )

    assert response.redirect_chain[0][0] == LIST
    assert "…" in said(response)


def test_runbooks_of_a_selection_are_marked_as_reviewed(publisher):
    """Flags stay open, and empty runbooks are left out by name."""
    FlagFactory(code="8010")
    empty = ErrorCodeFactory(code="7001")
    rows = [ErrorCode.objects.get(code="8010").pk, empty.pk]

    response = publisher.post(LIST, {"action": "mark_reviewed", "_selected_action": rows}, follow=True)

    runbook = Runbook.objects.get(error__code="8010")
    assert (runbook.flags.open().count(), runbook.reviewed_by.username) == (1, "pub")
    assert "1 flag stays open." in said(response)
    assert "Marked 1 runbook as reviewed." in said(response)
    assert "Skipped, because sections of the runbook are empty: 7001." in said(response)


def test_the_button_on_the_form_marks_one_runbook(publisher):
    """And the strip says so."""
    response = publisher.post(code_url("8010", "review/"), follow=True)

    assert "The runbook was reviewed today." in response.content.decode()


def test_only_empty_runbooks_leave_nothing_to_mark(publisher):
    """No entry in the log for nothing."""
    row = ErrorCodeFactory(code="7001")

    response = publisher.post(f"{LIST}{row.pk}/review/", follow=True)

    assert "Marked" not in said(response)


@pytest.mark.parametrize("role", ["editor", "publisher", "translator"])
def test_no_screen_takes_more_than_eighteen_queries(client, role, django_assert_max_num_queries):
    """For 59 codes in 17 languages, by a user whose permissions are read from groups."""
    Message.objects.filter(language="en").update(title="Changed everywhere")
    MessageFactory(error__code="7001")
    client.force_login(UserFactory(role=role))
    client.get("/admin/")  # the first request of a process also reads what is live
    urls = [LIST, f"{LIST}?state=edited&q=order", code_url("8010"), code_url("8010", "history/")]
    urls += [code_url("8010", "compare/"), MATRIX, f"{MATRIX}?language=fil&state=todo", message_url("8010", "fil")]
    if role == "publisher":
        urls += [PUBLISH, code_url("8010", "restore/1/"), "/admin/pts_errors/revision/"]

    for url in urls:
        with django_assert_max_num_queries(18):
            assert client.get(url).status_code == 200
