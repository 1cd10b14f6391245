"""Plain requests are answered before Django REST framework looks at them, and nobody can tell, or get around a host."""

from __future__ import annotations

import gzip
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import Client, RequestFactory, override_settings
from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle

from pts_errors import snapshot
from pts_errors.api import views
from pts_errors.api.generic import is_plain
from tests.support.api import client_of
from tests.support.factories import UserFactory

pytestmark = pytest.mark.django_db

URLS = ["/api/errors/", "/api/errors/1003/", "/api/errors/?language=zh-hk", "/api/errors/1003/?language=ar"]
# Django REST framework takes it, and it is not what programs send: such a request goes the long way.
LONG_WAY = {"Accept": "application/*;q=0.9"}


class Refuses(BaseAuthentication):
    """Lets nobody in, by nothing that the request holds."""

    def authenticate(self, request: Any) -> None:
        """Refuse."""
        raise exceptions.AuthenticationFailed


class ByHeader(SessionAuthentication):
    """Knows people by a header of its own."""

    def authenticate(self, request: Any) -> Any:
        """Take whoever says so."""
        return (UserFactory(), None) if "X-Key" in request.headers else (AnonymousUser(), None)


class Never(BaseThrottle):
    """Lets nothing through."""

    def allow_request(self, request: Any, view: Any) -> bool:
        """Refuse."""
        return False


@pytest.mark.parametrize("encoding", ["", "gzip", "br, gzip;q=0.5"])
@pytest.mark.parametrize("method", ["get", "head"])
@pytest.mark.parametrize("url", URLS)
def test_both_ways_give_the_same_answer(client: Client, url: str, method: str, encoding: str) -> None:
    """A plain request gets, to the byte, what Django REST framework's way gives."""
    headers = {"Accept-Language": "de-AT, fr;q=0.5", "Accept-Encoding": encoding}

    short = getattr(client, method)(url, headers=headers)
    long = getattr(client, method)(url, headers={**headers, **LONG_WAY})

    assert (short.status_code, short.content, dict(short.items())) == (200, long.content, dict(long.items()))
    etag = {"If-None-Match": short["ETag"]}
    short, long = client.get(url, headers={**headers, **etag}), client.get(url, headers={**headers, **LONG_WAY, **etag})
    assert (short.status_code, dict(short.items())) == (304, dict(long.items()))


@pytest.mark.parametrize("url", URLS)
def test_a_warm_answer_asks_no_database(
    client: Client, url: str, django_assert_num_queries: Any, settings: Any
) -> None:
    """Until it is time to ask for news."""
    settings.PTS_ERRORS_REFRESH_SECONDS = 60
    client.get(url)

    with django_assert_num_queries(0):
        client.get(url)


@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize(
    ("attribute", "value", "status"),
    [("authentication_classes", [Refuses], 403), ("throttle_classes", [Never], 429)],
)
def test_what_a_host_configures_holds(
    client: Client, monkeypatch: pytest.MonkeyPatch, url: str, attribute: str, value: Any, status: int
) -> None:
    """No request is so plain that it gets around authentication or throttles."""
    monkeypatch.setattr(f"pts_errors.api.generic.CatalogView.{attribute}", value)

    assert client.get(url).status_code == status


@pytest.mark.parametrize("url", URLS)
def test_permissions_hold(client: Client, url: str) -> None:
    """A restricted catalog is not handed out, however it is asked for."""
    assert client.get(url).status_code == 200

    with override_settings(PTS_ERRORS_API_PERMISSION_CLASSES=["rest_framework.permissions.IsAuthenticated"]):
        assert client.get(url).status_code == 403


