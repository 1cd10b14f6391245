"""Nothing false about money: what every code says of it, in every language, on every page."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
from django.utils import translation

from pts_errors import lookup, problem, snapshot
from pts_errors.exceptions import PTSError
from pts_errors.lint import order_ids
from pts_errors.pages import reference, static_copy, words
from pts_errors.values import seed
from pts_errors.values.entry import Entry, OrderId, Outcome, RetryAdvice

ENTRIES = {entry.code: entry for entry in seed.packaged()}
LANGUAGES = sorted({language for entry in ENTRIES.values() for language in entry.messages})
CHECKED_FIRST = [code for code, entry in ENTRIES.items() if entry.retry_advice == RetryAdvice.CHECK_STATUS_FIRST]
CERTAIN = [
    code for code, entry in ENTRIES.items() if entry.outcome == Outcome.REJECTED and code not in set(CHECKED_FIRST)
]

# How each language says that no money was moved, debited or sent. What a refusal that is certain says of itself trips
# every one of them (a test below), and so did the texts of the first release.
NO_MONEY = {
    "ar": r"خصم أي مبلغ|لم يُخصم|لم يتم تحويل",
    "de": r"kein(?:erlei)? Geld|nichts (?:abgebucht|überwiesen|gesendet)|nicht (?:belastet|abgebucht)",
    "en": r"(?:moved|moves|took|sent) no money|no money (?:was|is|has|moved)|money (?:was|has) not|(?<!send )nothing (?:was|is|has been) "
    r"(?:sent|paid|charged|debited|moved)|(?:was|is) refused before|no order (?:exists|was (?:made|created))",
    "es": r"ningún movimiento|no se (?:cobró|debitó|movió)|ningún cargo",
    "fil": r"walang (?:\w+ )?(?:pera|nabawas|nailipat)|wala itong nailipat",
    "fr": r"ni débit ni|aucun (?:débit|prélèvement|transfert)|pas été débité",
    "hi": r"न कोई राशि|कोई राशि नहीं|पैसे नहीं",
    "id": r"tidak ada dana|dana tidak|tidak didebit",
    "ja": r"一切行われて|(?:引き落と|送金)されて(?:い)?ません",
    "ko": r"금액은 없|출금되지 않",
    "ms": r"tiada wang|(?<!mata )wang tidak",
    "pt-br": r"nenhum valor|não foi debitad",
    "ru": r"деньги не|средства не",
    "th": r"ไม่มีการหัก|ไม่มีการโอน|ไม่ได้หัก",
    "vi": r"không (?:có|làm) khoản tiền|không bị trừ",
    "zh-hans": r"未发生任何|没有扣款|未扣款",
    "zh-hant": r"未(?:進行|發生)任何|沒有扣款|未扣款",
}


class Links:
    """Addresses that any page could have."""

    is_live = True
    asked_language = ""

    def listing(self, language: str | None = None) -> str:
        return "/errors/"

    def error(self, code: str, language: str | None = None) -> str:
        return f"/errors/{code}/"

    def permanent(self, code: str) -> str:
        return f"/errors/{code}/"

    def asset(self, name: str) -> str:
        return name


def _said(entry: Entry, language: str) -> Iterator[str]:
    """Yield everything that is said of a code in a language."""
    message = entry.messages[language]
    yield from (message.title, message.customer_message, message.merchant_action)
    yield words.of_outcome(entry.outcome, entry.retry_advice).sentence
    yield words.of_retry_advice(entry.retry_advice, entry.retry_after).sentence
    catalog = snapshot.current()
    yield reference.as_markdown(catalog, entry.code, language=language)
    yield reference.as_json(catalog, entry.code, language=language, links=Links())


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_code_that_is_checked_first_says_that_no_money_moved(language: str) -> None:
    """Neither in its texts, nor on its page, nor as Markdown or JSON."""
    pattern = re.compile(NO_MONEY[language], re.IGNORECASE)

    with translation.override(language):
        said = {
            code: [text for text in _said(ENTRIES[code], language) if pattern.search(text)] for code in CHECKED_FIRST
        }

    assert {code: texts for code, texts in said.items() if texts} == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_refusal_that_is_certain_says_so(language: str) -> None:
    """And with it trips the pattern that the others must not trip."""
    with translation.override(language):
        sentence = words.of_outcome(Outcome.REJECTED, RetryAdvice.RETRY_AFTER_CORRECTION).sentence

    assert re.search(NO_MONEY[language], sentence, re.IGNORECASE)


def test_every_page_of_the_static_copy_keeps_to_it() -> None:
    """The pages as files hold what templates add: descriptions, labels, examples, and other codes."""
    catalog = snapshot.current()
    found = {}
    for language in LANGUAGES:
        pattern = re.compile(NO_MONEY[language], re.IGNORECASE)
        for name, text in static_copy.reference_pages(catalog, language):
            code = name.rpartition("/")[2].removesuffix(".html")
            if code in CHECKED_FIRST and (said := pattern.search(text)):
                found[name] = said[0]

    assert found == {}


def test_runbook_of_a_code_that_is_checked_first_keeps_to_it() -> None:
    """On call, half a sentence is read as a decision: the strip and the first section say nothing of the kind."""
    pages = dict(static_copy.runbook_pages(snapshot.current(), {}))
    shown = re.compile(r'<header class="strip.*?</header>|<section class="prose" id="meaning".*?</section>', re.DOTALL)

    found = {code: shown.findall(pages[f"{code}.html"]) for code in CHECKED_FIRST}

    assert {len(parts) for parts in found.values()} == {2}
    assert [code for code, parts in found.items() if re.search(NO_MONEY["en"], "".join(parts), re.IGNORECASE)] == []


@pytest.mark.parametrize("code", [code for code in CHECKED_FIRST if ENTRIES[code].outcome == Outcome.REJECTED])
@pytest.mark.parametrize("language", LANGUAGES)
def test_refusal_that_is_checked_first_tells_no_customer_to_use_another_way(code: str, language: str) -> None:
    """The texts of the first release did, and with it to pay twice."""
    elsewhere = {
        "en": r"use another|choose another|another one|another payment",
        "de": r"andere \w+ Zahlungsart|andere Zahlungsart",
    }

    text = ENTRIES[code].messages[language].customer_message

    assert not re.search(elsewhere.get(language, r"\0"), text, re.IGNORECASE)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_merchant_action_says_which_order_id(language: str) -> None:
    """One rule, one fixed sentence for each case, word for word the same wherever it stands."""
    for entry in ENTRIES.values():
        case = order_ids.after(entry.outcome, entry.retry_advice)
        other = OrderId.ANY if case is OrderId.SAME else OrderId.SAME
        action = entry.messages[language].merchant_action

        assert action.endswith(order_ids.sentence(case, language)), entry.code
        assert order_ids.sentence(other, language) not in action, entry.code


def test_only_a_refusal_that_is_certain_allows_another_order_id() -> None:
    """Over all outcomes and advice: nothing that is checked first, unknown or accepted does."""
    allowed = {
        (outcome, advice)
        for outcome in Outcome
        for advice in RetryAdvice
        if order_ids.after(outcome, advice) is OrderId.ANY
    }

    assert allowed
    assert all(outcome in (Outcome.REJECTED, Outcome.DECLINED) for outcome, _advice in allowed)
    assert all(advice != RetryAdvice.CHECK_STATUS_FIRST for _outcome, advice in allowed)


def test_language_without_a_fixed_sentence_has_none() -> None:
    """Whatever the host's own language is, its sentence is not asked of another one."""
    with translation.override("de"):
        assert order_ids.sentence(OrderId.SAME, "sv") == ""
        assert order_ids.sentence(OrderId.SAME, "en-gb") == order_ids.SENTENCES[OrderId.SAME]


