"""The exceptions of this package: the gateway's answer as one, and what publishing refuses."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

# The one code that is no error: accepted, not paid.
_ACCEPTED = "1000"

# As many digits as a card number has. No code is so long, and logs must not hold one.
_CARD = re.compile(r"(?<!\d)\d{13,19}(?!\d)")

# Beyond it Python refuses to write an int as text, and no gateway's code is near it.
_MAX_CODE = 10**18


class PTSError(Exception):
    """The gateway answered with an error code.

    ``pts_errors.lookup.get(error.code)`` says what it means; ``str()`` is for logs, not for customers.
    """

    def __init__(self, code: str | int, *, reference: str | None = None, retry_after: int | None = None) -> None:
        """Take the code, the host's own reference of the order, and the seconds to wait if the gateway said so."""
        self.code = str(code)
        self.reference = reference
        self.retry_after = retry_after
        super().__init__(code)

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
        if isinstance(code, bool) or not isinstance(code, (str, int)):
            code = ""
        if isinstance(code, int) and abs(code) > _MAX_CODE:
            code = ""
        if str(code) == _ACCEPTED:
            return None
        reference = data.get("order_id") if isinstance(data, Mapping) else None
        return cls(code, reference=reference if isinstance(reference, str) else None)


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

    def __init__(self, reasons: Iterable[str]) -> None:
        """Take the reasons, each a sentence that names a code."""
        self.reasons = tuple(reasons)
        super().__init__(self.reasons)

    def __str__(self) -> str:
        return " ".join(self.reasons)


class UnpublishedChanges(Exception):
    """A restore would overwrite edits that nobody has published."""


class DraftsChanged(Exception):
    """Somebody saved a draft after the plan of an import was shown. Look at a new plan."""


class AppendOnly(Exception):
    """A revision can be added, but never changed or deleted."""


class ExchangeError(Exception):
    """A catalog file cannot be read as one; nothing was changed."""

    def __init__(self, problems: Iterable[str]) -> None:
        """Take the problems, each a sentence that begins with file and line."""
        self.problems = tuple(problems)
        super().__init__(self.problems)

    def __str__(self) -> str:
        return "\n".join(self.problems)
