"""Tests of the public pages over HTTP."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import include, re_path, reverse
from pytest_django import DjangoAssertNumQueries, Settings

from pts_errors import snapshot
from pts_errors.testing import override_catalog
from pts_errors.values.catalog import Catalog

# A host that has the pages under a prefix of its own.
urlpatterns = [re_path("^shop/help/", include("pts_errors.urls"))]


@pytest.fixture(autouse=True)
def catalog() -> Iterator[Catalog]:
    """Serve the packaged catalog, without any database."""
    with override_catalog({"1020": {"is_retired": True, "replaced_by": "1001"}}):
        yield snapshot.current()


def test_list_shows_every_code_in_its_category(client: Client, catalog: Catalog) -> None:
    """The list has one row a code under the names of the three categories."""
    html = client.get("/errors/").content.decode()

    assert re.findall(r'<bdi class="number">(\d+)</bdi>', html) == list(catalog.entries)
    assert all(category.name in html for category in catalog.categories.values())


def test_list_shows_outcome_and_advice_at_a_glance(client: Client) -> None:
    """A row says what became of the request and what to send next."""
    html = client.get("/errors/").content.decode()

    assert re.search(
        r'class="badge outcome-unknown"\s*>Unknown</span>\s*<span class="badge retry">Check status first<', html
    )


@pytest.mark.parametrize(
    ("query", "codes"),
    [
        ("  BALANCE withdrawal ", ["1013"]),
        ("Upsteam", ["4005"]),
        ("nothing like it", []),
        ("(a+)+$" * 2000, []),
        ("\x00", []),
    ],
)
def test_list_is_filtered_by_number_or_words(client: Client, query: str, codes: list[str]) -> None:
    """Every word must be found in what a row shows."""
    html = client.get("/errors/", {"q": query}).content.decode()

    assert re.findall(r'<bdi class="number">(\d+)</bdi>', html) == codes


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("1007", "1007"),
        ("PAYMENT_QUOTA_EXCEEDED", "1004"),
        ("payment exceed quota limit", "1004"),
        ('{"status": "1000", "code": "4001", "order_id": "A-77"}', "4001"),
    ],
)
def test_line_that_means_one_code_opens_it(client: Client, query: str, code: str) -> None:
    """In the language that the list was asked for in."""
    response = client.get("/errors/", {"q": query, "language": "fr"})

    assert (response.status_code, response.headers["Location"]) == (302, f"/errors/{code}/?language=fr")
    assert "Accept-Language" in response.headers["Vary"]


def test_line_that_may_mean_several_codes_lists_them(client: Client) -> None:
    """Those after which money may have moved come first, with what is known of the money, in the reader's language."""
    html = client.get("/errors/", {"q": "code=1000 and then code=4001", "language": "de"}).content.decode()

    assert re.findall(r'<bdi class="number">(\d+)</bdi>', html) == ["4001", "1000"]
    assert 'href="/errors/4001/?language=de"' in html


def test_search_that_finds_nothing_says_what_is_safe(client: Client) -> None:
    """A line without a code may still be that of an order."""
    assert "send nothing under a new order id" in client.get("/errors/?q=status=1000").content.decode()


def test_page_tells_outcome_and_advice_before_the_cause(client: Client) -> None:
    """The order on the page is the order of the reader's questions."""
    html = client.get("/errors/8010/").content.decode().partition("<main")[2]

    parts = [
        "<h1>",
        "The gateway says",
        "Money may have moved.",
        "Query the order before anything else.",
        "What the customer reads",
        "What the merchant does",
        "HTTP status",
        "raise_for_code(",
        "application/problem+json",
        "Permanent address",
    ]
    assert [html.index(part) for part in parts] == sorted(html.index(part) for part in parts)


def test_page_shows_the_customer_text_in_every_language(client: Client, catalog: Catalog) -> None:
    """Each text carries its language and direction."""
    html = client.get("/errors/1007/").content.decode()

    for language in catalog.languages:
        assert f'<div lang="{language}" dir="{"rtl" if language == "ar" else "ltr"}">' in html