def test_no_code_suggests_a_status_that_clients_repeat_by_habit() -> None:
    """Unless its advice is to send the same again later."""
    repeated = {408, 425, 429, 502, 503, 504}

    wrong = {e.code: e.http_status for e in ENTRIES.values() if e.http_status in repeated}

    assert {code: s for code, s in wrong.items() if ENTRIES[code].retry_advice != RetryAdvice.RETRY_LATER} == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_a_customer_can_tell_apart_of_hidden_codes_did_not_grow(language: str) -> None:
    """Bodies of two hidden codes that the first release answered alike are alike.

    Four groups: withdrawals that lack balance or were halted, gateways, unknown outcomes, and everything else.
    """
    withdrawals, gateways = {"1013", "1019"}, {"8005", "8101", "8102", "8103", "8104", "8105", "8108", "9000", "9005"}
    hidden = {code for code, entry in ENTRIES.items() if not entry.reveal_to_customer}
    unknown = {code for code in hidden if ENTRIES[code].outcome == Outcome.UNKNOWN}
    groups = [withdrawals, gateways, unknown, hidden - withdrawals - gateways - unknown]

    bodies = [
        {json.dumps(problem.describe(PTSError(code), language=language).body, sort_keys=True) for code in group}
        for group in groups
    ]

    assert [len(group) for group in bodies] == [1, 1, 1, 1]


@pytest.mark.parametrize("code", [*CHECKED_FIRST, "7777", ""])
def test_advice_to_check_first_stays_in_problem_details(code: str) -> None:
    """For every audience, whether the code is revealed or not."""
    body = problem.describe(PTSError(code)).body

    assert body["retry_advice"] == RetryAdvice.CHECK_STATUS_FIRST


def test_unknown_outcome_names_where_to_look_and_whom_to_ask() -> None:
    """A customer who only reads "do not try again" is left at a dead end."""
    texts = {
        entry.messages["en"].customer_message for entry in ENTRIES.values() if entry.outcome == Outcome.UNKNOWN
    } | {str(lookup.get("7777", language="en"))}

    (text,) = texts
    assert "your transactions" in text
    assert "support" in text


@pytest.mark.parametrize("code", ENTRIES)
def test_runbook_names_the_similar_codes_and_no_others(code: str) -> None:
    """One fact: what looks alike. The runbook says how it differs, and the field is what programs read."""
    entry = ENTRIES[code]
    assert entry.runbook is not None

    named = entry.runbook.meaning.partition("Not to be confused with")[2]

    assert set(re.findall(r"\b[1-9]\d{3}\b", named)) & set(ENTRIES) == set(entry.similar)
    assert all(code in ENTRIES[other].similar for other in entry.similar)
