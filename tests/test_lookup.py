"""Tests of `pts_errors.lookup`."""

from __future__ import annotations

import copy
import dataclasses
import json
import logging
import pickle
from decimal import Decimal
from enum import IntEnum, StrEnum

import pytest
from django.core.cache import caches
from django.core.management import call_command
from django.utils import translation
from django.utils.functional import SimpleLazyObject, lazystr
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy
from hypothesis import given
from hypothesis import strategies as st

from pts_errors import lookup
from pts_errors.testing import override_catalog
from tests.support.hostile import Hostile, HostileNumber, HostileText
from tests.support.values import LANGUAGES

Text = StrEnum("Text", {"BALANCE": "1007"})
Number = IntEnum("Number", {"BALANCE": 1007})

# By name, because pytest itself stumbles over hostile values as parameters.
KNOWN = {
    "int": 1007,
    "str": "1007",
    "str subclass": type("Code", (str,), {})("1007"),
    "StrEnum": Text.BALANCE,
    "IntEnum": Number.BALANCE,
    "safe text": mark_safe("1007"),
    "hostile text": HostileText("1007"),
    "hostile number": HostileNumber(1007),
}
UNKNOWN = {
    "unknown code": ("7777", "7777"),
    "unknown int": (7777, "7777"),
    "leading zero": ("01007", "01007"),
    "leading space": (" 1007", ""),
    "line break": ("1007\n", ""),
    "full-width digits": ("１００７", ""),
    "Arabic digits": ("١٠٠٧", ""),
    "empty": ("", ""),
    "name": ("BALANCE_TOO_LOW", ""),
    "None": (None, ""),
    "True": (True, ""),
    "zero": (0, ""),
    "negative": (-1007, ""),
    "float": (1007.0, ""),
    "NaN": (float("nan"), ""),
    "Decimal": (Decimal(1007), ""),
    "bytes": (b"1007", ""),
    "10 kB": ("1" * 10_240, ""),
    "5,000 digits": (10**5_000, ""),
    "card number": ("4111111111111111", ""),
    "emoji": ("😀", ""),
    "surrogate": ("\ud800", ""),
    "NUL": ("1007\x00", ""),
    "lazy string": (lazystr("1007"), ""),
    "lazy translation": (gettext_lazy("1007"), ""),
    "lazy object": (SimpleLazyObject(lambda: "1007"), ""),
    "lazy object that raises": (SimpleLazyObject(lambda: 1 // 0), ""),
    "unhashable list": (["1007"], ""),
    "dict": ({"code": "1007"}, ""),
    "hostile object": (Hostile(), ""),
    "hostile unknown text": (HostileText("7777"), "7777"),
    "class": (int, ""),
}


@pytest.fixture
def catalog():
    """Serve the packaged catalog with two texts of our own."""
    with override_catalog(
        {"1007": {"customer_message": "Low.", "messages": {"de": {"customer_message": "Leer."}}}}
    ) as it:
        yield it


@pytest.mark.usefixtures("catalog")
@pytest.mark.parametrize("name", KNOWN)
def test_a_code_is_found_as_text_and_as_number(name):
    """Whatever type of text or number it is."""
    error = lookup.get(KNOWN[name])

    assert (error.code, str(error), error.is_known) == ("1007", "Low.", True)


@pytest.mark.usefixtures("catalog")
@pytest.mark.parametrize("name", UNKNOWN)
def test_everything_else_gives_the_safe_answer(name):
    """The match is exact, and nothing raises: an unknown code may mean that money has moved."""
    code, shown = UNKNOWN[name]

    error = lookup.get(code)

    assert (error.code, error.is_known, error.name) == (shown, False, "UNKNOWN_CODE")
    assert (error.outcome, error.retry_advice, error.severity) == ("unknown", "check_status_first", "error")
    assert not error.reveal_to_customer
    assert str(error) == str(lookup.get("9999"))


@pytest.mark.usefixtures("catalog")
@pytest.mark.parametrize("name", UNKNOWN)
def test_an_unknown_code_is_logged_once_and_never_at_length(name, caplog):
    """One line names a short code, or else only its type: longer text may be a card number."""
    code, _shown = UNKNOWN[name]

    lookup.get(code)
    lookup.get(code)

    (record,) = caplog.records
    message = record.getMessage()
    assert (record.name, record.levelno) == ("pts_errors", logging.WARNING)
    assert len(message) < 200
    assert message.isascii()
    assert "\n" not in message
    assert "4111111111111111" not in message


@pytest.mark.usefixtures("catalog")
def test_the_log_does_not_grow_with_what_clients_invent(caplog):
    """A scan of all codes fills neither memory nor disk."""
    for code in range(10_000, 12_000):
        lookup.get(code)

    assert len(caplog.records) == 1_000


@pytest.mark.usefixtures("catalog")
@pytest.mark.parametrize(
    ("language", "found"),
    [("de", "de"), ("de-AT", "de"), ("DE", "de"), ("tlh", "en"), ("*", "en"), ("x" * 10_240, "en"), ("\x00", "en")],
    ids=lambda value: value[:9],
)
def test_the_language_that_is_asked_for_is_served(language, found):
    """In the way of `pts_errors.values.languages`, and never with an error."""
    error = lookup.get("1007", language=language)

    assert (error.language, str(error)) == (found, "Leer." if found == "de" else "Low.")


@pytest.mark.usefixtures("catalog")
@pytest.mark.parametrize("language", [None, "", 7, ["de"]], ids=repr)
def test_the_active_language_is_the_default(language):
    """Also for a value that is no language at all."""
    with translation.override("de"):
        assert lookup.get("1007", language=language).language == "de"


@pytest.mark.usefixtures("catalog")
def test_the_source_language_is_served_where_none_is_active():
    """A worker may run without any active language."""
    with translation.override(None):
        assert lookup.get("1007").language == "en"


@override_catalog({"1007": {"messages": {"de": {"title": "", "customer_message": "Leer.", "merchant_action": ""}}}})
def test_each_field_falls_back_by_itself():
    """A translator who has done one text of three is read at once."""
    error = lookup.get("1007", language="de")

    assert dict(error.text_languages) == {
        "title": "en",
        "customer_message": "de",
        "merchant_action": "en",
        "resolution": "en",
    }
    assert error.title == lookup.get("1007", language="en").title
    assert (str(error), error.language, error.direction) == ("Leer.", "de", "ltr")


@override_catalog({"1007": {"customer_message": "", "messages": {"ar": {"customer_message": ""}}}})
def test_a_customer_always_reads_a_sentence():
    """Where a code has no customer text at all, the general one stands in, in the reader's language."""
    error = lookup.get("1007", language="ar")

    assert error.is_known
    assert str(error) == lookup.get("9999", language="ar").customer_message
    assert (error.language, error.direction) == ("ar", "rtl")


@override_catalog(
    {"1007": {"customer_message": "{brand} {other}", "messages": {"ar": {"customer_message": "{brand}"}}}}
)
def test_site_constants_are_filled_in():
    """The value is isolated in right-to-left texts, and an unknown name stays as it is."""
    assert str(lookup.get("1007", language="en")) == "PTS {other}"
    assert str(lookup.get("1007", language="ar")) == "\u2068PTS\u2069"


@pytest.mark.parametrize("name", ["None", "Decimal", "lazy translation"])
def test_a_constant_that_is_no_text_breaks_no_page(name, settings):
    """The system check names the mistake; readers still get their text."""
    settings.PTS_ERRORS_CONTEXT = {"brand": UNKNOWN[name][0]}

    with override_catalog({"1007": {"customer_message": "{brand}"}}):
        assert str(lookup.get("1007")) == "{brand}"


@pytest.mark.usefixtures("catalog")
def test_all_codes_come_in_the_order_of_their_numbers():
    """In one language, each as `get` returns it."""
    errors = lookup.get_all(language="de")

    assert len(errors) == 59
    assert [int(error.code) for error in errors] == sorted(int(error.code) for error in errors)
    assert all(error is lookup.get(error.code, language="de") for error in errors)


@override_catalog({"20": {"customer_message": "Short."}, "12345": {"customer_message": "Long."}})
def test_codes_are_ordered_as_numbers_and_not_as_text():
    """20 comes before 1000, and 12345 after 9999."""
    codes = [error.code for error in lookup.get_all()]

    assert (codes[0], codes[1], codes[-1]) == ("20", "1000", "12345")


@given(st.integers(1, 9999) | st.text(max_size=12), st.sampled_from(LANGUAGES), st.integers(0, pickle.HIGHEST_PROTOCOL))
def test_an_error_is_a_value_like_any_other(code, language, protocol):
    """A host keeps it in a session, sends it to a worker, or asks whether it had it before."""
    with override_catalog({"1007": {"messages": {"de": {"title": "", "merchant_action": ""}}}}):
        error = lookup.get(code, language=language)

        for other in (pickle.loads(pickle.dumps(error, protocol)), copy.deepcopy(error), copy.copy(error)):
            assert other == error
            assert {other: "seen"}[error] == "seen"
            assert dict(other.text_languages) == dict(error.text_languages)
            assert str(other) == str(error)


@given(st.sampled_from(["1007", "4001", "7777"]), st.sampled_from(LANGUAGES))
def test_an_error_as_a_dictionary_is_json(code, language):
    """Every field is there, and is what the attribute says."""
    with override_catalog({"1007": {"messages": {"de": {"title": "", "merchant_action": ""}}}}):
        error = lookup.get(code, language=language)

    fields = json.loads(json.dumps(dataclasses.asdict(error)))

    assert fields.pop("similar") == list(error.similar)
    assert fields.pop("text_languages") == error.text_languages
    assert fields == {name: getattr(error, name) for name in fields}
    assert set(fields) == {f.name for f in dataclasses.fields(error)} - {"similar", "text_languages"}


@pytest.mark.django_db
@pytest.mark.parametrize("code", ["1007", "7777"])
@pytest.mark.parametrize("backend", ["locmem.LocMemCache", "db.DatabaseCache", "filebased.FileBasedCache"])
def test_an_error_can_be_cached(backend, code, settings, tmp_path):
    """In every cache of Django's that keeps anything."""
    location = str(tmp_path) if backend.startswith("file") else "cached"
    settings.CACHES = {"default": {"BACKEND": f"django.core.cache.backends.{backend}", "LOCATION": location}}
    call_command("createcachetable", verbosity=0)
    error = lookup.get(code, language="zh-TW")

    caches["default"].set("error", error)

    assert caches["default"].get("error") == error


@pytest.mark.usefixtures("catalog")
def test_nobody_changes_an_error_for_others():
    """All readers of a process share it."""
    error = lookup.get("1007", language="de")

    with pytest.raises(TypeError):
        error.text_languages["title"] = "fr"
    with pytest.raises(AttributeError):
        error.text_languages.title = "fr"
    assert error.text_languages == {
        "title": "de",
        "customer_message": "de",
        "merchant_action": "de",
        "resolution": "en",
    }
    assert "code" not in error.text_languages
    assert error.text_languages.get("code") is None


@pytest.mark.django_db
def test_a_warm_lookup_asks_no_database(django_assert_num_queries, settings):
    """It is called while pages are rendered, for every row of a table."""
    settings.PTS_ERRORS_REFRESH_SECONDS = 60
    lookup.get("1007")

    with django_assert_num_queries(0):
        for language in ("en", "zh-TW", "ar", "tlh"):
            lookup.get("1007", language=language)
            lookup.get("7777", language=language)
            lookup.get_all(language=language)


@pytest.mark.django_db
def test_the_published_catalog_is_what_is_served():
    """A fresh database serves what the package ships, as revision 1."""
    error = lookup.get("1007")

    assert (error.revision, error.is_known) == (1, True)
