"""Tests of `pts_errors.exceptions`."""

from __future__ import annotations

import copy
import json
import pickle
from enum import Enum, IntEnum, StrEnum
from types import MappingProxyType
from typing import Any

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from pts_errors.exceptions import (
    AppendOnly,
    ExchangeError,
    PTSError,
    PublishRefused,
    UnpublishedChanges,
    raise_for_code,
)
from pts_errors.lint.rules import Issue, Level
from pts_errors.next_step import next_step
from pts_errors.testing import override_catalog


class HostError(PTSError):
    """A host project's own error."""


class CallError(PTSError):
    """A host project's own error, made in another way."""

    def __init__(self, code, *, reference=None, retry_after=None, url=""):
        """Take the address that was called as well."""
        super().__init__(code, reference=reference, retry_after=retry_after)
        self.url = url


class CodeError(PTSError):
    """A host project's own error, which knows a code only."""

    def __init__(self, code):
        """Take the code."""
        super().__init__(code)


Number = IntEnum("Number", {"ACCEPTED": 1000, "BALANCE": 1007})
Text = StrEnum("Text", {"ACCEPTED": "1000", "BALANCE": "1007"})
# As they were written before there was StrEnum: str() of a member is its name.
Choice = Enum("Choice", {"ACCEPTED": "1000", "BALANCE": "1007"}, type=str)
Digits = Enum("Digits", {"ACCEPTED": 1000, "BALANCE": 1007}, type=int)
KINDS: list[Any] = [Number, Text, Choice, Digits]

texts = st.text(max_size=40)
errors = st.builds(
    lambda kind, code, reference, seconds: kind(code, reference=reference, retry_after=seconds),
    st.sampled_from([PTSError, HostError, CallError]),
    (st.integers(0, 99_999) | texts).filter(lambda code: code not in (1000, "1000"))
    | st.sampled_from([kind.BALANCE for kind in KINDS]),
    st.none() | texts,
    st.none() | st.integers(0, 10**6),
)


@pytest.mark.parametrize("code", ["1000", 1000, *(kind.ACCEPTED for kind in KINDS)], ids=repr)
def test_an_accepted_request_is_no_error(code):
    """1000 means accepted, as text and as a number."""
    envelope = {"code": code, "message": "Request accepted", "data": {"order_id": "A1"}}

    raise_for_code(envelope)

    assert PTSError.from_response(envelope) is None


@pytest.mark.parametrize(
    ("envelope", "code", "reference"),
    [
        ({"code": "1003", "message": "m", "data": {"order_id": "A1"}}, "1003", "A1"),
        ({"code": 1003}, "1003", None),
        ({"code": "1003", "data": None}, "1003", None),
        ({"code": "1003", "data": []}, "1003", None),
        ({"code": "1003", "data": "text"}, "1003", None),
        ({"code": "1003", "data": {"order_id": 17}}, "1003", "17"),
        ({"code": "1003", "data": {"order_id": 20_261_129_000_000_000_001}}, "1003", "20261129000000000001"),
        ({"code": "1003", "data": {"order_id": True}}, "1003", None),
        ({"code": "1003", "data": {"order_id": 17.5}}, "1003", None),
        ({"code": "1003", "data": {"order_id": ["A1"]}}, "1003", None),
        ({"code": "1003", "data": {"order_id": 10**5_000}}, "1003", None),
        ({"code": Choice.BALANCE}, "1007", None),
        ({"code": "1003", "data": {"order_id": None}}, "1003", None),
        (MappingProxyType({"code": "1003"}), "1003", None),
        ({"code": "7777"}, "7777", None),
        ({"code": " 1000"}, " 1000", None),
        ({"code": "01000"}, "01000", None),
        ({"code": ""}, "", None),
        ({"code": None}, "", None),
        ({"code": True}, "", None),
        ({"code": 1000.0}, "", None),
        ({"code": ["1000"]}, "", None),
        ({"code": {"code": "1000"}}, "", None),
        ({"code": b"1000"}, "", None),
        ({"code": 10**5_000}, "", None),
        ({"code": -(10**5_000)}, "", None),
        ({"status": "1000"}, "", None),
        ({}, "", None),
        ([], "", None),
        ([{"code": "1000"}], "", None),
        ("1000", "", None),
        (1000, "", None),
        (None, "", None),
        (b'{"code": "1000"}', "", None),
    ],
    ids=map(str, range(34)),
)
def test_every_other_answer_is_an_error(envelope, code, reference):
    """An answer that cannot be read is an error, too: whether the money moved is then unknown."""
    error = PTSError.from_response(envelope)

    assert (error.code, error.reference, error.retry_after) == (code, reference, None)
    with pytest.raises(PTSError):
        raise_for_code(envelope)


