"""The checkout: send an order to the gateway, and show its answer to each audience."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from decimal import Decimal
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.safestring import mark_safe
from django.utils.translation import get_language
from django.views.decorators.http import require_POST, require_safe

from example_project.forms import CHANNELS, AgainForm, PaymentForm, WithdrawalForm, new_order_id
from example_project.gateway import WITHDRAWAL, Gateway, Order
from pts_errors import lookup, snapshot
from pts_errors.exceptions import PTSError, raise_for_code
from pts_errors.models import LABELS, ErrorCode
from pts_errors.pages import words
from pts_errors.values import languages, markdown
from pts_errors.values.entry import Severity

# Languages with a translation of the page itself. In others the page is English around translated errors.
_PAGE_LANGUAGES = ("en", "zh-hans", "ar")

_FORMS: dict[str, type[PaymentForm]] = {form.kind: form for form in (PaymentForm, WithdrawalForm)}

# The first page of a visitor shows a withdrawal above the limit.
_EXAMPLE = Order(
    order_id="W-7K2M4Q",
    kind=WITHDRAWAL,
    amount=Decimal(75_000),
    currency="PHP",
    channel="gcash",
    payee="Sample Recipient",
)

_gateway = Gateway()


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Show the forms and the answer to the visitor's last order."""
    return _page(request)


@require_POST
def send(request: HttpRequest, *, kind: str) -> HttpResponse:
    """Send the order of a form to the gateway."""
    form = _FORMS[kind](request.POST)
    if not form.is_valid():
        return _page(request, invalid=form)
    request.session["attempt"] = _attempt(form.order())
    return redirect("index")


@require_POST
def again(request: HttpRequest) -> HttpResponse:
    """Send the last order again, under a new order id, and let the gateway answer with the chosen code."""
    form = AgainForm(request.POST, language=_language())
    if form.is_valid():
        last = _order(_last(request))
        order = replace(last, order_id=new_order_id(last.kind))
        request.session["attempt"] = _attempt(order, answer_with=form.cleaned_data["code"])
    return redirect("index")


def _attempt(order: Order, *, answer_with: str = "") -> dict[str, Any]:
    """Send an order and return the part that the session keeps."""
    answer = _gateway.send(order, answer_with=answer_with)
    try:
        raise_for_code(answer)
    except PTSError as error:
        code, reference = error.code, error.reference
    else:
        code, reference = "1000", order.order_id
    return {
        "order": {**asdict(order), "amount": f"{order.amount:f}"},
        "answer": answer,
        "code": code,
        "reference": reference,
    }


def _last(request: HttpRequest) -> Mapping[str, Any]:
    return request.session.get("attempt") or _attempt(_EXAMPLE)


def _order(attempt: Mapping[str, Any]) -> Order:
    return Order(**{**attempt["order"], "amount": Decimal(attempt["order"]["amount"])})


def _language() -> str:
    return get_language() or settings.LANGUAGE_CODE


def _page(request: HttpRequest, *, invalid: PaymentForm | None = None) -> HttpResponse:
    language = _language()
    page_language = language if language in _PAGE_LANGUAGES else "en"
    attempt = _last(request)
    order, code = _order(attempt), attempt["code"]
    forms = {kind: form(initial=attempt["order"] if kind == order.kind else None) for kind, form in _FORMS.items()}
    if invalid is not None:
        forms[invalid.kind] = invalid
    context = {
        "language": language,
        "page_language": page_language,
        "page_direction": languages.direction(page_language),
        "language_name": languages.name_of(language),
        "languages": settings.LANGUAGES,
        "order": order,
        "amount": f"{_amount(order.amount)} {order.currency}",
        "channel": dict(CHANNELS)[order.channel],
        "code": code,
        "reference": attempt["reference"],
        "error": lookup.get(code, language=language),
        "answer": json.dumps(attempt["answer"], indent=2),
        "payment_form": forms["payment"],
        "withdrawal_form": forms["withdrawal"],
        "again_form": AgainForm(initial={"code": code}, language=language),
        **_neighbours(code),
        **_words(code),
        **_runbook(code),
    }
    status = HTTPStatus.OK if invalid is None else HTTPStatus.UNPROCESSABLE_ENTITY
    return render(request, "example_project/index.html", context, status=status)


def _amount(amount: Decimal) -> str:
    """Return an amount with at least two decimals, in the notation common to all languages of the page."""
    return f"{amount:,.2f}" if amount == round(amount, 2) else f"{amount:,f}"


def _neighbours(code: str) -> dict[str, str]:
    """Return the previous and the next code, for browsing the catalog."""
    codes = [error.code for error in lookup.get_all()]
    position = codes.index(code) if code in codes else 0
    return {"previous_code": codes[position - 1], "next_code": codes[(position + 1) % len(codes)]}


def _words(code: str) -> dict[str, Any]:
    """Return the values of a code in words."""
    error = lookup.get(code)
    return {
        "outcome": words.of_outcome(error.outcome, error.retry_advice).sentence,
        "retry_advice": words.of_retry_advice(error.retry_advice, error.retry_after).sentence,
        "responsible_party": words.of_party(error.responsible_party).label,
        "severity": LABELS[Severity][error.severity],
        "http_phrase": HTTPStatus(error.http_status).phrase if error.http_status in list(HTTPStatus) else "",
    }


def _runbook(code: str) -> dict[str, Any]:
    """Return the beginning of a code's runbook, and the key of its row in the admin."""
    entry = snapshot.current().entries.get(code)
    if entry is None or entry.runbook is None:
        return {}
    steps = markdown.numbered_items(entry.runbook.diagnosis)
    return {
        # Safe, because the renderer escapes HTML in the text.
        "runbook_meaning": mark_safe(markdown.render(entry.runbook.meaning.partition("\n\n")[0])),
        "runbook_first_step": mark_safe(markdown.render(steps[0])) if steps else "",
        "runbook_owner": entry.runbook.owner or entry.category.owner,
        "admin_key": ErrorCode.objects.filter(code=code).values_list("pk", flat=True).first(),
    }
