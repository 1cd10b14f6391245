"""A PTSError in a plain Django view: problem details for programs, a page for people."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import AsyncClient, Client, override_settings
from django.urls import path
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from pts_errors import lookup
from pts_errors.exceptions import PTSError
from pts_errors.middleware import PTSErrorMiddleware
from pts_errors.testing import override_catalog

HTML = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"  # what Chromium and Firefox send
SECRET = "SELECT secret FROM cards"


def pay(request: HttpRequest, code: str) -> HttpResponse:
    """Stand for a host's view that calls the gateway."""
    raise PTSError(code, reference=request.GET.get("order"))


async def pay_later(request: HttpRequest, code: str) -> HttpResponse:
    """Stand for a host's view on the event loop."""
    raise PTSError(code, reference=request.GET.get("order"))


class PayView(APIView):
    """Stand for a view of Django REST framework in a host that has not set our exception handler."""

    def get(self, request: Request, code: str) -> Response:
        """Call the gateway."""
        raise PTSError(code)


def fail(request: HttpRequest) -> HttpResponse:
    """Stand for a bug."""
    raise RuntimeError(SECRET)


def work(request: HttpRequest) -> HttpResponse:
    """Stand for every other view."""
    return HttpResponse("done")


urlpatterns = [
    path("pay/<str:code>/", pay),
    path("async/<str:code>/", pay_later),
    path("drf/<str:code>/", PayView.as_view()),
    path("fail/", fail),
    path("work/", work),
]

pytestmark = pytest.mark.urls("tests.test_middleware")


@pytest.fixture(autouse=True)
def host(settings: Any) -> Iterator[None]:
    """Be a host with the middleware, and serve the shipped catalog, without a database."""
    settings.MIDDLEWARE = [
        "django.middleware.locale.LocaleMiddleware",
        "pts_errors.middleware.PTSErrorMiddleware",
    ]
    with override_catalog():
        yield


@pytest.fixture
def client() -> Client:
    """Return a client that sees what a browser would, also of a bug."""
    return Client(raise_request_exception=False)


class Page(HTMLParser):
    """Collects what a browser would act on."""

    def __init__(self, response: Any) -> None:
        """Read the page."""
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(response.content.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the tag."""
        self.tags.append((tag, dict(attrs)))

    def find(self, tag: str) -> dict[str, str | None]:
        """Return the attributes of the first such tag."""
        return next(attributes for name, attributes in self.tags if name == tag)


@pytest.mark.parametrize(
    "accept",
    ["*/*", "application/json", "application/problem+json", "", "a/b", "application/json, text/html", "x" * 10_000],
)
def test_a_program_gets_problem_details(accept: str, client: Client) -> None:
    """Also one that takes anything, and one that takes nothing of ours."""
    response = client.get("/pay/1003/?order=A-77", headers={"Accept": accept})

    body = response.json()
    assert (response.status_code, response["Content-Type"]) == (409, "application/problem+json")
    assert (body["code"], body["reference"]) == ("1003", "A-77")


@pytest.mark.parametrize("accept", [HTML, "text/html", "text/*", "text/html, application/json;q=0.9"])
def test_a_browser_gets_a_page(accept: str, client: Client) -> None:
    """With the status, the sentence, the reference and the code."""
    response = client.get("/pay/1003/?order=A-77", headers={"Accept": accept})

    assert (response.status_code, response["Content-Type"]) == (409, "text/html; charset=utf-8")
    for text in (lookup.get("1003").title, "A-77", "1003", 'role="alert"'):
        assert text in response.content.decode()


def test_no_accept_header_is_a_program(client: Client) -> None:
    """A script that says nothing reads JSON."""
    assert client.get("/pay/1003/")["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("accept", [HTML, "*/*"])
def test_a_hidden_code_is_hidden_in_both_forms(accept: str, client: Client) -> None:
    """Number, name, title and the gateway's words are not there, and the status is not ours."""
    response = client.get("/pay/1010/?order=A-77", headers={"Accept": accept})

    text = response.content.decode()
    assert response.status_code == 500
    assert "A-77" in text
    for word in ("1010", "ignature", "SIGNATURE", lookup.get("1010").title):
        assert word not in text


@override_settings(PTS_ERRORS_PROBLEM_AUDIENCE="integrator")
@override_catalog()
def test_an_integrators_browser_shows_the_code(client: Client) -> None:
    """The audience is the host's choice."""
    response = client.get("/pay/1010/", headers={"Accept": HTML})

    assert response.status_code == 401
    assert "1010" in response.content.decode()


@pytest.mark.parametrize("accept", [HTML, "*/*"])
def test_nobody_keeps_it_and_everybody_knows_on_what_it_depends(accept: str, client: Client) -> None:
    """An error is of one moment and one person."""
    with override_catalog({"8001": {"retry_advice": "retry_later", "retry_after": 60}}):
        response = client.get("/pay/8001/", headers={"Accept": accept, "Accept-Language": "fr"})

    assert (response["Cache-Control"], response["Retry-After"]) == ("no-store", "60")
    assert {"Accept", "Accept-Language", "Cookie"} <= set(response["Vary"].split(", "))
    assert response["Content-Language"] == "fr"


@pytest.mark.parametrize(("language", "direction"), [("ar", "rtl"), ("zh-hant", "ltr"), ("en", "ltr")])
def test_the_page_says_its_language_and_direction(language: str, direction: str, client: Client) -> None:
    """Screen readers and browsers need both."""
    response = client.get("/pay/1003/", headers={"Accept": HTML, "Accept-Language": language})

    html = Page(response).find("html")
    assert (html["lang"], html["dir"]) == (language, direction)


def test_the_page_needs_no_script_no_style_and_no_other_site(client: Client) -> None:
    """It works under the strictest content security policy and without a network."""
    page = Page(client.get("/pay/1003/", headers={"Accept": HTML}))

    names = {name for name, _ in page.tags}
    assert not names & {"script", "style", "img", "iframe", "form", "font"}
    assert not any(key == "style" or key.startswith("on") for _, attributes in page.tags for key in attributes)
    assert [attributes["href"] for _, attributes in page.tags if "href" in attributes] == [
        "/static/pts_errors/pages.css"
    ]


@pytest.mark.parametrize("payload", ["<script>alert(1)</script>", '"onload="x', "{{ settings.SECRET_KEY }}", "\u202e"])
def test_a_reference_is_text(payload: str, client: Client) -> None:
    """Whatever stands in it."""
    response = client.get("/pay/1003/", {"order": payload}, headers={"Accept": HTML})

    text = response.content.decode()
    assert "<script" not in text
    assert '"onload' not in text
    assert "tests" not in text  # the secret key of the tests' settings
    assert "<bdi>" in text


def test_a_hosts_template_cannot_show_more(client: Client, settings: Any) -> None:
    """It gets the members of the problem and nothing else of the code."""
    template = "{{ problem.detail }}|{{ error }}{{ problem.severity }}{{ problem.code }}{{ problem.error.runbook }}"
    loader = ("django.template.loaders.locmem.Loader", {"pts_errors/problem.html": template})
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "APP_DIRS": False, "OPTIONS": {"loaders": [loader]}}]

    response = client.get("/pay/1010/", headers={"Accept": HTML})

    assert response.content.decode().endswith("|")


