"""What the tests of the HTTP doors share: people who ask, and a model of a shared cache."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.models import User
from django.test import Client


def client_of(user: User | None = None, **options: Any) -> Client:
    """Return a client that is logged in as this user, or anonymous."""
    client = Client(**options)
    if user is not None:
        client.force_login(user)
    return client


@dataclass(slots=True)
class Stored:
    """One stored response and what selects it."""

    selecting: Mapping[str, str]
    status: int
    headers: dict[str, str]
    content: bytes


@dataclass(slots=True)
class SharedCache:
    """A strict model of a shared cache (RFC 9111) before an application.

    It keeps all that it may, matches only what Vary says, revalidates with every entity tag that it has of an address,
    and believes a 304 as far as the RFC does.
    """

    stored: dict[str, list[Stored]] = field(default_factory=dict)
    hits: int = 0

    def fetch(self, client: Client, url: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], bytes]:
        """Return status, headers and body of one request through the cache."""
        variants = self.stored.setdefault(url, [])
        sent = dict(headers)
        if variants:
            sent["If-None-Match"] = ", ".join(variant.headers["ETag"] for variant in variants)
        response = client.generic(method, url, headers=sent)
        if response.status_code == 304:
            (found,) = (v for v in variants if v.headers["ETag"] == response["ETag"])
            self.hits += 1
            if "no-store" in response["Cache-Control"]:  # for this client alone: what is kept stays as it was
                return (
                    found.status,
                    {**found.headers, **dict(response.items())},
                    b"" if method == "HEAD" else found.content,
                )
            assert found.selecting.keys() == _selecting(client, response, headers).keys()
            found.headers |= dict(response.items())
            return found.status, dict(found.headers), b"" if method == "HEAD" else found.content
        self._keep(client, response, url, method, headers)
        return response.status_code, dict(response.items()), response.content

    def stale(self, client: Client, url: str, **headers: str) -> bytes:
        """Return the body that a client gets while the site is down: the answer to a request that was alike."""
        sent = _sent(client, headers)
        (content,) = {
            variant.content
            for variant in self.stored[url]
            if all(sent.get(name, "") == value for name, value in variant.selecting.items())
        }
        return content

    def _keep(self, client: Client, response: Any, url: str, method: str, headers: Mapping[str, str]) -> None:
        directives = {part.strip() for part in response.get("Cache-Control", "").split(",")}
        if method != "GET" or response.status_code != 200 or directives & {"no-store", "private"}:
            return
        assert directives & {"public", "must-revalidate"} or "Authorization" not in headers
        selecting = _selecting(client, response, headers)
        variants = self.stored[url]
        variants[:] = [variant for variant in variants if variant.selecting != selecting]
        variants.append(Stored(selecting, response.status_code, dict(response.items()), response.content))


def _sent(client: Client, headers: Mapping[str, str]) -> Mapping[str, str]:
    return {**{name.lower(): value for name, value in headers.items()}, "cookie": client.cookies.output(header="")}


def _selecting(client: Client, response: Any, headers: Mapping[str, str]) -> Mapping[str, str]:
    sent = _sent(client, headers)
    names = [name.strip().lower() for name in response["Vary"].split(",")]
    assert "*" not in names
    return {name: sent.get(name, "") for name in names}
