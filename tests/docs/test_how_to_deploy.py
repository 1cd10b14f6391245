"""Tests of the recipes on the page about deploying: the page's own text, run by the real nginx and Varnish."""

from __future__ import annotations

import http.client
import os
import re
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.hosts import SITE, Host, database, program, until, wait_for_socket
from tests.support.paths import ROOT

pytestmark = pytest.mark.host

_PAGE = (ROOT / "docs" / "how-to" / "deploy.md").read_text(encoding="utf-8")
_SECONDS = int(re.findall(r"^PTS_ERRORS_SHARED_MAX_AGE = (\d+)$", _PAGE, re.M)[0])
_PATHS = ["/api/errors/", "/api/errors/1005/", "/errors/1005/", "/errors/1005.json"]
_LANGUAGES = ["en", "zh-hans", "ar", "de"]
_STAFF = {"Authorization": "Basic cm9vdDpyb290"}

_SERVER = """
import sys
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server
from django.core.wsgi import get_wsgi_application
class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True
class Handler(WSGIRequestHandler):
    def log_message(self, *args):
        pass
make_server("127.0.0.1", {port}, get_wsgi_application(), Server, Handler).serve_forever()
"""


@dataclass
class Answer:
    """What a client reads."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass
class Site:
    """A site behind a cache."""

    host: Host
    port: int
    cache_port: int
    server: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Let the site answer."""
        self.server = self.host.start(_SERVER.format(port=self.port))
        wait_for_socket(self.server, ("127.0.0.1", self.port))

    def stop(self) -> None:
        """Let it be down."""
        if self.server is not None:
            self.server.kill()
            self.server.communicate()
        self.server = None

    def get(self, path: str, headers: dict[str, str] | None = None, *, direct: bool = False) -> Answer:
        """Return what a client gets through the cache, or from the site itself."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port if direct else self.cache_port, timeout=60)
        try:
            connection.request("GET", path, headers={"Host": "errors.example", **(headers or {})})
            response = connection.getresponse()
            return Answer(response.status, dict(response.getheaders()), response.read())
        finally:
            connection.close()


def free_port() -> int:
    """Return a port that nobody has."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def recipe(language: str, *changes: tuple[str, str]) -> str:
    """Return the page's block in a language, with what differs on this machine."""
    text: str
    (text,) = re.findall(rf"^```{language}\n(.*?)^```$", _PAGE, re.M | re.S)
    for before, after in changes:
        assert text.count(before) == 1, before
        text = text.replace(before, after)
    return text


@contextmanager
def running(command: list[str], port: int) -> Iterator[None]:
    """Run a cache."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        wait_for_socket(process, ("127.0.0.1", port))
        yield
    finally:
        process.terminate()
        process.wait()


@contextmanager
def nginx(folder: Path, site: Site) -> Iterator[None]:
    """Run nginx with the recipe."""
    found = program("nginx", "nginx")
    block = recipe(
        "nginx",
        ("/var/cache/nginx/pts_errors", f"{folder}/cache"),
        ("listen 80;", f"listen 127.0.0.1:{site.cache_port};"),
        ("127.0.0.1:8000", f"127.0.0.1:{site.port}"),
    )
    temporary = "".join(f"{name}_temp_path {folder}/{name};" for name in ("client_body", "fastcgi", "scgi", "uwsgi"))
    user = "user root;" if os.getuid() == 0 else ""
    (folder / "nginx.conf").write_text(
        f"{user} daemon off; pid {folder}/pid; error_log {folder}/log; events {{}}"
        f"http {{ access_log off; proxy_temp_path {folder}/cache-new; {temporary}\n{block}\n}}",
        encoding="utf-8",
    )
    with running([found, "-c", str(folder / "nginx.conf"), "-e", str(folder / "log")], site.cache_port):
        yield


@contextmanager
def varnish(folder: Path, site: Site) -> Iterator[None]:
    """Run Varnish with the recipe."""
    found = program("varnishd", "varnish")
    (folder / "site.vcl").write_text(recipe("vcl", ('"8000"', f'"{site.port}"')), encoding="utf-8")
    address = f"127.0.0.1:{site.cache_port}"
    options = ["-j", "none", "-F", "-f", str(folder / "site.vcl"), "-a", address, "-n", str(folder / "varnish")]
    with running([found, *options, "-s", "malloc,32m"], site.cache_port):
        yield


@pytest.fixture(scope="module", params=[nginx, varnish], ids=["nginx", "varnish"])
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Give a site behind a cache that keeps answers for the page's own number of seconds."""
    path = tmp_path_factory.mktemp("cached")
    with database("sqlite", path) as settings:
        host = Host(path, {"default": settings}, f"{SITE}\nPTS_ERRORS_SHARED_MAX_AGE = {_SECONDS}\n")
        host.migrate()
        host.python("""
            from django.contrib.auth.models import User
            User.objects.create_superuser("root", password="root")
        """)
        site = Site(host, free_port(), free_port())
        with request.param(path, site):
            site.start()
            yield site
            site.stop()


