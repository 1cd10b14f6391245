"""Find the codes that a text mentions, such as a pasted log line or a sentence of a runbook."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum, auto
from functools import cache
from typing import Any

# Every pattern works in Python and JavaScript: the static copy has no server, so its script gets them as data (`rules`)
# and applies them in the same order. All patterns ignore case.

# Log lines may be long; the rest is ignored.
MAX_TEXT = 10_000

# Escapes: %22 in URLs, \" and \u0022 of JSON in JSON, &quot; in HTML. Applied three times, for nested escapes. The
# first pattern captures the character's hexadecimal number; each of the others has its replacement.
_HEXADECIMAL = r"(?:%|\\+u00)([2-7][0-9a-f])"
_ESCAPES = (
    (r"&quot;|&#0*34;|&#x0*22;", '"'),
    (r"&apos;|&#0*39;|&#x0*27;", "'"),
    (r"&lt;", "<"),
    (r"&gt;", ">"),
    (r"&amp;", "&"),
    (r"\\+(?=[\"'/])", ""),
    (r"\\+[nrt]", " "),
)

# A number that is not part of a word, decimal, date, time or identifier.
_NUMBER = r"(?<![\w-])(?<!\d[.,:/])[1-9][0-9]{0,8}(?:\.0+)?(?![\w%]|[.,:]\d|/\d{1,2}\b|-\w)"

# Characters before a number in which its label begins, and after it for its unit.
_REACH = 60

# Between a label and its number: quotes, brackets, separators, and types as PHP and Python print them.
_GLUE = (
    r"[\"'`*)\]\s]*"
    r"(?:(?:\b(?:is|was|number|no|nr)\b\.?|[:=#>|\u2192]|\s-\s|[\"']\s*,|;(?=s:\d|i:))[\"'`*(\[{\s]*)*"
    r"(?:s:\d+:|i:|int\(|string\(\d+\)|float\(|decimal\(|str\(|\bb(?=[\"'])|\bu(?=[\"']))?[\"'`*(\[{\s]*"
)
# Labels of a code: code, error_code, errorCode, rc, PTSError, "the error code".
_CODE = r"(?:^|[^a-z0-9])(?:[a-z0-9_.-]*(?:codes?|error|err|errno|exception)|rc|ret|pts)"
# The same in the catalog's languages, and URLs of our own pages.
_CODE_ELSEWHERE = (
    r"(?:c[o\u00f3]digo|kode|\bkod|m\u00e3(?:\sl\u1ed7i)?|[\u041a\u043a]\u043e\u0434\u0430?|\u0643\u0648\u062f|\u0631\u0645\u0632"
    r"|\u0915\u094b\u0921|\u0e23\u0e2b\u0e31\u0e2a|\u30b3\u30fc\u30c9|\ucf54\ub4dc|(?:\u9519\u8bef|\u8fd4\u56de|\u54cd\u5e94|\u4ee3|\u7b54)\u7801"
    r"|(?:\u932f\u8aa4|\u56de\u50b3|\u56de\u61c9|\u4ee3)\u78bc|errors/|books/)"
)
# Verbs of the gateway before a number.
_ANSWERED = (
    r"\b(?:answer(?:ed|s)?|return(?:ed|s)?|respon(?:ded|ds|se)|repl(?:ied|ies|y)|said|says"
    r"|(?:failed|refused|rejected) with)(?:\s+(?:with|by|the|an?|error|code|pts))*[\"'`(\s:=]*$"
)
_LABELS = (f"{_CODE}{_GLUE}$", f"{_CODE_ELSEWHERE}{_GLUE}$", _ANSWERED)
# An order status is not a code, whatever a program calls it; nor are these other numbers.
_NO_CODE = (
    r"(?:(?:stat(?:us|e)|http|exit|zip|country|currency|language|area|bank|cnaps|branch|swift|\bqr|\bbar|promo|otp)"
    r"[\s_.-]*(?:codes?|err|error)|\b(?:de|en|uni|trans|post(?:al)?[_-]?)codes?"
    r"|(?:\u72b6\u6001|\u72c0\u614b|\u30b9\u30c6\u30fc\u30bf\u30b9|\uc0c1\ud0dc|[\u0421\u0441]\u0442\u0430\u0442\u0443\u0441)\S{0,4})"
)
# A log level before a process number.
_LOG_LEVEL = r"(?:^|[^\w])ERROR[\s\[(]+$"
# The number is something else: amount=1000, worker[1001], "status": "1000", port 9093, after 1000, $1000.
_OTHER = (
    r"[\w\"'\])\u0080-\uffff][ \t]*[:=#\[>@]{1,2}[\s\"'(\[{]*$|[/$\u20ac\u00a3\u00a5\u20b1\u20b9]\s?$"
    r"|\b(?:status|state|orders?|ids?|amount|sum|total|balance|port|line|pid|thread|worker|process|after|within|took"
    r"|every|row|page|limit|max|min|count|size|user|merchant|customer|account|payee|attempt|retry|retries|step|version"
    r"|year|than|about|around|over|under|most|least|up\sto|exactly|wait|another|https?|php|rmb|cny|usd|eur)\s*(?:no\.?|nr\.?|id|#|of|is|was|=)?\s*[\"'`]?$"
)
_UNIT = (
    r"^[\"'`]?\s?(?:ms|msec|milli|s|secs?|seconds?|mins?|minutes?|hours?|days?|k|kb|kib|mb|mib|gb|bytes?|px|times|rows"
    r"|records|items|requests|retries|attempts|tries|users|merchants|customers|orders|payments|withdrawals|calls"
    r"|connections|workers|messages|lines|entries|words|characters|php|rmb|cny|usd|eur|usdt|btc)\b"
    r"(?![\"'`]?\s?[=:>])"
)
# Between the numbers of a list, which share the first one's label.
_AND = r"[\"'`]?\s?(?:,|and|or|/|&|\+)\s?(?:and\s|or\s)?[\"'`]?"
# A text this short was typed rather than pasted, so a number in it is meant as a code.
_TYPED = r"^[^=:{}<>\[\]\n]*$"
_TYPED_WORDS = 5

# Names of orders, transactions and requests: order, order_id, orderNo, "order": {"id": …
_SHORT = {"transaction": ("txn", "trx"), "request": ("req",)}
_VALUE = r"[A-Za-z0-9._:-]{1,64}"
_NAMED = r"(?:\W{0,6}_?(?:id|no|nr|num|number|ref|reference))?[\"'`]?\s{0,3}[=:>]?[\s\"'`(]{0,4}"


class _Kind(Enum):
    """The kind of a number, judged by the text before it."""

    LABELED = auto()
    PLAIN = auto()
    OTHER = auto()


class Reason(StrEnum):
    """The reason to take a code from a text."""

    LABEL = "label"
    """It has a label such as ``code``."""
    NAME = "name"
    """The text contains the code's name."""
    MESSAGE = "message"
    """The text contains the code's provider message."""
    NUMBER = "number"
    """It is a number without a label."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """A number in a text that may be a code."""

    code: str
    start: int
    is_labeled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A code that a text may mean."""

    code: str
    reason: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The codes found in a text."""

    candidates: tuple[Candidate, ...] = ()
    """In the order of the text, including unknown labeled numbers of four digits."""
    is_certain: bool = False
    """Whether there is exactly one candidate, without guessing."""

    def single(self, known: Collection[str]) -> str:
        """Return the code if it is certain and known, or an empty text."""
        code = self.candidates[0].code if self.is_certain else ""
        return code if code in known else ""


def in_text(text: str) -> Iterator[Mention]:
    """Yield every number that may be a code: labeled as one, or without any label."""
    kind, end = _Kind.OTHER, -1
    for found in _compiled(_NUMBER).finditer(text):
        # Numbers of a list are of one kind: "codes 4001 and 9007", "status 3000 or 4000".
        if end < 0 or not _compiled(_AND).fullmatch(text[end : found.start()]):
            kind = _kind_of(text[max(0, found.start() - _REACH) : found.start()])
        end = found.end()
        is_other = kind is _Kind.OTHER or _compiled(_UNIT).search(text[end : end + _REACH])
        if not is_other and (kind is _Kind.LABELED or "." not in found[0]):
            code = found[0].partition(".")[0]
            yield Mention(code=code, start=found.start(), is_labeled=kind is _Kind.LABELED)


def read(text: str, codes: Mapping[str, tuple[str, str]]) -> Reading:
    """Return the codes in a pasted or typed text. ``codes`` are name and provider message of every known code.

    Labeled numbers take precedence over names and provider messages, and these over other numbers. A bare number is
    only certain in a text so short that it was typed.
    """
    text = plain(text)
    mentions = list(in_text(text))
    labeled = dict.fromkeys(mention.code for mention in mentions if mention.is_labeled)
    found = dict.fromkeys((code for code in labeled if code in codes or len(code) == 4), Reason.LABEL)
    if not any(code in codes for code in found):
        found = _named(text, codes) or found
    is_certain = True
    if not found:
        is_certain = bool(_compiled(_TYPED).search(text)) and len(text.split()) <= _TYPED_WORDS
        numbers = (mention.code for mention in mentions if mention.code in codes)
        found = {} if labeled else dict.fromkeys(numbers, Reason.NUMBER)
    candidates = tuple(Candidate(code=code, reason=reason) for code, reason in found.items())
    return Reading(candidates=candidates, is_certain=is_certain and len(candidates) == 1)


def values(text: str, names: Collection[str]) -> dict[str, str]:
    """Return the ids of the order, request and so on in a text: ``order_id`` from ``order_id``, ``orderNo``, ``order``.

    A value consists of harmless characters and contains at least one digit.
    """
    text = plain(text)
    found = {}
    for name in names:
        stem = name.removesuffix("_id")
        named = "|".join(map(re.escape, (stem, *_SHORT.get(stem, ()))))
        begins = rf"(?:(?<![a-zA-Z0-9])(?i:{named})|(?<=[a-z]){re.escape(stem.capitalize())})"
        for match in _compiled(rf"{begins}(?i:{_NAMED})({_VALUE})(?![\w@])", re.ASCII).finditer(text):
            if any(character.isdigit() for character in match[1]):
                found[name] = match[1].rstrip(".:-")
                break
    return found


def plain(text: str) -> str:
    """Return the text without the escapes of URLs, nested JSON and HTML, cut to `MAX_TEXT`."""
    text = unicodedata.normalize("NFKC", text[:MAX_TEXT])
    for _round in range(3):
        text = _compiled(_HEXADECIMAL).sub(lambda found: chr(int(found[1], 16)), text)
        for pattern, instead in _ESCAPES:
            text = _compiled(pattern).sub(instead, text)
    return text.replace("\u2019", "'")


def rules() -> dict[str, Any]:
    """Return the patterns as JSON values, for the static copy's script."""
    return {
        "max": MAX_TEXT,
        "hexadecimal": _HEXADECIMAL,
        "escapes": [list(pair) for pair in _ESCAPES],
        "number": _NUMBER,
        "reach": _REACH,
        "labels": list(_LABELS),
        "noCode": f"{_NO_CODE}{_GLUE}$",
        "logLevel": _LOG_LEVEL,
        "other": _OTHER,
        "unit": _UNIT,
        "and": f"^{_AND}$",
        "typed": _TYPED,
        "typedWords": _TYPED_WORDS,
    }


