"""Tests of `pts_errors.answers`: what a shared cache may keep, and which validators come back from the way."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client, override_settings
from hypothesis import given
from hypothesis import strategies as st

from tests.support.api import client_of
from tests.support.factories import UserFactory

PATHS = ["/api/errors/", "/api/errors/1003/", "/api/schema/", "/errors/", "/errors/1003/", "/errors/1003.json"]
# What servers on the way make of a strong tag, and how clients and caches send it back.
KNOWN = [
    "{tag}",
    "W/{tag}",
    '{bare}-gzip"',
    'W/{bare}-gzip"',
    '{bare}-br"',
    "*",
    '"another", {tag}',
    'W/"another",  W/{bare}-gzip" , "third"',
]
OTHER = [
    '"another"',
    'W/"another-gzip"',
    '"-gzip"',
    '""',
    '{bare}x"',
    '"x{inner}"',
    '{bare}-gzip-x"',
    "gzip",
    "W/",
    ",",
]


pytestmark = pytest.mark.usefixtures("packaged")


def ask(path: str, form: str, **headers: str) -> Any:
    """Return the answer to a client that has the newest answer under a tag of this form, and that answer."""
    first = Client().get(path, headers=headers)
    tag = first["ETag"]
    sent = form.replace("{tag}", tag).replace("{bare}", tag[:-1]).replace("{inner}", tag[1:-1])
    return Client().get(path, headers={**headers, "If-None-Match": sent}), first


@pytest.mark.parametrize("encoding", ["", "gzip"])
@pytest.mark.parametrize("form", KNOWN)
@pytest.mark.parametrize("path", PATHS)
def test_a_validator_that_was_changed_on_the_way_is_known(path: str, form: str, encoding: str) -> None:
    """Answered with 304, which says what the answer itself would say."""
    response, first = ask(path, form, **{"Accept-Encoding": encoding})

    assert (response.status_code, response.content) == (304, b"")
    for name in ("ETag", "Cache-Control", "Vary", "Content-Language"):
        assert response[name] == first[name]


@pytest.mark.parametrize("form", OTHER)
@pytest.mark.parametrize("path", PATHS)
def test_another_validator_gets_the_whole_answer(path: str, form: str) -> None:
    """Also one that looks alike."""
    response, first = ask(path, form)

    assert (response.status_code, response.content) == (200, first.content)


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=60))
def test_any_validator_is_no_fault(sent: str) -> None:
    """304 where a star or the tag is in it, and else 200."""
    for path in ("/api/errors/1003/", "/errors/1003.json"):
        response = Client().get(path, headers={"If-None-Match": sent})

        assert response.status_code == (304 if sent.strip() == "*" else 200)


@pytest.mark.parametrize("path", PATHS)
def test_a_precondition_on_the_same_request_is_asked_to_the_letter(path: str) -> None:
    """A client that has a compressed form may still demand the plain one."""
    tag = Client().get(path)["ETag"]

    both = Client().get(path, headers={"If-Match": tag, "If-None-Match": tag})
    wrong = Client().get(path, headers={"If-Match": '"another"', "If-None-Match": tag})

    assert (both.status_code, wrong.status_code) == (304, 412)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0, "public, max-age=0, must-revalidate"), (30, "public, max-age=0, s-maxage=30, must-revalidate")],
)
def test_a_shared_cache_is_told_how_long_it_may_answer(path: str, seconds: int, expected: str) -> None:
    """With 200, HEAD and 304 alike, and the language stays a part of the key."""
    with override_settings(PTS_ERRORS_SHARED_MAX_AGE=seconds):
        first = Client().get(path)
        answers = [first, Client().head(path), Client().get(path, headers={"If-None-Match": first["ETag"]})]

    assert [answer["Cache-Control"] for answer in answers] == [expected] * 3
    assert all("Accept-Language" in answer["Vary"] for answer in answers)


@pytest.mark.django_db
def test_what_is_not_for_everybody_is_never_shared(client: Client) -> None:
    """Staff, errors, unknown codes and pages for which nobody asked twice."""
    user = UserFactory(permissions=["view_runbook", "view_revision"])
    client.force_login(user)
    with override_settings(PTS_ERRORS_SHARED_MAX_AGE=30):
        answers = [
            *(client_of(user).get(path) for path in ("/api/errors/", "/api/runbooks/", "/api/revisions/")),
            client.get("/errors/runbooks/"),
            Client().get("/api/runbooks/"),
            Client().get("/api/errors/7777/"),
            Client().get("/errors/7777/"),
            Client().get("/errors/?q=code 1003"),
        ]

    assert [answer["Cache-Control"] for answer in answers if "s-maxage" in answer.get("Cache-Control", "")] == []


@pytest.mark.parametrize("code", ["1003", "8009"])
@pytest.mark.parametrize("path", ["/errors/{}.md", "/errors/{}.json", "/errors/{}/"])
def test_other_forms_of_a_page_need_no_collected_files(path: str, code: str) -> None:
    """A host whose static files are hashed, and were never collected, still answers programs."""
    accept = "application/json" if path.endswith("/") else "*/*"
    storage = {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"}
    with override_settings(STORAGES={"staticfiles": storage}, STATIC_ROOT="/nowhere", DEBUG=False):
        response = Client().get(path.format(code), headers={"Accept": accept})

    assert response.status_code == (200 if code == "1003" else 404)
    assert not response["Content-Type"].startswith("text/html")
    assert code in response.content.decode()
    assert "check_status_first" in response.content.decode()
