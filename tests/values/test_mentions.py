"""Which codes a text names: a table for the server's reading and the script's, and generated lines."""

from __future__ import annotations

import html
import json
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pts_errors.values import mentions, seed
from pts_errors.values.mentions import Reason

CODES = {entry.code: (entry.name, entry.provider_message) for entry in seed.packaged()}
PARAMETERS = ("order_id", "merchant_id", "request_id", "transaction_id")

# Line, codes, and whether the one code is certain. The browser's tests run the same table through the page's script.
LINES: list[tuple[str, list[str], bool]] = json.loads(
    Path(__file__).with_name("log_lines.json").read_text(encoding="utf-8")
)


@pytest.mark.parametrize(("line", "codes", "is_certain"), LINES, ids=[line[0][:60] for line in LINES])
def test_line_is_read_as_a_person_reads_it(line: str, codes: list[str], is_certain: bool) -> None:
    """A label, a name or a message counts; a status, an amount or the number of a process does not."""
    reading = mentions.read(line, CODES)

    assert ([candidate.code for candidate in reading.candidates], reading.is_certain) == (codes, is_certain)


def _as_json(names: tuple[str, str], values: tuple[str, str]) -> str:
    return json.dumps(dict(zip(names, values, strict=True)))


# Ways in which programs write two names with their values into a line.
WRITERS: list[Callable[[tuple[str, str], tuple[str, str]], str]] = [
    _as_json,
    lambda names, values: json.dumps({"body": _as_json(names, values)}),
    lambda names, values: json.dumps({"log": json.dumps({"body": _as_json(names, values)})}),
    lambda names, values: quote(_as_json(names, values)),
    lambda names, values: quote(quote(_as_json(names, values))),
    lambda names, values: html.escape(_as_json(names, values)),
    lambda names, values: "&".join(f"{name}={value}" for name, value in zip(names, values, strict=True)),
    lambda names, values: "GET /pay?" + "&".join(f"{quote(n)}={v}" for n, v in zip(names, values, strict=True)),
    lambda names, values: " ".join(f"{name}={value}" for name, value in zip(names, values, strict=True)),
    lambda names, values: ", ".join(f"{name}: {value}" for name, value in zip(names, values, strict=True)),
    lambda names, values: repr(dict(zip(names, values, strict=True))),
    lambda names, values: "".join(f"<{n}>{v}</{n}>" for n, v in zip(names, values, strict=True)),
    lambda names, values: "; ".join(f'"{n}" => "{v}"' for n, v in zip(names, values, strict=True)),
    lambda names, values: (
        "a:2:{" + "".join(f's:{len(n)}:"{n}";s:{len(v)}:"{v}";' for n, v in zip(names, values, strict=True)) + "}"
    ),
]
LABELS = st.sampled_from(
    ["code", "Code", "CODE", "error_code", "errorCode", "rc", "resultCode", "respCode", "pts.code"]
)
OTHERS = st.sampled_from(
    ["status", "order_status", "statusCode", "http_code", "amount", "port", "state", "retries", "user_id", "zip_code"]
)
KNOWN = st.sampled_from(sorted(CODES))


@given(st.sampled_from(WRITERS), LABELS, OTHERS, KNOWN, KNOWN, st.booleans())
def test_labeled_number_wins_over_every_other(
    write: Callable[..., str], label: str, other: str, code: str, number: str, is_first: bool
) -> None:
    """However the line is written, in whichever order, a number of another name opens nothing."""
    pairs = [(label, code), (other, number)] if is_first else [(other, number), (label, code)]
    line = write(tuple(name for name, _ in pairs), tuple(value for _, value in pairs))

    assert mentions.read(f"10:01:02.123 {line}", CODES).single(CODES) == code


@given(st.sampled_from(WRITERS), OTHERS, OTHERS, KNOWN, KNOWN)
def test_numbers_with_other_names_are_no_codes(
    write: Callable[..., str], one: str, other: str, first: str, second: str
) -> None:
    """Nothing is offered, least of all code 1000 for the status 1000."""
    line = write((one, f"other_{other}"), (first, second))

    assert mentions.read(line, CODES).candidates == ()


