"""Tests of PO files against GNU gettext: both read the same texts from the same bytes, whoever wrote them."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pts_errors.exceptions import ExchangeError
from pts_errors.exchange import folder
from pts_errors.values.entry import Entry, Message
from tests.support.values import make_entry

pytestmark = pytest.mark.skipif(shutil.which("msgcat") is None, reason="msgcat and msgfmt of gettext are not installed")

HEADER = 'msgid ""\nmsgstr "Content-Type: text/plain; charset={}\\n"\n\n'

PIECES = st.sampled_from(
    ['"', "\\", "\\n", "\n", "\t", "\r", "\a", "\b", "\f", "\v", "\\303\\240", "\\x41", "\u2028", "\u00a0"]
)
WORDS = st.sampled_from(
    ["a", "été", "中文 模", "العربية", "😀", "“x”", "# no", "#, fuzzy", "#~ msgid", 'msgid "x"', "domain"]
)
# Gettext's checks want a translation to begin and end with line breaks as its source does.
TEXT = st.lists(PIECES | WORDS | st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=5), max_size=5).map(
    "".join
)
STORED = TEXT.map(lambda text: re.sub("[\a\b\f\v\r]", "", text).strip("\n"))

# By key: the source text that a translation is confirmed against, and the translation.
Units = Mapping[str, tuple[str, str]]


def gettext(program: str, content: bytes, *arguments: str) -> bytes:
    """Return what one of its programs writes of what it reads."""
    done = subprocess.run([program, *arguments, "-"], input=content, capture_output=True)
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    return done.stdout


def accepts(content: bytes) -> bool:
    """Return whether gettext reads it, in the charset that it names."""
    return subprocess.run(["msgcat", "-"], input=content, capture_output=True).returncode == 0


def read(content: bytes) -> Units:
    """Return what we read in a file."""
    return {
        f"{record.key}/{path[1]}": (record.confirmed.get(path, ""), text)
        for record in folder.parse({"fr.po": content})
        for path, text in record.values.items()
    }


def refusal(content: bytes) -> str:
    """Return why we refuse a file."""
    with pytest.raises(ExchangeError) as caught:
        folder.parse({"fr.po": content})
    return str(caught.value)


def as_gettext_reads(content: bytes) -> Units:
    """Return what gettext reads in a file: what it writes in its plainest form, put together by a few lines of ours.

    The plainest form has one line a text and no escape but those of C.
    """
    plain = gettext("msgcat", content, "--no-wrap", "-t", "UTF-8").decode()
    found = {}
    for block in re.split(r"\n{2,}", plain):
        if block.startswith("#~") or "\n#~" in block:
            continue
        texts: dict[str, str] = {}
        name = ""
        for line in block.split("\n"):
            if match := re.fullmatch(r'(#\| )?(msgctxt |msgid |msgstr )?"(.*)"', line):
                name = f"{match[1] or ''}{match[2]}" if match[2] else name
                texts[name] = texts.get(name, "") + unescaped(match[3])
        text, is_fuzzy = texts.get("msgstr ", ""), bool(re.search(r"^#,.*\bfuzzy\b", block, re.MULTILINE))
        if "msgctxt " in texts:
            confirmed = texts.get("#| msgid ", "") if is_fuzzy else texts["msgid "]
            found[texts["msgctxt "]] = (confirmed if text else "", text)
    return found


def unescaped(text: str) -> str:
    """Return a text of C, which has no escape of a byte."""
    names = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}
    return re.sub(r"\\(.)", lambda match: names.get(match[1], match[1]), text)


def quoted(text: str) -> str:
    """Return a text between quotes."""
    names = {
        "\n": "\\n",
        "\t": "\\t",
        "\r": "\\r",
        "\a": "\\a",
        "\b": "\\b",
        "\f": "\\f",
        "\v": "\\v",
        '"': '\\"',
        "\\": "\\\\",
    }
    return '"' + "".join(names.get(character, character) for character in text) + '"'


@st.composite
def files(draw: st.DrawFn) -> bytes:
    """Return a PO file as people and tools write it: comments, fuzzy and obsolete units, texts in pieces, loose layout."""
    blocks = [HEADER.format("UTF-8")]
    for number in range(draw(st.integers(1, 4))):
        lines = [
            draw(
                st.sampled_from(
                    ["", "#", "# note", "#. from", "#: a.c:1", "#, c-format", "#,fuzzy", "#, no-wrap, fuzzy"]
                )
            )
        ]
        lines += draw(st.sampled_from([[], ["#= c-format"], ["#  a “note”", "#."]]))
        if draw(st.booleans()):
            lines.append(f"#| msgid {quoted(draw(TEXT))}")
        prefix = draw(st.sampled_from(["", "", "", "#~ "]))
        if prefix:
            lines = [line.replace("#| ", "#~| ") for line in lines]
        for keyword, pieces in (
            ("msgctxt", [f"{1000 + number}/title"]),
            ("msgid", ["x", draw(TEXT)]),
            ("msgstr", draw(st.lists(TEXT, min_size=1, max_size=3))),
        ):
            space = draw(st.sampled_from(["", " ", "  ", "\t"]))
            between = draw(st.sampled_from(["", " ", f"\n{prefix}"]))
            lines.append(f"{prefix}{keyword}{space}{between.join(quoted(piece) for piece in pieces)}")
        blocks.append("\n".join(line for line in lines if line))
    return (draw(st.sampled_from(["\n", "\n\n"])).join(blocks) + "\n").encode()


@given(files())
def test_a_file_is_read_as_gettext_reads_it(content: bytes) -> None:
    """However it is laid out."""
    assert read(content) == as_gettext_reads(content)


LAYOUTS = [
    ["--escape"],
    ["--no-escape"],
    ["--no-wrap"],
    ["--width=20"],
    ["--width=20", "--escape"],
    ["--indent"],
    ["--strict"],
    ["--sort-output"],
    ["--add-location=never", "--force-po"],
]


@given(st.lists(st.tuples(STORED, STORED, st.none() | STORED), min_size=1, max_size=4), st.sampled_from(LAYOUTS))
@example([("à la date", "été \\303\\240", None)], ["--escape"])
def test_what_gettext_writes_of_our_files_we_read_the_same(texts: Any, layout: list[str]) -> None:
    """Whole files written by msgcat --escape, for one, in which every letter beyond ASCII is an escape."""
    content = exported(texts)

    assert read(gettext("msgcat", content, *layout)) == read(content) == expected(texts)


@given(st.lists(st.tuples(STORED, STORED, st.none() | STORED), min_size=1, max_size=4))
def test_gettext_accepts_what_we_write_and_gives_the_same_texts_back(texts: Any) -> None:
    """With all its checks, and from its binary form."""
    content = exported([(source, text, None) for source, text, _earlier in texts])

    binary = gettext("msgfmt", content, "-c", "-o", "-")

    assert as_gettext_reads(gettext("msgunfmt", binary)) == {
        key: (source, text) for key, (source, text) in read(content).items() if text
    }
    assert as_gettext_reads(content) == read(content)


def exported(texts: Iterable[tuple[str, str, str | None]]) -> bytes:
    """Return our PO file of these texts: source, translation, and another source that it was confirmed against."""
    return dict(folder.write(entries(texts), only=["fr"]))["messages/fr.po"].encode()


def entries(texts: Iterable[tuple[str, str, str | None]]) -> list[Entry]:
    """Return a code for each of these texts."""
    return [
        make_entry(
            code=str(1000 + number),
            name=f"CODE_{number}",
            messages={
                "en": Message(title=f"x{source}"),
                "fr": Message(title=text, source_text={} if earlier is None else {"title": earlier}),
            },
        )
        for number, (source, text, earlier) in enumerate(texts)
    ]


def expected(texts: Iterable[tuple[str, str, str | None]]) -> Units:
    """Return what has to be read of them."""
    return {
        f"{1000 + number}/title": ((f"x{source}" if earlier is None else earlier) if text else "", text)
        for number, (source, text, earlier) in enumerate(texts)
    }


@pytest.mark.parametrize(
    ("charset", "text"),
    [
        ("ISO-8859-1", "Solde épuisé à la date"),
        ("ISO-8859-15", "5 € déjà"),
        ("ISO-8859-2", "Żółć"),
        ("ISO-8859-6", "رصيد غير كاف"),
        ("KOI8-R", "Недостаточно средств"),
        ("CP1251", "Недостаточно средств"),
        ("CP1252", "“Solde” épuisé…"),
        ("GB18030", "余额不足，请稍后再试"),
        ("GBK", "誠\\"),
        ("GB2312", "余额不足，请稍后再试"),
        ("EUC-JP", "残高が不足しています"),
        ("EUC-KR", "잔액이 부족합니다"),
    ],
)
@pytest.mark.parametrize("layout", [[], ["--escape"], ["--width=20"], ["--width=20", "--escape"]], ids=" ".join)
def test_a_file_in_another_charset_is_read(charset: str, text: str, layout: list[str]) -> None:
    """The header says which, and its escapes are bytes of it."""
    texts = [("source", f'{text} "{text}"\n{text}', None)]

    content = gettext("msgcat", exported(texts), "-t", charset, *layout)

    assert charset.encode() in content.replace(b'"\n"', b"")
    assert read(content) == expected(texts)


UNIT = 'msgctxt "1007/title"\nmsgid "Low"\nmsgstr "Bas"\n'
UTF8 = HEADER.format("UTF-8")


@pytest.mark.parametrize(
    "content",
    [
        UTF8 + UNIT.replace("Bas", r"\303\240 la date"),
        UTF8 + UNIT.replace("Bas", r"\xc3\xA0 la date"),
        UTF8 + UNIT.replace('"Bas"', r'"\303" "\240" "\1011\x41g"'),
        UTF8 + UNIT.replace("Bas", r"\a\b\f\n\r\t\v\\\""),
        UTF8 + UNIT.replace('"Bas"', '"B" "a"\n \t"s"'),
        UTF8 + UNIT.replace("\n", " ").replace(' "', '"'),
        UTF8 + f'#= c-format\n#, c-format,fuzzy\n#| msgctxt "a"\n#| msgid "z"\n#| "y"\n{UNIT}',
        UTF8 + f'#, fuzzy c-format\n#|msgid"z"\n{UNIT}',
        UTF8 + f"#, Fuzzy, unfuzzy\n{UNIT}",
        UTF8 + f'domain "x"\n{UNIT}',
        UTF8 + UNIT + '#, fuzzy\n#~| msgid "z"\n#~ msgid "a"\n#~ msgstr "b"\n',
        UTF8 + UNIT + "#~ # note\n",
        UTF8.replace("\n\n", "\n").replace('msgstr "', 'msgstr ""\n"PO-Revision-Date: x\\n"\n"') + UNIT,
        UNIT + UTF8,
        f"#, fuzzy\n{UTF8}{UNIT}",
        UNIT,
        (UTF8 + UNIT).replace("\n", "\r\n"),
        UTF8 + UNIT.replace("Bas", "B\tas"),
        "",
    ],
    ids=ascii,
)
def test_an_odd_file_is_read_as_gettext_reads_it(content: str) -> None:
    """Rare, and legal."""
    assert accepts(content.encode())

    assert read(content.encode()) == as_gettext_reads(content.encode())


REFUSED = [
    (UTF8 + UNIT.replace('"Bas"', "Solde insuffisant"), ":6: This is not a PO file: 'Solde' is not a keyword. Put"),
    (UTF8 + UNIT.replace('"Bas"', "“Bas”"), ":6: This is not a PO file: '“' is not allowed here. Put each text"),
    (UTF8 + UNIT.replace('"Bas"', "'Bas'"), ':6: This is not a PO file: "\'" is not allowed here. Put each text'),
    (UTF8 + UNIT.replace("Bas", 'le "bas"'), ":6: This is not a PO file: 'bas' is not a keyword. Put each text"),
    (UTF8 + UNIT.replace("Bas", "Bas\n"), ":6: This is not a PO file: the text does not end on its line. Close it"),
    (UTF8 + UNIT.replace("Bas", r"\q"), r":6: This is not a PO file: the escape \q is unknown. Write a backslash"),
    (UTF8 + UNIT.replace("Bas", r"\u00e9"), r":6: This is not a PO file: the escape \u is unknown. Write a backslash"),
    (UTF8 + UNIT.replace("Bas", r"\xg"), r":6: This is not a PO file: the escape \x is unknown. Write a backslash"),
    (
        UTF8 + UNIT.replace("Bas", r"\303"),
        ":6: This is not a PO file: the escapes in the text are not valid UTF-8. Write",
    ),
    (UTF8 + UNIT.replace("Bas", r"\777"), r":6: This is not a PO file: the escape \777 is not a valid byte"),
    (UTF8 + UNIT.replace("Bas", r"B\0s"), r":6: This is not a PO file: the escape \0 is not a valid byte."),
    (UTF8 + UNIT.replace("msgstr", "# note\nmsgstr"), ":6: This is not a PO file: a comment is inside a unit."),
    (UTF8 + UNIT.replace('w"', 'w" # note'), ":5: This is not a PO file: a comment is inside a unit. Put"),
    (UTF8 + f'#| msgid "a"\n# note\n{UNIT}', ":5: This is not a PO file: a comment is inside a unit. Put it"),
    (UTF8 + UNIT + '# note\n"s"\n', ":8: This is not a PO file: the text has no keyword. All lines"),
    (UTF8 + f'#| msgid "a"\n"b"\n{UNIT}', ":5: This is not a PO file: the text has no keyword. All lines"),
    (UTF8 + UNIT.replace("msgid", "#~ msgid"), ":5: This is not a PO file: only some lines of the unit begin"),
    (UTF8 + UNIT.replace('msgid "Low"\n', ""), ":5: This is not a PO file: msgstr is not allowed here. A unit is"),
    (UTF8 + 'msgid "a"\nmsgctxt "b"\nmsgstr "c"\n', ":5: This is not a PO file: msgctxt is not allowed here. A unit"),
    (UTF8 + UNIT + 'msgstr "b"\n', ":7: This is not a PO file: msgstr is not allowed here. A unit is msgctxt, msgid"),
    (
        UTF8 + UNIT + 'msgstr[0] "b"\n',
        ":7: This is not a PO file: msgstr[] is not allowed here. A unit is msgctxt, msgid",
    ),
    (UTF8 + UNIT.replace(' "Bas"', ""), ':6: This is not a PO file: msgstr has no text, not even "". Put'),
    (UTF8 + 'msgid "a"\n', ":5: This is not a PO file: the last unit has no msgstr."),
    (UTF8 + UNIT.upper(), ":4: This is not a PO file: 'MSGCTXT' is not a keyword. Put each text in"),
    (UTF8 + UNIT + UNIT, ":7: The msgctxt '1007/title' occurs twice."),
    (UTF8 + UNIT + UTF8, ":7: The file has a second header. Keep only one."),
    # Gettext would read these; nobody means what it reads.
    (UTF8 + f"#~ #~ {UNIT}", ":4: This is not a PO file: '#' is not allowed here. Put each text in straight"),
    (f"# C:\\temp\\\n{UTF8}{UNIT}", ":1: This is not a PO file: the line ends in a backslash, which would join it"),
    (
        HEADER.format("ISO-8859-1") + UNIT.replace("Bas", "Été"),
        ":1: The header says charset=ISO-8859-1, but the file",
    ),
    (HEADER.format("BIG5") + UNIT, ":1: The charset 'BIG5' in the header is not supported. Save the file"),
    (HEADER.format("rot13") + UNIT, ":1: The charset 'rot13' in the header is not supported. Save the"),
    (HEADER.format("unicode_escape") + UNIT, ":1: The charset 'unicode_escape' in the header is not supported"),
]


@pytest.mark.parametrize(
    ("content", "expected"),
    REFUSED,
    ids=lambda value: ascii(value[-60:]),
)
def test_what_gettext_refuses_or_nobody_means_is_refused(content: str, expected: str) -> None:
    """With the line, the cause and the cure, and nothing is guessed."""
    assert refusal(content.encode()).startswith(f"messages/fr.po{expected}")


SOUP = st.lists(
    st.sampled_from(
        [
            "msgid ",
            "msgstr ",
            "msgctxt ",
            "msgid_plural ",
            "msgstr[0] ",
            "msgstr",
            "domain ",
            '""',
            '"a"',
            '"é"',
            '"1007/title"',
        ]
    )
    | st.sampled_from(
        ["\n", "\n", "\n", "#", "# x\n", "#| ", "#~ ", "#~| ", "#, fuzzy\n", "#=", r'"\303\251"', r'"\351"', '"', "\\"]
    )
    | st.sampled_from(['msgctxt "1007/title" msgid "a" msgstr "b"\n', "“a”", "x", " ", "\t", "[", "1"]),
    max_size=14,
).map("".join)


@given(SOUP)
def test_whatever_gettext_refuses_is_refused(soup: str) -> None:
    """And what we read, it reads the same."""
    content = (UTF8 + soup).encode()
    try:
        units = read(content)
    except ExchangeError:
        return

    assert accepts(content)
    assert units == as_gettext_reads(content)
