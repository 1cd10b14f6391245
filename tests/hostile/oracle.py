"""Says whether HTML is harmless: by Python's parser, and by the one that nh3 has from a browser."""

from __future__ import annotations

from html.parser import HTMLParser
from urllib.parse import urlsplit

import nh3

# Attacks name this tag, this attribute and this function, so that nothing of ours can be taken for one of them.
MARK = "pwned"

ATTACKS = (
    f"'\"></title></textarea></style></script></option></noscript><{MARK} {MARK}=1 on{MARK}=1>",
    f'" {MARK}=1 on{MARK}=1 x="',
    f"' {MARK}=1 on{MARK}=1 x='",
    f"--!><{MARK}><!--",
    f"]]><{MARK}><![CDATA[",
    f"<script>{MARK}()</script>",
    f"<img src=x onerror={MARK}()>",
    f"[a](javascript:{MARK}())",
    f"javascript:{MARK}()",
    f"&lt;{MARK}&gt;&#60;{MARK}&#62;",
    f"{{{{ {MARK} }}}}{{% {MARK} %}}",
)
"""Each tries to leave another context. Short, so that they fit every column."""

_ADDRESSES = {"href", "src", "action", "formaction", "data", "srcdoc", "poster", "xlink:href", "ping", "background"}
_SCHEMES = {"", "http", "https", "mailto"}


class _Page(HTMLParser):
    """Collects what is wrong with a page."""

    def __init__(self) -> None:
        super().__init__()
        self.faults: list[str] = []
        self._code = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._code = tag if tag in ("script", "style") else ""
        if MARK in tag:
            self.faults.append(f"a tag <{tag}>")
        for name, value in attrs:
            if MARK in name or name.startswith("on") or name == "style":
                self.faults.append(f"an attribute {name} of <{tag}>")
            if name in _ADDRESSES:
                # Browsers leave these signs out before they look at the scheme.
                address = "".join(sign for sign in value or "" if sign > " ")
                if urlsplit(address).scheme.lower() not in _SCHEMES or address.startswith(("//", "/\\", "\\")):
                    self.faults.append(f"an address {value!r}")

    def handle_endtag(self, tag: str) -> None:
        self._code = ""

    def handle_data(self, data: str) -> None:
        if self._code and MARK in data:
            self.faults.append(f"a text in <{self._code}>")

    def handle_comment(self, data: str) -> None:
        if MARK in data:
            self.faults.append("a text in a comment")


def faults(html: str) -> list[str]:
    """Return what could do harm in a page that shows attacks; nothing if all of them are mere text."""
    page = _Page()
    page.feed(html)
    page.close()
    # What a browser would take for the tag or the attribute is all that is let through here; text comes out escaped.
    browser = nh3.clean(
        html,
        tags={MARK, "a", "p", "input", "option", "textarea"},
        attributes={"*": {MARK, f"on{MARK}"}},
        link_rel=None,
        clean_content_tags=set(),
    )
    if f"<{MARK}" in browser or f"<a {MARK}" in browser or f"<input {MARK}" in browser or f"<option {MARK}" in browser:
        page.faults.append("a tag or an attribute, as a browser reads it")
    return page.faults
