"""Tests of the pages behind a shared cache, as RFC 9111 describes one."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.test import Client, override_settings
from pytest_django import Settings

from tests.support.api import SharedCache

LANGUAGES = ["en", "zh-hans", "ar", "fr", "de"]


pytestmark = pytest.mark.usefixtures("packaged")


@pytest.mark.parametrize("path", ["/errors/", "/errors/1007/", "/errors/1007.md", "/errors/1007.json"])
def test_every_reader_gets_the_right_language_through_a_shared_cache(path: str) -> None:
    """Two rounds: the second comes out of the cache, and is the same byte for byte."""
    cache, client = SharedCache(), Client()

    rounds = [[cache.fetch(client, path, **{"accept-language": tag})[2] for tag in LANGUAGES] for _round in range(2)]

    stale = [cache.stale(client, path, **{"accept-language": tag}) for tag in LANGUAGES]
    direct = [client.get(path, headers={"accept-language": tag}).content for tag in LANGUAGES]
    assert [*rounds, stale] == [direct, direct, direct]
    assert cache.hits == len(LANGUAGES)


def test_every_reader_gets_the_right_form_through_a_shared_cache() -> None:
    """One address has three forms."""
    cache, client = SharedCache(), Client()
    accepts = ["text/html", "text/markdown", "application/json"]

    bodies = [cache.fetch(client, "/errors/1007/", accept=accept)[2] for accept in [*accepts, *accepts]]

    assert bodies[:3] == bodies[3:] == [cache.stale(client, "/errors/1007/", accept=accept) for accept in accepts]
    assert len(set(bodies)) == 3


def test_page_has_a_strong_etag_of_revision_digest_and_language(client: Client) -> None:
    """Two states of the catalog, or two languages, never share one."""
    tags = {client.get("/errors/1007/", {"language": language}).headers["ETag"] for language in LANGUAGES}

    assert len(tags) == len(LANGUAGES)
    assert all(tag.startswith('"0-override-') for tag in tags)


def test_etag_changes_when_only_a_template_changes(client: Client, settings: Settings, tmp_path: Path) -> None:
    """An upgrade of the package or of the host's templates is seen at once."""
    before = client.get("/errors/1007/").headers["ETag"]
    (tmp_path / "pts_errors").mkdir()
    (tmp_path / "pts_errors" / "base.html").write_text("{% block content %}{% endblock %}", encoding="utf-8")
    with override_settings(TEMPLATES=[{**settings.TEMPLATES[0], "DIRS": [tmp_path]}]):
        after = client.get("/errors/1007/", headers={"if-none-match": before})

    assert after.status_code == 200
    assert after.headers["ETag"] != before


def test_head_and_304_carry_what_the_page_carries(client: Client) -> None:
    """A cache learns the same from all three."""
    page = client.get("/errors/1007/?language=ar")

    answers = [
        client.head("/errors/1007/?language=ar"),
        client.get("/errors/1007/?language=ar", headers={"if-none-match": page.headers["ETag"]}),
    ]

    assert [answer.status_code for answer in answers] == [200, 304]
    for name in ("ETag", "Vary", "Cache-Control", "Content-Language"):
        assert {answer.headers[name] for answer in answers} == {page.headers[name]}


@pytest.mark.django_db
def test_page_on_which_a_host_greets_its_user_is_private(client: Client, settings: Settings, tmp_path: Path) -> None:
    """Our own templates look at no session; a host's base template may."""
    client.force_login(User.objects.create_user("ada"))
    (tmp_path / "pts_errors").mkdir()
    (tmp_path / "pts_errors" / "base.html").write_text("{{ user }}{% block content %}{% endblock %}", encoding="utf-8")

    ours = client.get("/errors/1007/").headers["Cache-Control"]
    with override_settings(TEMPLATES=[{**settings.TEMPLATES[0], "DIRS": [tmp_path]}]):
        theirs = client.get("/errors/1007/").headers["Cache-Control"]

    assert ours == "public, max-age=0, must-revalidate"
    assert theirs == "private, max-age=0, must-revalidate"
