"""The recipes of docs/how-to/map-your-gateway-client.md, run as they are written, with tenacity and Celery."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import ModuleType, SimpleNamespace
from typing import Any

import celery
import pytest
import requests
from celery.signals import task_retry
from requests.adapters import BaseAdapter

from pts_errors.exceptions import PTSError
from pts_errors.next_step import Action
from pts_errors.testing import override_catalog
from tests.support.paths import ROOT

PAGE = ROOT / "docs/how-to/map-your-gateway-client.md"
CODES = dict(
    re.findall(r"^```python\n# (payments/\S+)\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
)


@dataclass(slots=True)
class Order:
    """A host's order."""

    order_id: str = "A1"
    answer: str | None = None
    action: Action | None = None
    saved: int = 0

    def body(self) -> str:
        """Return what is sent."""
        return self.order_id

    def save(self) -> None:
        """Count."""
        self.saved += 1


@dataclass
class Gateway(BaseAdapter):
    """A gateway that answers as a script says: a code, a status, a text that is no JSON, or nothing."""

    script: list[str]
    calls: list[tuple[str, str]] = field(default_factory=list)

    def send(self, request: Any, *args: Any, **options: Any) -> requests.Response:
        """Answer the next call."""
        self.calls.append((str(request.url).removeprefix("https://gateway.example"), str(request.body)))
        kind, _, value = self.script.pop(0).partition(" ")
        if kind == "timeout":
            raise requests.ReadTimeout
        answer: dict[str, object] = {"code": value, "data": {}}
        if kind == "status":
            answer = {"code": "1000", "data": {"status": value}}
        response = requests.Response()
        response.status_code = 200 if kind == "status" else 502
        response._content = b"<html>" if kind == "html" else json.dumps(answer).encode()
        return response

    def close(self) -> None:
        """Have nothing to close."""


@pytest.fixture(scope="module")
def page() -> Iterator[SimpleNamespace]:
    """Be a host that has followed the page: every module of it, once, as Celery registers tasks for good."""
    models, payments = ModuleType("payments.models"), ModuleType("payments")
    vars(models)["Order"] = SimpleNamespace(objects=SimpleNamespace())
    vars(payments)["__path__"] = []
    app = celery.Celery("payments", set_as_current=True)
    found: dict[str, Any] = {"models": models}
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setitem(sys.modules, "payments", payments)
        monkeypatch.setitem(sys.modules, "payments.models", models)
        for file, code in CODES.items():
            name = file.removesuffix(".py").replace("/", ".")
            module = ModuleType(name)
            monkeypatch.setitem(sys.modules, name, module)
            exec(compile(code, f"{PAGE.name}: {file}", "exec"), vars(module))
            found[name.removeprefix("payments.")] = module
        yield SimpleNamespace(**found)
    app.close()


@pytest.fixture
def host(page: SimpleNamespace) -> Iterator[SimpleNamespace]:
    """Have one order."""
    page.order = order = Order()
    page.models.Order.objects.get = lambda pk: order
    with override_catalog():
        yield page


def by_hand(host: SimpleNamespace) -> list[int]:
    """Come back until there is nothing left to do, and return how long each wait would have been."""
    waits = []
    while (seconds := host.orders.advance(host.order)) is not None:
        waits.append(seconds)
    return waits


def by_tenacity(host: SimpleNamespace) -> list[int]:
    """Let tenacity do it, with a clock that does not wait."""
    waits: list[int] = []
    host.with_tenacity.settle.retry_with(sleep=waits.append)(host.order)
    return waits


def by_celery(host: SimpleNamespace) -> list[int]:
    """Let Celery do it, each retry at once."""
    waits: list[int] = []

    def note(reason: Any, **rest: Any) -> None:
        waits.insert(0, reason.when)  # an eager retry runs inside the one before it

    task_retry.connect(note, weak=False, dispatch_uid="tests")
    try:
        host.tasks.settle.apply(args=[1])
    finally:
        task_retry.disconnect(dispatch_uid="tests")
    return waits


SEND, QUERY = ("/withdraw", "A1"), ("/withdraw/query", "A1")

