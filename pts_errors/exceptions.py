"""The exceptions of this package: an error of the gateway, and refusals to publish or import."""

from __future__ import annotations

import copyreg
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from pts_errors.lint.rules import Issue
    from pts_errors.next_step import Step

# The one code that is no error: accepted, not paid.
_ACCEPTED = "1000"

# Digits as long as a card number, which logs must not hold; no code is that long.
_CARD = re.compile(r"(?<!\d)\d{13,19}(?!\d)")

# Python refuses to convert an int of thousands of digits to text. No code or order id is near that.
_MAX_NUMBER = 10**100


class PTSError(Exception):
    """The gateway answered with an error code.

    ``pts_errors.lookup.get(error.code)`` says what it means; ``str()`` is for logs, not for customers.
    """

    def __init__(self, code: str | int, reference: str | None = None, retry_after: int | None = None) -> None:
        """Take the code, the host's own reference of the order, and the seconds to wait if the gateway said so.

        Raises:
            ValueError: the code is 1000, which is no error.
        """
        self.code = _text(code)
        if self.code == _ACCEPTED:
            raise ValueError(
                "1000 means accepted, not paid, so it is no PTSError: treat the order as open, and query it later. "
                "raise_for_code() and PTSError.from_response() let 1000 pass."
            )
        self.reference = reference
        self.retry_after = retry_after
        # Celery's JSON carries nothing but args. Trailing Nones are dropped, so that a host's subclass that takes only
        # a code can be rebuilt.
        args: list[object] = [self.code, reference, retry_after]
        while args[-1] is None:
            args.pop()
        super().__init__(*args)

    def __reduce__(self) -> tuple[Callable[..., PTSError], tuple[object, ...], dict[str, object]]:
        """Copy and pickle without ``__init__``, because a host's subclass may take other arguments."""
        return copyreg.__newobj__, (type(self), *self.args), vars(self)  # type: ignore[attr-defined]  # as pickle does

    def __str__(self) -> str:
        code = _CARD.sub("…", self.code)[:20]
        return f"PTS answered {code!r}" + (f" for {self.reference!r}" if self.reference else "")

    @classmethod
    def from_response(cls, envelope: object) -> PTSError | None:
        """Return the error that the gateway's JSON reports, or None for 1000.

        ``envelope`` is the parsed answer, ``{"code": "1003", "message": …, "data": {"order_id": …}}``. An answer
        without a usable code is an error, too: its code is empty, which the catalog explains as *unknown, check first*.
        """
        code, data = (envelope.get("code"), envelope.get("data")) if isinstance(envelope, Mapping) else (None, None)
        code = _sent(code) or ""
        if code == _ACCEPTED:
            return None
        return cls(code, reference=_sent(data.get("order_id")) if isinstance(data, Mapping) else None)

    @classmethod
    def no_answer(cls, reference: str | None = None) -> Self:
        """Return the error of a call that got no answer, or none that could be read. Its code is empty.

        The request may have been carried out, so the outcome is unknown, and the advice is to check the status first.
        """
        return cls("", reference=reference)

    def next_step(self, status: object = None) -> Step:
        """Return what to do next, as `pts_errors.next_step.next_step` does, if this error answered the order itself.

        ``status`` is that of the order, if it has been queried since. Before a request is sent again, the wait is not
        shorter than the exception's ``retry_after``.
        """
        from pts_errors.next_step import Action, next_step

        step = next_step(self.code, status=status)
        if step.action == Action.RESEND and self.retry_after is not None:
            return replace(step, not_before=max(step.not_before or 0, self.retry_after))
        return step


def raise_for_code(envelope: object) -> None:
    """Return if the gateway's JSON says 1000 (accepted, not paid).

    Raises:
        PTSError: it says anything else, or nothing that can be read.
    """
    error = PTSError.from_response(envelope)
    if error is not None:
        raise error


class PublishRefused(Exception):
    """Nothing was published, because customers or integrators would be harmed."""

    def __init__(self, issues: Iterable[Issue]) -> None:
        self.issues = tuple(issues)
        super().__init__(self.issues)

    @property
    def reasons(self) -> tuple[str, ...]:
        """The issues, each as one line that names code, field and rule."""
        return tuple(map(str, self.issues))

    def __str__(self) -> str:
        return " ".join(self.reasons)


class UnpublishedChanges(Exception):
    """A restore would overwrite unpublished edits."""


class DraftsChanged(Exception):
    """A draft was saved after the plan of an import was shown. Make a new plan."""


class AppendOnly(Exception):
    """A revision can be added, but never changed or deleted."""


class ExchangeError(Exception):
    """A catalog file cannot be read; nothing was changed."""

    def __init__(self, problems: Iterable[str]) -> None:
        """Take the problems, each a sentence that begins with file and line."""
        self.problems = tuple(problems)
        super().__init__(self.problems)

    def __str__(self) -> str:
        return "\n".join(self.problems)


def _text(value: object) -> str:
    """Return a value as text; for a member of an enumeration its value, because its ``str()`` may be its name."""
    if isinstance(value, str):
        return str.__str__(value)
    return int.__repr__(value) if isinstance(value, int) and not isinstance(value, bool) else str(value)


def _sent(value: object) -> str | None:
    """Return text or number of the gateway's JSON as text, and None for everything else."""
    is_number = isinstance(value, int) and not isinstance(value, bool) and abs(value) < _MAX_NUMBER
    return _text(value) if is_number or isinstance(value, str) else None
