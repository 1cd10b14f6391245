"""Tests of `pts_errors.next_step`, and the proof that no step can make an order pay twice."""

from __future__ import annotations

import dataclasses
import itertools
import json
import pickle
from enum import Enum, IntEnum, StrEnum
from typing import Any

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from pts_errors import lookup, next_step, snapshot
from pts_errors.next_step import Action, Step
from pts_errors.testing import override_catalog
from pts_errors.values import seed
from pts_errors.values.catalog import Catalog
from pts_errors.values.entry import FINAL_STATUSES, STATUSES, Basis, Category, Entry, Outcome, RetryAdvice
from tests.support.hostile import Hostile, HostileNumber, HostileText
from tests.support.values import LANGUAGES

CALLS = ("order", "query")
UNHEARD_OF = ("6000", "PAID", 2_000_000)
NOT_PUBLISHED = ("7777", "70000", "no code", 7777.0)

# Every combination that the database allows, each as a code of its own with texts of its own.
COMBINATIONS = {
    str(20_000 + number): {
        "outcome": outcome,
        "outcome_basis": basis,
        "retry_advice": advice,
        "retry_after": seconds,
        "http_status": 202 if outcome == Outcome.ACCEPTED else 500,
        "reveal_to_customer": False,
    }
    for number, (outcome, basis, advice, seconds) in enumerate(
        itertools.product(Outcome, Basis, RetryAdvice, [None, 0, 30])
    )
}
ALLOWED = {
    code: {
        **fields,
        "customer_message": f"Customer message of {code}.",
        "merchant_action": f"Merchant action of {code}.",
    }
    for code, fields in COMBINATIONS.items()
    if Entry(code=code, name="N", category=Category(slug="c"), **fields).is_consistent
}


# ---- an independent model of what an order may be ----
#
# Written from the facts about the gateway, not from the code: which states of the order are possible, as far as the
# answers tell? An order that is pending may still be paid. "never" is a request that made no order.

ANYTHING = frozenset({"never", "pending", "paid", "failed"})
SAID_BY_STATUS = {
    "0000": {"pending"},
    "1000": {"pending"},
    "2000": {"paid"},
    "3000": {"failed"},
    "4000": ANYTHING,
    "5000": {"pending"},  # expired, may be successful later
    "not_found": {"never", "pending", "paid"},  # the gateway may write an order down later than it pays
}


def possible(entry: Entry | None, status: object, call: str) -> frozenset[str]:
    """Return which states of the order the answers leave open."""
    if status is not None and status != "not_found":
        return frozenset(SAID_BY_STATUS.get(str(status), ANYTHING))
    by_code = ANYTHING
    if call == "order" and entry is not None:
        is_known_how = entry.outcome_basis in ("documented", "derived", "confirmed")
        speaks_of_the_order = entry.retry_advice != "check_status_first"
        if entry.outcome in ("rejected", "declined") and is_known_how and speaks_of_the_order:
            by_code = frozenset({"never"})
    return by_code & frozenset(SAID_BY_STATUS.get(str(status), ANYTHING))


@pytest.fixture
def catalog():
    """Serve the shipped catalog together with every combination that the database allows."""
    with override_catalog(ALLOWED) as served:
        yield served


def everything(catalog: Catalog):
    """Yield every code, status and call, with the entry of the code if it has one."""
    codes: list[tuple[Any, Entry | None]] = [*catalog.entries.items()]
    codes += [(code, None) for code in (*NOT_PUBLISHED, "", None)]
    return (
        (code, entry, status, call)
        for code, entry in codes
        for status in (None, *STATUSES, *UNHEARD_OF)
        for call in (*CALLS, "unheard of")
    )


def test_theorem_no_path_allows_another_order_id_while_an_earlier_attempt_may_still_pay(catalog):
    """By exhaustion: every code, every combination that the database allows, every status, and both calls."""
    wrong = []
    seen = set()
    for code, entry, status, call in everything(catalog):
        step = next_step.next_step(code, status=status, call=call, language="en")
        states = possible(entry, status, call)
        seen.add((step.action, step.order_id))
        if (
            (step.order_id in ("any", "new") and not states.isdisjoint({"pending", "paid"}))
            or (step.order_id == "new") != (status == "3000")
            or (step.action == Action.DONE) != (status == "2000")
            or (step.action == Action.REORDER) != (status == "3000")
            or step.is_final != (status in FINAL_STATUSES)
            or (step.order_id is None) != (step.action in (Action.DONE, Action.STOP, Action.ESCALATE))
            # The old id is never sent again once it is used up or settled.
            or (step.order_id == "same" and not states.isdisjoint({"paid", "failed"}) and status in FINAL_STATUSES)
        ):
            wrong.append((code, status, call, step))

    assert len(ALLOWED) > 80
    assert len(seen) == 9  # every action; what is sent again carries the same id, or any
    assert wrong == []


