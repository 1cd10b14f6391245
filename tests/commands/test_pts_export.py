"""Tests of the command ``pts_export``."""

from __future__ import annotations

import hashlib
import io
import json
import re
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core.management import CommandError, call_command
from django.test import Client, override_settings
from pytest_django import Settings

from pts_errors import snapshot
from pts_errors.models import Head, Revision, Runbook
from pts_errors.values import seed
from pts_errors.values.catalog import Catalog
from tests.support.factories import FlagFactory

pytestmark = pytest.mark.django_db


class Host:
    """A host that serves no pages."""

    urlpatterns: list[object] = []


def run(**options: object) -> str:
    """Return what the command prints."""
    out = io.StringIO()
    call_command("pts_export", stdout=out, **options)
    return out.getvalue()


def digests(directory: Path) -> dict[str, str]:
    """Return the digest of every file by its path."""
    return {
        str(path.relative_to(directory)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in directory.rglob("*")
        if path.is_file()
    }


FEW = ["en", "ar", "zh-hans"]


@pytest.fixture
def few(settings: Settings) -> None:
    """Offer three languages, so that a copy is made quickly."""
    settings.PTS_ERRORS_LANGUAGES = FEW


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory, django_db_setup: None, django_db_blocker: Any) -> Path:
    """Return a directory with both copies of the fresh catalog in three languages, which no test changes."""
    directory = tmp_path_factory.mktemp("copies")
    with django_db_blocker.unblock(), override_settings(PTS_ERRORS_LANGUAGES=FEW):
        run(html=directory / "public", runbooks=directory / "staff")
    return directory


def test_public_copy_has_every_page_in_every_language(tmp_path: Path) -> None:
    """A list and 59 codes in 17 languages, style, script, and a way in; each language is reported."""
    catalog = snapshot.current()

    printed = run(html=tmp_path)

    expected = {"index.html", "pages.css", "pages.js"}
    for language in catalog.languages:
        expected |= {f"{language}/{name}.html" for name in ("index", *catalog.entries)}
        assert f"{tmp_path}: {language}, 60 files.\n" in printed
    assert digests(tmp_path).keys() == expected


@pytest.mark.usefixtures("few")
def test_copy_is_the_same_every_time(written: Path, tmp_path: Path) -> None:
    """Byte for byte, so that only what changed is uploaded."""
    for _time in range(2):
        run(html=tmp_path / "public", runbooks=tmp_path / "staff")

    assert digests(tmp_path) == digests(written)


def test_every_link_of_the_copy_leads_to_a_file(written: Path) -> None:
    """All links are relative, so the copy opens from a disk and from any address."""
    for path in written.rglob("*.html"):
        for address in re.findall(r'(?:href|src)="([^"]*)"', path.read_text(encoding="utf-8")):
            parts = urlsplit(unescape(address))
            assert not parts.scheme
            assert not parts.netloc
            assert not parts.query
            assert (path.parent / parts.path).is_file() or (not parts.path and parts.fragment)


def test_public_copy_says_the_languages_of_its_pages(written: Path) -> None:
    """Language and direction are those of the folder; the list at the top is in the source language."""
    public = written / "public"

    assert '<html lang="ar" dir="rtl">' in (public / "ar/1007.html").read_text(encoding="utf-8")
    assert '<html lang="en" dir="ltr">' in (public / "index.html").read_text(encoding="utf-8")
    assert '<a href="en/1007.html">' in (public / "index.html").read_text(encoding="utf-8")


@pytest.mark.usefixtures("few")
def test_copy_names_the_permanent_address_in_full(tmp_path: Path, settings: Settings) -> None:
    """A copy on paper or on a stick has no site around it. Its own links stay relative."""
    settings.PTS_ERRORS_BASE_URL = "https://pay.example"

    run(html=tmp_path)

    html = (tmp_path / "en/1007.html").read_text(encoding="utf-8")
    assert '<code dir="ltr">https://pay.example/errors/1007/</code>' in html
    assert not re.search('(href|src)="https:', html)


