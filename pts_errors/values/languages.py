"""Match requested languages with those of the catalog; names and writing directions."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

# Longer tags are attacks or mistakes: RFC 5646 needs at most 35 characters for any tag in real use.
MAX_LENGTH = 35

TAG = "[a-z]{2,8}(-[a-z0-9]{1,8})*"
"""A language tag as the catalog spells it, as a regular expression."""

REQUESTED_TAG = "[A-Za-z]{2,8}([-_][A-Za-z0-9]{1,8})*"
"""A language tag as people and programs spell it, as a regular expression; `normalize` makes it a catalog tag."""

# Deprecated or overlapping primary subtags of the IANA registry that browsers and phones still send.
_ALIASES = {
    "arb": "ar",
    "cmn": "zh",
    "in": "id",
    "iw": "he",
    "ji": "yi",
    "jw": "jv",
    "no": "nb",
    "tl": "fil",
    "zsm": "ms",
}

# Chinese is written in two scripts, and a region implies one. Every other language here has one usual script.
_TRADITIONAL_REGIONS = {"tw", "hk", "mo"}

_RTL_LANGUAGES = {"ar", "arc", "ckb", "dv", "fa", "he", "ks", "ps", "sd", "ug", "ur", "yi"}
_RTL_SCRIPTS = {"adlm", "arab", "aran", "hebr", "nkoo", "rohg", "syrc", "thaa"}

STAFF = ("en", "zh-hans")
"""Languages with a complete translation of the staff pages; the others cover the public pages only."""

# Each language's own name, for pickers. Django's table lacks some (Filipino).
_NAMES = {
    "ar": "العربية",
    "de": "Deutsch",
    "en": "English",
    "es": "Español",
    "fil": "Filipino",
    "fr": "Français",
    "hi": "हिन्दी",
    "id": "Bahasa Indonesia",
    "ja": "日本語",
    "ko": "한국어",
    "ms": "Bahasa Melayu",
    "pt-br": "Português (Brasil)",
    "ru": "Русский",
    "th": "ไทย",
    "vi": "Tiếng Việt",
    "zh-hans": "简体中文",
    "zh-hant": "繁體中文",
}


def normalize(tag: str) -> str:
    """Return the tag as the catalog spells it: lower case, hyphens, no POSIX suffix (``zh_TW.UTF-8`` is ``zh-tw``)."""
    return tag.strip().partition(".")[0].partition("@")[0].replace("_", "-").lower()


def name_of(language: str) -> str:
    """Return a language's own name, or the tag if the name is unknown."""
    return _NAMES.get(language, language)


@lru_cache(maxsize=200)  # called for every text of a catalog, in few languages
def direction(language: str) -> str:
    """Return ``"rtl"`` or ``"ltr"``, the values of HTML's ``dir``."""
    primary, script, _ = _parse(language)
    if script:
        return "rtl" if script in _RTL_SCRIPTS else "ltr"
    return "rtl" if primary in _RTL_LANGUAGES else "ltr"


def match(requested: str, available: Iterable[str]) -> str | None:
    """Return the available language that serves a requested tag best, or None.

    >>> match("zh-HK", ["en", "zh-hans", "zh-hant"])
    'zh-hant'
    """
    return next(iter(_matches(requested, tuple(available))), None)


def chain(requested: str, available: Iterable[str], source: str) -> tuple[str, ...]:
    """Return the available languages to try in turn for a requested tag. The source is always among them, usually last.

    >>> chain("zh-HK", ["en", "zh-hans", "zh-hant"], "en")
    ('zh-hant', 'en')
    """
    return tuple(dict.fromkeys([*_matches(requested, tuple(available)), source]))


def of_staff(requested: str) -> str:
    """Return the language of the staff pages for a requested one, or English."""
    return match(requested, STAFF) or STAFF[0]


def negotiate(preferences: Iterable[str], available: Iterable[str], source: str) -> str:
    """Return the best available language for tags in order of preference, or the source language."""
    available = tuple(available)
    for tag in preferences:
        if tag == "*":
            return source
        if found := match(tag, available):
            return found
    return source


def _matches(requested: str, available: tuple[str, ...]) -> list[str]:
    """Return the matching languages, best first: the tag itself, its shorter forms, then its siblings."""
    if len(requested) > MAX_LENGTH:
        return []
    tag = normalize(requested)
    primary, script, region = _parse(tag)
    if not primary:
        return []
    forms = [tag]
    for parts in ([primary, script, region], [primary, region], [primary, script]):
        if all(parts):
            forms.append("-".join(parts))
    forms.append(primary)
    siblings = sorted(language for language in available if _parse(language)[0] == primary)
    found = [form for form in forms if form in available] + siblings
    return [language for language in dict.fromkeys(found) if _same_script(script, _parse(language)[1])]


def _same_script(wanted: str, offered: str) -> bool:
    return not wanted or not offered or wanted == offered


def _parse(tag: str) -> tuple[str, str, str]:
    """Return (primary language, script, region). For Chinese, a missing script is derived from the region."""
    primary, *rest = tag.split("-")
    if not (2 <= len(primary) <= 8 and primary.isascii() and primary.isalpha()):
        return "", "", ""
    script = region = ""
    for part in rest:
        if len(part) == 1:  # an extension or private use: the rest does not name the language
            break
        if len(part) == 4 and part.isalpha() and not script and not region:
            script = part
        elif (len(part) == 2 and part.isalpha()) or (len(part) == 3 and part.isdigit()):
            region = region or part
    if primary == "yue" or rest[:1] == ["yue"]:  # Cantonese: traditional script by default
        return "zh", script or "hant", region
    primary = _ALIASES.get(primary, primary)
    if primary == "zh" and not script:
        script = "hant" if region in _TRADITIONAL_REGIONS else "hans"
    return primary, script, region