def test_text_of_another_language_says_so(client: Client) -> None:
    """A text that fell back to the source language carries that one's language and direction."""
    with override_catalog({"1007": {"messages": {"ar": {"merchant_action": ""}}}}):
        html = client.get("/errors/1007/?language=ar").content.decode()

    assert '<html lang="ar" dir="rtl">' in html
    assert '<p lang="en" dir="ltr">Query your balance' in html


def test_similar_codes_are_linked(client: Client) -> None:
    """Codes that are easily taken for this one are one click away."""
    html = client.get("/errors/1007/").content.decode()

    assert 'href="/errors/1013/"' in html
    assert 'href="/errors/1014/"' in html


def test_retired_code_stays_readable_and_names_its_replacement(client: Client) -> None:
    """Old orders carry retired codes."""
    html = client.get("/errors/1020/").content.decode()

    assert "This code is retired." in html
    assert re.search(r'It is replaced by:\s+<a href="/errors/1001/">', html)


def test_accepted_code_has_no_example_of_an_exception(client: Client) -> None:
    """1000 is no error."""
    html = client.get("/errors/1000/").content.decode()

    assert "This is not an error" in html
    assert "raise_for_code" not in html


def test_example_of_problem_json_is_json(client: Client) -> None:
    """The example parses, and its type is the code's permanent address."""
    with override_catalog({"8001": {"retry_advice": "retry_later", "retry_after": 60}}):
        html = client.get("/errors/8001/").content.decode()

    example = re.search(r"<code>(\{\n.*?)</code></pre>", html, re.DOTALL)
    assert example is not None
    problem = json.loads(example[1].replace("&quot;", '"').replace("&#x27;", "'"))
    assert problem["type"] == reverse("pts_errors:error", kwargs={"code": "8001"}) == "/errors/8001/"
    assert list(problem) == ["type", "title", "status", "detail", "code", "name", "outcome", "retry_advice"]
    assert "Retry-After: 60" in html


def test_pages_are_small_and_ask_nobody_else(client: Client, catalog: Catalog) -> None:
    """No page has 60 kB, an inline script, an inline style, or an address of another host."""
    for path in ["/errors/", "/errors/8009/", *(f"/errors/{code}/?language=hi" for code in catalog.entries)]:
        html = client.get(path).content.decode()

        assert len(html.encode()) < 60_000
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|<script(?! src=)|(?:src|href)=\"(?:https?:)?//", html)


@pytest.mark.parametrize(
    ("path", "accept", "media_type"),
    [
        ("/errors/1007/", "*/*", "text/html"),
        ("/errors/1007/", "text/html,application/xhtml+xml,*/*;q=0.8", "text/html"),
        ("/errors/1007/", "text/markdown", "text/markdown"),
        ("/errors/1007/", "application/json", "application/json"),
        ("/errors/1007.md", "text/html", "text/markdown"),
        ("/errors/1007.json", "text/html", "application/json"),
    ],
)
def test_form_is_chosen_by_suffix_or_accept(client: Client, path: str, accept: str, media_type: str) -> None:
    """The suffix wins; a browser gets HTML."""
    response = client.get(path, headers={"accept": accept})

    assert response.status_code == 200
    assert response.headers["Content-Type"] == f"{media_type}; charset=utf-8"


@pytest.mark.parametrize("accept", ["application/xml", "*/*;q=0", "x" * 10_000])
def test_form_that_there_is_not_is_refused(client: Client, accept: str) -> None:
    """Nobody gets a form that they cannot read."""
    response = client.get("/errors/1007/", headers={"accept": accept})

    assert response.status_code == 406
    assert response.headers["Content-Type"] == "text/plain"


