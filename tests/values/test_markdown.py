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


def labeled(text):
    """Return the HTML of a text with a label for unconfirmed remarks."""
    return markdown.render(text, unconfirmed="Unconfirmed").strip()


MARK = '<span class="unconfirmed">(<b>Unconfirmed</b>: {})</span>'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Restart it (assumption to confirm: it can).", f"<p>Restart it {MARK.format('it can')}.</p>"),
        ("(Assumption\nto confirm:it can)", f"<p>{MARK.format('it can')}</p>"),
        (
            "(assumption to confirm: a (b (c)) `)` \\) d) (e)",
            f"<p>{MARK.format('a (b (c)) <code>)</code> ) d')} (e)</p>",
        ),
        ("**A. (assumption to confirm: *b*) c**", f"<p><strong>A. {MARK.format('<em>b</em>')} c</strong></p>"),
        ("**a (assumption to confirm: b** c)", f"<p>**a {MARK.format('b** c')}</p>"),
        ("- a (assumption to confirm: b)", f"<ul>\n<li>a {MARK.format('b')}</li>\n</ul>"),
        (
            "(assumption to confirm: see [x](https://x.test/a(b)))",
            f"<p>{MARK.format('see <a href=%shttps://x.test/a(b)%s rel=%snoopener noreferrer nofollow%s>x</a>')}</p>".replace(
                "%s", '"'
            ),
        ),
        (
            "[a (assumption to confirm: b)](/x)",
            f'<p><a href="/x" rel="noopener noreferrer nofollow">a {MARK.format("b")}</a></p>',
        ),
        ("(assumption to confirm: <b>x</b>)", f"<p>{MARK.format('&lt;b&gt;x&lt;/b&gt;')}</p>"),
    ],
)
def test_an_unconfirmed_remark_has_a_label(text, expected):
    """With all the markup in it; parentheses that are part of it do not end it."""
    assert labeled(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "`(assumption to confirm: x)`",
        "    (assumption to confirm: x)",
        "```\n(assumption to confirm: x)\n```",
        "\\(assumption to confirm: x)",
        "(assumption to confirm: x",
        "(assumption to confirm: )",
        "(assumption to confirm: [x) y](/z)",
        "(an assumption to confirm: x)",
        "assumption to confirm: x",
        "|a|b|\n|-|-|\n|(assumption to confirm: x|y)|",
    ],
)
def test_what_is_no_mark_stays_as_it_is(text):
    """Code, a mark that does not end, and an empty one."""
    assert labeled(text) == markdown.render(text).strip()
    assert "unconfirmed" not in labeled(text)
    assert markdown.unconfirmed(text) == ()


def test_a_mark_in_a_table_is_one():
    """A cell holds the same as a paragraph."""
    html = labeled("|a|b|\n|-|-|\n|x (assumption to confirm: y)|z|")

    assert f"<td>x {MARK.format('y')}</td>\n<td>z</td>" in html


def test_a_mark_without_a_label_is_the_text_that_was_written():
    """Also on one line, where the label is plain text."""
    text = "Restart it (assumption to confirm: it `can`). And more."

    assert markdown.render(text) == "<p>Restart it (assumption to confirm: it <code>can</code>). And more.</p>\n"
    assert markdown.plain(text) == "Restart it (assumption to confirm: it can). And more."
    assert markdown.plain(text, unconfirmed="Unconfirmed") == "Restart it (Unconfirmed: it can). And more."


def test_marks_are_found_with_their_sentence():
    """Each in its paragraph, item or cell, without markup."""
    text = (
        "1. First. **Restart** it\n   (assumption to confirm: it can), then wait. And more.\n\n"
        "| a |\n|-|\n| x (assumption to confirm: y) |\n\n(assumption to confirm: a (assumption to confirm: b)) c"
    )

    found = [(mark.before, mark.remark, mark.after) for mark in markdown.unconfirmed(text)]

    assert found == [
        ("Restart it ", "it can", ", then wait."),
        ("x ", "y", ""),
        ("", "a (assumption to confirm: b)", " c"),
        ("(assumption to confirm: a ", "b", ") c"),
    ]
    assert markdown.unconfirmed(text)[0].statement == "Restart it (assumption to confirm: it can), then wait."


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (0, "`(assumption to confirm: x)` a (b (c)) and (assumption to confirm: d)"),
        (1, "`(assumption to confirm: x)` a (assumption to confirm: b (c)) and (d)"),
    ],
)
def test_a_confirmed_remark_is_a_fact(number, expected):
    """Its words stay; code and the other marks are left alone."""
    text = "`(assumption to confirm: x)` a (assumption to confirm: b (c)) and (assumption to confirm: d)"

    assert markdown.confirmed(text, number) == expected


@pytest.mark.parametrize("text", ["", "`(assumption to confirm: x)`", "(assumption to confirm: x)"])
def test_a_remark_that_is_not_there_cannot_be_confirmed(text):
    """The caller counts them first."""
    with pytest.raises(IndexError):
        markdown.confirmed(text, 1)


_PIECES = ("(", ")", "(assumption to confirm: ", "a", " ", "`", "\n", "[x](/y)", "**", "\\", "|", "- ", ". ")


@given(st.lists(st.sampled_from(_PIECES), max_size=25).map("".join))
def test_confirming_takes_one_mark_and_no_word(text):
    """Whatever surrounds it."""
    marks = markdown.unconfirmed(text)
    for number in range(len(marks)):
        fact = markdown.confirmed(text, number)

        assert len(markdown.unconfirmed(fact)) < len(marks)
        assert re.sub(r"assumption to confirm:\s*", "", fact) == re.sub(r"assumption to confirm:\s*", "", text)