@given(st.sampled_from(WRITERS), LABELS, LABELS, KNOWN, KNOWN)
def test_two_labeled_numbers_are_both_offered(
    write: Callable[..., str], one: str, other: str, first: str, second: str
) -> None:
    """Nothing is certain where two codes are meant."""
    line = write((one, f"other_{other}"), (first, second))

    reading = mentions.read(line, CODES)

    assert {candidate.code for candidate in reading.candidates} == {first, second}
    assert reading.is_certain is (first == second)


@given(st.sampled_from(WRITERS), LABELS, st.integers(7000, 7999).map(str), KNOWN)
def test_labeled_number_that_is_not_in_the_catalog_opens_no_other(
    write: Callable[..., str], label: str, code: str, number: str
) -> None:
    """It is what the gateway answered, whatever else stands in the line."""
    reading = mentions.read(write((label, "note"), (code, f"after {number} tries")), CODES)

    assert [candidate.code for candidate in reading.candidates] == [code]
    assert reading.single(CODES) == ""


@pytest.mark.parametrize("code", CODES)
def test_every_name_and_message_leads_to_its_code(code: str) -> None:
    """Messages that several codes share lead to all of them."""
    name, message = CODES[code]
    alike = {other for other, (_name, text) in CODES.items() if text.lower() == message.lower()}

    by_name = mentions.read(f"raised {name} for A-77", CODES)
    by_message = mentions.read(f'2026-11-28 "{message.upper()}" (order A-1)', CODES)

    assert [(c.code, c.reason) for c in by_name.candidates] == [(code, Reason.NAME)]
    assert {candidate.code for candidate in by_message.candidates} == alike
    assert by_message.is_certain is (len(alike) == 1)


@pytest.mark.parametrize(
    ("line", "values"),
    [
        ('{"status": "1000", "code": "4001", "order_id": "A-77"}', {"order_id": "A-77"}),
        (r"{\"orderNo\":\"B9\",\"txnId\":\"T-1\"}", {"order_id": "B9", "transaction_id": "T-1"}),
        ('"order": {"id": "A-77"}', {"order_id": "A-77"}),
        ("order A-77 failed with 4001.", {"order_id": "A-77"}),
        ("merchantOrderId=Z1&request_id=r-5", {"order_id": "Z1", "request_id": "r-5"}),
        ("order%3DA77%26code%3D4001", {"order_id": "A77"}),
        ("order_id = 'A77', merchant = M2", {"order_id": "A77", "merchant_id": "M2"}),
        ("the order failed, and the merchant called", {}),
        ("reorder77 preorder88", {}),
        ("order_id=<script>7</script>", {}),
    ],
)
def test_order_of_a_line_is_carried_over(line: str, values: dict[str, str]) -> None:
    """However programs call it."""
    assert mentions.values(line, PARAMETERS) == values


@given(st.text(max_size=300))
def test_any_text_is_read(text: str) -> None:
    """Every candidate is a known code, or a labeled number of four digits."""
    reading = mentions.read(text, CODES)

    for candidate in reading.candidates:
        assert candidate.code in CODES or (candidate.reason is Reason.LABEL and len(candidate.code) == 4)


@pytest.mark.parametrize(
    ("prose", "codes"),
    [
        ("Not to be confused with 1007, 1013 and 1014.", ["1007", "1013", "1014"]),
        ("After status 3000 the order is final; code 1002 says nothing.", ["1002"]),
        ("Listen on port 9093, limit 1024 MB, at most 1000 requests.", []),
        ("Wait 1000 ms, then at most 1002 calls; up to 1003 orders, exactly 1006 lines, another 1007 payments.", []),
        ("Amounts above 1,000.00 or 1000.50 are checked.", []),
        ("- 1010: the signature is wrong\n- 8107: no key", ["1010", "8107"]),
    ],
)
def test_prose_is_read_by_the_same_rules(prose: str, codes: list[str]) -> None:
    """A label decides there, too: runbooks name statuses, ports and limits."""
    assert [mention.code for mention in mentions.in_text(prose)] == codes