def _named(text: str, codes: Mapping[str, tuple[str, str]]) -> dict[str, Reason]:
    """Return the codes whose name or provider message is in the text. A longer message hides shorter ones in it."""
    words = set(_compiled(r"\w+").findall(text))
    words |= {word.upper() for word in words if "_" in word}
    found = {code: Reason.NAME for code, (name, _message) in codes.items() if name in words}
    text = " ".join(text.lower().split())
    for message, those in sorted(_by_message(codes).items(), key=lambda pair: -len(pair[0])):
        if message in text:
            text = text.replace(message, " ")
            for code in those:
                found.setdefault(code, Reason.MESSAGE)
    return {code: found[code] for code in codes if code in found}


def _by_message(codes: Mapping[str, tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for code, (_name, message) in codes.items():
        if message:
            found.setdefault(" ".join(message.lower().split()), []).append(code)
    return found


def _kind_of(before: str) -> _Kind:
    """Return the kind of a number after this text."""
    if _compiled(f"{_NO_CODE}{_GLUE}$").search(before):
        return _Kind.OTHER
    is_log_level = _compiled(_LOG_LEVEL, re.ASCII).search(before)
    if not is_log_level and any(_compiled(label).search(before) for label in _LABELS):
        return _Kind.LABELED
    return _Kind.OTHER if _compiled(_OTHER).search(before) else _Kind.PLAIN


@cache
def _compiled(pattern: str, flags: int = re.ASCII | re.IGNORECASE) -> re.Pattern[str]:
    return re.compile(pattern, flags)