def test_theorem_no_customer_reads_that_an_order_is_paid_or_failed_before_that_is_final(catalog):
    """The message is that of the status, of the code that refused the order for certain, or of an open order."""
    by_status = {status: lookup.status(status, language="en") for status in STATUSES}
    unknown = lookup.get("", language="en")
    final = {by_status[status].customer_message for status in FINAL_STATUSES}
    wrong = []
    for code, entry, status, call in everything(catalog):
        step = next_step.next_step(code, status=status, call=call, language="en")
        own = lookup.get(code, language="en") if code else unknown
        if status not in (None, "not_found"):
            expected: Any = by_status.get(status, by_status["4000"])
        elif status is None:
            is_not_found = call != "order" and code == "1002"
            expected = by_status["not_found"] if is_not_found else own if call == "order" else unknown
        elif step.action == Action.ESCALATE:
            expected = by_status["4000"]
        elif possible(entry, status, call) == {"never"}:
            expected = own
        else:
            expected = by_status["not_found"]
        texts = (expected.customer_message, expected.merchant_action, expected.language, expected.direction)
        if (step.customer_message, step.merchant_action, step.language, step.direction) != texts or (
            (step.customer_message in final) != (status in FINAL_STATUSES)
        ):
            wrong.append((code, status, call, step))

    assert len({text.customer_message for text in by_status.values()} & final) == len(FINAL_STATUSES)
    assert wrong == []


# ---- the rule, case by case ----


def combination(outcome: str, basis: str, advice: str, seconds: int | None = None) -> str:
    """Return the code of a combination."""
    (code,) = (
        code
        for code, fields in ALLOWED.items()
        if (fields["outcome"], fields["outcome_basis"], fields["retry_advice"], fields["retry_after"])
        == (outcome, basis, advice, seconds)
    )
    return code


def short(code: object, **options: Any) -> tuple[str, str | None, int | None]:
    """Return a step without its texts."""
    step = next_step.next_step(code, **options)
    return step.action.value, step.order_id, step.not_before


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("code", ["1000", "1003", "1007", "4001", "8001", "7777", None])
@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("0000", ("wait", "same", None)),
        ("1000", ("wait", "same", None)),
        ("2000", ("done", None, None)),
        ("3000", ("reorder", "new", None)),
        ("4000", ("escalate", None, None)),
        ("5000", ("wait", "same", None)),
        ("6000", ("escalate", None, None)),
    ],
)
def test_status_decides(code, status, call, expected):
    """Whatever answered before, and whichever call it answered."""
    assert short(code, status=status, call=call) == expected


@pytest.mark.parametrize(
    ("outcome", "basis", "advice", "seconds", "expected", "not_found"),
    [
        ("accepted", "documented", "not_applicable", None, ("wait", "same", None), ("escalate", None, None)),
        ("accepted", "assumed", "check_status_first", None, ("wait", "same", None), ("escalate", None, None)),
        ("unknown", "documented", "check_status_first", None, ("query", "same", None), ("escalate", None, None)),
        ("unknown", "confirmed", "check_status_first", None, ("query", "same", None), ("escalate", None, None)),
        ("rejected", "assumed", "check_status_first", None, ("query", "same", None), ("resend", "same", 300)),
        ("declined", "assumed", "check_status_first", None, ("query", "same", None), ("resend", "same", 300)),
        ("rejected", "documented", "check_status_first", None, ("query", "same", None), ("escalate", None, None)),
        ("declined", "confirmed", "check_status_first", None, ("query", "same", None), ("escalate", None, None)),
        *(
            (outcome, basis, advice, seconds, expected, expected)
            for outcome in ("rejected", "declined")
            for basis in ("documented", "derived", "confirmed")
            for advice, seconds, expected in (
                ("retry_after_correction", None, ("correct", "any", None)),
                ("retry_after_resolution", None, ("resend", "any", None)),
                ("retry_later", None, ("resend", "any", None)),
                ("retry_later", 0, ("resend", "any", 0)),
                ("retry_later", 30, ("resend", "any", 30)),
                ("do_not_retry", None, ("stop", None, None)),
                ("not_applicable", None, ("stop", None, None)),
            )
        ),
    ],
)
def test_code_decides_where_no_status_does(catalog, outcome, basis, advice, seconds, expected, not_found):
    """Without a status, and after a status that says only that the gateway does not know the order."""
    code = combination(outcome, basis, advice, seconds)

    assert short(code) == expected
    assert short(code, status="not_found") == not_found