def test_a_subclass_makes_itself():
    """A host that derives an error gets that one."""
    assert type(HostError.from_response({"code": "1003"})) is HostError


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (PTSError("1003"), "PTS answered '1003'"),
        (PTSError(1003, reference="A1"), "PTS answered '1003' for 'A1'"),
        (PTSError("1\n2", reference="A\n1"), r"PTS answered '1\n2' for 'A\n1'"),
        (PTSError("9" * 10_000), f"PTS answered '{'9' * 20}'"),
    ],
    ids=["code", "reference", "newlines", "long"],
)
def test_the_error_in_a_log_is_one_short_line(error, expected):
    """Nothing that the gateway sends can look like another log entry."""
    assert str(error) == expected


@pytest.mark.parametrize("kind", KINDS)
def test_a_member_of_an_enumeration_is_its_value(kind):
    """Hosts name the codes that they treat, and each kind of enumeration has another ``str()``."""
    error = PTSError(kind.BALANCE)

    assert (error.code, type(error.code), error.args) == ("1007", str, ("1007",))


@given(errors, st.integers(0, pickle.HIGHEST_PROTOCOL))
def test_the_error_survives_pickles_and_copies(error, protocol):
    """Task queues pickle exceptions; the type and every attribute are kept, also what a host has added."""
    error.add_note("seen by the worker")
    error.attempt = 3

    for other in (pickle.loads(pickle.dumps(error, protocol)), copy.copy(error), copy.deepcopy(error)):
        assert type(other) is type(error)
        assert (vars(other), other.args, str(other)) == (vars(error), error.args, str(error))


@given(errors.filter(lambda error: type(error) is not CallError))
def test_the_error_survives_jsons_that_carry_its_arguments(error):
    """Celery writes ``args`` as JSON, and makes the error from them where the result is read."""
    other = type(error)(*json.loads(json.dumps(error.args)))

    assert (vars(other), other.args) == (vars(error), error.args)


@pytest.mark.parametrize("duplicate", [copy.copy, lambda error: CodeError(*error.args)], ids=["copy", "args"])
def test_an_error_that_a_host_makes_of_a_code_is_made_of_a_code(duplicate):
    """Its arguments are no more than it takes."""
    assert duplicate(CodeError("1003")).code == "1003"


@pytest.mark.parametrize("code", ["1000", 1000, *(kind.ACCEPTED for kind in KINDS)], ids=repr)
@pytest.mark.parametrize("kind", [PTSError, HostError, CallError, CodeError])
def test_accepted_request_cannot_be_raised(kind, code):
    """An exception reads as failed, and the order may be paid; the refusal says what to do instead."""
    with pytest.raises(ValueError, match=r"^1000 means accepted, not paid, .* raise_for_code\(\) .* let 1000 pass\.$"):
        kind(code)


@pytest.mark.parametrize("kind", [PTSError, HostError, CallError])
def test_missing_answer_is_an_error_without_a_code(kind):
    """Of the host's own kind, with its reference."""
    error = kind.no_answer(reference="A1")

    assert type(error) is kind
    assert (error.code, error.reference, error.retry_after) == ("", "A1", None)
    assert vars(kind.no_answer()) == vars(kind(""))


@pytest.mark.parametrize("status", [None, "2000", 3000, "not_found"])
@pytest.mark.parametrize("code", ["1001", "1007", "4001", "7777", ""])
def test_error_tells_its_next_step(code, status):
    """As an answer to the order itself, in the active language."""
    with translation.override("de"):
        assert HostError(code).next_step(status=status) == next_step(code, status=status, language="de")


@pytest.mark.parametrize(
    ("code", "status", "said", "seconds"),
    [
        ("8999", None, None, 30),
        ("8999", None, 5, 30),
        ("8999", None, 60, 60),
        ("", "not_found", 60, 300),
        ("", "not_found", 900, 900),
        ("1007", None, 60, 60),
        ("", None, 60, None),
        ("1001", None, 60, None),
        ("", "2000", 60, None),
    ],
    ids=map(str, range(9)),
)
def test_next_step_waits_as_long_as_the_gateway_said(code, status, said, seconds):
    """Or longer, where the catalog says so, or where the order may still be written down."""
    fields = {"outcome": "rejected", "outcome_basis": "confirmed", "retry_advice": "retry_later", "retry_after": 30}
    with override_catalog({"8999": fields}):
        assert PTSError(code, retry_after=said).next_step(status).not_before == seconds


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (
            PublishRefused(
                [
                    Issue(id="M003", level=Level.ERROR, code="1003", where="fr.title", text="It is wrong."),
                    Issue(id="P004", level=Level.ERROR, code="", where="", text="Say why."),
                ]
            ),
            "1003 fr.title: It is wrong. (M003) Say why. (P004)",
        ),
        (ExchangeError(iter(["codes.csv:2: wrong", "codes.csv:3: wrong"])), "codes.csv:2: wrong\ncodes.csv:3: wrong"),
        (UnpublishedChanges("Code 1003 has edits."), "Code 1003 has edits."),
        (AppendOnly("Revisions cannot be deleted."), "Revisions cannot be deleted."),
    ],
    ids=lambda value: type(value).__name__,
)
def test_refusals_say_all_reasons_and_survive_pickling(error, text):
    """A background publish reports to another process why it was refused."""
    other = pickle.loads(pickle.dumps(error))

    assert str(error) == str(other) == text
    assert vars(error) == vars(other)
