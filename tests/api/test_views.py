"""The API's list, its items, its languages, its caching, and what it says when it is asked wrongly."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client, override_settings
from pytest_django import Settings
from rest_framework.authentication import BasicAuthentication
from rest_framework.throttling import SimpleRateThrottle

from pts_errors import lookup, next_step, publishing, snapshot
from pts_errors.models import Category, ErrorCode, Head, Message, Revision, Runbook
from pts_errors.testing import override_catalog
from pts_errors.values import seed
from pts_errors.values.catalog import Catalog
from tests.support.api import SharedCache, client_of
from tests.support.factories import FlagFactory, UserFactory

pytestmark = pytest.mark.django_db

Commit = Callable[..., AbstractContextManager[Any]]

RESTRICTED = ["rest_framework.permissions.IsAuthenticated"]


class OneADay(SimpleRateThrottle):
    """A host's throttle, strict enough for a test."""

    rate = "1/day"

    def get_cache_key(self, request: Any, view: Any) -> str:
        """Count everybody together."""
        return "tests"


def results(client: Client, query: str = "") -> list[dict[str, Any]]:
    """Return the codes that the list answers with."""
    response = client.get(f"/api/errors/{query}")
    assert response.status_code == 200, response.content
    return list(response.json()["results"])


def publish(commit: Commit, code: str = "1003", **changes: Any) -> None:
    """Change one code's draft and publish it."""
    ErrorCode.objects.filter(code=code).update(**changes)
    with commit(execute=True):
        publishing.publish([code])


@pytest.fixture(scope="module")
def built() -> Catalog:
    """Build the shipped catalog once: it takes longer than to answer a request from it."""
    return snapshot.build(seed.packaged(), number=1, digest="0" * 64)


@pytest.fixture
def warm(built: Catalog) -> None:
    """Be a process that has served requests before."""
    snapshot.swap(snapshot.Pinned(built))


def publish_many(numbers: list[int]) -> None:
    """Write entries of the log directly: publishing hundreds of times would take minutes."""
    last = Revision.objects.latest("pk")
    codes = [*ErrorCode.objects.all()]
    category = codes[0].category
    missing = max((numbers.count(number) for number in numbers), default=0) - len(codes)
    codes += [
        ErrorCode.objects.create(code=str(50_000 + number), name=f"CODE_{number}", category=category)
        for number in range(missing)
    ]
    seen: dict[int, int] = {}
    rows = []
    for number in numbers:
        error = codes[seen.setdefault(number, 0)]
        seen[number] += 1
        rows.append(
            Revision(
                number=number,
                error=error,
                snapshot=last.snapshot,
                origin="edited",
                created_at=last.created_at,
                digest="0" * 64,
            )
        )
    Revision.objects.bulk_create(rows)
    Head.objects.update(number=max(numbers))


# ---- The list ----


def test_the_list_has_every_code_with_the_gateways_own_message(client: Client) -> None:
    """All 59 are there, in order, each with the message to the letter."""
    found = results(client)

    assert [error["code"] for error in found] == [entry.code for entry in snapshot.current().entries.values()]
    assert len(found) == 59
    assert {error["code"]: error["provider_message"] for error in found} == dict(
        ErrorCode.objects.values_list("code", "provider_message")
    )


def test_the_list_says_what_it_is(client: Client) -> None:
    """Revision, language and count stand beside the results."""
    body = client.get("/api/errors/?language=zh-TW").json()

    assert {name: body[name] for name in body if name != "results"} == {
        "revision": 1,
        "language": "zh-hant",
        "count": 59,
    }


def test_an_error_has_these_members_and_no_others(client: Client) -> None:
    """The public record is a list of names, not what happens to be there."""
    assert list(client.get("/api/errors/1003/").json()) == [
        "code",
        "name",
        "category",
        "provider_message",
        "title",
        "customer_message",
        "merchant_action",
        "resolution",
        "resolution_html",
        "outcome",
        "basis",
        "outcome_reason",
        "retry_advice",
        "retry_after",
        "responsible_party",
        "http_status",
        "is_retired",
        "replaced_by",
        "similar",
        "language",
        "direction",
        "text_languages",
        "revision",
    ]


def test_an_item_equals_its_part_of_the_list(client: Client) -> None:
    """One code says the same, alone and among all."""
    listed = {error["code"]: error for error in results(client, "?language=ar")}

    assert client.get("/api/errors/8001/?language=ar").json() == listed["8001"]


def test_a_code_is_text_and_seconds_are_a_number(client: Client) -> None:
    """Types do not depend on the value."""
    with override_catalog({"8001": {"retry_advice": "retry_later", "retry_after": 60, "similar": ("8002",)}}):
        body = client.get("/api/errors/8001/").json()

    assert (body["code"], body["retry_after"], body["similar"]) == ("8001", 60, ["8002"])


@pytest.mark.parametrize("path", ["errors", "categories", "runbooks", "revisions"])
def test_the_addresses_are_as_documented(path: str, client: Client) -> None:
    """Every part is served, with a slash."""
    assert client.get(f"/api/{path}/").status_code in (200, 403)


def test_categories_come_in_their_order_without_staff_fields(client: Client) -> None:
    """The name is public; the owner is not."""
    body = client.get("/api/categories/").json()

    assert [category["slug"] for category in body] == ["transaction", "upstream", "server"]
    assert all(list(category) == ["slug", "name", "position"] for category in body)
    assert client.get("/api/categories/upstream/").json() == body[1]


# ---- Parameters ----


