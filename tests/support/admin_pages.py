"""Reading and sending the pages of the back office as a browser does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html.parser import HTMLParser
from typing import Any

from django.test import Client
from django.urls import URLResolver

from pts_errors.models import ErrorCode, Message

LIST = "/admin/pts_errors/errorcode/"
MATRIX = "/admin/pts_errors/message/"
PUBLISH = "/admin/pts_errors/errorcode/publish/"


def routes(patterns: Iterable[Any], prefix: str = "") -> Iterator[str]:
    """Yield every route below some URL patterns, with its converters; also those that a later version adds."""
    for pattern in patterns:
        route = prefix + str(pattern.pattern).removeprefix("^").removesuffix("$").removesuffix(r"\Z")
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, route)
        else:
            yield route


def code_url(code: str, page: str = "change/") -> str:
    """Return the address of a page of one code."""
    return f"{LIST}{ErrorCode.objects.get(code=code).pk}/{page}"


def message_url(code: str, language: str) -> str:
    """Return the address of the form of one message."""
    return f"{MATRIX}{Message.objects.get(error__code=code, language=language).pk}/change/"


class _Form(HTMLParser):
    """Collects what a browser would send of the largest form of a page, without any button."""

    def __init__(self) -> None:
        super().__init__()
        self.data: dict[str, list[str]] = {}
        self._area: str | None = None
        self._select: str | None = None
        self._text = ""
        self._is_inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        name = found.get("name")
        if tag == "form":
            self._is_inside = found.get("id", "") not in (
                "logout-form",
                "pts-review",
                "pts-decide",
                "changelist-search",
            )
        if not self._is_inside or "disabled" in found:
            return
        if tag == "input" and name and found.get("type") not in ("submit", "button"):
            if found.get("type") not in ("checkbox", "radio") or "checked" in found:
                self.data.setdefault(name, []).append(
                    found.get("value") or ("on" if found.get("type") == "checkbox" else "")
                )
        elif tag == "textarea":
            self._area, self._text = name, ""
        elif tag == "select":
            self._select = name
        elif tag == "option" and self._select and "selected" in found:
            self.data.setdefault(self._select, []).append(found.get("value") or "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea" and self._area:
            # HTML drops the first newline of a text area; browsers send CRLF.
            self.data[self._area] = [self._text.removeprefix("\n").replace("\n", "\r\n")]
            self._area = None
        elif tag == "select":
            self._select = None
        elif tag == "form":
            self._is_inside = False

    def handle_data(self, data: str) -> None:
        self._text += data


def fields(response: Any) -> dict[str, Any]:
    """Return what the form of a page would send as it is."""
    parser = _Form()
    parser.feed(response.content.decode())
    return dict(parser.data)


def send(
    client: Client, url: str, changes: dict[str, Any] | None = None, *, button: str = "draft", **extra: Any
) -> Any:
    """Open a form, change some of its fields, and press a button."""
    data = {**fields(client.get(url)), **(changes or {}), "_save": button}
    return client.post(url, data, **extra)


def said(response: Any) -> str:
    """Return what the page tells the user, as one text."""
    messages = response.context["messages"] if response.context else response.wsgi_request._messages
    return " ".join(str(message) for message in messages)