def test_no_answer_is_queried_and_then_sent_again_with_the_same_id():
    """Not at once: the gateway may write the order down later."""
    for code in (None, ""):
        assert short(code) == ("query", "same", None)
        assert short(code, status="not_found") == ("resend", "same", next_step.RESEND_AFTER_SECONDS)


@pytest.mark.parametrize("code", NOT_PUBLISHED, ids=repr)
def test_answer_that_nobody_knows_is_no_missing_answer(code):
    """The gateway had the request, so that it does not find the order later is a contradiction."""
    assert short(code) == ("query", "same", None)
    assert short(code, status="not_found") == ("escalate", None, None)


@pytest.mark.parametrize("code", ["1000", "1001", "1003", "1007", "4001", "8001", "7777", "", None], ids=repr)
def test_error_in_answer_to_a_query_says_nothing_about_the_order(code):
    """Not even one that is a certain refusal: what it refused was the query."""
    assert short(code, call="query") == ("query", "same", None)
    if code:
        assert short(code, status="not_found", call="query") == ("query", "same", None)


@pytest.mark.parametrize("status", [None, "", "not_found"], ids=repr)
@pytest.mark.parametrize("code", ["1002", 1002], ids=repr)
def test_only_1002_in_answer_to_a_query_says_that_the_order_is_not_found(code, status):
    """As the status does."""
    step = next_step.next_step(code, status=status, call="query")

    assert step == next_step.next_step(None, status="not_found")
    assert (step.action, step.order_id, step.not_before) == ("resend", "same", 300)


@pytest.mark.parametrize("call", ["", None, "Order", "payment", b"order", 1, ["order"]], ids=repr)
def test_unheard_of_call_is_as_careful_as_a_query(call):
    """A refusal counts only for whoever says that it answered the order."""
    assert next_step.next_step("1007", call=call) == next_step.next_step("1007", call="query")


Text = StrEnum("Text", {"FAILED": "3000", "ORDER": "order", "CODE": "1007"})
Choice = Enum("Choice", {"FAILED": "3000", "ORDER": "order", "CODE": "1007"}, type=str)
Number = IntEnum("Number", {"FAILED": 3000, "CODE": 1007})


@pytest.mark.parametrize("status", ["3000", 3000, Text.FAILED, Choice.FAILED, Number.FAILED], ids=repr)
def test_status_is_text_or_a_number(status):
    """As the gateway sends it, or as a host names it."""
    assert short("4001", status=status) == ("reorder", "new", None)


@pytest.mark.parametrize("code", [Text.CODE, Choice.CODE, Number.CODE], ids=repr)
def test_code_and_call_may_be_members_of_an_enumeration(code):
    """Their values count."""
    assert short(code, call=Choice.ORDER) == short(code, call=Text.ORDER) == short("1007") == ("resend", "any", None)


@pytest.mark.parametrize(("number", "text"), [(0, "0000"), (1000, "1000"), (5000, "5000")])
def test_status_that_lost_its_zeros_is_found(number, text):
    """JSON that writes it as a number has no leading zeros."""
    assert next_step.next_step("4001", status=number) == next_step.next_step("4001", status=text)


@pytest.mark.parametrize(
    "status",
    [True, False, 3000.0, -1, 10_000, 10**5_000, b"3000", " 3000", "3000\n", "0", "NOT_FOUND", [], {}],
    ids=map(str, range(13)),
)
def test_unheard_of_status_is_as_careful_as_an_order_in_error(status):
    """Nothing but an exact status is believed."""
    assert next_step.next_step("1007", status=status) == next_step.next_step("1007", status="4000")


