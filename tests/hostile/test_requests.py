"""Every part of a request holds anything: path, parameters, headers, size. No fault, no echo, the right status."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory

from pts_errors import snapshot
from pts_errors.exceptions import PTSError
from pts_errors.middleware import PTSErrorMiddleware
from pts_errors.models import ErrorCode, Revision
from tests.hostile.oracle import ATTACKS, faults
from tests.hostile.strings import EVERY, MIXED, STRINGS, raw
from tests.support.admin_pages import LIST, MATRIX, PUBLISH, code_url
from tests.support.api import client_of
from tests.support.factories import UserFactory

pytestmark = pytest.mark.usefixtures("warm")

API_PARAMETERS = ("language", "category", "outcome", "retry_advice", "responsible_party", "search", "since")
ADMIN = "/admin/pts_errors/"
# What may be taken for a code or a number, each alone.
SHORT = tuple(
    text
    for kind in ("nul", "surrogates", "bidi", "unseen", "digits", "lookalikes", "numbers", "sql")
    for text in STRINGS[kind]
)
# What has broken admin pages: each is given to every parameter of a page at once.
WORST = ("".join(STRINGS["nul"]), "9" * 5000, "\u0661", "-1", "".join(ATTACKS))


def in_url(text: str) -> str:
    """Return the text as it stands in an address, half characters included."""
    return quote(text, safe="", errors="surrogatepass")


def lenient(client: Client) -> Client:
    """Return the client so that a fault is an answer, as a server gives it."""
    client.raise_request_exception = False
    return client


def staff() -> Client:
    """Return somebody who may do everything."""
    return lenient(client_of(UserFactory(is_superuser=True)))


def test_any_text_in_a_path_is_not_found(client: Client) -> None:
    """Only ASCII digits are a code, and only they reach the catalog; not one path is a fault."""
    reader = lenient(client_of(UserFactory(permissions=("view_runbook", "view_revision"))))
    wrong = []
    for text in (*MIXED[1:], *SHORT):
        part = in_url(text)
        asked = [(client, f"/errors/{part}/"), (client, f"/api/errors/{part}/")]
        if text in MIXED:
            asked += [(client, f"/errors/{part}.md"), (client, f"/api/categories/{part}/")]
            asked += [(reader, f"/api/runbooks/{part}/"), (reader, f"/api/revisions/{part}/")]
            asked += [(client, f"/errors/runbooks/{part}/")]
        for who, path in asked:
            if (status := who.get(path).status_code) != 404:
                wrong.append((status, path[:60]))

    assert not wrong


def test_any_text_in_a_parameter_of_the_api_is_used_or_named(client: Client) -> None:
    """A value that can be right is used; any other is 400 or 410, names the parameter, and is not repeated."""
    wrong = []
    for name in API_PARAMETERS:
        for text in EVERY if name in ("language", "search", "since") else MIXED:
            response = client.get(f"/api/errors/?{name}={in_url(text)}")
            if response.status_code == 400:
                body = response.json()
                is_right = body["parameter"] == name and (len(text) < 9 or text not in body["detail"])
            else:
                is_right = response.status_code == 200 or (name == "since" and response.status_code == 410)
            if not is_right:
                wrong.append((response.status_code, name, text[:40]))

    assert not wrong


def test_any_text_in_a_parameter_of_a_page_changes_no_more_than_it_should(client: Client) -> None:
    """The public pages take what can be right and leave the rest; an attack comes back as text."""
    languages = snapshot.current().languages
    wrong = []
    for text in (*MIXED, *ATTACKS, *STRINGS["digits"], *STRINGS["unseen"]):
        for path in ("/errors/", "/errors/1007/") if text in ATTACKS else ("/errors/",):
            query = "&".join(f"{name}={in_url(text)}" for name in ("q", "language", "format", "page", "ordering"))
            response = client.get(f"{path}?{query}")
            # A number that somebody typed, in whatever digits, opens its page.
            opened = response.status_code == 302 and re.fullmatch(
                r"/errors/\d+/(\?language=[a-z-]+)?", response["Location"]
            )
            if (
                not (opened or response.status_code == 200)
                or response["Content-Language"] not in languages
                or faults(response.content.decode())
            ):
                wrong.append((response.status_code, path, text[:40]))

    assert not wrong


def test_any_text_in_a_parameter_of_a_runbook_is_left_out() -> None:
    """Only harmless characters fill a placeholder, whatever they stand in."""
    reader = lenient(client_of(UserFactory(permissions=("view_runbook",))))
    wrong = []
    for text in (*MIXED[::2], *ATTACKS[::2]):
        query = "&".join(f"{name}={in_url(text)}" for name in ("order_id", "merchant_id", "q"))
        for path in ("/errors/runbooks/8010/", "/errors/runbooks/8010.md", "/errors/runbooks/"):
            response = reader.get(f"{path}?{query}")
            is_page = response.status_code == 200 and (".md" in path or not faults(response.content.decode()))
            # A number in a pasted line leads to its page.
            if not (is_page or (response.status_code == 302 and response["Location"].startswith("/errors/runbooks/"))):
                wrong.append((response.status_code, path, text[:40]))

    assert not wrong


@pytest.mark.parametrize("text", WORST, ids=lambda text: ascii(text[:8]))
def test_any_text_in_a_parameter_of_the_log_is_refused_or_unknown(text: str) -> None:
    """The API asks the database only for numbers."""
    reader = lenient(client_of(UserFactory(permissions=("view_runbook", "view_revision"))))

    for name in ("since", "code"):
        assert reader.get(f"/api/revisions/?{name}={in_url(text)}").status_code == 400


ADMIN_PAGES = {
    LIST: ("q", "state", "category", "severity", "runbook", "translation", "missing", "owner", "o", "p"),
    MATRIX: ("language", "o", "p"),  # a wrong state alone would leave no row, and ask nothing
    f"{MATRIX}add/": ("error", "language"),
    f"{ADMIN}category/": ("o", "p"),
    PUBLISH: ("codes",),
}


@pytest.mark.parametrize("page", ADMIN_PAGES)
def test_any_text_in_a_parameter_of_the_admin_is_no_fault(page: str) -> None:
    """The lists, the matrix and the publish screen; a value that no filter offers shows nothing, or leads back."""
    client = staff()
    wrong = []
    for text in (WORST[0], WORST[-1]) if page in (LIST, MATRIX) else WORST:
        query = "&".join(f"{name}={in_url(text)}" for name in ADMIN_PAGES[page])
        response = client.get(f"{page}?{query}")
        if response.status_code not in (200, 302, 400) or faults(response.content.decode()):
            wrong.append((response.status_code, text[:40]))

    assert not wrong


def test_any_text_in_a_path_of_the_admin_is_no_fault() -> None:
    """Keys, numbers and languages come by the address, too."""
    client = staff()
    wrong = []
    for text in WORST[1:3]:
        part = in_url(text)
        for path in (
            f"{LIST}{part}/change/",
            f"{LIST}{part}/compare/",
            f"{LIST}{part}/restore/{part}/",
            f"{LIST}{part}/preview/",
            f"{MATRIX}next/{part}/",
            f"{ADMIN}revision/{part}/change/",
        ):
            # Django takes any digits for a key.
            if client.get(path).status_code not in ((200, 302, 404) if text == "\u0661" else (302, 404)):
                wrong.append(path[:60])
    for name in ("from", "to"):
        for text in WORST[:3]:
            if client.get(code_url("1007", f"compare/?{name}={in_url(text)}")).status_code != 404:
                wrong.append(f"{name} {text[:20]}")

    assert not wrong


HEADERS = (
    "Accept",
    "Accept-Language",
    "Accept-Encoding",
    "Accept-Charset",
    "If-None-Match",
    "If-Match",
    "If-Modified-Since",
    "If-Unmodified-Since",
    "Range",
    "Referer",
    "Origin",
    "Cookie",
    "User-Agent",
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Forwarded-Proto",
    "X-Forwarded-Prefix",
    "X-HTTP-Method-Override",
    "X-Original-URL",
    "X-Rewrite-URL",
    "X-Requested-With",
    "Forwarded",
    "Sec-Fetch-Site",
)


@pytest.mark.parametrize("path", ["/errors/1007/", "/errors/1007.json", "/api/errors/1007/", "/errors/runbooks/"])
def test_any_text_in_every_header_is_no_fault(path: str, client: Client) -> None:
    """All headers at once, and the status is one that the page has anyway; nothing of them comes back."""
    wrong = []
    for text in EVERY if path == "/api/errors/1007/" else MIXED:
        sent = raw(re.sub(r"[\r\n]", " ", text))  # no server lets a line end into a header
        response = lenient(client).get(path, headers=dict.fromkeys(HEADERS, sent))
        answer = str(dict(response.items())) + response.content.decode()
        if response.status_code not in (200, 302, 304, 400, 406, 412) or "evil.example" in answer:
            wrong.append((response.status_code, text[:40]))

    assert not wrong


@pytest.mark.parametrize(
    "accept", ["x" * 10_001, "text/html," * 2_000, "text/html;q=nan", "text/html;q=" + "9" * 5_000]
)
def test_an_exception_is_answered_whatever_the_client_accepts(accept: str) -> None:
    """Who asks in a way that nobody reads gets problem details, as programs do."""

    def never(request: HttpRequest) -> HttpResponse:
        raise AssertionError

    request = RequestFactory().get("/", headers={"Accept": accept})

    response = PTSErrorMiddleware(never).process_exception(request, PTSError("1007"))

    assert response is not None
    assert response.status_code >= 400
    assert response["Content-Type"].startswith(("application/problem+json", "text/html"))


def test_a_forged_host_is_refused_or_shown_nowhere(client: Client) -> None:
    """Whatever stands in Host: addresses are relative."""
    for host in (
        "evil.example",
        "evil.example:80",
        "evil.example/a",
        "a@evil.example",
        "[::1]",
        "\0",
        "evil.example\t",
    ):
        for path in ("/errors/", "/errors/1007/", "/api/errors/1/", "/errors/runbooks/", "/errors/1007"):
            response = lenient(client).get(path, headers={"Host": raw(host)})
            assert response.status_code in (200, 301, 302, 400, 404)
            assert "evil" not in str(dict(response.items()))
            if response.status_code != 400:  # Django says in a test what a server keeps to itself
                assert b"evil" not in response.content


def test_a_flood_of_languages_is_cut_off(client: Client) -> None:
    """Ten thousand headers that are all different leave nothing behind, neither do parameters."""
    client.get("/errors/1007.json")
    catalog = snapshot.current()
    before = len(catalog.derived), len(catalog.tables)

    for number in range(60):
        long = ", ".join(f"{chr(97 + number % 26)}{number}-{n};q=0.{n % 10}" for n in range(400))
        assert client.get("/errors/1007.json", headers={"Accept-Language": long})["Content-Language"] == "en"
        assert client.get(f"/errors/1007.json?language=x{number}")["Content-Language"] == "en"

    assert snapshot.current() is catalog
    assert (len(catalog.derived), len(catalog.tables)) == before


@pytest.mark.parametrize("path", ["/errors/", "/errors/1007/", "/api/errors/", "/api/errors/1007/"])
def test_a_request_of_absurd_size_is_refused_or_answered_as_any_other(path: str, client: Client) -> None:
    """A query of a megabyte, a thousand parameters, one parameter a thousand times."""
    client = lenient(client)

    assert client.get(f"{path}?q={'x' * 1_000_000}&a={'%00' * 10_000}").status_code == 200
    assert client.get(path, {f"p{number}": "x" for number in range(1_001)}).status_code == 400
    assert client.get(f"{path}?{'&' * 5_000}").status_code in (200, 400)
    assert client.get(f"{path}?{'language=fr&' * 900}")["Content-Language"] == "fr"


@pytest.mark.parametrize("path", ["/api/errors/", "/api/categories/", "/api/revisions/"])
def test_names_of_the_orm_in_the_query_do_nothing(path: str) -> None:
    """Only the documented parameters reach anything."""
    reader = client_of(UserFactory(permissions=("view_runbook", "view_revision")))
    plain = reader.get(path).content
    names = (*STRINGS["orm"], "runbook__contains", "author__password__startswith", "error__runbook__impact__regex")

    assert all(reader.get(f"{path}?{urlencode({name: '1'})}").content == plain for name in names)


def test_names_of_the_orm_in_the_admin_reach_no_other_table() -> None:
    """Nobody guesses a password by looking which rows stay."""
    client = staff()

    for page, name in (
        (LIST, "runbook__reviewed_by__password__startswith"),
        (MATRIX, "error__runbook__reviewed_by__password__contains"),
        (f"{ADMIN}revision/", "author__password__startswith"),
    ):
        assert client.get(f"{page}?{name}=md5").status_code in (302, 400)


@pytest.mark.parametrize(
    "method", ["POST", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "PROPFIND", "get ", "X" * 500]
)
def test_other_methods_are_refused_unread(method: str) -> None:
    """For everybody, by the page or before it by Django, which wants a token first; no header makes them another."""
    before = Revision.objects.count(), ErrorCode.objects.get(code="1007").version
    clients = (Client(enforce_csrf_checks=True), client_of(UserFactory(is_superuser=True)))

    for path in ("/errors/", "/errors/1007/", "/errors/1007.md", "/api/errors/"):
        for client in clients:
            response = client.generic(method, path, "[" * 100_000, headers={"X-HTTP-Method-Override": "GET"})
            assert response.status_code in (403, 405)

    assert (Revision.objects.count(), ErrorCode.objects.get(code="1007").version) == before


def test_nothing_of_a_request_splits_an_answer(client: Client) -> None:
    """No header of an answer but the way to the login holds a text of the request, and that one has it encoded."""
    for text in (*STRINGS["line ends"], "fr\r\nX-Split: 1", "fr%0d%0aX-Split: 1"):
        for path in ("/errors/", "/errors/1007/", "/errors/1007.json", "/api/errors/", "/errors/runbooks/"):
            response: Any = lenient(client).get(f"{path}?language={in_url(text)}&q={in_url(text)}&next={in_url(text)}")
            assert response.status_code in (200, 302, 400)
            for name, value in response.items():
                assert not re.search(r"[\r\n]", f"{name}: {value}")
                assert name == "Location" or "Split" not in value
