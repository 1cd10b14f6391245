"""Outcomes, advice and other values in plain words, in the active language."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from pts_errors.models import LABELS
from pts_errors.values.entry import REFUSALS, Basis, Outcome, ResponsibleParty, RetryAdvice, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """One value in words. An unknown value is shown as it is."""

    value: str
    """The constant that programs compare with."""
    label: str
    """Two or three words, for a badge."""
    sentence: str = ""
    """What it means for a reader who has to act on it."""


def of_outcome(outcome: str, retry_advice: str) -> Words:
    """Return what became of the request, in words.

    An outcome speaks of the request, and people read it as the order: where the advice is to check the status first,
    no refusal says what became of the money.
    """
    label, sentence = {
        Outcome.ACCEPTED.value: (
            pgettext("outcome", "Accepted"),
            _("The gateway took the request. That is not yet a payment: the final state comes later."),
        ),
        Outcome.REJECTED.value: (
            pgettext("outcome", "Rejected"),
            _("The request was refused before anything was sent to a bank or wallet. It moved no money."),
        ),
        Outcome.DECLINED.value: (
            pgettext("outcome", "Declined"),
            _("The bank or wallet refused the request, and that is final. It moved no money."),
        ),
        Outcome.UNKNOWN.value: (
            pgettext("outcome", "Unknown"),
            _("Money may have moved. Only a query of the order tells what became of it."),
        ),
    }.get(outcome, (outcome, ""))
    if retry_advice == RetryAdvice.CHECK_STATUS_FIRST and outcome in REFUSALS:
        sentence = _(
            "The gateway refused this request. "
            "That says nothing final about the order, which may be paid: only a query tells."
        )
    return Words(value=outcome, label=label, sentence=sentence)


def of_basis(basis: str) -> str:
    """Return a sentence on how an outcome is known, or the value itself if it is not one of ours."""
    return {
        Basis.DOCUMENTED.value: _("The gateway's documentation says so."),
        Basis.DERIVED.value: _("It follows from the gateway's own words and the documented steps of a call."),
        Basis.ASSUMED.value: _("Our reading; the gateway's documentation does not say."),
        Basis.CONFIRMED.value: _("This site has confirmed it."),
    }.get(basis, basis)


def of_retry_advice(advice: str, retry_after: int | None = None) -> Words:
    """Return what the calling system may do next, in words."""
    label, sentence = {
        RetryAdvice.NOT_APPLICABLE.value: (_("Nothing to retry"), _("Wait for the final state, or query the order.")),
        RetryAdvice.DO_NOT_RETRY.value: (_("Do not retry"), _("Do not send it again: the answer will be the same.")),
        RetryAdvice.RETRY_AFTER_CORRECTION.value: (
            _("Correct, then retry"),
            _("Correct the cause first, then send the request again."),
        ),
        RetryAdvice.RETRY_AFTER_RESOLUTION.value: (
            _("Resolve, then retry"),
            _("Send it again once the cause is removed; until then the answer will be the same."),
        ),
        RetryAdvice.RETRY_LATER.value: (_("Retry later"), _("Send the same request again later.")),
        RetryAdvice.CHECK_STATUS_FIRST.value: (
            _("Check status first"),
            _(
                "Query the order before anything else. Whatever is sent again keeps the same order id; "
                "only after status 3000 (failed) does a further try take a new one."
            ),
        ),
    }.get(advice, (advice, ""))
    if advice == RetryAdvice.RETRY_LATER and retry_after is not None:
        sentence = ngettext(
            "Wait at least %(seconds)d second, then send the same request again.",
            "Wait at least %(seconds)d seconds, then send the same request again.",
            retry_after,
        ) % {"seconds": retry_after}
    return Words(value=advice, label=label, sentence=sentence)


def of_party(party: str) -> Words:
    """Return who can remove the cause, in words."""
    label, sentence = {
        ResponsibleParty.NONE.value: (pgettext("party", "Nobody"), _("There is no cause to remove.")),
        ResponsibleParty.CUSTOMER.value: (pgettext("party", "Customer"), _("The customer can remove the cause.")),
        ResponsibleParty.MERCHANT.value: (pgettext("party", "Merchant"), _("The merchant can remove the cause.")),
        ResponsibleParty.OPERATOR.value: (
            pgettext("party", "Gateway"),
            _("Only the operator of the gateway can remove the cause."),
        ),
        ResponsibleParty.UPSTREAM.value: (
            pgettext("party", "Bank or wallet"),
            _("The cause lies with the bank or wallet behind the gateway."),
        ),
    }.get(party, (party, ""))
    return Words(value=party, label=label, sentence=sentence)


def of_severity(severity: str) -> Words:
    """Return how urgent a code is, in words; for staff only."""
    return Words(value=severity, label=str(LABELS[Severity].get(severity, severity)))


def of_category(name: str) -> str:
    """Return a category's name, in the active language if the package ships the category."""
    return {
        "Transaction Error": pgettext("category", "Transaction Error"),
        "Upstream Error": pgettext("category", "Upstream Error"),
        "Server Related Error": pgettext("category", "Server Related Error"),
    }.get(name, name)


def rank(outcome: str, retry_advice: str) -> int:
    """Return the caution that a code needs: 0 where money may have moved, 1 where only a query tells, or 2."""
    if outcome == Outcome.UNKNOWN:
        return 0
    return 1 if retry_advice == RetryAdvice.CHECK_STATUS_FIRST else 2