@pytest.mark.parametrize(
    "kind", [Hostile, lambda: HostileText("3000"), lambda: HostileNumber(3000)], ids=["object", "text", "number"]
)
def test_hostile_value_raises_nothing(kind):
    """Wherever it stands."""
    for step in (
        next_step.next_step(kind()),
        next_step.next_step("1007", status=kind()),
        next_step.next_step("1007", call=kind()),
        next_step.next_step("1007", language=kind()),
    ):
        assert type(step) is Step


anything = st.from_type(object) | st.sampled_from([*STATUSES, *CALLS, "1002", "1007", "4001"])


@given(anything, anything, anything, anything)
def test_any_value_gives_a_careful_step(code, status, call, language):
    """Whatever JSON or a host's mistake passes: no exception, and no other order id without ground."""
    step = next_step.next_step(code, status=status, call=call, language=language)

    assert step.order_id != "new" or status in ("3000", 3000)
    assert step.order_id != "any" or (type(call) is str and call == "order")
    assert (step.action == Action.DONE) == (type(status) in (str, int) and status in ("2000", 2000))
    assert step.customer_message
    assert step.reason


# ---- texts ----


@pytest.mark.parametrize("language", LANGUAGES)
def test_reason_is_in_the_requested_language(language):
    """Every reason that a shipped code can have, translated, without a change of the active language."""
    with translation.override("fr"):
        told = {
            (next_step.next_step(code, status=status, call=call, language=language).reason)
            for code in (None, "1000", "1001", "1003", "1007", "4001", "8001")
            for status in (None, *STATUSES)
            for call in CALLS
        }
        assert translation.get_language() == "fr"

    english = {
        next_step.next_step(code, status=status, call=call, language="en").reason
        for code in (None, "1000", "1001", "1003", "1007", "4001", "8001")
        for status in (None, *STATUSES)
        for call in CALLS
    }
    assert len(told) == len(english) == 11
    assert told == english if language == "en" else told.isdisjoint(english)


def test_active_language_is_taken_without_another():
    """As lookups do."""
    with translation.override("de"):
        step = next_step.next_step("1007", status="3000")

    assert step == next_step.next_step("1007", status="3000", language="de")
    assert (step.language, step.direction) == ("de", "ltr")
    assert next_step.next_step("1007", language="ar").direction == "rtl"


def test_invented_languages_are_not_kept():
    """Clients can ask for any number of them; the words are those of the catalog's own languages."""
    assert next_step.next_step("1007", language="x-invented").language == "en"
    assert next_step.next_step("1007", language="de_AT").reason == next_step.next_step("1007", language="de").reason


def test_step_is_a_value():
    """It can be compared, hashed, pickled and turned into JSON."""
    step = next_step.next_step("1007", language="en")

    assert pickle.loads(pickle.dumps(step)) == step
    assert hash(step) == hash(next_step.next_step("1007", language="en"))
    assert json.loads(json.dumps(dataclasses.asdict(step)))["action"] == "resend"


# ---- test vectors ----


def test_table_has_every_code_status_and_call():
    """Also no answer, and a code and a status that do not exist."""
    inputs = [vector["input"] for vector in next_step.table()]

    assert inputs == [
        {"code": code, "status": status, "call": call}
        for code in (*(entry.code for entry in seed.packaged()), "7777", None)
        for status in (None, *STATUSES, "6000")
        for call in CALLS
    ]


def test_table_is_what_the_function_answers():
    """Vector by vector, also after JSON."""
    for vector in json.loads(json.dumps(next_step.table())):
        step = next_step.next_step(**vector["input"])

        assert vector["expected"] == {
            "action": step.action,
            "order_id": step.order_id,
            "not_before": step.not_before,
            "is_final": step.is_final,
        }


def test_table_follows_what_is_published():
    """A site's own codes are in it, and the unpublished code is one that the site does not have."""
    with override_catalog({"7777": {}, "1007": {"retry_advice": "do_not_retry"}}):
        found = {tuple(vector["input"].values()): vector["expected"]["action"] for vector in next_step.table()}

    assert found["1007", None, "order"] == "stop"
    assert found["7777", None, "order"] == found["7778", None, "order"] == "query"


def test_document_has_the_revision():
    """So that a team sees from which publish its vectors come."""
    document = next_step.document(snapshot.current())

    assert document == {
        "revision": snapshot.current().number,
        "count": len(next_step.table()),
        "results": next_step.table(),
    }
