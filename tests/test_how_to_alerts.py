"""The recipes of docs/how-to/alerts.md, run as they are written."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from pts_errors import lookup, problem
from pts_errors.exceptions import PTSError
from pts_errors.signals import problem_described
from pts_errors.testing import override_catalog

PAGE = Path(__file__).parent.parent / "docs/how-to/alerts.md"
BLOCKS = re.findall(r"^```(\w+)\n# (\S+)\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


class Counter:
    """Counts as prometheus_client's does, and is as strict about labels."""

    def __init__(self, name: str, documentation: str, labelnames: list[str]) -> None:
        """Take the names."""
        self.name, self.labelnames = name, labelnames
        self.values: dict[tuple[str, ...], int] = {}

    def labels(self, **labels: object) -> Counter:
        """Choose the values of all labels."""
        assert sorted(labels) == sorted(self.labelnames)
        self._chosen = tuple(str(labels[name]) for name in self.labelnames)
        return self

    def inc(self) -> None:
        """Count one."""
        self.values[self._chosen] = self.values.get(self._chosen, 0) + 1


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """Be a host that has followed the page: every Python block is a module, in the page's order."""
    prometheus, sentry, payments = (ModuleType(name) for name in ("prometheus_client", "sentry_sdk", "payments"))
    begun: dict[str, Any] = {}
    vars(prometheus)["Counter"] = Counter
    vars(sentry)["init"] = lambda **options: begun.update(options)
    vars(payments)["__path__"] = []
    for module in (prometheus, sentry, payments):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    found: dict[str, Any] = {"begun": begun}
    for language, file, code in BLOCKS:
        if language == "python":
            name = file.removesuffix(".py").replace("/", ".")
            module = ModuleType(name)
            monkeypatch.setitem(sys.modules, name, module)
            exec(compile(code, f"{PAGE.name}: {file}", "exec"), vars(module))
            found[name.removeprefix("payments.")] = module
    with override_catalog():
        yield found
    problem_described.disconnect(dispatch_uid="payments.metrics")


def test_every_block_of_the_page_is_run() -> None:
    """A block without the name of its file would be left out unseen."""
    assert len(re.findall(r"^```\w+$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)) == len(BLOCKS) == 8


def test_the_counter_counts_what_is_answered(host: dict[str, Any]) -> None:
    """By code, outcome and status; an invented code has no label of its own."""
    for code in ("8001", "8001", "1010", "4242", "4243"):
        problem.describe(PTSError(code))

    assert host["metrics"].PTS_ERRORS.values == {
        ("8001", "rejected", "503"): 2,
        ("1010", "rejected", "500"): 1,
        ("", "unknown", "500"): 2,
    }


def test_an_error_that_is_handled_can_be_counted_too(host: dict[str, Any]) -> None:
    """With the same labels."""
    host["gateway"].handled(PTSError("1003"))

    assert host["metrics"].PTS_ERRORS.values == {("1003", "rejected", ""): 1}


def test_the_rules_speak_of_the_counter_and_its_labels(host: dict[str, Any]) -> None:
    """And every alert leads to a runbook."""
    counter = host["metrics"].PTS_ERRORS
    (text,) = (code for language, _file, code in BLOCKS if language == "yaml")
    rules = [rule for group in yaml.safe_load(text)["groups"] for rule in group["rules"]]

    for rule in rules:
        (name, matchers) = re.search(r"(\w+)\{(.*?)\}", rule["expr"]).groups()  # type: ignore[union-attr]
        assert name == f"{counter.name}_total"
        assert set(re.findall(r"(\w+)!?=", matchers)) <= set(counter.labelnames)
        assert set(re.findall(r"\$labels\.(\w+)", str(rule))) <= set(re.findall(r"by \((\w+)\)", rule["expr"]))
        url = rule["annotations"]["runbook_url"].replace("{{ $labels.code }}", "8010")
        assert re.fullmatch(r"https://shop\.example\.com/errors/runbooks/(8010/)?", url)
    assert len(rules) == 3


def test_sentry_groups_by_code_and_tags(host: dict[str, Any]) -> None:
    """What it was begun with does it."""
    error = PTSError("8010", reference="A-77")

    event = host["begun"]["before_send"]({"tags": {"own": "1"}}, {"exc_info": (PTSError, error, None)})

    assert event["fingerprint"] == ["pts-error", "8010"]
    assert event["tags"] == {
        "own": "1",
        "pts.code": "8010",
        "pts.name": lookup.get("8010").name,
        "pts.outcome": "unknown",
        "pts.retry_advice": "check_status_first",
        "pts.severity": "error",
    }
    assert event["contexts"]["PTS"]["reference"] == "A-77"


@pytest.mark.parametrize("hint", [{}, {"exc_info": (ValueError, ValueError(), None)}, {"log_record": None}])
def test_sentry_gets_every_other_event_unchanged(hint: dict[str, Any], host: dict[str, Any]) -> None:
    """Also one without an exception."""
    assert host["begun"]["before_send"]({"message": "x"}, hint) == {"message": "x"}


def test_a_log_record_has_the_fields(host: dict[str, Any], caplog: pytest.LogCaptureFixture) -> None:
    """None of them clashes with those that a record has of itself."""
    with caplog.at_level(logging.ERROR, "payments"), pytest.raises(PTSError):
        host["views"].pay({"code": "8010", "data": {"order_id": "A-77"}})

    (record,) = caplog.records
    assert (vars(record)["pts_code"], vars(record)["pts_reference"]) == ("8010", "A-77")
    assert vars(record)["pts_runbook"] == "https://shop.example.com/errors/runbooks/8010/"


@pytest.mark.parametrize("how", ["the exception", "True"])
def test_a_structured_event_has_the_fields(how: str, host: dict[str, Any]) -> None:
    """However the exception is handed over."""
    process = host["structured"].add_pts_fields

    try:
        raise PTSError("8010")
    except PTSError as error:
        event = process(None, "error", {"event": "refused", "exc_info": error if how == "the exception" else True})

    assert (event["event"], event["pts_code"], event["pts_severity"]) == ("refused", "8010", "error")


@pytest.mark.parametrize("event", [{"event": "x"}, {"event": "x", "exc_info": ValueError()}, {"exc_info": False}])
def test_every_other_structured_event_stays_as_it_is(event: dict[str, Any], host: dict[str, Any]) -> None:
    """Nothing is added where nothing of ours went wrong."""
    assert host["structured"].add_pts_fields(None, "info", dict(event)) == event