def test_whom_a_host_knows_by_another_header_leaves_nothing_in_a_cache(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A class that extends a usual one may know more."""
    monkeypatch.setattr("pts_errors.api.generic.CatalogView.authentication_classes", [ByHeader])

    assert client.get("/api/errors/", headers={"X-Key": "1"})["Cache-Control"] == "private, no-store"
    assert client.get("/api/errors/")["Cache-Control"].startswith("public")


def test_a_hosts_own_view_set_is_asked() -> None:
    """Who extends the view set is never passed over."""

    class Own(views.ErrorViewSet):
        def retrieve(self, request: Any, code: str, **prefix: str) -> Any:
            return Response({"own": code})

    response = Own.as_view({"get": "retrieve"})(RequestFactory().get("/"), code="1003")

    assert response.data == {"own": "1003"}


def test_options_of_the_view_hold() -> None:
    """A throttle may be given where the address is made."""
    view = views.ErrorViewSet.as_view({"get": "retrieve"}, throttle_classes=[Never])

    assert view(RequestFactory().get("/"), code="1003").status_code == 429


@pytest.mark.parametrize(
    ("url", "status"), [("/api/errors/7777/", 404), ("/api/errors/?language=!", 400), ("/api/errors/?since=x", 400)]
)
def test_what_is_wrong_is_described_as_before(client: Client, url: str, status: int) -> None:
    """A plain request for something that is not there, or with a wrong parameter, is answered with a problem."""
    response = client.get(url)

    assert (response.status_code, response["Content-Type"]) == (status, "application/problem+json")


@pytest.mark.parametrize(
    ("encoding", "is_compressed"),
    [
        ("gzip", True),
        ("deflate, gzip;q=1.0, *;q=0.5", True),
        ("gzip;q=0.001", True),
        ("", False),
        ("identity", False),
        ("br", False),
        ("gzip;q=0", False),
        ("gzip; q=0.000, identity", False),
    ],
)
def test_public_answers_are_compressed_for_whom_takes_it(client: Client, encoding: str, is_compressed: bool) -> None:
    """The two forms have tags of their own, and a cache is told that there are two."""
    plain = client.get("/api/errors/")

    response = client.get("/api/errors/", headers={"Accept-Encoding": encoding})

    assert ("Content-Encoding" in response) is is_compressed
    content = gzip.decompress(response.content) if is_compressed else response.content
    assert content == plain.content
    assert (response["ETag"] == plain["ETag"]) is not is_compressed
    assert "Accept-Encoding" in plain["Vary"].split(", ")
    assert plain["Vary"] == response["Vary"]


def test_a_hosts_own_compression_leaves_it_alone(client: Client, settings: Any) -> None:
    """It would compress what is compressed, and weaken the tag."""
    settings.MIDDLEWARE = ["django.middleware.gzip.GZipMiddleware", *settings.MIDDLEWARE]

    response = client.get("/api/errors/", headers={"Accept-Encoding": "gzip"})

    assert gzip.decompress(response.content).startswith(b'{"revision":')
    assert response["ETag"].startswith('"')


def test_what_one_person_gets_is_not_compressed_here() -> None:
    """Nothing that is answered to somebody known is shaped by this package."""
    response = client_of(UserFactory()).get("/api/errors/", headers={"Accept-Encoding": "gzip"})

    assert "Content-Encoding" not in response


@pytest.mark.parametrize(
    ("sent", "view", "expected"),
    [
        ({}, {}, True),
        ({"HTTP_ACCEPT": "application/json"}, {}, True),
        ({"REQUEST_METHOD": "HEAD"}, {}, True),
        ({"REQUEST_METHOD": "POST"}, {}, False),
        ({"HTTP_COOKIE": "a=b"}, {}, False),
        ({"HTTP_AUTHORIZATION": "Basic x"}, {}, False),
        ({"HTTP_ACCEPT": "text/html"}, {}, False),
        ({}, {"throttle_classes": [Never]}, False),
        ({}, {"authentication_classes": [Refuses]}, False),
        ({}, {"authentication_classes": [ByHeader]}, False),
        ({}, {"authentication_classes": []}, True),
    ],
)
def test_a_plain_request_is_one_that_nobody_could_refuse(sent: Any, view: Any, expected: bool) -> None:
    """Whatever a host configured is asked in its own way."""
    instance = views.ErrorViewSet()
    for name, value in view.items():
        setattr(instance, name, value)
    request = RequestFactory().generic(sent.get("REQUEST_METHOD", "GET"), "/api/errors/", **sent)
    request.META.pop("HTTP_COOKIE", None) if "HTTP_COOKIE" not in sent else None

    assert is_plain(request, instance, snapshot.current()) is expected


def test_a_precondition_that_fails_is_described_as_a_problem() -> None:
    """Also of a plain request."""
    response = Client().get("/api/errors/1005/", headers={"If-Match": '"another"'})

    assert response.status_code == 412
    assert response.headers["Content-Type"] == "application/problem+json"