def is_hit(answer: Answer) -> bool:
    """Return whether the cache answered without asking the site."""
    # nginx says so, and Varnish names the request that brought what it has.
    return answer.headers.get("X-Cache") == "HIT" or len(answer.headers.get("X-Varnish", "").split()) == 2


def is_stale(answer: Answer) -> bool:
    """Return whether the answer is older than the site allows."""
    return answer.headers.get("X-Cache") == "STALE" or int(answer.headers.get("Age", 0)) > _SECONDS


@pytest.mark.parametrize("path", _PATHS)
def test_an_answer_is_kept(site: Site, path: str) -> None:
    """And is to the byte what the site gives."""
    assert until(lambda: is_hit(site.get(path)))
    assert site.get(path).body == site.get(path, direct=True).body


@pytest.mark.parametrize("path", _PATHS)
def test_languages_are_kept_apart(site: Site, path: str) -> None:
    """Each reader gets the own one, in whatever order they come, kept or not."""
    expected = [site.get(path, {"Accept-Language": tag}, direct=True).body for tag in _LANGUAGES]

    rounds = [[site.get(path, {"Accept-Language": tag}).body for tag in _LANGUAGES] for _round in range(3)]

    assert len(set(expected)) == len(_LANGUAGES)
    assert rounds == [expected] * 3


@pytest.mark.parametrize("path", _PATHS)
def test_a_client_that_has_it_gets_no_body(site: Site, path: str) -> None:
    """The validator that the cache hands out is one that it, or the site, knows again."""
    tag = site.get(path).headers["ETag"]

    answer = site.get(path, {"If-None-Match": tag})

    assert (answer.status, answer.body) == (304, b"")


def test_staff_are_never_kept(site: Site) -> None:
    """Runbooks, the log, and public answers to somebody known come from the site, and nobody else gets them."""
    for path in ("/api/runbooks/", "/api/revisions/", "/api/errors/"):
        answers = [site.get(path, _STAFF) for _time in range(3)]

        assert {answer.status for answer in answers} == {200}
        assert {answer.headers["Cache-Control"] for answer in answers} == {"private, no-store"}
        assert not any(map(is_hit, answers))
    assert {site.get(path).status for path in ("/api/runbooks/", "/api/revisions/")} <= {401, 403}
    assert site.get("/api/errors/").headers["Cache-Control"].startswith("public")


def test_a_publish_comes_through(site: Site) -> None:
    """Once the kept answer is too old, the site is asked."""
    before = site.get("/api/errors/1006/").body
    site.host.python("""
        from pts_errors import publishing
        from pts_errors.models import Message
        Message.objects.filter(error__code="1006", language="en").update(title="Published behind a cache")
        publishing.publish(["1006"])
    """)

    assert b"Published behind a cache" not in before
    assert until(lambda: b"Published behind a cache" in site.get("/api/errors/1006/").body)


def test_readers_are_served_while_the_site_is_down(site: Site) -> None:
    """In their languages; what nobody had asked for is a failure, staff get nothing, and afterwards all is as before."""
    path = "/errors/1008/"
    expected = [site.get(path, {"Accept-Language": tag}).body for tag in _LANGUAGES]

    site.stop()
    try:
        assert until(lambda: is_stale(site.get(path, {"Accept-Language": _LANGUAGES[-1]})))
        stale = [site.get(path, {"Accept-Language": tag}).body for tag in _LANGUAGES]
        refused = [site.get("/errors/1009/").status, site.get("/api/runbooks/", _STAFF).status]
    finally:
        site.start()

    assert stale == expected
    assert all(status in (502, 503, 504) for status in refused)
    assert until(lambda: site.get("/errors/1009/").status == 200)
