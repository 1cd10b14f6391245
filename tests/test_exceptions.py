"""Tests of `pts_errors.exceptions`."""

from __future__ import annotations

import copy
import pickle
from enum import IntEnum, StrEnum
from types import MappingProxyType

import pytest

from pts_errors.exceptions import (
    AppendOnly,
    ExchangeError,
    PTSError,
    PublishRefused,
    UnpublishedChanges,
    raise_for_code,
)


class HostError(PTSError):
    """A host project's own error."""


Number = IntEnum("Number", {"ACCEPTED": 1000})
Text = StrEnum("Text", {"ACCEPTED": "1000"})


@pytest.mark.parametrize("code", ["1000", 1000, Number.ACCEPTED, Text.ACCEPTED], ids=repr)
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
        ({"code": "1003", "data": {"order_id": 17}}, "1003", None),
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
    ids=map(str, range(28)),
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


@pytest.mark.parametrize("kind", [PTSError, HostError])
@pytest.mark.parametrize(
    "duplicate", [copy.copy, lambda error: pickle.loads(pickle.dumps(error))], ids=["copy", "pickle"]
)
def test_the_error_survives_a_task_queue(kind, duplicate):
    """Task queues pickle exceptions; the type and every attribute are kept."""
    error = kind(1003, reference="A1", retry_after=30)

    other = duplicate(error)

    assert type(other) is kind
    assert vars(other) == {"code": "1003", "reference": "A1", "retry_after": 30}
    assert str(other) == str(error)


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (PublishRefused(["Code 1003 is wrong.", "So is 1004."]), "Code 1003 is wrong. So is 1004."),
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
