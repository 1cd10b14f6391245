"""Tests of `pts_errors.values.languages`."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pts_errors.values import languages
from tests.support.values import LANGUAGES

REQUESTS = [
    # Chinese: the region implies the script, and the script wins over the region
    ("zh", "zh-hans"),
    ("zh-CN", "zh-hans"),
    ("zh-SG", "zh-hans"),
    ("zh-MY", "zh-hans"),
    ("zh-TW", "zh-hant"),
    ("zh-HK", "zh-hant"),
    ("zh-MO", "zh-hant"),
    ("zh-Hans", "zh-hans"),
    ("zh-Hant", "zh-hant"),
    ("zh-Hans-HK", "zh-hans"),
    ("zh-Hant-HK", "zh-hant"),
    ("zh-Hant-CN", "zh-hant"),
    ("zh-Hans-TW", "zh-hans"),
    ("ZH-HANT-TW", "zh-hant"),
    ("zh_TW", "zh-hant"),
    ("zh_TW.UTF-8", "zh-hant"),
    ("zh_CN.GB18030", "zh-hans"),
    ("zh_HK@stroke", "zh-hant"),
    ("zh-Latn", "en"),
    ("zh-Latn-CN-pinyin", "en"),
    ("yue", "zh-hant"),
    ("yue-HK", "zh-hant"),
    ("yue-Hans", "zh-hans"),
    ("yue-Hans-CN", "zh-hans"),
    ("cmn", "zh-hans"),
    ("cmn-TW", "zh-hant"),
    ("cmn-Hant", "zh-hant"),
    ("zh-cmn-Hans-CN", "zh-hans"),
    ("zh-yue", "zh-hant"),
    ("zh-yue-HK", "zh-hant"),
    ("zh-yue-Hans", "zh-hans"),
    # deprecated and macrolanguage tags
    ("tl", "fil"),
    ("tl-PH", "fil"),
    ("fil", "fil"),
    ("fil-PH", "fil"),
    ("in", "id"),
    ("in-ID", "id"),
    ("in_ID", "id"),
    ("id-ID", "id"),
    ("iw", "en"),
    ("he-IL", "en"),
    ("arb", "ar"),
    ("zsm", "ms"),
    # regions that the catalog does not tell apart
    ("en-AU", "en"),
    ("en-US-posix", "en"),
    ("en-GB-oxendict", "en"),
    ("es-419", "es"),
    ("es-MX", "es"),
    ("pt", "pt-br"),
    ("pt-BR", "pt-br"),
    ("pt-PT", "pt-br"),
    ("fr-CA", "fr"),
    ("de-AT-1996", "de"),
    ("ms-BN", "ms"),
    ("ar-EG", "ar"),
    ("ar-001", "ar"),
    ("vi-VN", "vi"),
    ("th-TH-u-ca-buddhist", "th"),
    ("th_TH", "th"),
    ("ja-JP-x-kansai", "ja"),
    ("ko-KR", "ko"),
    ("ko-Kore-KR", "ko"),
    ("hi-IN", "hi"),
    ("ru-Cyrl-RU", "ru"),
    ("RU", "ru"),
    (" fr ", "fr"),
    # other languages, and no language at all
    ("sr-Latn", "en"),
    ("nb-NO", "en"),
    ("*", "en"),
    ("", "en"),
    ("-", "en"),
    ("--", "en"),
    ("_", "en"),
    ("x-private", "en"),
    ("x-fr", "en"),
    ("i-klingon", "en"),
    ("und", "en"),
    ("C", "en"),
    ("POSIX", "en"),
    ("english", "en"),
    ("français", "en"),
    ("de;q=0.9", "en"),
    ("de,en", "en"),
    ("%00", "en"),
    ("\x00", "en"),
    ("fr\x00", "en"),
    ("fr\n", "fr"),
    ("../../etc/passwd", "en"),
    ("<script>", "en"),
    ("😀", "en"),
    ("\ud800", "en"),
    ("ｆｒ", "en"),
    ("fr-" * 3_400, "en"),
    ("a" * 10_240, "en"),
]
ANY_TAG = st.one_of(st.text(max_size=40), st.from_regex(r"\A[a-zA-Z]{2,3}([-_][a-zA-Z0-9]{1,8}){0,3}\Z"))
CATALOG_TAG = st.sampled_from([*LANGUAGES, "zh", "zh-tw", "pt", "sr-latn", "sr-cyrl", "he"])


@pytest.mark.parametrize(("requested", "expected"), REQUESTS, ids=lambda value: ascii(value)[1:25])
def test_the_request_is_served_in_the_language_that_fits_best(requested, expected):
    """Every tag that browsers, phones, operating systems and attackers send has one answer."""
    found = languages.negotiate([requested], LANGUAGES, "en")

    assert found == expected


def test_a_script_is_never_swapped_for_another():
    """Who reads traditional characters is not given simplified ones: the source language is the better answer."""
    found = languages.match("zh-TW", ["en", "zh-hans"])

    assert found is None


LONG = "fr-abcdefgh-abcdefgh-abcdefgh-abcde"  # as long as a tag may be


@pytest.mark.parametrize(
    ("requested", "available", "expected"),
    [
        # the bounds of a tag, and of its first part
        (LONG, ["fr"], "fr"),
        (f"{LONG}f", ["fr"], None),
        ("i", ["i"], None),
        ("abcdefgh", ["abcdefgh"], "abcdefgh"),
        ("abcdefghi", ["abcdefghi"], None),
        ("día", ["día"], None),
        ("f2", ["f2"], None),
        # scripts are the same or none is named
        ("zh-CN", ["en", "zh-hant"], None),
        ("zu-Latn", ["zu"], "zu"),
        # what is neither script nor region
        ("zh-x-tw", ["zh-hans", "zh-hant"], "zh-hans"),
        ("zh-variant", ["zh-hans", "zh-hant"], "zh-hans"),
        ("zh--tw", ["zh-hans", "zh-hant"], "zh-hant"),
        ("es-Latn-41", ["es", "es-41"], "es"),
        ("es-Latn-4190", ["es", "es-4190"], "es"),
        # regions by number
        ("es-Latn-419", ["es", "es-419"], "es-419"),
        # Cantonese as a language, and as a part of Chinese
        ("yue-CN", ["zh-hans", "zh-hant"], "zh-hant"),
        ("zh-yue-CN", ["zh-hans", "zh-hant"], "zh-hant"),
        ("en-zz", ["en", "zh-hant"], "en"),
    ],
)
def test_a_tag_is_read_part_by_part(requested, available, expected):
    """Each part is taken for what it is, and for nothing else."""
    assert languages.match(requested, available) == expected


@pytest.mark.parametrize(
    ("requested", "available", "expected"),
    [
        ("zh-HK", LANGUAGES, ("zh-hant", "en")),
        ("zh-hk", ("en", "zh-hant", "zh-hant-hk"), ("zh-hant-hk", "zh-hant", "en")),
        ("zh-tw", ("en", "zh-hant", "zh-tw"), ("zh-tw", "zh-hant", "en")),
        ("pt-PT", ("en", "pt", "pt-br"), ("pt", "pt-br", "en")),
        ("pt-PT", ("en", "pt", "pt-pt"), ("pt-pt", "pt", "en")),
        ("es-MX", ("en", "es-ar", "es-cl"), ("es-ar", "es-cl", "en")),
        ("en-GB", LANGUAGES, ("en",)),
        ("nonsense!", LANGUAGES, ("en",)),
        ("fr", (), ("en",)),
        ("en", ("en", "en-gb"), ("en", "en-gb")),
    ],
)
def test_the_chain_goes_from_the_closest_to_the_source(requested, available, expected):
    """Fields that are blank in one language are looked up in the next one."""
    assert languages.chain(requested, available, "en") == expected


def test_the_source_language_may_be_any():
    """A catalog that is written in Chinese falls back to Chinese."""
    assert languages.chain("zh-HK", ["zh-hans", "zh-hant"], "zh-hans") == ("zh-hant", "zh-hans")


@pytest.mark.parametrize(
    ("preferences", "expected"),
    [
        (["sr", "fr", "de"], "fr"),
        (["sr", "nb"], "en"),
        (["*", "fr"], "en"),
        (["sr", "*", "fr"], "en"),
        (["zh-HK", "ja"], "zh-hant"),
        ([], "en"),
    ],
)
def test_the_first_preference_that_can_be_served_wins(preferences, expected):
    """A browser sends several languages, best first; a star is content with anything."""
    assert languages.negotiate(preferences, LANGUAGES, "en") == expected


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("ar", "rtl"),
        ("ar-eg", "rtl"),
        ("he", "rtl"),
        ("iw", "rtl"),
        ("ur-pk", "rtl"),
        ("az-arab", "rtl"),
        ("ar-latn", "ltr"),
        ("en", "ltr"),
        ("zh-hant", "ltr"),
        ("fil", "ltr"),
        ("", "ltr"),
        ("nonsense!", "ltr"),
    ],
)
def test_the_direction_follows_the_script(language, expected):
    """A script that is named decides; else the language's usual one."""
    assert languages.direction(language) == expected


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_shipped_language_has_a_name_of_its_own(language):
    """Filipino has one, too, although Django does not know the language."""
    assert languages.name_of(language) not in ("", language)


def test_a_language_without_a_name_is_shown_as_its_tag():
    """Hosts may add languages that we have never heard of."""
    assert languages.name_of("tlh") == "tlh"


@given(ANY_TAG, st.lists(CATALOG_TAG, unique=True), CATALOG_TAG)
@example("zh-HK", [], "en")
def test_any_tag_is_answered_from_what_there_is(requested, available, source):
    """Whatever is asked for, nothing is raised, and the answer is an available language or the source."""
    chain = languages.chain(requested, available, source)
    found = languages.match(requested, available)

    assert source in chain
    assert set(chain) <= {*available, source}
    assert len(set(chain)) == len(chain)
    assert found is None or found in available
    assert languages.negotiate([requested], available, source) in {*available, source}
    assert languages.direction(requested) in ("ltr", "rtl")
    assert isinstance(languages.normalize(requested), str)


@given(CATALOG_TAG)
def test_an_available_language_is_served_as_it_is(language):
    """A tag that the catalog has is its own best match."""
    assert languages.match(language.upper(), [*LANGUAGES, "zh", "zh-tw", "pt", "sr-latn", "sr-cyrl", "he"]) == language
