"""Values for tests: one sound entry to change, and strategies for any entry."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pts_errors.lint.order_ids import SENTENCES
from pts_errors.values.entry import Basis, Category, Entry, Message, OrderId, Outcome, RetryAdvice, Runbook, Severity

LANGUAGES = (
    "en",
    "ar",
    "de",
    "es",
    "fil",
    "fr",
    "hi",
    "id",
    "ja",
    "ko",
    "ms",
    "pt-br",
    "ru",
    "th",
    "vi",
    "zh-hans",
    "zh-hant",
)
"""The shipped languages, the source first, as a catalog orders them."""

MESSAGE = Message(
    title="Balance too low",
    customer_message="Your order wasn't processed. Please use another way to pay.",
    merchant_action=f"Top up the balance first. {SENTENCES[OrderId.ANY]}",
    resolution=(
        "1. **The balance is too low.** Compare the available balance with `amount` and the fee. Top up, and send the "
        "order again.\n2. **Another order took the money.** List the open orders of the hour, and wait until they are "
        f"final.\n\n{SENTENCES[OrderId.ANY]}\n\nIf the balance is right, ask customer service; bring `order_id`."
    ),
)

RUNBOOK = Runbook(
    owner="Ledger on-call",
    meaning=f"**{SENTENCES[OrderId.ANY]}** The money on the account was too little.",
    impact="Orders of one merchant are refused.",
    diagnosis="1. Read the balance.\n   Expect: less than the amount.",
    mitigation="Nothing to change on our side. Nothing to undo.",
    verification="The next order is accepted.",
    escalation="Merchant support in office hours.",
)


def make_entry(**changes: Any) -> Entry:
    """Return an entry that no lint rule complains about, with these attributes changed."""
    entry = Entry(
        code="1007",
        name="BALANCE_TOO_LOW",
        category=Category(slug="transaction", name="Transaction Error", position=1, owner="Payments on-call"),
        provider_message="Balance not enough",
        outcome=Outcome.REJECTED,
        outcome_basis=Basis.DERIVED,
        retry_advice=RetryAdvice.RETRY_AFTER_RESOLUTION,
        http_status=422,
        severity=Severity.ERROR,
        reveal_to_customer=True,
        messages={"en": MESSAGE},
        runbook=RUNBOOK,
    )
    return replace(entry, **changes)