def test_a_hosts_template_fills_blocks(client: Client, settings: Any, tmp_path: Any) -> None:
    """It extends ours and says where to go on."""
    (tmp_path / "pts_errors").mkdir()
    own = (
        '{% extends "pts_errors/problem.html" %}{% block links %}<a href="/help/">{{ problem.code }}</a>{% endblock %}'
    )
    (tmp_path / "pts_errors/problem.html").write_text(own, encoding="utf-8")
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [tmp_path]}]

    response = client.get("/pay/1003/", headers={"Accept": HTML})

    assert '<a href="/help/">1003</a>' in response.content.decode()


@pytest.mark.parametrize("accept", [HTML, "*/*"])
def test_every_other_exception_is_djangos(accept: str, client: Client) -> None:
    """A bug stays a server error, and its text stays inside."""
    response = client.get("/fail/", headers={"Accept": accept})

    assert response.status_code == 500
    assert b"SELECT" not in response.content


def test_every_other_answer_stays_as_it_is(client: Client) -> None:
    """No header is added where nothing went wrong."""
    response = client.get("/work/")

    assert (response.content, response.get("Cache-Control")) == (b"done", None)


def test_head_is_answered_as_get(client: Client) -> None:
    """Without the body."""
    response = client.head("/pay/1003/", headers={"Accept": HTML})

    assert (response.status_code, response.content) == (409, b"")


@pytest.mark.parametrize("url", ["/pay/1003/", "/async/1003/"])
@pytest.mark.parametrize(("accept", "kind"), [(HTML, "text/html; charset=utf-8"), ("*/*", "application/problem+json")])
def test_it_works_on_the_event_loop(url: str, accept: str, kind: str) -> None:
    """Under ASGI, for views of both kinds, and without making a middleware chain synchronous."""
    response = asyncio.run(AsyncClient().get(url, headers={"Accept": accept}))

    assert (response.status_code, response["Content-Type"]) == (409, kind)


@pytest.mark.parametrize("url", ["/pay/1003/", "/async/1003/"])
def test_both_kinds_of_views_work_under_wsgi(url: str, client: Client) -> None:
    """The view's kind does not matter."""
    assert client.get(url).status_code == 409


def test_an_answer_on_the_event_loop_stays_as_it_is() -> None:
    """Where nothing went wrong."""
    assert asyncio.run(AsyncClient().get("/work/")).content == b"done"


def test_a_view_of_django_rest_framework_without_our_handler_is_answered_too(client: Client) -> None:
    """Its own handler leaves the exception to Django."""
    response = client.get("/drf/1010/")

    assert (response.status_code, response["Content-Type"]) == (500, "application/problem+json")


def test_it_needs_no_django_rest_framework() -> None:
    """A host without an API must be able to use it."""
    code = (
        "import sys; sys.modules['rest_framework'] = None\n"
        "from django.conf import settings; settings.configure(INSTALLED_APPS=['pts_errors', 'django.contrib.auth', "
        "'django.contrib.contenttypes'])\n"
        "import django; django.setup()\n"
        "import pts_errors.middleware"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")


def test_the_middleware_says_that_it_can_do_both() -> None:
    """Django then adapts nothing."""
    assert (PTSErrorMiddleware.sync_capable, PTSErrorMiddleware.async_capable) == (True, True)
