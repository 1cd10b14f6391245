"""Tests of `pts_errors.lint.rules`: every rule with a text that trips it and one that does not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from pts_errors.lint import rules
from pts_errors.lint.order_ids import SENTENCES
from pts_errors.lint.rules import Context, Flag, Level, Review
from pts_errors.values.entry import Category, Message, OrderId, Runbook
from tests.support.values import MESSAGE, RUNBOOK, make_entry

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
CONTEXT = Context(known={"1007", "1008", "4001"}, retired={"1008"}, review_days={"error": 180, "info": None}, now=NOW)
SAME, ANY = SENTENCES[OrderId.SAME], SENTENCES[OrderId.ANY]
BARE = Category(slug="transaction", name="Transaction Error", position=1)


def make_code(**changes):
    """Return an entry with other attributes, and what the rules know."""
    return make_entry(**changes), CONTEXT


def make_text(text, *, field="customer_message", language="en", **context):
    """Return an entry with another text in one language, and what the rules know."""
    message = replace(MESSAGE, **{field: text})
    return make_entry(messages={"en": MESSAGE, language: message}), replace(CONTEXT, **context)


def make_resolution(text, *, language="en"):
    """Return an entry with another resolution in one language, and what the rules know."""
    return make_text(text, field="resolution", language=language)


def make_runbook(text="", *, section="meaning", **changes):
    """Return an entry with another section of its runbook, and what the rules know."""
    changes = {section: text, **changes} if text else changes
    return make_entry(runbook=replace(RUNBOOK, **changes)), CONTEXT


def make_catalog(text, *known, retired=()):
    """Return an entry with a section of its runbook, in a catalog of these codes."""
    return make_runbook(text)[0], replace(CONTEXT, known=known, retired=retired)


def make_translation(source_text, *, title="Guthaben fehlt", language="de"):
    """Return an entry with a translated title that was confirmed against this source, and what the rules know."""
    return make_entry(messages={"en": MESSAGE, language: Message(title=title, source_text=source_text)}), CONTEXT


def make_review(severity="error", flags=(), **days):
    """Return an entry, and what is known of its reviews: so many days ago."""
    ages = {name: NOW - timedelta(days=age) for name, age in days.items()}
    given = tuple(Flag(pk=1, text=text, author="ada", created_at=NOW, reference="") for text in flags)
    review = Review(**{"reviewed_at": None, "published_at": None, "changed_at": None, **ages}, flags=given)
    return make_entry(severity=severity), replace(CONTEXT, review=review)


def make_hidden(text, *, outcome="rejected"):
    """Return an entry that is not revealed, and the general texts of English."""
    entry, context = make_text(text)
    general = {("en", False): {"Please contact support."}, ("en", True): {"We are still checking."}}
    return replace(entry, reveal_to_customer=False, outcome=outcome), replace(context, general=general)


CARD = "4111 1111 1111 1111"
# By rule: cases that trip it, each with the field that it names; and cases that do not.
CASES = {
    "C001": (
        [
            (make_code(outcome="unknown", retry_advice="retry_later", reveal_to_customer=False), "retry_advice"),
            (make_code(outcome="unknown", retry_advice="check_status_first"), "reveal_to_customer"),
        ],
        [make_code(outcome="unknown", retry_advice="check_status_first", reveal_to_customer=False), make_code()],
    ),
    "C002": (
        [(make_code(outcome="accepted", http_status=status), "http_status") for status in (199, 300)],
        [
            *(make_code(outcome="accepted", http_status=status) for status in (200, 202, 299)),
            make_code(outcome="rejected", http_status=300),
        ],
    ),
    "C003": (
        [(make_code(retry_after=0), "retry_after")],
        [make_code(retry_after=30, retry_advice="retry_later"), make_code(retry_advice="retry_later")],
    ),
    "C004": (
        [
            (make_code(replaced_by="4001"), "replaced_by"),
            (make_code(replaced_by="1008", is_retired=True), "replaced_by"),
        ],
        [make_code(replaced_by="4001", is_retired=True), make_code(is_retired=True)],
    ),
    "C005": (
        [(make_code(http_status=status), "http_status") for status in (408, 425, 429, 502, 503, 504)],
        [
            *(make_code(http_status=status) for status in (409, 500, 501, 505)),
            make_code(http_status=503, retry_advice="retry_later"),
        ],
    ),
    "C006": (
        [(make_code(outcome=outcome, outcome_basis="assumed"), "retry_advice") for outcome in ("rejected", "declined")],
        [
            make_code(outcome_basis="assumed", retry_advice="check_status_first"),
            *(make_code(outcome_basis=basis, outcome_reason="So it is.") for basis in ("documented", "confirmed")),
        ],
    ),
    "C007": (
        [(make_code(outcome_basis="confirmed"), "outcome_reason")],
        [make_code(outcome_basis="confirmed", outcome_reason="Customer service said so."), make_code()],
    ),
    "M001": (
        [(make_text("", field=name), f"en.{name}") for name in ("title", "customer_message", "merchant_action")]
        + [((make_entry(messages={"de": MESSAGE}), CONTEXT), "en.title")],
        [make_text("Other."), (make_entry(messages={"de": MESSAGE}), replace(CONTEXT, source_language="de"))],
    ),
    "M002": (
        [
            (make_text("", language="de", languages={"en", "de"}), "de.customer_message"),
            (make_text("", language="de", field="title", languages={"de"}), "de.title"),
            (make_text("Andere.", language="de", languages={"de", "fr"}), "fr.title"),
        ],
        [
            make_text("", language="de", field="merchant_action", languages={"en", "de"}),
            make_text("", language="de", languages=()),
            make_text("", languages={"en"}),
        ],
    ),
    "M003": (
        [(make_text(text), "en.customer_message") for text in ("Error 1007.", "Wait ٣ days.", "Wait ３ days.", "४")],
        [make_text("Wait three days."), make_text("Code 1007.", field="merchant_action"), make_text("Half: ½.")],
    ),
    "M004": (
        [
            (make_text(text), "en.customer_message")
            for text in ("See https://x.test.", "See WWW.pts.", "Mail us@pts.", "See pts.com now.")
        ],
        [make_text("Contact support. Come back."), make_text("See https://x.test.", field="merchant_action")],
    ),
    "M005": (
        [
            (make_text("The gateway is busy."), "en.customer_message"),
            (make_text("余额不足。", language="zh-hans"), "zh-hans.customer_message"),
        ],
        [make_text("Please try later."), make_text("The gateway is busy.", field="merchant_action")],
    ),
    "M006": (
        [
            (make_text("<b>Stop</b>"), "en.customer_message"),
            (make_text("Stop<br/>", field="title"), "en.title"),
            (make_text("Fish &amp; chips", field="merchant_action"), "en.merchant_action"),
        ],
        [make_text("Fish & chips"), make_text("1 < 2", field="title"), make_text("a <- b", field="title")],
    ),
    "M007": (
        [
            (make_text(f"Stop{character}."), "en.customer_message")
            for character in "\x00\x1b\x7f\x85\xad\u061c\u200b\u200e\u2028\u202e\u2066\ufeff\U000e0041"
        ],
        [
            make_text("Zwei\nZeilen\tund ein Tabulator."),
            make_text("क्‍ष 👩‍💻", language="hi"),  # joiners belong to the script and to emoji
            make_text("Non-breaking\u00a0space."),
        ],
    ),
    "M008": (
        [
            (make_text(text, field="title"), "en.title")
            for text in (" Balance", "Balance ", "Balance\n", "Low  balance", "Balance\u3000")
        ],
        [make_text("Low balance", field="title"), make_text("余额　不足", field="title", language="zh-hans")],
    ),
    "M009": (
        [
            (make_text("a" * 161), "en.customer_message"),
            (make_text("One. Two! Three?"), "en.customer_message"),
            (make_text("一。二！三？", language="zh-hans"), "zh-hans.customer_message"),
            (make_text("एक। दो। तीन।", language="hi"), "hi.customer_message"),
        ],
        [
            make_text("a" * 160),
            make_text("One. Two."),
            make_text("一。二。", language="zh-hans"),
            make_text("One. Two. Three.", field="merchant_action"),
        ],
    ),
    "M010": (
        [(make_text("Balance too low", field="title", language="de", languages={"de"}), "de.title")],
        [
            *(make_translation({}, title=title) for title in ("Aufladen", "Zu wenig", "")),
            make_code(),
        ],
    ),
    "M011": (
        [
            (make_translation({"title": "Balance is low"}), "de.title"),
            (make_translation({"title": ""}), "de.title"),
            (make_translation({"title": "Zero balance"}), "de.title"),
            (make_translation({"title": "Balance is low"}, language="fr"), "fr.title"),
        ],
        [
            make_translation({"title": "Balance too low"}),
            make_translation({}),
            make_translation({"title": "Balance is low"}, title=""),
        ],
    ),
    "M012": (
        [(make_text("Call {phone}."), "en.customer_message"), (make_text("{x} {brand}", field="title"), "en.title")],
        [make_text("Call {brand}."), make_text("{} {0} {Name}"), make_text("Call {phone}.", constants={"phone"})],
    ),
    "M013": (
        [
            (make_hidden("Your balance is low."), "en.customer_message"),
            (make_hidden("We are still checking."), "en.customer_message"),
            (make_hidden("Please contact support.", outcome="unknown"), "en.customer_message"),
        ],
        [
            make_hidden("Please contact support."),
            make_hidden("We are still checking.", outcome="unknown"),
            make_text("Your balance is low."),
            (make_entry(reveal_to_customer=False), CONTEXT),  # nothing is known of the general texts
        ],
    ),
    "M014": (
        [
            (make_text("a" * 81, field="title"), "en.title"),
            (make_text("Balance too low.", field="title"), "en.title"),
            (make_text("余额不足。", field="title", language="zh-hans"), "zh-hans.title"),
        ],
        [make_text("a" * 80, field="title"), make_text("Balance too low."), make_text("余额不足", field="title")],
    ),
    "M015": (
        [
            (make_text("Top up the balance.", field="merchant_action"), "en.merchant_action"),
            (make_text(SAME, field="merchant_action"), "en.merchant_action"),
            (make_text(f"{ANY} {SAME}", field="merchant_action"), "en.merchant_action"),
            (make_text(ANY, field="merchant_action", language="fr"), "fr.merchant_action"),
            (make_code(retry_advice="check_status_first"), "en.merchant_action"),
        ],
        [
            make_text(f"Top up. {ANY}", field="merchant_action"),
            make_text("", field="merchant_action", language="fr"),
            make_text("Ladda saldot.", field="merchant_action", language="sv"),  # the package has no sentence in it
        ],
    ),
    "M016": (
        [(make_resolution(""), "en.resolution"), (make_code(messages={}), "en.resolution")],
        [make_resolution("", language="fr"), make_code()],
    ),
    "M017": (
        [
            (make_resolution("Top up."), "en.resolution"),
            (make_resolution("1. Top up."), "en.resolution"),
            (make_resolution("- Top up.\n- Wait."), "en.resolution"),
            (make_resolution("1. 充值。", language="zh-hans"), "zh-hans.resolution"),
        ],
        [make_resolution("1. Top up.\n2. Wait."), make_resolution("")],
    ),
    "M018": (
        [
            (make_resolution("1. Top up."), "en.resolution"),
            (make_resolution(f"{ANY} {SAME}"), "en.resolution"),
            (make_resolution(ANY, language="fr"), "fr.resolution"),
            (make_code(retry_advice="check_status_first"), "en.resolution"),
        ],
        [
            make_resolution(f"1. Top up.\n\n{ANY}"),
            make_resolution("", language="fr"),
            make_resolution("Ladda saldot.", language="sv"),  # the package has no sentence in it
        ],
    ),
    "M019": (
        [(make_resolution("word " * 59), "en.resolution"), (make_resolution("word " * 181), "en.resolution")],
        [
            *(make_resolution("word " * words) for words in (60, 180)),
            make_resolution("ord", language="sv"),
            (make_resolution("充值。", language="zh-hans")[0], replace(CONTEXT, source_language="zh-hans")),
        ],
    ),
    "M020": (
        [
            (make_resolution(f"See the {word}."), "en.resolution")
            for word in ("runbook", "Runbooks", "on-call", "dashboard", "escalation", "rota", "`<MERCHANT_ID>`")
        ],
        [make_resolution("Rotate the key. Ask customer service, and bring `order_id`."), make_code()],
    ),
    "M021": (
        [
            (make_resolution("Top up <b>now</b>."), "en.resolution"),
            (make_resolution("<script>x</script>"), "en.resolution"),
            (make_resolution("![x](/x.png)", language="fr"), "fr.resolution"),
        ],
        [make_resolution("1. **Top up.**\n2. `amount` < 5. Bring <ORDER_ID>."), make_code()],
    ),
    "R001": (
        [
            (make_code(runbook=replace(RUNBOOK, **{name: ""})), f"runbook.{name}")
            for name in ("meaning", "impact", "diagnosis", "mitigation", "verification", "escalation")
        ]
        + [(make_code(runbook=None, severity="critical"), "runbook.meaning")],
        [
            make_code(),
            make_code(runbook=None, severity="warning"),
            make_code(runbook=replace(RUNBOOK, escalation=""), category=replace(BARE, escalation="The lead.")),
        ],
    ),
    "R002": (
        [
            (make_runbook(text), "runbook.meaning")
            for text in ("TODO: write", "To be told (tbd).", "<Insert here>", "Lorem ipsum")
        ],
        [make_runbook("Do it today. The customs stay."), make_code(runbook=None)],
    ),
    "R003": (
        [
            (make_runbook("Query <ORDER>."), "runbook.meaning"),
            (make_runbook("`get <X>`", section="impact"), "runbook.impact"),
        ],
        [make_runbook("Query <ORDER_ID> of <MERCHANT_ID>."), make_runbook("a <b c")],
    ),
    "R004": (
        [
            (make_runbook("Not to be confused with 4002."), "runbook.meaning"),
            (make_runbook("Not to be confused with:\n\n- 4001: sent\n- 4002: not sent"), "runbook.meaning"),
            (make_runbook("It answers code 4002."), "runbook.meaning"),
            (make_runbook("See 1008."), "runbook.meaning"),
            (make_catalog("See 1001.", "1001", retired={"1001"}), "runbook.meaning"),
            (make_catalog("See code 1099.", "1007"), "runbook.meaning"),
        ],
        [
            make_catalog("See 1099, 1199 of them.", "1007"),  # no label says what it is
            *(
                make_catalog(text, "1007", "9000", "9999", "4001")
                for text in (
                    "The collector listens on port 9093.",
                    "Port 9093 or 9094, limit 1024 MB, after 1000 ms, within 4002 s.",
                    "9093 is its port; 1024 is the limit.",
                    "It takes 4096 bytes, 1024 at a time.",
                )
            ),
            make_catalog("Retired after 1001 ms, at most 1001 calls.", "1001", retired={"1001"}),
            make_catalog("See 1099.", "107", "10071"),
            make_runbook("See 4001, and 1007."),
            make_runbook("Status 2000, 3000 or 4000."),
            make_runbook("7777 calls in 3600 seconds, at 10.1002 or 2026-1002, v1.1002."),
            make_runbook("10020 or 100"),
        ],
    ),
    "R005": (
        [
            (make_runbook("-----BEGIN PRIVATE KEY-----"), "runbook.meaning"),
            (make_runbook(f"Card {CARD}."), "runbook.meaning"),
            (make_runbook(f"Card {CARD.replace(' ', '')}."), "runbook.meaning"),
            (make_runbook(f"Card {CARD.replace(' ', '-')}."), "runbook.meaning"),
            (make_runbook("Card 5500005555555559."), "runbook.meaning"),
            (make_runbook("Card 6011000990139424."), "runbook.meaning"),
            (make_runbook(f"Card {CARD} 12/27."), "runbook.meaning"),
            (make_runbook("Card 3782 822463 10005, or 378282246310005."), "runbook.meaning"),
            (make_runbook("Card 6304 0000 0000 0000 00."), "runbook.meaning"),
            (make_runbook("`card=5555555555554444&cvc=1`"), "runbook.meaning"),
        ],
        [
            *(make_runbook(f"Number 601100099013942{digit}.") for digit in "012356789"),
            make_runbook("Number 4111 1111 1111 1112."),
            make_runbook("Look for 4111 and 1111, 1111 or 1111."),
            make_runbook("| 4111 | 1111 | 1111 | 1111 |\n| 4111, 1111, 1111, 1111"),
            make_runbook("At 1700000000004 (milliseconds), on 2026-11-28 10 11 1000 4007."),
            make_runbook("Between 4111 1111 and 1111 1111."),
            (make_catalog("Compare 4001 4002 4003 4002.", "4001", "4002", "4003")),
            make_runbook("Amount 0.4111111111111111."),
            make_runbook("Begin with 12 digits: 411111111111."),
        ],
    ),
    "R006": (
        [
            (make_runbook("Press <kbd>F5</kbd>."), "runbook.meaning"),
            (make_runbook("![graph](https://x.test/a.png)"), "runbook.meaning"),
        ],
        [make_runbook("Query <ORDER_ID>, `<b>` and [the page](https://x.test).")],
    ),
    "R007": (
        [
            ((make_entry(runbook=Runbook(meaning="a" * 20_001)), CONTEXT), "runbook"),
            ((make_entry(runbook=Runbook(meaning="é" * 10_000, impact="a")), CONTEXT), "runbook"),
        ],
        [(make_entry(runbook=Runbook(meaning="a" * 20_000)), CONTEXT), make_code(runbook=None)],
    ),
    "R010": (
        [
            (make_code(category=BARE, runbook=replace(RUNBOOK, owner="")), "runbook.owner"),
            (make_code(category=BARE, runbook=None), "runbook.owner"),
        ],
        [make_code(category=BARE), make_code(runbook=None)],
    ),
    "R011": (
        [
            (make_review(reviewed_at=181), "runbook.reviewed_at"),
            (make_review(published_at=181, changed_at=1), "runbook.reviewed_at"),
            (make_review(reviewed_at=3, changed_at=2), "runbook.reviewed_at"),
        ],
        [
            make_review(reviewed_at=180, changed_at=999),
            make_review(published_at=180, changed_at=180),
            make_review(reviewed_at=3, changed_at=3),
            make_review(severity="info", reviewed_at=9999),
            make_review(severity="critical", reviewed_at=9999),  # the host's setting does not name it
            make_review(),
            make_code(),
            (make_entry(), replace(make_review(reviewed_at=999)[1], now=None)),
        ],
    ),
    "R012": ([(make_review(flags=["Step 2 is wrong."]), "runbook.flag")], [make_review(), make_code()]),
    "R013": (
        [(make_runbook("Look around. Expect light.", section="diagnosis"), "runbook.diagnosis")],
        [make_code(), make_code(runbook=replace(RUNBOOK, diagnosis="")), make_code(runbook=None)],
    ),
    "R014": (
        [
            (make_runbook("1. Look.\n2. Look again. Expect: light.", section="diagnosis"), "runbook.diagnosis"),
            (make_runbook("1. Unexpected.", section="diagnosis"), "runbook.diagnosis"),
        ],
        [
            make_runbook("1. Look.\n   Expect: light.\n2. You expect more.", section="diagnosis"),
            make_code(runbook=None),
        ],
    ),
    "R015": (
        [(make_runbook("Switch it off.", section="mitigation"), "runbook.mitigation")],
        [
            make_runbook("Switch it off. Undo: switch it on.", section="mitigation"),
            make_runbook("Delete it. This cannot be undone.", section="mitigation"),
            make_code(runbook=None),
        ],
    ),
    "R016": (
        [(make_runbook(text), "runbook.meaning") for text in ("Mail ops@pts.", "Ask @mary.", "Call +63 2 8888 0000.")],
        [make_runbook("Ask the Platform on-call @ night."), make_runbook("2 + 2 = 4")],
    ),
    "R017": (
        [((make_entry(runbook=Runbook(meaning="word " * 601)), CONTEXT), "runbook")],
        [(make_entry(runbook=Runbook(meaning="word " * 600)), CONTEXT), make_code(runbook=None)],
    ),
    "R018": ([(make_runbook("See http://x.test/."), "runbook.meaning")], [make_runbook("See https://x.test/.")]),
    "R019": (
        [
            (make_runbook("Too little.\n\nNot to be confused with:\n\n- 4001: sent"), "similar"),
            (make_runbook("Too little.\n\nNot to be confused with 4001."), "similar"),
            (make_code(similar=("4001",)), "runbook.meaning"),
        ],
        [
            make_runbook("After 4001 look again."),
            make_runbook("Not to be confused with status 1008 of an order."),
            (
                make_entry(runbook=replace(RUNBOOK, meaning="Not to be confused with: 4001"), similar=("4001",)),
                CONTEXT,
            ),
            make_code(runbook=None, similar=("4001",)),
        ],
    ),
    "R020": (
        [
            (make_runbook("a" * 241, section="impact"), "runbook.impact"),
            (make_runbook(f"1. {'a' * 241}\n   Expect: one.", section="diagnosis"), "runbook.diagnosis"),
            (make_runbook(f"- {'a' * 241}\n- b", section="escalation"), "runbook.escalation"),
        ],
        [
            make_runbook(f"{'a' * 239}. And more.", section="impact"),
            make_runbook(f"1. {'a' * 240}\n   Expect: {'b' * 99}\n2. {'c' * 999}", section="diagnosis"),
            make_runbook(f"- b\n- {'a' * 999}", section="escalation"),
            make_code(runbook=None),
        ],
    ),
    "R021": (
        [
            (make_runbook("The money was too little."), "runbook.meaning"),
            (make_runbook(f"The money was too little.\n\n{ANY}"), "runbook.meaning"),
            (make_code(retry_advice="check_status_first"), "runbook.meaning"),
        ],
        [make_runbook(f"Too little: **{ANY}**\n\nMore."), make_code(runbook=None)],
    ),
    "R022": (
        [
            (
                make_code(runbook=replace(RUNBOOK, meaning="See [it][x].", impact="[x]: https://x.test/")),
                "runbook.meaning",
            ),
            (make_code(runbook=replace(RUNBOOK, meaning="See [x][].", escalation="[X]: /a")), "runbook.meaning"),
            (make_code(runbook=replace(RUNBOOK, impact="See [x].", meaning="[y]: /b\n[x]: /a")), "runbook.impact"),
            (
                make_code(runbook=replace(RUNBOOK, impact="- [y], [x] and [x]\n\n[x]: /a", meaning="[y]: /b")),
                "runbook.impact",
            ),
        ],
        [
            make_runbook("See [it][x] and [x].\n\n[x]: https://x.test/"),
            make_code(runbook=replace(RUNBOOK, meaning="See `[x]`, [y] and \\[x].", impact="See [x].\n\n[x]: /a")),
            make_runbook("a[1][2] of [ORDER_ID]: 3"),
            make_code(runbook=None),
        ],
    ),
    "R023": (
        [
            (make_runbook("Restart it (assumption to confirm: it can)."), "runbook"),
            (make_runbook("- a (Assumption to confirm: b)", section="escalation"), "runbook"),
        ],
        [make_runbook("Write `(assumption to confirm: it can)`."), make_code(runbook=None)],
    ),
}


def found(case, id):
    """Return the issues of one rule."""
    return [issue for issue in rules.lint(*case) if issue.id == id]


def cases(side):
    """Return the cases of one side, each with the id of its rule."""
    return [
        pytest.param(id, case, id=f"{id}-{number}")
        for id, both in CASES.items()
        for number, case in enumerate(both[side], start=1)
    ]


@pytest.mark.parametrize("id", rules.levels())
def test_every_rule_has_both_kinds_of_cases(id):
    """A new rule is not done before it is shown to trip, and to stay quiet."""
    assert id in CASES, f"Add cases of {id}."
    assert all(CASES[id]), f"{id} needs a case that trips it and one that does not."


def test_every_case_is_of_a_rule():
    """A rule that is gone leaves no case behind."""
    assert CASES.keys() == rules.levels().keys()


@pytest.mark.parametrize(("id", "case"), cases(0))
def test_a_rule_trips(id, case):
    """It names code, field and level, and says so in a sentence."""
    subject, where = case

    issues = found(subject, id)

    assert where in [issue.where for issue in issues]
    assert {issue.code for issue in issues} == {"1007"}
    assert {issue.level for issue in issues} == {rules.levels()[id]}
    assert all(issue.text.endswith(".") and "%" not in issue.text for issue in issues)


@pytest.mark.parametrize(("id", "case"), cases(1))
def test_a_rule_stays_quiet(id, case):
    """A text that is right is left alone."""
    assert found(case, id) == []


def test_a_sound_entry_has_no_issue():
    """The entry that the other tests change begins without any."""
    assert rules.lint(*make_code()) == []


@pytest.mark.parametrize(
    ("case", "id", "said"),
    [
        (make_runbook("Lorem ipsum."), "R002", "“Lorem ipsum” is a leftover from drafting."),
        (make_runbook("<Insert here>"), "R002", "“<Insert” is a leftover from drafting."),
        (make_review(reviewed_at=187), "R011", "The review is overdue by 7 days."),
        (
            make_runbook(
                "a (assumption to confirm: b)", impact="(assumption to confirm: c) (assumption to confirm: d)"
            ),
            "R023",
            "3 statements of this runbook are unconfirmed.",
        ),
        (make_runbook("a (assumption to confirm: b)"), "R023", "1 statement of this runbook is unconfirmed."),
        (
            make_runbook("1. Expect: light.\n2. Look.\n3. Expect: dark.", section="diagnosis"),
            "R014",
            "Step 2 does not say what to expect.",
        ),
    ],
)
def test_an_issue_says_what_it_found(case, id, said):
    """To the word, and to the day."""
    assert [issue.text for issue in found(case, id)] == [said]


def test_issues_come_in_the_order_of_the_rules():
    """People compare two reports."""
    entry = make_entry(retry_after=1, messages={}, runbook=None, category=BARE)

    ids = [issue.id for issue in rules.lint(entry, CONTEXT)]

    assert ids == sorted(ids)
    assert len(set(ids)) > 3


def test_ids_are_in_order():
    """As the reference lists them."""
    assert list(rules.levels()) == sorted(rules.levels())
    assert set(rules.levels().values()) == set(Level)


@pytest.mark.parametrize(
    ("silenced", "expected"),
    [((), False), (["R010"], True), (["R010:1007"], True), (["R010:1008"], False), (["R011"], False)],
)
def test_a_host_may_silence_a_rule(silenced, expected):
    """For every code, or for one."""
    (issue,) = found(make_code(category=BARE, runbook=replace(RUNBOOK, owner="")), "R010")

    assert rules.is_silenced(issue, silenced) is expected


@pytest.mark.parametrize(
    "text", ["a" * 10_000, "1 " * 5_000, "@" * 10_000, "[a](b" * 2_000, "<" * 10_000, "4 -" * 3_000]
)
def test_long_hostile_texts_are_linted_at_once(text):
    """No rule takes more than linear time, or this would not end: the admin runs all of them on every save."""
    runbook = Runbook(owner="x", meaning=text, diagnosis=text)

    issues = rules.lint(
        make_entry(messages={"en": Message(title=text[:80], customer_message=text)}, runbook=runbook), CONTEXT
    )

    assert {"M009", "R007"} & {issue.id for issue in issues}