STORIES = {
    "paid": (["code 1000", "status 0000", "status 1000", "status 2000"], "done", [60, 60, 60]),
    "failed": (["code 1000", "status 3000"], "reorder", [60]),
    "expired, then paid": (["code 1000", "status 5000", "status 2000"], "done", [60, 60]),
    "unknown, then paid": (["code 4001", "status 2000"], "done", [60]),
    "unknown, then lost": (["code 4001", "code 1002"], "escalate", [60]),
    "never arrived": (["timeout", "code 1002", "code 1000", "status 2000"], "done", [60, 300, 60]),
    "arrived late": (["timeout", "code 1002", "code 1003", "status 2000"], "done", [60, 300, 60]),
    "no JSON": (["html", "status 1000", "status 2000"], "done", [60, 60]),
    "query fails": (["timeout", "code 1012", "timeout", "code 1007", "status 3000"], "reorder", [60] * 4),
    "assumed refusal": (["code 8001", "code 1002", "code 1000", "status 2000"], "done", [60, 300, 60]),
    "certain refusal": (["code 1001"], "correct", []),
    "no balance": (["code 1007"], "resend", []),
    "not supported": (["code 1011"], "stop", []),
    "in error": (["code 1000", "status 4000"], "escalate", [60]),
    # The second attempt has no balance because the first one holds it.
    "refused while the first is open": (["timeout", "code 1002", "code 1007", "status 2000"], "done", [60, 300, 60]),
}


def test_every_module_of_the_page_is_run() -> None:
    """One without the name of its file would be left out unseen."""
    assert list(CODES) == [f"payments/{name}.py" for name in ("gateway", "orders", "with_tenacity", "tasks")]


@pytest.mark.parametrize("run", [by_hand, by_tenacity, by_celery])
@pytest.mark.parametrize("story", STORIES)
def test_order_ends_as_it_should(story: str, run: Any, host: SimpleNamespace) -> None:
    """By hand, with tenacity and with Celery: the same calls, in the same order, after the same waits."""
    script, action, waits = STORIES[story]
    gateway = Gateway(list(script))
    host.gateway.session.mount("https://gateway.example", gateway)

    waited = run(host)

    assert (host.order.action, waited, gateway.script) == (action, waits, [])
    assert gateway.calls[0] == SEND
    assert [call for call, wait in zip(gateway.calls[1:], waits, strict=True) if wait == 300] == [SEND] * (
        waits.count(300)
    )
    assert set(gateway.calls) <= {SEND, QUERY}
    assert host.order.saved == len(script)


@pytest.mark.parametrize("run", [by_hand, by_tenacity, by_celery])
@pytest.mark.parametrize("action", [Action.DONE, Action.REORDER, Action.STOP, Action.CORRECT, Action.ESCALATE])
def test_settled_order_is_left_alone(action: Action, run: Any, host: SimpleNamespace) -> None:
    """Also when a task is delivered twice."""
    gateway = Gateway([])
    host.gateway.session.mount("https://gateway.example", gateway)
    host.order.answer, host.order.action = "1000", action

    assert run(host) == []
    assert gateway.calls == []


@pytest.mark.parametrize("run", [by_tenacity, by_celery])
def test_order_that_stays_open_is_given_up_without_a_verdict(run: Any, host: SimpleNamespace) -> None:
    """After 50 calls or retries nothing is said that is not known."""
    gateway = Gateway(["code 1000", *["status 0000"] * 60])
    host.gateway.session.mount("https://gateway.example", gateway)

    run(host)

    assert host.order.action is Action.WAIT
    assert len(gateway.calls) in (50, 51)
    assert gateway.calls.count(SEND) == 1


def test_missing_answer_raises_with_the_hosts_reference(host: SimpleNamespace) -> None:
    """The error that the first section raises."""
    host.gateway.session.mount("https://gateway.example", Gateway(["timeout"]))

    with pytest.raises(PTSError) as raised:
        host.gateway.call("/withdraw", "", order_id="A1")

    assert (raised.value.code, raised.value.reference) == ("", "A1")