@pytest.mark.usefixtures("few")
def test_copy_of_a_host_without_pages_names_no_address(tmp_path: Path, settings: Settings) -> None:
    """The type of a problem is then the one of RFC 9457."""
    settings.ROOT_URLCONF = Host

    run(html=tmp_path)

    html = (tmp_path / "en/1007.html").read_text(encoding="utf-8")
    assert "Permanent address" not in html
    assert "about:blank" in html


def test_staff_copy_needs_no_other_file(tmp_path: Path) -> None:
    """Style and script are inside, dates are dates, and no form waits for a server."""
    Runbook.objects.filter(error__code="8010").update(reviewed_at=datetime(2020, 1, 31, tzinfo=UTC))
    FlagFactory(code="8010", text="Old.")

    printed = run(runbooks=tmp_path)

    assert printed.startswith(f"{tmp_path}: runbooks, 60 files.\nAnchor: 1:")
    html = (tmp_path / "8010.html").read_text(encoding="utf-8")
    assert not re.search(r"<link|<script src|<form|<input", html)
    assert "--page: #fbfaf7" in html
    assert "navigator.clipboard" in html
    assert "Reviewed on 2020-01-31. Changed on " in html
    assert "<bdi>Old.</bdi>" in html


def test_public_copy_holds_nothing_of_the_staff_copy(written: Path) -> None:
    """Not even a word of a severity's name in a class."""
    text = "".join(path.read_text(encoding="utf-8") for path in (written / "public").rglob("*.html"))

    assert "severity" not in text
    assert "Ledger on-call" not in text


@pytest.mark.parametrize(("html", "runbooks"), [("a", "a"), ("a", "a/b"), ("a/b", "a"), ("a", "b/../a")])
def test_staff_pages_never_lie_among_the_public_ones(tmp_path: Path, html: str, runbooks: str) -> None:
    """Whoever uploads one directory must not upload the other."""
    with pytest.raises(CommandError, match="two separate directories"):
        run(html=tmp_path / html, runbooks=tmp_path / runbooks)

    assert digests(tmp_path) == {}


def test_next_steps_are_the_json_of_the_api(tmp_path: Path, client: Client) -> None:
    """One vector a line, in a file or printed; printed alone, so that another program can read it."""
    expected = client.get("/api/next-steps/").json()

    reported = run(next_steps=tmp_path / "new" / "steps.json")
    printed = run(next_steps=Path("-"))

    text = (tmp_path / "new" / "steps.json").read_text(encoding="utf-8")
    assert json.loads(text) == expected
    assert len(text.splitlines()) == expected["count"] + 2
    assert printed == text
    assert reported.splitlines()[0].endswith("steps.json: test vectors of the next step at revision 1.")
    assert reported.splitlines()[1].startswith("Anchor: 1:")


def test_printed_next_steps_stand_alone(tmp_path: Path) -> None:
    """Another line would break the JSON."""
    with pytest.raises(CommandError, match="prints nothing but JSON"):
        run(next_steps=Path("-"), html=tmp_path)

    assert digests(tmp_path) == {}


def test_command_wants_to_know_what_to_write() -> None:
    """No directory has a default."""
    with pytest.raises(CommandError, match="Nothing to write"):
        run()


def test_shipped_catalog_never_replaces_the_published_one(tmp_path: Path) -> None:
    """Without the database a process serves what the package ships: not what this site has published."""
    snapshot.swap(snapshot.Pinned(Catalog(seed.packaged())))

    with pytest.raises(CommandError, match="nothing was written"):
        run(html=tmp_path)

    assert digests(tmp_path) == {}


def test_copy_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    """A file stands where the directory should be."""
    (tmp_path / "file").write_text("", encoding="utf-8")

    with pytest.raises(CommandError, match="incomplete"):
        run(runbooks=tmp_path / "file")


def test_nothing_is_written_to_the_database(tmp_path: Path) -> None:
    """The command only reads."""
    before = (Head.objects.values().get(), Revision.objects.count())

    run(runbooks=tmp_path)

    assert (Head.objects.values().get(), Revision.objects.count()) == before
