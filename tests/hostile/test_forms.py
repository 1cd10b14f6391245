"""Every field of every form takes anything: it is stored to the letter, or refused with a sentence."""

from __future__ import annotations

import contextlib
import json
import re
from typing import Any

import pytest
from django import forms
from django.forms import Form

from pts_errors.admin.conflicts import DraftForm, LoadedField, TokenField
from pts_errors.admin.forms import (
    CategoryForm,
    InlineMessageForm,
    PublishForm,
    RestoreForm,
    RunbookForm,
)
from pts_errors.models import Category, ErrorCode, Head, Message, Revision, Runbook
from pts_errors.pages.runbook_views import FlagForm
from pts_errors.values.entry import MESSAGE_FIELDS, RUNBOOK_SECTIONS
from tests.hostile.strings import EVERY, STRINGS, is_sendable
from tests.support.admin_pages import LIST, PUBLISH, code_url, fields, message_url, said
from tests.support.api import client_of
from tests.support.factories import UserFactory

pytestmark = pytest.mark.django_db

SENDABLE = tuple(text for text in EVERY if is_sendable(text))
ErrorCodeForm = forms.modelform_factory(ErrorCode, form=DraftForm, exclude=[])
TEXT_FIELDS = [
    *((CategoryForm, name) for name in ("name", "owner", "escalation")),
    (ErrorCodeForm, "provider_message"),
    *((InlineMessageForm, name) for name in MESSAGE_FIELDS),
    *((RunbookForm, name) for name in ("owner", *RUNBOOK_SECTIONS)),
    (PublishForm, "note"),
    (RestoreForm, "note"),
    (FlagForm, "text"),
]
UNSTORABLE = {chr(number) for number in (*range(32), 127)} - {"\t", "\n", "\r"}


def field_of(form: type[Form], name: str) -> Any:
    """Return a field with all that checks it, of the form and of the column."""
    field = form.base_fields[name]
    if issubclass(form, forms.ModelForm):
        column = form._meta.model._meta.get_field(name)
        return lambda value: column.clean(field.clean(value), None)
    return field.clean


@pytest.mark.parametrize(("form", "name"), TEXT_FIELDS, ids=lambda value: getattr(value, "__name__", value))
def test_a_text_field_keeps_a_text_or_refuses_it(form: type[Form], name: str) -> None:
    """What is kept is what was typed but for blanks around it and line ends; what cannot be stored is told."""
    clean = field_of(form, name)
    kept = 0
    for text in EVERY:
        try:
            value = clean(text)
        except forms.ValidationError:
            continue
        wanted = text.strip()
        lines = wanted.replace("\r\n", "\n").replace("\r", "\n")
        assert value in (wanted, lines, lines.replace("\n", "")), ascii(text)
        assert name not in ("title", "owner", "name") or "\n" not in value, ascii(text)
        assert not UNSTORABLE & set(value), f"{text!a} was kept"
        assert is_sendable(value), f"{text!a} was kept"
        kept += 1

    assert kept > 100


@pytest.mark.parametrize(
    ("form", "name"),
    [
        (ErrorCodeForm, "code"),
        (ErrorCodeForm, "name"),
        (ErrorCodeForm, "outcome"),
        (ErrorCodeForm, "retry_advice"),
        (ErrorCodeForm, "responsible_party"),
        (ErrorCodeForm, "severity"),
        (ErrorCodeForm, "category"),
        (ErrorCodeForm, "replaced_by"),
        (CategoryForm, "slug"),
    ],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_a_constant_is_one_of_ours_or_refused(form: type[Form], name: str) -> None:
    """No lookalike digit, no other alphabet, no half of a name."""
    field = form.base_fields[name]
    column: Any = form._meta.model._meta.get_field(name)
    kept = set()
    for text in SENDABLE:
        try:
            value = field.clean(text)
            if isinstance(value, str):
                column.run_validators(value)
        except forms.ValidationError:
            continue
        kept.add(value if isinstance(value, str) else None)

    pattern = {"name": r"[A-Z][A-Z0-9_]*", "slug": r"[a-zA-Z0-9_-]+"}.get(name, "no text at all")
    assert [value for value in kept - {None, ""} if not re.fullmatch(pattern, value)] == []


@pytest.mark.parametrize("name", ["retry_after", "http_status", "position"])
def test_a_number_is_one_that_fits_or_refused(name: str) -> None:
    """Whatever Python takes for an int, such as the digits of other scripts, fits into the column."""
    model: Any = Category if name == "position" else ErrorCode
    form: Any = CategoryForm if name == "position" else ErrorCodeForm
    for text in SENDABLE:
        try:
            value = model._meta.get_field(name).clean(form.base_fields[name].clean(text), None)
        except forms.ValidationError:
            continue
        assert value is None or 0 <= value < 2**63  # other databases say themselves how much fits


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 50_000, "1" * 5_000, "\0", '"\\ud800"', "NaN", "1e999", "{"])
def test_the_hidden_values_of_a_form_are_no_fault(text: str) -> None:
    """They come from the browser: what cannot be read is refused, and shown again as it came."""
    for field in (LoadedField(required=False), TokenField(required=False)):
        with contextlib.suppress(forms.ValidationError):  # and nothing else
            field.clean(text)
        assert field.bound_data(text, None) is not None