def test_json_holds_what_integrators_may_know_and_no_more(client: Client) -> None:
    """The keys are named one by one."""
    data = client.get("/errors/1007.json?language=zh-TW").json()

    assert data["code"] == "1007"
    assert data["language"] == "zh-hant"
    assert data.keys() == {
        *(
            "code",
            "name",
            "category",
            "provider_message",
            "outcome",
            "basis",
            "outcome_reason",
            "retry_advice",
            "retry_after",
            "responsible_party",
        ),
        *("http_status", "is_retired", "replaced_by", "similar", "revision", "title", "customer_message"),
        *("merchant_action", "resolution", "language", "direction", "text_languages", "url"),
    }


def test_markdown_tells_what_the_page_tells(client: Client) -> None:
    """A chat bot reads the same advice."""
    text = client.get("/errors/1020.md").content.decode()

    assert text.startswith("# 1020 ")
    assert "- Retired: 1001\n" in text
    assert "- Similar codes: 1001 " in text
    assert "## What the merchant does" in text


def test_markdown_leaves_out_what_a_code_does_not_have(client: Client) -> None:
    """A code without action and similar codes has no empty headings."""
    with override_catalog({"5000": {"title": "Odd", "is_retired": True}}):
        text = client.get("/errors/5000.md").content.decode()

    assert "merchant" not in text
    assert "Similar" not in text
    assert "- Retired: yes\n" in text


def test_unknown_code_gets_the_safe_advice(client: Client) -> None:
    """What the catalog does not know may have moved money."""
    response = client.get("/errors/8009/")

    assert response.status_code == 404
    assert "8009 is not in the catalog" in response.content.decode()
    assert "Money may have moved." in response.content.decode()


@pytest.mark.parametrize(
    "path",
    [
        *("/errors/01007/", "/errors/0/", "/errors/1007%00/", "/errors/%00/", "/errors/1007%0A/", "/errors/-1/"),
        *(
            "/errors/\u0661\u0660\u0660\u0667/",
            f"/errors/{'1' * 5000}/",
            "/errors/1234567890/",
            "/errors/1007.xml",
            "/errors/%FF/",
        ),
    ],
)
def test_what_is_no_code_is_not_found(client: Client, path: str) -> None:
    """One code, one address."""
    assert client.get(path).status_code == 404


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete", "trace"])
def test_pages_are_only_read(client: Client, method: str) -> None:
    """Nothing but GET and HEAD."""
    for path in ("/errors/", "/errors/1007/"):
        response = getattr(client, method)(path)

        assert response.status_code == 405
        assert response.headers["Allow"] == "GET, HEAD"


@pytest.mark.parametrize(
    ("query", "header", "language"),
    [
        ("", "", "en"),
        ("", "zh-HK,en;q=0.5", "zh-hant"),
        ("", "xx, fr-CA;q=0.8, de;q=0.5", "fr"),
        ("", "fr;q=0, de", "de"),
        ("", "TL", "fil"),
        ("", "*", "en"),
        ("", "en;q=nan, a" + "," * 15_000, "en"),
        ("?language=ar", "fr", "ar"),
        ("?language=pt", "fr", "pt-br"),
        ("?language=\x00", "fr", "fr"),
        ("?language=" + "a" * 5000, "", "en"),
    ],
)
def test_language_is_that_of_the_address_then_of_the_browser(
    client: Client, query: str, header: str, language: str
) -> None:
    """Negotiated over the catalog's own languages; garbage is nobody's wish."""
    response = client.get(f"/errors/1007/{query}", headers={"accept-language": header})

    assert response.headers["Content-Language"] == language
    assert f'<html lang="{language}"' in response.content.decode()


def test_language_of_the_address_is_kept_by_links(client: Client) -> None:
    """Whoever chose a language keeps it; whoever did not has plain addresses."""
    chosen, plain = client.get("/errors/?language=de").content.decode(), client.get("/errors/").content.decode()

    assert 'href="/errors/1007/?language=de"' in chosen
    assert '<input type="hidden" name="language" value="de">' in chosen
    assert 'href="/errors/1007/"' in plain


