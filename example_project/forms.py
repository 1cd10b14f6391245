"""The forms of the checkout, and the control that chooses the gateway's answer."""

from __future__ import annotations

import secrets
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from example_project.gateway import PAYMENT, WITHDRAWAL, Order
from pts_errors import lookup, snapshot
from pts_errors.values import languages

# Without characters that are easily misheard on the phone.
_LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"

CURRENCIES = [
    ("PHP", _("PHP, Philippine peso")),
    ("CNY", _("CNY, Chinese yuan")),
    ("USDT", _("USDT, a crypto dollar")),
    ("EUR", _("EUR, euro")),
]
CHANNELS = [
    ("gcash", _("GCash")),
    ("alipay", _("Alipay")),
    ("bank_transfer", _("Bank transfer")),
    ("crypto_wallet", _("Crypto wallet")),
]


class PaymentForm(forms.Form):
    """A customer pays in."""

    kind = PAYMENT

    amount = forms.DecimalField(label=_("Amount"), max_digits=15, decimal_places=6, initial=1200)
    currency = forms.ChoiceField(label=_("Currency"), choices=CURRENCIES)
    channel = forms.ChoiceField(label=pgettext_lazy("of a payment", "Channel"), choices=CHANNELS)
    # New with every page, so going back and submitting the same page again repeats the same order.
    order_id = forms.RegexField(r"\A[PW]-[0-9A-Z]{6}\Z", widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{**kwargs, "auto_id": f"{self.kind}-%s"})
        self.fields["amount"].widget.attrs.update(step="any", inputmode="decimal", dir="ltr")
        self.initial["order_id"] = new_order_id(self.kind)

    def order(self) -> Order:
        """Return the order of a valid form."""
        return Order(kind=self.kind, **self.cleaned_data)


class WithdrawalForm(PaymentForm):
    """The merchant pays out to a payee."""

    kind = WITHDRAWAL

    payee = forms.CharField(label=_("Recipient"), max_length=60, initial="Sample Recipient")

    field_order = ["amount", "currency", "channel", "payee"]


class AgainForm(forms.Form):
    """Repeats the last order with a chosen answer of the gateway."""

    code = forms.ChoiceField(label=_("Let the gateway answer with"), required=False)

    def __init__(self, *args: Any, language: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = {slug: category.name for slug, category in snapshot.current().categories.items()}
        groups: dict[str, list[tuple[str, str]]] = {name: [] for name in names.values()}
        for error in lookup.get_all(language=language):
            groups[names[error.category]].append((error.code, f"{error.code} {error.title}"))
        field = self.fields["code"]
        field.choices = [("", _("whatever its rules say")), *groups.items()]  # type: ignore[attr-defined]  # a ChoiceField
        field.widget.attrs.update(lang=language, dir=languages.direction(language))


def new_order_id(kind: str) -> str:
    """Return a new order id, such as ``W-7K2M4Q``."""
    return f"{kind[0].upper()}-" + "".join(secrets.choice(_LETTERS) for _position in range(6))
