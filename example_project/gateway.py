"""A made-up PTS: it refuses orders by simple rules, and answers in the same JSON as the real gateway."""

from __future__ import annotations

import hashlib
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from pts_errors.values import seed

PAYMENT, WITHDRAWAL = "payment", "withdrawal"

# Currencies of each channel in this merchant's contract.
CHANNELS: dict[str, tuple[str, ...]] = {
    "gcash": ("PHP",),
    "alipay": ("CNY",),
    "bank_transfer": ("PHP", "CNY"),
    "crypto_wallet": ("USDT",),
}

_LARGEST_WITHDRAWAL, _SMALLEST_WITHDRAWAL = Decimal(50_000), Decimal(10)
_LARGEST_PAYMENT, _SMALLEST_PAYMENT = Decimal(100_000), Decimal(1)

# The merchant's own balances; all others are unlimited.
_BALANCES = {"USDT": Decimal(2_000)}

# Enough to notice every order that a visitor repeats.
_REMEMBERED = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """An order as the merchant sends it."""

    order_id: str
    """The merchant's own, and unique."""
    kind: str
    """`PAYMENT` or `WITHDRAWAL`."""
    amount: Decimal
    currency: str
    channel: str
    payee: str = ""
    """Only with a withdrawal."""


class Gateway:
    """Answers orders and remembers the accepted ones, like the real gateway."""

    def __init__(self, *, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._accepted: deque[str] = deque(maxlen=_REMEMBERED)

    def send(self, order: Order, *, answer_with: str = "") -> dict[str, Any]:
        """Return PTS's JSON for an order, with this code or by the gateway's own rules."""
        code = answer_with or self._judge(order)
        message = next((entry.provider_message for entry in seed.packaged() if entry.code == code), "")
        if code != "1000":
            return {"code": code, "message": message, "data": {"order_id": order.order_id}}
        self._accepted.append(order.order_id)
        return {"code": code, "message": message, "data": self._receipt(order)}

    def _judge(self, order: Order) -> str:
        """Return the code of the first broken rule, or 1000."""
        supported = {currency for currencies in CHANNELS.values() for currency in currencies}
        is_withdrawal = order.kind == WITHDRAWAL
        rules = {
            "1001": order.amount <= 0,
            "1003": order.order_id in self._accepted,
            "1008": order.currency not in supported,
            "1015": order.currency not in CHANNELS.get(order.channel, ()),
            "1021": is_withdrawal and order.payee.strip().casefold() == "nobody",
            "1005": is_withdrawal and order.amount >= _LARGEST_WITHDRAWAL,
            "1006": is_withdrawal and order.amount < _SMALLEST_WITHDRAWAL,
            "1013": is_withdrawal and order.amount > _BALANCES.get(order.currency, order.amount),
            "1004": not is_withdrawal and order.amount > _LARGEST_PAYMENT,
            "8004": not is_withdrawal and order.amount < _SMALLEST_PAYMENT,
        }
        return next((code for code, is_broken in rules.items() if is_broken), "1000")

    def _receipt(self, order: Order) -> dict[str, Any]:
        receipt = {
            "user_id": "10086",
            "order_id": order.order_id,
            "transaction_id": f"T{hashlib.sha256(order.order_id.encode()).hexdigest()[:12].upper()}",
            "channel": order.channel,
            "submit_currency": order.currency,
            "submit_amount": f"{order.amount:f}",
            "accept_currency": order.currency,
            "accept_amount": f"{order.amount:f}",
            "exchange_rate": "1",
            "status": "0000",  # waiting: accepted is not paid
            "timestamp": f"{self._clock():.0f}",
        }
        signed = "&".join(f"{name}={value}" for name, value in sorted(receipt.items()))
        return {**receipt, "sign": hashlib.sha256(signed.encode()).hexdigest()[:32]}