def test_next_steps_are_the_test_vectors(client: Client) -> None:
    """With the revision that they come from, in no language, and without a query once they are made."""
    response = client.get("/api/next-steps/?language=ar")

    assert response.json() == next_step.document(snapshot.current())
    assert response.json()["results"][0] == {
        "input": {"code": "1000", "status": None, "call": "order"},
        "expected": {"action": "wait", "order_id": "same", "not_before": None, "is_final": False},
    }
    assert response["Content-Language"] == "en"


def test_next_steps_follow_a_publish(client: Client, django_capture_on_commit_callbacks: Commit) -> None:
    """A code's next step changes with its advice."""
    before = client.get("/api/next-steps/")

    publish(django_capture_on_commit_callbacks, "1007", retry_advice="do_not_retry")

    after = client.get("/api/next-steps/", headers={"If-None-Match": before["ETag"]})
    assert after.status_code == 200
    changed = [new for old, new in zip(before.json()["results"], after.json()["results"], strict=True) if old != new]
    assert [(vector["input"]["code"], vector["expected"]["action"]) for vector in changed] == [("1007", "stop")] * 2


@pytest.mark.usefixtures("warm")
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("category", "upstream"),
        ("outcome", "unknown"),
        ("retry_advice", "retry_after_resolution"),
        ("responsible_party", "customer"),
    ],
)
def test_a_filter_keeps_exactly_the_codes_with_its_value(name: str, value: str, client: Client) -> None:
    """The count goes with the results."""
    body = client.get("/api/errors/", {name: value}).json()

    assert body["results"] == [error for error in results(client) if error[name] == value]
    assert 0 < body["count"] == len(body["results"]) < 59


def test_filters_are_combined(client: Client) -> None:
    """Every filter must hold."""
    found = results(client, "?category=server&outcome=rejected&retry_advice=retry_after_resolution")

    assert [error["code"] for error in found] == ["8007", "8101", "8102", "8103", "8104", "8105"]


@pytest.mark.usefixtures("warm")
@pytest.mark.parametrize(
    ("search", "code"),
    [
        ("1003", "1003"),
        ("duplicate_order", "1003"),
        ("DUPLICATE order ID", "1003"),
        ("upsteam", "4005"),
        ("餘額", "1007"),
    ],
)
def test_a_search_finds_numbers_names_and_words_of_the_language(search: str, code: str, client: Client) -> None:
    """Case does not matter; the gateway's spelling mistakes can be searched for."""
    response = client.get("/api/errors/", {"search": search, "language": "zh-hant"})

    assert code in [error["code"] for error in response.json()["results"]]


def test_a_search_for_nothing_is_no_search(client: Client) -> None:
    """An empty form field must not hide anything."""
    assert len(results(client, "?search=%20")) == 59


def test_a_search_takes_no_patterns(client: Client) -> None:
    """What makes regular expressions slow is text here."""
    assert results(client, "?search=(a%2B)%2B%24") == []
    assert results(client, "?search=.*") == []


def test_since_gives_what_changed_later(
    client: Client, django_capture_on_commit_callbacks: Commit, settings: Any
) -> None:
    """A client that keeps a copy loads only what is new."""
    publish(django_capture_on_commit_callbacks, http_status=400)

    found = {since: [error["code"] for error in results(client, f"?since={since}")] for since in (0, 1, 2)}

    assert (len(found[0]), found[1], found[2]) == (59, ["1003"], [])


def test_since_ahead_of_the_head_asks_for_a_full_load(client: Client) -> None:
    """A database restored from a backup must not answer with an empty difference."""
    response = client.get("/api/errors/?since=2")

    assert (response.status_code, response["Content-Type"]) == (410, "application/problem+json")
    assert response["Cache-Control"] == "no-store"


WRONG = [
    *(
        (name, value)
        for name in ("category", "outcome", "retry_advice", "responsible_party")
        for value in ("", "x", "\0")
    ),
    ("outcome", "UNKNOWN"),
    ("category", "9" * 5000),
    ("search", "a" * 101),
    ("search", "\0" * 5000),
    *(("since", value) for value in ("", "-1", "1.0", "1e3", "NaN", "٣", "1\0", "01", "9" * 5000, "1000000000")),
    *(("language", value) for value in ("", "*", "e", "en\0", "../en", "a" * 36, "en;q=1", "12", "en-", "9" * 5000)),
]


@pytest.mark.usefixtures("warm")
@pytest.mark.parametrize(("name", "value"), WRONG, ids=lambda value: repr(value[:12]))
def test_a_wrong_parameter_is_named(name: str, value: str, client: Client) -> None:
    """The answer says which parameter is wrong and what would be right."""
    response = client.get("/api/errors/", {name: value})

    body = response.json()
    assert (response.status_code, response["Content-Type"]) == (400, "application/problem+json")
    assert (body["status"], body["parameter"], body["title"]) == (400, name, "Bad Request")
    assert f"“{name}”" in body["detail"]
    assert body["legal"] in body["detail"]


def test_a_wrong_value_is_not_repeated_in_the_answer(client: Client) -> None:
    """Nobody can make this site say his words."""
    response = client.get("/api/errors/", {"category": "<script>alert(1)</script>"})

    assert b"script" not in response.content


@pytest.mark.parametrize("path", ["errors", "errors/1003"])
def test_the_language_is_checked_for_one_code_too(path: str, client: Client) -> None:
    """The parameter means the same everywhere."""
    assert client.get(f"/api/{path}/?language=%00").status_code == 400


