"""Attacks are stored in every text, past all rules, and every page that shows them shows mere text."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpRequest
from django.template import engines
from django.test import Client, RequestFactory
from django.utils import translation

from pts_errors import publishing, snapshot
from pts_errors.exceptions import PTSError
from pts_errors.middleware import PTSErrorMiddleware
from pts_errors.models import Category, ErrorCode, Message, Revision, Runbook
from pts_errors.pages import static_copy
from pts_errors.publishing import reviews
from pts_errors.values.entry import RUNBOOK_SECTIONS
from tests.hostile.oracle import ATTACKS, MARK, faults
from tests.support.admin_pages import LIST, MATRIX, PUBLISH, code_url, fields, message_url
from tests.support.api import client_of
from tests.support.factories import FlagFactory, UserFactory

CODES = ("1001", "1003", "1007", "1010", "1018", "4001", "8010", "8108", "9002", "9005", "9999")
ATTACK = dict(zip(CODES, ATTACKS, strict=True))

pytestmark = pytest.mark.usefixtures("lawless", "db")


def plant(suffix: str = "") -> None:
    """Write one attack into every text of each code."""
    for code, attack in ATTACK.items():
        text = attack + suffix
        error = ErrorCode.objects.get(code=code)
        ErrorCode.objects.filter(pk=error.pk).update(provider_message=text, severity="error")
        Message.objects.filter(error=error).update(
            title=text[:120], customer_message=text, merchant_action=text, source_text={"title": attack}
        )
        Runbook.objects.filter(error=error).update(
            owner=attack[:80], **dict.fromkeys(RUNBOOK_SECTIONS, f"1. {text}\n\n{text}")
        )
        FlagFactory(code=code, text=text[:200], author_name=attack[:150], reference=attack[:300])
    for category, attack in zip(Category.objects.all(), ATTACKS, strict=False):
        Category.objects.filter(pk=category.pk).update(name=attack[:100], owner=attack[:80], escalation=attack)


@pytest.fixture
def planted(django_capture_on_commit_callbacks: Any) -> Client:
    """Publish the attacks, edit the drafts once more, and return somebody who may see everything."""
    user = UserFactory(is_superuser=True, username=ATTACKS[0], first_name=ATTACKS[6])
    plant()
    with django_capture_on_commit_callbacks(execute=True):
        publishing.publish(CODES, author=user, note=ATTACKS[0])
    plant(" again")
    ErrorCode.objects.filter(code=CODES[0]).update(unseen=["en.title", "runbook.impact", "provider_message"])
    client = client_of(user)
    client.post("/errors/runbooks/8010/flag/", {"text": ATTACKS[6]})
    return client


def test_no_public_page_is_harmed(planted: Client, client: Client) -> None:
    """List and page, in both directions of writing, the answer to a query, and to a code that is not there."""
    languages = ("en", "fr", "ar")
    addresses = [f"/errors/?language={language}" for language in languages]
    addresses += [f"/errors/{code}/?language={language}" for code in CODES for language in languages]
    addresses += [f"/errors/?q={MARK}", "/errors/7777/"]

    for address in addresses:
        html = client.get(address).content.decode()
        assert faults(html) == [], address
        assert MARK in html, address


def test_no_page_for_staff_is_harmed(planted: Client) -> None:
    """The runbooks with their Markdown, the list, and the page for who may not read them."""
    for address in [
        "/errors/runbooks/",
        f"/errors/runbooks/?q={MARK}",
        *(f"/errors/runbooks/{code}/" for code in CODES),
    ]:
        html = planted.get(address).content.decode()
        assert faults(html) == [], address
        assert MARK in html, address
    refused = client_of(UserFactory(username=ATTACKS[6])).get("/errors/runbooks/8010/")
    assert (refused.status_code, faults(refused.content.decode())) == (403, [])


ADMIN = "/admin/pts_errors/"


def admin_pages() -> Iterator[str]:
    """Yield the address of every page of the admin that shows texts."""
    yield from (LIST, MATRIX, PUBLISH, f"{ADMIN}revision/", f"{ADMIN}category/")
    for page in ("change/", "history/", "compare/", "restore/1/", "preview/"):
        yield code_url(CODES[0], page)
    yield message_url(CODES[2], "ar")
    yield f"{ADMIN}revision/{Revision.objects.filter(number=2).order_by('pk')[0].pk}/change/"
    category = Category.objects.all()[0]
    yield f"{ADMIN}category/{category.pk}/change/"
    yield f"{ADMIN}category/{category.pk}/history/"


def test_no_page_of_the_admin_is_harmed(planted: Client) -> None:
    """Lists, filters, forms, decisions, history, comparison, restore, previews, publish screen, breadcrumbs, log."""
    for address in admin_pages():
        response = planted.get(address)
        html = response.content.decode()
        assert response.status_code == 200, address
        assert faults(html) == [], address
        assert MARK in html, address


def test_no_message_of_the_admin_is_harmed(planted: Client) -> None:
    """What a page says after a button: a refusal, a conflict, an import, a list of errors."""
    form = fields(planted.get(message_url("1007", "fr")))
    conflict = planted.post(message_url("1007", "fr"), {**form, "token": "0", "title": ATTACKS[6]})
    refused = planted.post(PUBLISH, {"tick": f"{ATTACKS[0]}:1", "note": ATTACKS[0]})
    files = [
        SimpleUploadedFile(f"{ATTACKS[6]}.po", b"x"),
        SimpleUploadedFile("codes.csv", f"code,{ATTACKS[6]}\n{ATTACKS[0]}".encode()),
        SimpleUploadedFile("fr.po", f'msgctxt "{ATTACKS[6]}"\nmsgid "a"\nmsgstr "b"\n'.encode()),
    ]
    uploaded = planted.post(f"{LIST}import/", {"files": files})
    for response in (conflict, refused, uploaded):
        assert response.status_code == 200
        assert faults(response.content.decode()) == []
    assert MARK in uploaded.content.decode()


def test_no_preview_is_harmed() -> None:
    """Script of ours puts this HTML into the page, so nothing else may come out."""
    client = client_of(UserFactory(is_superuser=True))
    for attack in ATTACKS:
        assert faults(client.post(f"{LIST}preview/", {"text": attack}).content.decode()) == [], attack


def test_no_file_of_the_copy_is_harmed(planted: Client) -> None:
    """The static copy of the public pages and of the runbooks, whose style and script stand in the page."""
    catalog = snapshot.current()
    with translation.override("en"):
        pages = [*static_copy.reference_pages(catalog, "ar")]
        pages += static_copy.runbook_pages(catalog, reviews.read(catalog.entries, using="default"))

    assert [(path, found) for path, html in pages if (found := faults(html))] == []
    assert sum(MARK in html for _path, html in pages) > 2 * len(CODES)


def test_no_alert_is_harmed(planted: Client) -> None:
    """Nor by the reference that a host shows, and not in any language."""
    template = "{% load pts_errors %}<p>{% pts_error code %}{% pts_error_alert code reference=reference %}"
    compiled = engines["django"].from_string(template)

    for code in CODES:
        for language in ("en", "ar"):
            with translation.override(language):
                html = compiled.render({"code": code, "reference": ATTACKS[0]})
            assert faults(html) == []
            assert MARK in html


def test_no_answer_to_an_exception_is_harmed(planted: Client) -> None:
    """As a page for a browser and as problem details for a program."""

    def answer(request: HttpRequest) -> Any:
        raise AssertionError

    middleware = PTSErrorMiddleware(answer)
    for code in CODES:
        error = PTSError(code, reference=ATTACKS[0])
        page = middleware.process_exception(RequestFactory().get("/", headers={"accept": "text/html"}), error)
        problem = middleware.process_exception(RequestFactory().get("/"), error)
        assert page is not None
        assert problem is not None
        assert faults(page.content.decode()) == []
        assert json.loads(problem.content)["reference"] == ATTACKS[0]
        assert problem["Content-Type"] == "application/problem+json"


def test_other_forms_of_a_page_hold_the_text_and_say_what_they_are(planted: Client, client: Client) -> None:
    """Nothing is escaped where nothing has a meaning; no browser takes it for a page."""
    for code, attack in ATTACK.items():
        as_json, as_markdown = client.get(f"/errors/{code}.json"), client.get(f"/errors/{code}.md")
        in_api = client.get(f"/api/errors/{code}/")
        assert as_json.json()["customer_message"] == in_api.json()["customer_message"] == attack
        assert attack in as_markdown.content.decode()
        assert as_json["Content-Type"].startswith("application/json")
        assert in_api["Content-Type"] == "application/json"
        assert as_markdown["Content-Type"] == "text/markdown; charset=utf-8"
        assert as_json["X-Content-Type-Options"] == as_markdown["X-Content-Type-Options"] == "nosniff"
