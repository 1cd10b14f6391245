"""Tests of `pts_errors.templatetags.pts_errors`."""

from __future__ import annotations

import re

import pytest
from django.template import Context, Template, TemplateSyntaxError
from django.utils import translation
from django.utils.html import escape

from pts_errors import lookup
from pts_errors.testing import override_catalog
from tests.test_lookup import KNOWN, UNKNOWN

HOSTILE = "<script>alert('1') & \"more\"</script>"
CHANGES = {
    "1001": {"reveal_to_customer": True, "customer_message": "Check it."},
    "1007": {"reveal_to_customer": False, "customer_message": "Not now.", "title": "Balance & more"},
    "1008": {"customer_message": HOSTILE, "messages": {"ar": {"customer_message": "نص"}}},
}


@pytest.fixture(autouse=True)
def catalog():
    """Serve a catalog with texts of our own, in English."""
    with override_catalog(CHANGES), translation.override("en"):
        yield


def render(source, **context):
    """Return what a template with the tags loaded prints."""
    return Template("{% load pts_errors %}" + source).render(Context(context))


def alert(arguments, **context):
    """Return the alert, with its white space made even."""
    return re.sub(r"\s+", " ", render(f"{{% pts_error_alert {arguments} %}}", **context)).strip()


@pytest.mark.parametrize("name", KNOWN)
def test_a_known_code_prints_its_message(name):
    """Whatever type of text or number it is."""
    assert render("{% pts_error code %}", code=KNOWN[name]) == "Not now."


@pytest.mark.parametrize("name", UNKNOWN)
def test_everything_else_prints_the_safe_message(name):
    """A page never breaks, and its customer always reads a sentence."""
    code, _shown = UNKNOWN[name]

    assert render("{% pts_error code %}", code=code) == escape(str(lookup.get("9999")))


@pytest.mark.parametrize("name", UNKNOWN)
def test_everything_else_prints_a_safe_alert(name):
    """Without a number, because nobody knows whether it may be seen."""
    code, _shown = UNKNOWN[name]

    html = alert("code", code=code)

    assert escape(str(lookup.get("9999"))) in html
    assert "pts-error-details" not in html
    assert "script" not in html


def test_the_message_is_escaped():
    """Ops staff write text; nothing in it is HTML."""
    assert render("{% pts_error 1008 %}") == escape(HOSTILE)


def test_autoescape_off_is_the_hosts_own_decision():
    """In a plain-text e-mail the message stands as it is written."""
    assert render("{% autoescape off %}{% pts_error 1008 %}{% endautoescape %}") == HOSTILE


def test_an_undefined_variable_prints_the_safe_message():
    """As every value that is no code."""
    assert render("{% pts_error order.error.code %}") == escape(str(lookup.get("9999")))


@pytest.mark.parametrize("autoescape", ["on", "off"])
def test_the_error_can_be_stored(autoescape):
    """Nothing is printed then, and each attribute is escaped as any variable."""
    html = render(
        f"{{% autoescape {autoescape} %}}{{% pts_error 1007 as error %}}"
        "[{{ error.code }}|{{ error.title }}|{{ error }}|{{ error.is_known }}]{% endautoescape %}"
    )

    assert html == f"[1007|{'Balance &amp; more' if autoescape == 'on' else 'Balance & more'}|Not now.|True]"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("{% pts_error 1008 language='ar' %}", "نص"),
        ("{% pts_error 1008 language=wanted %}", "نص"),
        ("{% pts_error 1008 'ar' %}", "نص"),
        ("{% pts_error 1008 language=undefined %}", escape(HOSTILE)),
    ],
)
def test_the_language_can_be_given(source, expected):
    """An undefined one is the active one."""
    assert render(source, wanted="ar-EG") == expected


def test_the_active_language_is_the_default():
    """As of everything else on the page."""
    with translation.override("ar"):
        assert render("{% pts_error 1008 %}") == "نص"


@pytest.mark.parametrize("source", ["{% pts_error %}", "{% pts_error 1007 1 2 3 %}", "{% pts_error_alert %}"])
def test_a_wrong_use_is_told_when_the_template_is_compiled(source):
    """To its author, and not to a customer."""
    with pytest.raises(TemplateSyntaxError):
        render(source)


def test_an_alert_says_language_and_direction():
    """Screen readers need the one, and browsers the other."""
    html = alert("1008 language='ar'")

    assert 'role="alert" lang="ar" dir="rtl"' in html
    assert '<p class="pts-error-message">نص</p>' in html


def test_an_alert_shows_the_hosts_reference():
    """It is isolated, because it stands in texts of either direction."""
    html = alert("1007 reference=order", order="A-17")

    assert "Reference: <bdi>A-17</bdi>" in html
    assert "1007" not in html


@pytest.mark.parametrize("reference", [None, ""])
def test_an_alert_without_reference_shows_none(reference):
    """Nor an empty line for it."""
    assert "pts-error-details" not in alert("1007 reference=order", order=reference)
    assert "pts-error-details" not in alert("1007 reference=undefined")


def test_a_hostile_reference_is_escaped():
    """It may come from a form."""
    html = alert("1001 reference=order", order=HOSTILE)

    assert f"<bdi>{escape(HOSTILE)}</bdi>" in html
    assert "<script" not in html


def test_a_hostile_message_is_escaped_in_an_alert():
    """As in the other tag."""
    assert f'<p class="pts-error-message">{escape(HOSTILE)}</p>' in alert("1008")


def test_an_alert_shows_the_number_of_a_code_that_may_be_seen():
    """The customer can tell it to the support."""
    html = alert("1001 reference=order", order="A-17")

    assert "Reference: <bdi>A-17</bdi></span> <span>Code: <bdi>1001</bdi>" in html


@pytest.mark.parametrize("arguments", ["1007", "1007 reference='A-17'"])
def test_an_alert_shows_nothing_of_a_hidden_code(arguments):
    """Neither number, name, title, category nor the gateway's own words."""
    error = lookup.get("1007")

    html = alert(arguments)

    assert not re.search(r"100|Code", html)
    assert not any(text in html for text in (error.name, error.title, error.provider_message, error.category))


def test_an_alert_is_whole_in_a_language_that_django_does_not_know():
    """Filipino has no entry in its table of languages."""
    html = alert("1001 reference='A-17' language='fil'")

    assert 'lang="fil" dir="ltr"' in html
    assert "A-17" in html


def test_the_labels_of_an_alert_do_not_change_the_pages_language():
    """What follows the alert is in the page's language again."""
    render("{% pts_error_alert 1008 language='ar' %}")

    assert translation.get_language() == "en"