@pytest.mark.usefixtures("warm")
@pytest.mark.parametrize(
    "query",
    [
        "runbook__contains=a",
        "severity=critical",
        "owner__password__startswith=a",
        "category__owner=x",
        "outcome__in=unknown",
        "revisions__note__contains=a",
        "reveal_to_customer=1",
        "ordering=-severity",
        "fields=severity,runbook",
        "expand=runbook",
        "page=2",
        "limit=1",
        "as_of=1",
        "format=api",
        "format=xml",
        "%00=%00",
        "&&&=",
    ],
)
def test_an_unknown_parameter_changes_no_byte(query: str, client: Client) -> None:
    """Look-ups of the ORM and other people's conventions have no effect."""
    response = client.get(f"/api/errors/?{query}")

    assert response.content == client.get("/api/errors/").content


def test_too_many_parameters_are_a_bad_request(client: Client) -> None:
    """Django refuses to parse them; the answer is still a problem in JSON."""
    response = client.get("/api/errors/?" + "a=1&" * 2000)

    assert (response.status_code, response["Content-Type"]) == (400, "application/problem+json")


@pytest.mark.usefixtures("warm")
@pytest.mark.parametrize(
    "code",
    ["%00", "1003%00", "%ff%fe", "9" * 5000, "01003", "1003.0", "-1003", "1003%20", "%D9%A1", "4242", "a\nb", "%"],
)
@pytest.mark.parametrize("path", ["errors", "categories"])
def test_what_is_no_code_is_not_found(path: str, code: str, client: Client) -> None:
    """Nothing in an address ends in a server error."""
    response = client.get(f"/api/{path}/{code}/")

    assert (response.status_code, response["Content-Type"]) == (404, "application/problem+json")


# ---- Languages ----


@pytest.mark.usefixtures("warm")
@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("de", "de"),
        ("DE-at", "de"),
        ("zh-TW", "zh-hant"),
        ("zh-CN, en", "zh-hans"),
        ("tl", "fil"),
        ("xx, ar;q=0.3, fr;q=0.9", "fr"),
        ("fr;q=0, de;q=0.1", "de"),
        ("xx;q=1, *;q=0.5, fr;q=0.1", "en"),
        ("*", "en"),
        ("fr;q=nan", "en"),
        ("fr;q=9", "en"),
        ("fr;q=-1, de", "en"),
        ("fr;;;", "en"),
        ("\0", "en"),
        ("../../etc/passwd", "en"),
        ("fr, " + "x" * 15_000, "fr"),
        ("x" * 15_000, "en"),
        ("fr, " + ", ".join(f"x-{number}" for number in range(1000)), "fr"),
        (", ".join(["aa"] * 1000 + ["fr"]), "en"),
    ],
    ids=lambda value: repr(value[:20]),
)
def test_the_header_chooses_the_language(header: str, language: str, client: Client) -> None:
    """Weights count; what cannot be read means the source language."""
    response = client.get("/api/errors/1003/", headers={"Accept-Language": header})

    assert (response.status_code, response["Content-Language"], response.json()["language"]) == (
        200,
        language,
        language,
    )


@pytest.mark.parametrize("tail", ["", "-" + "a, " * 1000], ids=["short", "long"])
def test_hostile_headers_are_answered_and_forgotten(client: Client, tail: str) -> None:
    """Thousands of different headers get the source language, and fill no memory."""
    client.get("/api/errors/1003/")
    catalog = snapshot.current()
    before = len(catalog.derived), len(catalog.tables)

    for number in range(1500):
        response = client.get("/api/errors/1003/", headers={"Accept-Language": f"x{number}{tail}"})
        assert response["Content-Language"] == "en"

    assert snapshot.current() is catalog
    assert (len(catalog.derived), len(catalog.tables)) == before
    assert max(len(kept) for kept in catalog.derived.values() if isinstance(kept, dict)) <= 1_000


def test_the_parameter_beats_the_header(client: Client) -> None:
    """A link shows the same language to everybody."""
    response = client.get("/api/errors/1003/?language=fr", headers={"Accept-Language": "de"})

    assert response["Content-Language"] == "fr"


def test_a_language_that_is_not_there_falls_back_to_the_source(client: Client) -> None:
    """A well-formed tag is no mistake."""
    assert client.get("/api/errors/1003/?language=tlh")["Content-Language"] == "en"


def test_a_field_that_is_not_translated_says_so(client: Client) -> None:
    """Each text names the language in which it was found."""
    with override_catalog({"1003": {"messages": {"fr": {"customer_message": ""}}}}):
        body = client.get("/api/errors/1003/?language=fr").json()

    assert (body["language"], body["direction"]) == ("en", "ltr")
    assert body["text_languages"] == {
        "title": "fr",
        "customer_message": "en",
        "merchant_action": "fr",
        "resolution": "en",
    }


def test_arabic_says_its_direction(client: Client) -> None:
    """Clients need not know which scripts run the other way."""
    assert client.get("/api/errors/1003/?language=ar").json()["direction"] == "rtl"


@pytest.mark.usefixtures("warm")
def test_all_languages_of_the_catalog_can_be_had(client: Client) -> None:
    """Each gives its own texts."""
    titles = {
        language: results(client, f"?language={language}")[7]["title"] for language in snapshot.current().languages
    }

    assert titles == {language: lookup.get("1007", language=language).title for language in titles}
    assert len(titles) == 17


def test_categories_are_in_the_source_language(client: Client) -> None:
    """Their names have no translation, and the header says so."""
    assert client.get("/api/categories/", headers={"Accept-Language": "fr"})["Content-Language"] == "en"