def test_every_text_that_is_kept_is_stored_to_the_letter() -> None:
    """In each of the text columns, on every database: nothing is normalized, cut off, or taken for another."""
    error = ErrorCode.objects.get(code="1007")
    clean = Message._meta.get_field("customer_message").clean
    kept = []
    for text in SENDABLE:
        try:
            kept.append(clean(text, None))
        except forms.ValidationError:
            continue
    rows = [
        Message(error=error, language=f"x-{number:03}", title=text[:120], customer_message=text, merchant_action=text)
        for number, text in enumerate(kept)
    ]
    Message.objects.bulk_create(rows)

    stored = Message.objects.filter(error=error, language__startswith="x-").order_by("language")

    assert [(row.title, row.customer_message, row.merchant_action) for row in stored] == [
        (text[:120], text, text) for text in kept
    ]
    assert len(kept) > 150
    for row in rows[::25]:
        found = Message.objects.get(error=error, language=row.language)
        assert found.customer_message == row.customer_message


def test_two_spellings_of_one_character_stay_two_texts() -> None:
    """Unicode's normal forms are not ours to choose: a text comes back with the bytes with which it went."""
    row = Message.objects.get(error__code="1007", language="fr")
    for one, other in (("\u212b", "\u00c5"), ("A\u030a", "\u00c5"), ("\ufb01", "fi"), ("e\u0301", "\u00e9")):
        Message.objects.filter(pk=row.pk).update(title=one)
        assert Message.objects.get(pk=row.pk).title == one != other


def test_the_form_of_a_code_takes_every_text_at_once() -> None:
    """Hundreds of texts over all fields in a few requests: none is a fault, and no field forgets its text."""
    client = client_of(UserFactory(is_superuser=True))
    url = code_url("1007")
    form = fields(client.get(url))
    names = [name for name in form if name.startswith(("messages-", "runbook-")) and name.count("-") != 1]
    names = [name for name in names if not name.endswith("_FORMS")]
    texts = [text for text in SENDABLE if len(text) < 10_000]

    for start in range(0, len(texts), len(names)):
        batch = dict(zip(names, texts[start : start + len(names)], strict=False))
        response = client.post(url, {**form, **batch, "_save": "draft"})
        assert response.status_code in (200, 302)
        if response.status_code == 200:
            shown = fields(response)
            wrong = [
                name
                for name, text in batch.items()
                # The parser of the tests reads line ends otherwise, and HTML has no NUL.
                if text.isprintable() and shown.get(name, [""])[0] != text
            ]
            assert not wrong


MASS = {
    "version": "99",
    "unseen": '["en.title"]',
    "author": "1",
    "author_name": "somebody",
    "number": "99",
    "digest": "0" * 64,
    "origin": "shipped",
    "created_at": "2000-01-01",
    "is_superuser": "on",
    "id": "1",
    "pk": "1",
    "published": "on",
    "messages-fr-source_text": '{"title": "x"}',
    "messages-fr-language": "tlh",
    "messages-fr-error": "1",
    "messages-fr-id": "1",
    "messages-fr-DELETE": "on",
    "messages-tlh-title": "Qapla",
    "runbook-flag": "x",
    "runbook-reviewed_at": "2000-01-01",
    "runbook-reviewed_by": "1",
    "runbook-error": "1",
    "runbook-DELETE": "on",
    "code": "7777",
    "name": "OTHER",
    "provider_message": "Other",
}


def test_fields_that_no_form_offers_are_not_taken() -> None:
    """Nobody writes the log, a review, a version or another code by adding a field to a request."""
    editor = UserFactory(role="editor")
    client = client_of(editor)
    url = code_url("1007")
    before = ErrorCode.objects.get(code="1007")

    client.post(url, {**fields(client.get(url)), "http_status": "418", **MASS, "_save": "draft"})

    row = ErrorCode.objects.get(pk=before.pk)
    assert row.http_status == 418
    assert (row.code, row.name, row.provider_message) == (before.code, before.name, before.provider_message)
    assert (row.version, row.unseen) == (before.version + 1, before.unseen)
    french = Message.objects.get(error=row, language="fr")
    assert french.source_text != {"title": "x"}
    assert not Message.objects.filter(language="tlh").exists()
    runbook = Runbook.objects.get(error=row)
    assert (list(runbook.flags.all()), runbook.reviewed_at, runbook.reviewed_by) == ([], None, None)
    assert Head.objects.get().number == 1
    assert not editor.is_superuser


