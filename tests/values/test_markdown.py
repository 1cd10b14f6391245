"""Tests of `pts_errors.values.markdown`, with nh3 as the oracle of what is harmless."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import nh3
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pts_errors.values import markdown

# All that a runbook's HTML may consist of. nh3 takes away everything else, so harmless HTML comes back unchanged.
TAGS = {
    *(
        "p",
        "br",
        "hr",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "blockquote",
        "ul",
        "ol",
        "li",
        "strong",
        "em",
        "code",
        "pre",
    ),
    *("a", "table", "thead", "tbody", "tr", "th", "td"),
}
ATTRIBUTES = {"a": {"href", "title", "rel"}, "ol": {"start"}, "code": {"class"}, "th": {"align"}, "td": {"align"}}
SCHEMES = {"http", "https", "mailto"}

ATTACKS = [
    "<script>alert(1)</script>",
    "<SCRIPT SRC=//evil.example/x.js></SCRIPT>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)>",
    "<iframe src=https://evil.example></iframe>",
    "<a href='javascript:alert(1)'>a</a>",
    "<form action=https://evil.example><input name=q></form>",
    "<style>body{display:none}</style>",
    "<p style='background:url(//evil.example)'>",
    "<base href=//evil.example/>",
    "<meta http-equiv=refresh content=0>",
    "<link rel=stylesheet href=//evil.example>",
    "<object data=x></object><embed src=x>",
    "<math><mi xlink:href='javascript:alert(1)'>x</mi></math>",
    "<details open ontoggle=alert(1)>",
    "<!--><script>alert(1)</script>-->",
    "<![CDATA[<script>alert(1)</script>]]>",
    "<?php echo 1 ?>",
    "<!DOCTYPE html>",
    "<<script>script>alert(1)<</script>/script>",
    "<scr\x00ipt>alert(1)</script>",
    "\n\n<div>\n\n*a*\n\n</div>",
    "`<script>alert(1)</script>`",
    "```\n</code></pre><script>alert(1)</script>\n```",
    '```"><script>alert(1)</script>\na\n```',
    "    <script>alert(1)</script>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#60;script&#62;alert(1)&#60;/script&#62;",
    "[a](javascript:alert(1))",
    "[a](JaVaScRiPt:alert(1))",
    "[a](java\tscript:alert(1))",
    "[a](<java\tscript:alert(1)>)",
    "[a](java&#10;script:alert(1))",
    "[a](&#106;avascript:alert(1))",
    "[a](&#x6A;avascript:alert(1))",
    "[a](javascript&colon;alert(1))",
    "[a](\x01javascript:alert(1))",
    "[a](%6Aavascript:alert(1))",
    "[a](vbscript:msgbox(1))",
    "[a](data:text/html,<script>alert(1)</script>)",
    "[a](data:image/svg+xml;base64,PHN2Zz4=)",
    "[a](file:///etc/passwd)",
    "[a](blob:https://x/y)",
    "[a](//evil.example)",
    "[a](/\\evil.example)",
    "[a](\\\\evil.example)",
    "[a](/&#47;evil.example)",
    "[a](/&#92;evil.example)",
    "[a](/%09/evil.example)",
    "[a](</\t/evil.example>)",
    "[a](https:evil.example)",
    "[a](https:/\\evil.example)",
    "<javascript:alert(1)>",
    "<data:text/html,x>",
    '[a](https://x.example "\\" onclick=\\"alert(1)")',
    "[a](https://x.example '\"><script>alert(1)</script>')",
    '[a](<https://x.example/" onclick="alert(1)>)',
    "[a][b]\n\n[b]: javascript:alert(1)",
    "[a]\n\n[a]: //evil.example",
    '[a]\n\n[a]: https://x.example "\\"><script>alert(1)</script>"',
    "[![x](https://evil.example/p.png)](javascript:alert(1))",
    "![x](https://evil.example/p.png)",
    "![x](javascript:alert(1))",
    "![x](data:image/png;base64,AAAA)",
    "![x][y]\n\n[y]: https://evil.example/p.png",
    '![x](https://evil.example/p.png "\\" onerror=\\"alert(1)")',
    "|a|\n|-|\n|<script>alert(1)</script>|",
    "|a|\n|:-:|\n|[x](javascript:alert(1))|",
    "# <script>alert(1)</script>",
    "> <img src=x onerror=alert(1)>",
    "1. <svg/onload=alert(1)>",
    "*<b onmouseover=alert(1)>*",
    "\u202e<script>alert(1)</script>",
    "[a](http://x.example/\ud800)",
    "\ud800 \udfff",
]


class Events(HTMLParser):
    """Collects tags, attributes and text, however entities and quotes are written."""

    def __init__(self, html):
        super().__init__()
        self.found = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.found.append((self.text, tag, sorted(attrs)))
        self.text = ""

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag):
        self.found.append((self.text, f"/{tag}", []))
        self.text = ""

    def handle_data(self, data):
        self.text += data

    def handle_comment(self, data):  # pragma: no cover - a comment would be a failure
        self.found.append((self.text, "comment", data))


def assert_harmless(html):
    """Fail if nh3 takes anything away from the HTML, or if a link leads where none may."""
    cleaned = nh3.clean(html, tags=TAGS, attributes=ATTRIBUTES, url_schemes=SCHEMES, link_rel=None)
    found = Events(html).found
    assert found == Events(cleaned).found
    for _text, tag, attributes in found:
        if tag == "a":
            assert re.match(r"https?://|mailto:|#|/(?![/\\])", dict(attributes)["href"], re.IGNORECASE)
            assert dict(attributes)["rel"] == "noopener noreferrer nofollow"


@pytest.mark.parametrize("text", ATTACKS, ids=range(len(ATTACKS)))
def test_attacks_are_inert(text):
    """No script, handler, image, form, style, frame or foreign scheme comes out, whatever goes in."""
    html = markdown.render(text)

    assert_harmless(html)


@given(st.text(alphabet=st.sampled_from("<>[]()!&#:/\\\"'`|-*_ \n\tajsx1=;\x00\u2028\ud800"), max_size=80))
def test_any_text_is_harmless(text):
    """Nobody can write what the oracle would take away."""
    assert_harmless(markdown.render(text))


@pytest.mark.parametrize(
    "url",
    [
        "https://x.example/a?b=c&d=e",
        "http://x.example",
        "HTTPS://x.example",
        "mailto:a@x.example",
        "#meaning",
        "/errors/1007/",
    ],
)
def test_honest_links_stay_and_give_nothing_away(url):
    """The page behind a link learns neither where it was clicked nor gets a handle of the window."""
    html = markdown.render(f"[a]({url})")

    assert f'href="{url.replace("&", "&amp;")}"' in html
    assert 'rel="noopener noreferrer nofollow"' in html


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("**a** *b* `c`", "<p><strong>a</strong> <em>b</em> <code>c</code></p>\n"),
        ("1. a\n2. b", "<ol>\n<li>a</li>\n<li>b</li>\n</ol>\n"),
        ("- a", "<ul>\n<li>a</li>\n</ul>\n"),
        ("```sh\ndate\n```", '<pre><code class="language-sh">date\n</code></pre>\n'),
        ("## a", "<h2>a</h2>\n"),
        ("a\n\n---\n\nb", "<p>a</p>\n<hr />\n<p>b</p>\n"),
        ("Open <ORDER_ID> now.", "<p>Open &lt;ORDER_ID&gt; now.</p>\n"),
        ("![a](https://x.example/p.png)", None),
        ("", ""),
    ],
)
def test_what_runbooks_need_is_rendered(text, expected):
    """Emphasis, lists, code and headings; placeholders stay visible; an image is shown as it is written."""
    html = markdown.render(text)

    assert_harmless(html)
    assert expected is None or html == expected


def test_tables_are_rendered_without_inline_style():
    """A host's content security policy forbids inline style; the attribute does the same without it."""
    html = markdown.render("|a|b|c|\n|:-|-:|-|\n|1|2|3|")

    assert "<table>" in html
    assert '<th align="left">a</th>' in html
    assert '<td align="right">2</td>' in html
    assert "<td>3</td>" in html
    assert "style" not in html


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a <b>bold</b> word", ["<b>", "</b>"]),
        ("<div>\n<p>x</p>\n</div>", ["<div>", "<p>", "</p>", "</div>"]),
        ("<!-- note -->", ["<!-- note -->"]),
        ("![shot](https://x.example/p.png)", ["![shot]"]),
        ("![shot](javascript:x)", ["![shot]"]),
        ("1. > - deep <br> down", ["<br>"]),
        ("|a|\n|-|\n|<br>|", ["<br>"]),
        ("`<b>` and\n\n    <b>\n", []),
        ("1 < 2 and 3 > 2", []),
        ("<https://x.example>", []),
        ("", []),
    ],
)
def test_html_and_images_are_found(text, expected):
    """The lint names each piece, so that nobody wonders why it is shown as text."""
    assert list(markdown.forbidden(text)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1. a\n2. b", ["1. a", "2. b"]),
        ("1. a\n   more\n\n2. b\n", ["1. a\n   more", "2. b"]),
        ("Before.\n\n1. a\n   1. nested\n2. b\n\nAfter.", ["1. a\n   1. nested", "2. b"]),
        ("1. a\n\n---\n\n1) b", ["1. a", "1) b"]),
        ("- a\n- b", []),
        ("> 1. quoted", []),
        ("No list.", []),
        ("", []),
        ("x\u2028y\x85z\x0bw\n\n1. a", ["1. a"]),
        ("1. a\r\n2. b\r3. c", ["1. a", "2. b", "3. c"]),
    ],
)
def test_numbered_items_are_found(text, expected):
    """The top-level steps only, each as it is written; line ends are those of Markdown and no others."""
    assert list(markdown.numbered_items(text)) == expected


@given(st.text(alphabet=st.sampled_from("1.) \n\r\u2028-a>"), max_size=60))
def test_numbered_items_begin_with_their_number(text):
    """However the lines end, an item is cut where it begins."""
    for item in markdown.numbered_items(text):
        assert re.match(r"[ ]*\d+[.)]", item)