# ---- Caches ----

PUBLIC = [
    "/api/errors/",
    "/api/errors/1003/",
    "/api/categories/",
    "/api/categories/upstream/",
    "/api/next-steps/",
    "/api/errors/?search=a",
]


@pytest.mark.usefixtures("warm")
@pytest.mark.parametrize("url", PUBLIC)
def test_a_client_that_has_the_answer_gets_304(url: str, client: Client) -> None:
    """The entity tag is strong, and everything that a cache needs is said again."""
    first = client.get(url)

    second = client.get(url, headers={"If-None-Match": first["ETag"]})

    assert (second.status_code, second.content) == (304, b"")
    assert first["ETag"].startswith('"')
    for name in ("ETag", "Vary", "Cache-Control", "Content-Language"):
        assert second[name] == first[name]


@pytest.mark.usefixtures("warm")
@pytest.mark.parametrize("url", PUBLIC)
def test_head_has_the_headers_of_get(url: str, client: Client) -> None:
    """Only the body is missing."""
    got, asked = client.get(url), client.head(url)

    assert (asked.status_code, asked.content) == (200, b"")
    assert dict(asked.items()) == dict(got.items())


@pytest.mark.usefixtures("warm")
@pytest.mark.parametrize("method", ["get", "head"])
@pytest.mark.parametrize("url", PUBLIC)
def test_an_answer_says_on_what_it_depends(url: str, method: str, client: Client) -> None:
    """Nobody is handed the answer of another language or person."""
    response = getattr(client, method)(url)

    assert set(response["Vary"].split(", ")) >= {"Accept-Language", "Accept", "Cookie", "Authorization"}
    assert response["Cache-Control"] == "public, max-age=0, must-revalidate"


@pytest.mark.usefixtures("warm")
@pytest.mark.parametrize("tags", ["W/{}", '"other", {}', "*"])
def test_every_form_of_the_condition_is_understood(tags: str, client: Client) -> None:
    """A proxy that compresses makes the tag weak."""
    etag = client.get("/api/errors/")["ETag"]

    response = client.get("/api/errors/", headers={"If-None-Match": tags.format(etag)})

    assert response.status_code == 304


@pytest.mark.parametrize(
    "condition", [{"If-Match": '"other"'}, {"If-Unmodified-Since": "Thu, 01 Jan 2026 00:00:00 GMT"}]
)
def test_a_condition_that_fails_is_a_problem(condition: dict[str, str], client: Client) -> None:
    """It is no empty page that a cache might keep."""
    response = client.get("/api/errors/", headers=condition)

    assert (response.status_code, response["Content-Type"]) == (412, "application/problem+json")
    assert response["Cache-Control"] == "no-store"


def test_the_entity_tag_changes_with_revision_and_language(
    client: Client, django_capture_on_commit_callbacks: Commit
) -> None:
    """A publish is seen by every cache at its next question."""
    before = [client.get(f"/api/errors/?language={language}")["ETag"] for language in ("en", "fr")]

    publish(django_capture_on_commit_callbacks, http_status=400)

    after = [client.get(f"/api/errors/?language={language}")["ETag"] for language in ("en", "fr")]
    assert len({*before, *after}) == 4
    assert client.get("/api/errors/", headers={"If-None-Match": before[0]}).status_code == 200


def test_the_entity_tag_changes_with_a_setting(client: Client) -> None:
    """The same revision makes other bytes under another brand."""
    before = client.get("/api/errors/")

    with override_settings(PTS_ERRORS_CONTEXT={"brand": "Acme Pay"}):
        after = client.get("/api/errors/")

    assert b"Acme Pay" in after.content
    assert before["ETag"] != after["ETag"]


def test_the_answer_for_somebody_is_for_nobody_else() -> None:
    """Who is logged in leaves nothing in a shared cache."""
    client = client_of(UserFactory())

    assert client.get("/api/errors/")["Cache-Control"] == "private, no-store"


def test_a_restricted_catalog_is_in_no_cache() -> None:
    """The same answer would be handed to who is not let in."""
    client = client_of(UserFactory())

    with override_settings(PTS_ERRORS_API_PERMISSION_CLASSES=RESTRICTED):
        allowed, refused = client.get("/api/errors/"), Client().get("/api/errors/")

    assert (allowed.status_code, allowed["Cache-Control"]) == (200, "private, no-store")
    assert (refused.status_code, refused["Cache-Control"]) == (403, "no-store")
    assert refused["Content-Type"] == "application/problem+json"


def test_a_restriction_of_any_other_kind_is_in_no_cache() -> None:
    """What the classes let through is theirs to know, so nothing of it is public."""
    with override_settings(PTS_ERRORS_API_PERMISSION_CLASSES=["rest_framework.permissions.IsAuthenticatedOrReadOnly"]):
        response = Client().get("/api/errors/")

    assert (response.status_code, response["Cache-Control"]) == (200, "private, no-store")


@pytest.mark.usefixtures("warm")
@pytest.mark.parametrize("url", [*PUBLIC, "/api/runbooks/", "/api/runbooks/1003/", "/api/revisions/1/"])
def test_a_shared_cache_never_mixes_languages_or_people(url: str) -> None:
    """Through the cache everybody reads what the application would have said."""
    staff = client_of(UserFactory(permissions=("view_runbook", "view_revision")))
    asked = [
        (client, method, language)
        for client in (staff, Client())
        for language in ("en", "zh-hant", "ar", "xx", "")
        for method in ("HEAD", "GET")
    ]
    shared = SharedCache()

    for client, method, language in asked + asked[::-1]:
        headers = {"Accept-Language": language} if language else {}
        status, found, content = shared.fetch(client, url, method, **headers)
        direct = client.generic(method, url, headers=headers)
        assert (status, content) == (direct.status_code, direct.content)
        assert found.get("Content-Language") == direct.get("Content-Language")
        assert found.get("Cache-Control") == direct.get("Cache-Control")

    assert (shared.hits > 0) is (url in PUBLIC)