def test_a_translator_changes_no_field_of_a_code() -> None:
    """Not on the own form, and not on that of the code, which is only shown."""
    client = client_of(UserFactory(role="translator"))
    forged = {
        "is_retired": "on",
        "reveal_to_customer": "on",
        "http_status": "418",
        "severity": "info",
        "language": "de",
    }

    client.post(code_url("1007"), {**forged, **MASS, "_save": "draft"})
    url = message_url("1007", "fr")
    client.post(url, {**fields(client.get(url)), **forged, **MASS, "title": "Nouveau", "_save": "draft"})

    row = ErrorCode.objects.get(code="1007")
    assert (row.is_retired, row.reveal_to_customer, row.http_status == 418, row.severity == "info") == (
        (False, False, False, False) if not row.reveal_to_customer else (False, True, False, False)
    )
    assert Message.objects.get(error=row, language="fr").title == "Nouveau"


def test_a_publish_is_by_who_is_logged_in() -> None:
    """Whatever the request says of author, number and origin."""
    publisher = UserFactory(role="publisher")
    client = client_of(publisher)
    Message.objects.filter(error__code="1007", language="en").update(title="Balance not sufficient")
    row = ErrorCode.objects.get(code="1007")

    client.post(PUBLISH, {**MASS, "tick": f"1007:{row.version}", "note": "By me."})

    revision = Revision.objects.latest("pk")
    assert (revision.number, revision.author, revision.author_name) == (2, publisher, publisher.get_username())
    assert (revision.origin, revision.note) == ("edited", "By me.")


@pytest.mark.parametrize("tick", ["1007\0:0", "\0", "1007:\0", "\u0661\u0660\u0660\u0667:0", "1007:0:0", ":", "1007"])
def test_a_forged_tick_is_no_fault(tick: str) -> None:
    """Not on a database either that takes no NUL in a query."""
    client = client_of(UserFactory(role="publisher"))

    response = client.post(PUBLISH, {"tick": tick})

    assert response.status_code == 200
    assert Head.objects.get().number == 1


@pytest.mark.parametrize("note", STRINGS["nul"] + STRINGS["controls"][:5])
def test_a_note_is_a_text_as_any_other(note: str) -> None:
    """The log is read in terminals as well."""
    Message.objects.filter(error__code="1007", language="en").update(title="Balance not sufficient")
    client = client_of(UserFactory(role="publisher"))

    response = client.post(PUBLISH, {"tick": f"1007:{ErrorCode.objects.get(code='1007').version}", "note": note})

    assert response.status_code == 200
    assert Head.objects.get().number == 1


@pytest.mark.parametrize("loaded", ["[" * 100_000, "1" * 5_000, '{"title": {"": []}}', "[1, 2]"])
def test_a_forged_memory_of_a_form_is_no_fault(loaded: str) -> None:
    """It matters only when somebody else saved meanwhile; then it makes differences, and nothing worse."""
    client = client_of(UserFactory(role="translator"))
    url = message_url("1007", "fr")
    form = fields(client.get(url))

    response = client.post(url, {**form, "token": "99", "loaded": loaded, "_save": "draft"})

    assert response.status_code == 200
    assert json.loads(fields(response)["loaded"][0]) is not None


def test_an_action_on_what_is_no_row_does_nothing() -> None:
    """Keys come from the browser."""
    client = client_of(UserFactory(role="publisher"))
    for action in ("publish_selected", "__class__"):
        assert client.post(LIST, {"action": action, "_selected_action": "-1"}).status_code in (200, 302)

    assert ErrorCode.objects.count() == 59
    assert not Runbook.objects.filter(reviewed_at__isnull=False).exists()


def test_a_decision_on_what_is_no_path_does_nothing() -> None:
    """Paths come from the browser."""
    client = client_of(UserFactory(is_superuser=True))
    url = code_url("1007", "decide/")
    before = ErrorCode.objects.get(code="1007").version
    for path in (*SENDABLE[6:12], "en.title", "runbook.impact", "category.escalation", "..", "messages.fr.title"):
        for button in ("take", "keep"):
            response = client.post(url, {button: path, "version": str(before)})
            assert response.status_code in (302, 403)
    assert "Nothing was decided" in said(client.get(LIST))
    assert ErrorCode.objects.get(code="1007").version == before