def test_page_names_its_address_in_each_language(client: Client) -> None:
    """Search engines find the canonical address and the other languages."""
    html = client.get("/errors/1007/?language=de&q=1").content.decode()

    assert '<link rel="canonical" href="/errors/1007/?language=de">' in html
    assert '<link rel="alternate" hreflang="ar" href="/errors/1007/?language=ar">' in html
    assert '<meta property="og:title" content="1007 Guthaben' in html


@pytest.mark.urls("tests.pages.test_reference_views")
@pytest.mark.parametrize("query", ["", "?language=de"])
@pytest.mark.parametrize("code", ["", "1007/"], ids=["list", "code"])
@pytest.mark.parametrize("base", ["", "https://pay.example"], ids=["paths", "absolute"])
def test_addresses_that_machines_keep_are_those_of_the_setting(
    client: Client, settings: Settings, catalog: Catalog, base: str, code: str, query: str
) -> None:
    """With scheme, host and the host's own prefix where it is set; a forged host changes not one byte."""
    settings.ALLOWED_HOSTS = ["*"]
    settings.PTS_ERRORS_BASE_URL = base

    html = client.get(f"/shop/help/{code}{query}").content.decode()

    here = f"{base}/shop/help/{code}"
    assert f'<link rel="canonical" href="{here}{query}">' in html
    alternates = dict(re.findall('<link rel="alternate" hreflang="([^"]+)" href="([^"]+)">', html))
    assert alternates == {tag: f"{here}?language={tag}" for tag in catalog.languages}
    assert re.findall('<meta property="og:url" content="([^"]+)">', html) == ([here + query] if base else [])
    forms = re.findall('<link rel="alternate" type="[^"]+" href="([^"]+)">', html)
    assert forms == ([f"{base}/shop/help/1007.md", f"{base}/shop/help/1007.json"] if code else [])
    for headers in (
        {"Host": "evil.example"},
        {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https", "Forwarded": "host=evil.example"},
    ):
        assert client.get(f"/shop/help/{code}{query}", headers=headers).content.decode() == html


@pytest.mark.urls("tests.pages.test_reference_views")
def test_links_that_people_follow_stay_on_the_site(client: Client, settings: Settings) -> None:
    """A reader of a test site is not led to the real one, but by the address that is meant to be kept."""
    settings.PTS_ERRORS_BASE_URL = "https://pay.example"

    body = client.get("/shop/help/1007/?language=de").content.decode().partition("<body>")[2]

    assert re.findall(' href="(https:[^"]+)"', body) == ["https://pay.example/shop/help/1007/"]
    assert "https://pay.example/shop/help/1007/</a>" in body  # which is what is read on paper
    assert "&quot;type&quot;: &quot;https://pay.example/shop/help/1007/&quot;" in body
    assert client.get("/shop/help/1007.json").json()["url"] == "https://pay.example/shop/help/1007/"


def test_host_of_the_request_is_in_no_page(client: Client, settings: Settings) -> None:
    """A forged host cannot poison a cache."""
    settings.ALLOWED_HOSTS = ["*"]

    for path in ("/errors/", "/errors/1007/", "/errors/1007.json"):
        assert b"evil" not in client.get(path, headers={"host": "evil.example"}).content


def test_stored_markup_is_inert(client: Client) -> None:
    """What a title holds is text, everywhere."""
    hostile = '</title><script>alert(1)</script>"onload="'
    with override_catalog({"1007": {"title": hostile, "provider_message": hostile, "customer_message": hostile}}):
        html = client.get("/errors/").content + client.get("/errors/1007/").content

    assert b"<script>" not in html
    assert b'"onload="' not in html


def test_warm_page_costs_no_query(client: Client, django_assert_num_queries: DjangoAssertNumQueries, db: None) -> None:
    """Everything comes from the snapshot."""
    with django_assert_num_queries(0):
        client.get("/errors/1007/")