def test_djangos_own_cache_hands_nothing_of_staff_to_others(settings: Any) -> None:
    """A host that caches whole pages was seen to share answers that say nothing about it."""
    settings.MIDDLEWARE = [
        "django.middleware.cache.UpdateCacheMiddleware",
        *settings.MIDDLEWARE,
        "django.middleware.cache.FetchFromCacheMiddleware",
    ]
    cache.clear()
    staff = client_of(UserFactory(permissions=("view_runbook",)))
    assert staff.get("/api/runbooks/1003/").status_code == 200

    response = Client().get("/api/runbooks/1003/")

    assert response.status_code == 403
    cache.clear()


@override_settings(PTS_ERRORS_REFRESH_SECONDS=60)
@pytest.mark.parametrize("url", [*PUBLIC, "/api/errors/?since=0&language=ar", "/api/errors/nothing/"])
def test_a_warm_answer_costs_no_query(url: str, client: Client, django_assert_num_queries: Any) -> None:
    """Whoever is not logged in is answered from memory."""
    client.get(url)

    with django_assert_num_queries(0):
        client.get(url)


# ---- Methods ----


@pytest.mark.usefixtures("warm")
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "PROPFIND"])
@pytest.mark.parametrize(
    "path", ["errors/", "errors/1003/", "categories/", "next-steps/", "runbooks/", "revisions/", "revisions/1/"]
)
def test_everything_but_reading_is_405_for_everybody(path: str, method: str) -> None:
    """No method changes anything, whoever asks; a session needs no CSRF token to be told."""
    staff = client_of(UserFactory(is_superuser=True), enforce_csrf_checks=True)
    before = Revision.objects.count()

    for client in (Client(), staff):
        response = client.generic(method, f"/api/{path}", "{}", content_type="application/json")
        assert (response.status_code, response["Allow"]) == (405, "GET, HEAD, OPTIONS")
        assert response["Content-Type"] == "application/problem+json"

    assert Revision.objects.count() == before


@pytest.mark.usefixtures("warm")
@pytest.mark.parametrize("content_type", ["application/json", "text/xml", "multipart/form-data; boundary=x", "\0", ""])
def test_a_json_bomb_is_not_read(content_type: str, client: Client) -> None:
    """A body is refused before anything parses it."""
    response = client.generic("POST", "/api/errors/", "[" * 100_000, content_type=content_type)

    assert response.status_code == 405


def test_options_says_what_there_is(client: Client) -> None:
    """Description and types, and not what the methods would take."""
    response = client.options("/api/errors/")

    assert (response.status_code, response["Allow"]) == (200, "GET, HEAD, OPTIONS")
    assert response.json()["renders"] == ["application/json"]
    assert response.json()["parses"] == []


@pytest.mark.usefixtures("warm")
@pytest.mark.parametrize("accept", ["*/*", "application/json", "application/*;q=0.1", "*/*;q=0", "text/html, */*"])
def test_json_answers_whoever_can_take_it(accept: str, client: Client) -> None:
    """A browser sees JSON, never an editor's page."""
    response = client.get("/api/errors/1003/", headers={"Accept": accept})

    assert (response.status_code, response["Content-Type"]) == (200, "application/json")


@pytest.mark.usefixtures("warm")
@pytest.mark.parametrize("accept", ["application/xml", "text/html", "x" * 10_000, "/", "a/b/c", "\0"])
def test_who_cannot_take_json_is_told(accept: str, client: Client) -> None:
    """No other form is invented for anybody."""
    response = client.get("/api/errors/1003/", headers={"Accept": accept})

    assert (response.status_code, response["Content-Type"]) == (406, "application/problem+json")


def test_the_host_header_is_in_no_answer(client: Client, settings: Any) -> None:
    """Addresses are relative: that header is whatever a client says."""
    settings.ALLOWED_HOSTS = ["*"]

    for path in ("errors/", "errors/1003/", "errors/nothing/", "errors/?since=9", "errors", "runbooks/"):
        response = client.get(f"/api/{path}", headers={"Host": "evil.example", "X-Forwarded-Host": "evil.example"})
        assert b"evil" not in response.content
        assert "evil" not in str(dict(response.items()))


@override_settings(
    REST_FRAMEWORK={
        "UNAUTHENTICATED_USER": None,
        "DEFAULT_VERSIONING_CLASS": "rest_framework.versioning.NamespaceVersioning",
        "ALLOWED_VERSIONS": ["v1"],
        "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.BrowsableAPIRenderer"],
        "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAdminUser"],
        "DEFAULT_METADATA_CLASS": None,
        "EXCEPTION_HANDLER": "tests.api.test_problems.host_handler",
    }
)
@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "errors/", 200), ("OPTIONS", "errors/", 200), ("GET", "errors/1/", 404), ("GET", "runbooks/", 403)],
)
def test_the_hosts_own_settings_do_not_reach_in(method: str, path: str, status: int, client: Client) -> None:
    """What suits a host's API must not break or open this one."""
    response = client.generic(method, f"/api/{path}")

    assert response.status_code == status
    assert response["Content-Type"].startswith(("application/json", "application/problem+json"))


def test_a_hosts_throttles_apply(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who asks too often is told when to come back, in whole seconds."""
    monkeypatch.setattr("pts_errors.api.generic.CatalogView.throttle_classes", [OneADay])
    cache.clear()
    client.get("/api/errors/")

    response = client.get("/api/errors/")

    assert (response.status_code, response["Content-Type"]) == (429, "application/problem+json")
    assert 0 < int(response["Retry-After"]) <= 86_400
    cache.clear()


# ---- Staff ----


def test_a_runbook_is_read_with_its_permission() -> None:
    """Staff who may view runbooks read them as they are published."""
    client = client_of(UserFactory(permissions=("view_runbook",)))

    body = client.get("/api/runbooks/8010/").json()

    entry = snapshot.current().entries["8010"]
    assert entry.runbook is not None
    assert body["diagnosis"] == entry.runbook.diagnosis
    assert (body["owner"], body["severity"]) == (entry.runbook.owner or entry.category.owner, "error")


def test_a_runbook_names_the_rotas_of_the_site(settings: Settings) -> None:
    """Escaped in Markdown, so that no rota is read as markup; the owner is plain text."""
    settings.PTS_ERRORS_ROLES = {"Ledger on-call": "*rota*", "Incident lead": "<b>"}
    client = client_of(UserFactory(permissions=("view_runbook",)))

    body = client.get("/api/runbooks/8010/").json()

    assert body["owner"] == "Ledger on-call (*rota*)"
    assert "Incident lead (\\<b\\>)" in body["escalation"]


def test_all_runbooks_are_listed() -> None:
    """One for every code that has one."""
    client = client_of(UserFactory(permissions=("view_runbook",)))

    body = client.get("/api/runbooks/").json()

    assert [runbook["code"] for runbook in body] == [c for c, e in snapshot.current().entries.items() if e.runbook]


def test_a_runbook_without_owner_has_that_of_its_category() -> None:
    """Owner and escalation are inherited while they are blank."""
    client = client_of(UserFactory(permissions=("view_runbook",)))
    category = snapshot.current().entries["1003"].category

    with override_catalog({"1003": {"runbook": None}, "1007": {}}):
        missing = client.get("/api/runbooks/1003/")
        found = client.get("/api/runbooks/1007/").json()

    assert (missing.status_code, missing["Content-Type"]) == (404, "application/problem+json")
    assert (found["owner"], found["escalation"]) != ("", "")
    assert category.owner


def test_the_log_begins_with_the_newest(django_capture_on_commit_callbacks: Commit) -> None:
    """Every entry says who made it and why; the state itself is in its own answer."""
    author = UserFactory(username="amelia")
    ErrorCode.objects.filter(code="1003").update(http_status=400)
    with django_capture_on_commit_callbacks(execute=True):
        publishing.publish(["1003"], author=author, note="Conflicts are the caller's.")
    client = client_of(UserFactory(permissions=("view_revision",)))

    body = client.get("/api/revisions/?code=1003").json()

    assert (body["head"], [row["number"] for row in body["results"]]) == (2, [2, 1])
    newest = body["results"][0]
    assert list(newest) == ["number", "code", "origin", "note", "author_name", "process", "created_at", "digest"]
    assert (newest["origin"], newest["author_name"]) == ("edited", "amelia")


def test_a_publish_is_never_cut_in_two() -> None:
    """However many codes it changed, it is there whole or not at all."""
    client = client_of(UserFactory(permissions=("view_revision",)))
    publish_many(numbers=[2] * 59 + [3] * 10)

    newest = client.get("/api/revisions/").json()["results"]
    later = client.get("/api/revisions/?since=0").json()["results"]

    assert [row["number"] for row in newest] == [3] * 10 + [2] * 59
    assert [row["number"] for row in later] == [1] * 59


def test_a_publish_longer_than_a_page_is_there_whole() -> None:
    """A client that goes on with the last number would otherwise never get past it."""
    client = client_of(UserFactory(permissions=("view_revision",)))
    publish_many(numbers=[2] * 120)

    body = client.get("/api/revisions/?since=1").json()

    assert len(body["results"]) == 120


def test_a_page_of_single_publishes_is_bounded() -> None:
    """However long the log is."""
    client = client_of(UserFactory(permissions=("view_revision",)))
    publish_many(numbers=list(range(2, 130)))

    newest = [row["number"] for row in client.get("/api/revisions/").json()["results"]]
    later = [row["number"] for row in client.get("/api/revisions/?since=1").json()["results"]]

    assert newest == list(range(129, 29, -1))
    assert later == list(range(2, 102))


def test_the_log_costs_a_fixed_number_of_queries(django_assert_num_queries: Any) -> None:
    """Session, user, two for permissions, the head and the page."""
    client = client_of(UserFactory(permissions=("view_revision",)))
    client.get("/api/revisions/")

    with django_assert_num_queries(6):
        client.get("/api/revisions/")


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("since=2", 410),
        ("since=x", 400),
        ("since=%00", 400),
        ("code=%00", 400),
        ("code=a", 400),
        ("code=" + "9" * 5000, 400),
    ],
)
def test_the_log_is_asked_strictly(query: str, status: int) -> None:
    """Staff are told, too, what is wrong."""
    client = client_of(UserFactory(permissions=("view_revision",)))

    response = client.get(f"/api/revisions/?{query}")

    assert (response.status_code, response["Content-Type"]) == (status, "application/problem+json")


def test_an_unknown_code_has_no_log() -> None:
    """It is well-formed, so it is no mistake."""
    client = client_of(UserFactory(permissions=("view_revision",)))

    assert client.get("/api/revisions/?code=4242").json()["results"] == []


def test_what_a_publish_made_is_shown_to_who_may_read_runbooks() -> None:
    """The state holds everything, so it takes both permissions."""
    client = client_of(UserFactory(permissions=("view_revision", "view_runbook")))

    body = client.get("/api/revisions/1/").json()

    assert len(body) == 59
    assert body[0]["snapshot"]["code"]["code"] == "1000"


def test_who_may_not_read_runbooks_does_not_find_them_in_the_log() -> None:
    """A published state holds the runbook; the permission for the log alone does not open it."""
    client = client_of(UserFactory(permissions=("view_revision",)))

    assert client.get("/api/revisions/").status_code == 200
    assert client.get("/api/revisions/1/").status_code == 403


@pytest.mark.usefixtures("warm")
@pytest.mark.parametrize("number", ["0", "99", "01", "x", "%00", "9" * 5000, "-1", "1.0", "2147483648"])
def test_a_publish_that_is_not_there_is_not_found(number: str) -> None:
    """Neither a huge number nor a NUL reaches the database."""
    client = client_of(UserFactory(permissions=("view_revision", "view_runbook")))

    response = client.get(f"/api/revisions/{number}/")

    assert (response.status_code, response["Content-Type"]) == (404, "application/problem+json")


STAFF = ["runbooks/", "runbooks/8010/", "runbooks/nothing/", "revisions/", "revisions/1/", "revisions/99/"]


def _inactive() -> User:
    return UserFactory(is_active=False, is_superuser=True)


@pytest.mark.usefixtures("warm")
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
@pytest.mark.parametrize("path", STAFF)
@pytest.mark.parametrize(
    "make",
    [lambda: None, UserFactory, _inactive, lambda: UserFactory(permissions=("change_runbook", "view_errorcode"))],
    ids=["anonymous", "staff without permission", "inactive superuser", "staff with other permissions"],
)
def test_staff_parts_are_closed_to_who_has_no_permission(
    make: Callable[[], User | None], path: str, method: str
) -> None:
    """The answer is the same whether the thing is there or not, and nobody keeps it."""
    response = client_of(make()).generic(method, f"/api/{path}")

    assert (response.status_code, response["Cache-Control"]) == (403, "no-store")
    assert response["Content-Type"] == "application/problem+json"


def test_a_permission_that_is_taken_away_is_gone_at_once() -> None:
    """There is no moment in which the old one still works."""
    user = UserFactory(permissions=("view_runbook",))
    client = client_of(user)
    assert client.get("/api/runbooks/8010/").status_code == 200

    user.user_permissions.clear()

    assert client.get("/api/runbooks/8010/").status_code == 403


def test_a_user_who_is_locked_out_is_out_at_once() -> None:
    """A session does not outlive the account."""
    user = UserFactory(permissions=("view_runbook",))
    client = client_of(user)

    User.objects.filter(pk=user.pk).update(is_active=False)

    assert client.get("/api/runbooks/8010/").status_code == 403


def test_staff_parts_are_kept_by_nobody() -> None:
    """What they show stays with who asked."""
    client = client_of(UserFactory(permissions=("view_runbook", "view_revision")))

    for path in ("runbooks/", "runbooks/8010/", "revisions/", "revisions/1/"):
        response = client.get(f"/api/{path}")
        assert (response.status_code, response["Cache-Control"]) == (200, "private, no-store")
        assert {"Cookie", "Authorization"} <= set(response["Vary"].split(", "))
        assert "ETag" not in response


@override_settings(PTS_ERRORS_API_PERMISSION_CLASSES=["rest_framework.permissions.AllowAny"])
def test_the_hosts_permission_classes_do_not_open_staff_parts(client: Client) -> None:
    """The setting is about the public part only."""
    assert client.get("/api/runbooks/").status_code == 403


def test_wrong_credentials_are_a_problem_with_a_challenge(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """A host whose first authentication has a challenge gets 401."""
    monkeypatch.setattr("pts_errors.api.generic.CatalogView.authentication_classes", [BasicAuthentication])

    wrong = client.get("/api/errors/", headers={"Authorization": "Basic eDp4"})
    missing = client.get("/api/runbooks/")

    for response in (wrong, missing):
        assert (response.status_code, response["Content-Type"]) == (401, "application/problem+json")
        assert response["WWW-Authenticate"].startswith("Basic")


# ---- Nothing of staff, anywhere ----

CANARY = "kanarie"


@pytest.fixture
def planted(django_capture_on_commit_callbacks: Commit) -> set[str]:
    """Plant a word in every staff field, published and as a draft, and return all codes."""
    author = UserFactory(username=f"{CANARY}_author", first_name=CANARY, email=f"{CANARY}@example.com")
    Category.objects.update(owner=CANARY, escalation=CANARY)
    sections = dict.fromkeys(
        ("meaning", "impact", "diagnosis", "mitigation", "verification", "escalation"), f"{CANARY}."
    )
    Runbook.objects.update(owner=CANARY, reviewed_by=author, **sections)
    FlagFactory(text=CANARY, author_name=CANARY, reference=CANARY)
    ErrorCode.objects.filter(code="1003").update(severity="critical", http_status=400)
    with django_capture_on_commit_callbacks(execute=True):
        publishing.publish(author=author, note=CANARY)
    # From here on everything is a draft.
    ErrorCode.objects.update(provider_message=CANARY)
    ErrorCode.objects.filter(code="1008").update(name=f"{CANARY.upper()}_NAME")
    Category.objects.update(name=CANARY)
    Message.objects.update(title=CANARY, customer_message=CANARY, merchant_action=CANARY, source_text={"title": CANARY})
    category = Category.objects.create(slug=CANARY, name=CANARY)
    new = ErrorCode.objects.create(code="7777", name=CANARY.upper(), category=category)
    Message.objects.create(error=new, language="tlh", title=CANARY)
    assert CANARY in json.dumps([entry.as_json() for entry in snapshot.current().entries.values()])
    assert Revision.objects.filter(number=2, note=CANARY).exists()
    return set(ErrorCode.objects.values_list("code", flat=True))


def is_clean(response: Any) -> bool:
    """Return whether an answer holds nothing of the planted word, neither in its body nor in its headers."""
    content = (b"".join(response) if response.streaming else response.content).decode()
    return CANARY not in (content + str(dict(response.items()))).casefold()


@pytest.mark.parametrize("debug", [False, True])
def test_an_anonymous_client_never_gets_one_byte_of_staff_text(planted: set[str], debug: bool, settings: Any) -> None:
    """Every address, form, method, language, parameter and error."""
    settings.DEBUG = debug
    client = Client(raise_request_exception=False)
    bases = ["errors/", "categories/", "runbooks/", "revisions/", "schema/", "docs/", ""]
    items = [*(f"{base}{code}/" for base in ("errors/", "runbooks/") for code in [*planted, "4242", CANARY])]
    items += [f"revisions/{number}/" for number in range(4)] + [f"categories/{c}/" for c in ("server", CANARY)]
    paths = [f"/api/{path}" for path in [*bases, *items]]
    languages = [*snapshot.current().languages, "tlh", "xx", "*", "%00"]
    queries = [
        "?format=api",
        "?format=json",
        "?format=csv",
        "?since=0",
        "?since=9",
        "?since=x",
        "?outcome=x",
        "?language=%00",
    ]
    queries += [f"?search={CANARY}", f"?runbook__meaning__contains={CANARY}", "?severity=critical", "?expand=runbook"]

    answers = [client.get(path) for path in paths]
    # A redirect repeats the address that was asked for.
    answers += [client.get(path.rstrip("/") + ".json") for path in paths if CANARY not in path]
    for path in ("/api/errors/", "/api/errors/1003/", "/api/runbooks/1003/", "/api/categories/", "/api/revisions/2/"):
        answers += [client.get(f"{path}?language={language}") for language in languages]
        answers += [client.get(path, headers={"Accept-Language": language}) for language in languages]
        answers += [client.get(path + query) for query in queries]
        answers += [client.get(path, headers={"Accept": accept}) for accept in ("text/html", "text/csv", "a/b", "")]
        for method in ("HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE"):
            answers.append(client.generic(method, path, json.dumps({"runbook": {}}), content_type="application/json"))

    assert [answer.request["PATH_INFO"] for answer in answers if not is_clean(answer)] == []
    assert len(answers) > 400


def test_staff_without_the_permissions_get_no_more_than_anybody(planted: set[str]) -> None:
    """To be logged in opens nothing."""
    client = client_of(UserFactory(permissions=("view_errorcode", "change_errorcode", "view_message")))

    answers = [client.get(f"/api/{base}{code}/") for base in ("errors/", "runbooks/") for code in planted]
    answers += [
        client.get(f"/api/{path}") for path in ("errors/", "runbooks/", "revisions/", "revisions/2/", "categories/")
    ]

    assert all(is_clean(answer) for answer in answers)


def test_the_word_is_where_the_permission_opens(planted: set[str]) -> None:
    """The crawl would find it: whoever may see it does."""
    client = client_of(UserFactory(permissions=("view_runbook", "view_revision")))

    assert not any(is_clean(client.get(f"/api/{path}")) for path in ("runbooks/", "revisions/?since=1", "revisions/2/"))


def test_a_search_does_not_look_into_staff_fields(planted: set[str], client: Client) -> None:
    """The number of hits would tell what a runbook says."""
    assert results(client, f"?search={CANARY}") == []
    assert results(client, "?search=critical") == [e for e in results(client) if "critical" in str(e.values())]


def test_severity_is_nowhere_in_the_public_part(client: Client) -> None:
    """Not as a member and not as a word of one."""
    for path in ("errors/", "errors/8010/", "categories/"):
        assert b"severity" not in client.get(f"/api/{path}").content


# ---- Reading while it is published ----


class Restless(snapshot.Pinned):
    """Serves a new revision whenever it is asked."""

    def current(self) -> Catalog:
        """Return the next one."""
        number = super().current().number + 1
        self.catalog = super().current().replace([], number=number, digest=str(number) * 64)
        return super().current()


@pytest.mark.parametrize("query", ["", "?search=balance"])
def test_an_answer_is_of_one_revision_only(client: Client, query: str) -> None:
    """The entity tag belongs to the body, also when a publish comes in between."""
    snapshot.swap(Restless(snapshot.current()))

    response = client.get(f"/api/errors/{query}")

    assert response["ETag"].removeprefix("W/").startswith(f'"{response.json()["revision"]}-')


def test_a_process_without_a_database_serves_the_shipped_catalog(client: Client) -> None:
    """The list is there on the first day and on the worst."""
    with override_catalog():
        body = client.get("/api/errors/").json()

    assert (body["revision"], body["count"]) == (0, 59)
