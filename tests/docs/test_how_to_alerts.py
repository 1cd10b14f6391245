"""The recipes of docs/how-to/alerts.md, run as they are written, with the packages and programs that they name."""

from __future__ import annotations

import io
import json
import logging
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import prometheus_client
import pytest
import structlog
import yaml
from django.test import RequestFactory
from prometheus_client.parser import text_string_to_metric_families
from pythonjsonlogger.json import JsonFormatter

from pts_errors import lookup, problem
from pts_errors.exceptions import PTSError
from pts_errors.signals import problem_described
from pts_errors.testing import override_catalog
from pts_errors.values import seed
from tests.support.hosts import Host, program
from tests.support.paths import ROOT

PAGE = ROOT / "docs/how-to/alerts.md"
BLOCKS = re.findall(r"^```(\w+)\n# (\S+)\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
CODES = {file: code for _language, file, code in BLOCKS}

# As the catalog describes it when nobody knows the code.
UNKNOWN = ("", "unknown", "check_status_first")


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """Be a host that has followed the page: every module of the page, in its order, and the shipped catalog."""
    payments = ModuleType("payments")
    vars(payments)["__path__"] = []
    monkeypatch.setitem(sys.modules, "payments", payments)
    found: dict[str, Any] = {}
    for file, code in CODES.items():
        if file.startswith("payments/"):
            name = file.removesuffix(".py").replace("/", ".")
            module = ModuleType(name)
            monkeypatch.setitem(sys.modules, name, module)
            exec(compile(code, f"{PAGE.name}: {file}", "exec"), vars(module))
            found[name.removeprefix("payments.")] = module
    with override_catalog():
        yield found
    problem_described.disconnect(dispatch_uid="payments.metrics")
    prometheus_client.REGISTRY.unregister(found["metrics"].PTS_ERRORS)


def project(path: Path, extra: str = "") -> Host:
    """Return the same host as a project, for processes of its own; it needs no tables."""
    database = {"ENGINE": "django.db.backends.sqlite3", "NAME": str(path / "host.sqlite3")}
    host = Host(path / "project", {"default": database}, extra)
    (host.path / "payments").mkdir()
    for file, code in CODES.items():
        if file.startswith("payments/"):
            (host.path / file).write_text(code, encoding="utf-8")
    return host


def samples(text: str) -> dict[tuple[str, str, str], float]:
    """Return what a scrape says of the counter, by code, outcome and advice."""
    return {
        (sample.labels["code"], sample.labels["outcome"], sample.labels["retry_advice"]): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == "pts_errors_total"
    }


def scrape(host: dict[str, Any]) -> dict[tuple[str, str, str], float]:
    """Scrape this process."""
    return samples(host["metrics"].scrape(RequestFactory().get("/metrics")).content.decode())


def test_every_block_of_the_page_is_run() -> None:
    """A block without the name of its file would be left out unseen."""
    assert len(re.findall(r"^```\w+$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)) == len(BLOCKS) == 8
    assert {file for file in CODES if not file.startswith("payments/")} == {"rules/pts.yml", "settings.py"}


# ---- Prometheus: the counter ----


def test_the_counter_counts_what_is_answered(host: dict[str, Any]) -> None:
    """By code, outcome and advice; an invented code has no label of its own."""
    for code in ("8001", "8001", "1010", "4242", "4243"):
        problem.describe(PTSError(code))

    assert {labels: value for labels, value in scrape(host).items() if value} == {
        ("8001", "rejected", lookup.get("8001").retry_advice): 2,
        ("1010", "rejected", lookup.get("1010").retry_advice): 1,
        UNKNOWN: 2,
    }


def test_every_code_starts_at_0(host: dict[str, Any]) -> None:
    """Also those that are not in the catalog, together."""
    assert scrape(host) == {
        UNKNOWN: 0,
        **{(error.code, error.outcome, error.retry_advice): 0 for error in lookup.get_all()},
    }


def test_no_answer_begins_a_series(host: dict[str, Any]) -> None:
    """What is counted has the labels of what started at 0, for every code."""
    before = scrape(host)

    for code in ("4242", *(error.code for error in lookup.get_all() if error.code != "1000")):
        problem.describe(PTSError(code))

    assert {labels: count for labels, count in scrape(host).items() if labels[0] != "1000"} == {
        labels: 1 for labels in before if labels[0] != "1000"
    }


def test_a_new_code_starts_at_0_with_the_next_scrape(host: dict[str, Any]) -> None:
    """The process does not have to start again."""
    scrape(host)

    with override_catalog({"8999": {"outcome": "unknown", "retry_advice": "check_status_first"}}):
        assert scrape(host)["8999", "unknown", "check_status_first"] == 0


def test_an_error_that_is_handled_can_be_counted_too(host: dict[str, Any]) -> None:
    """With the same labels."""
    host["gateway"].handled(PTSError("1003"))
    host["gateway"].handled(PTSError("4242"))

    assert {labels: value for labels, value in scrape(host).items() if value} == {
        ("1003", "rejected", "check_status_first"): 1,
        UNKNOWN: 1,
    }


@pytest.mark.host
def test_several_workers_are_summed(tmp_path: Path) -> None:
    """Whichever is scraped says 0 before the first error, and then what all of them counted, also those that ended."""
    host = project(tmp_path, 'INSTALLED_APPS += ["payments.apps.PaymentsConfig"]\n')
    (host.path / "payments/apps.py").write_text(
        "from django.apps import AppConfig\n\n\n"
        "class PaymentsConfig(AppConfig):\n"
        '    name = "payments"\n\n'
        "    def ready(self):\n"
        "        import payments.metrics\n"
    )
    host.env["PROMETHEUS_MULTIPROC_DIR"] = str(tmp_path / "metrics")
    (tmp_path / "metrics").mkdir()
    begin = """
        from pts_errors import problem
        from pts_errors.exceptions import PTSError
        from pts_errors.testing import override_catalog

        answer = connection.connection is None
        override_catalog().enable()

        def scrape():
            import payments.metrics
            return payments.metrics.scrape(None).content.decode()
    """

    with host.prompt() as scraped, host.prompt() as second:
        assert scraped.run(begin)  # and no query so far
        assert second.run(begin)
        first = samples(scraped.run("scrape()"))
        with host.prompt() as third:
            third.run(begin)
            third.run("[problem.describe(PTSError(code)) for code in ('8010', '8010', '4242')] and None")
            second.run("problem.describe(PTSError('8010')) and None")
            assert second.run("fork(lambda: problem.describe(PTSError('1019')))") == 0
        then = samples(scraped.run("scrape()"))

        assert {code for code, _outcome, _advice in first} == {"", *(entry.code for entry in seed.packaged())}
        assert set(first.values()) == {0}
        assert {labels: value for labels, value in then.items() if value} == {
            ("8010", "unknown", "check_status_first"): 3,
            ("1019", "rejected", "check_status_first"): 1,
            UNKNOWN: 1,
        }
        assert set(then) == set(first)
        assert samples(second.run("scrape()")) == then


# ---- Prometheus: the rules ----


def series(code: str, outcome: str, retry_advice: str, instance: str = "a") -> str:
    """Return the name of a series as Prometheus writes it."""
    return f'pts_errors_total{{code="{code}",outcome="{outcome}",retry_advice="{retry_advice}",instance="{instance}"}}'


def promtool(folder: Path, given: Mapping[str, str], tests: Mapping[str, Any]) -> None:
    """Let Prometheus' own tool test the rules of the page, with one value of each series a minute."""
    promtool = program("promtool", "prometheus")
    (folder / "pts.yml").write_text(CODES["rules/pts.yml"], encoding="utf-8")
    inputs = [{"series": name, "values": values} for name, values in given.items()]
    test = {"interval": "1m", "input_series": inputs, **tests}
    (folder / "pts_test.yml").write_text(json.dumps({"rule_files": ["pts.yml"], "tests": [test]}), encoding="utf-8")

    done = subprocess.run(
        [promtool, "test", "rules", "pts_test.yml"], cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr


def fires(folder: Path, given: Mapping[str, str], expected: Mapping[int, set[tuple[str, str, str]]]) -> None:
    """Test which alerts fire at these minutes, with their code and severity."""
    expression = 'group by (alertname, code, severity) (ALERTS{alertstate="firing"})'
    tests = [
        {
            "expr": expression,
            "eval_time": f"{minute}m",
            "exp_samples": [
                # A label without a value is no label.
                {
                    "labels": f'{{alertname="{name}", code="{code}", severity="{severity}"}}'.replace('code="", ', ""),
                    "value": 1,
                }
                for name, code, severity in sorted(alerts)
            ],
        }
        for minute, alerts in expected.items()
    ]
    promtool(folder, given, {"promql_expr_test": tests})


A = series("8010", "unknown", "check_status_first")
B = series("8010", "unknown", "check_status_first", "b")
THEFT = series("1019", "rejected", "check_status_first")
CHECKED = series("8005", "rejected", "check_status_first")
DUPLICATE = series("1003", "rejected", "check_status_first")
PLAIN = series("1001", "rejected", "retry_after_correction")
PAGED = {("PTSOutcomeUnknown", "8010", "page")}
NEVER: dict[int, set[tuple[str, str, str]]] = {minute: set() for minute in range(120)}
LATE: dict[int, set[tuple[str, str, str]]] = {minute: set() for minute in range(75, 180)}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param({A: "0x8 1x40"}, {8: set(), 9: PAGED, 18: PAGED, 20: set()}, id="the first of a running process"),
        pytest.param({A: "_x8 1x40"}, {7: set(), 9: PAGED, 17: PAGED, 20: set()}, id="a series born with 1"),
        pytest.param({A: "0x90 1x40"}, {90: set(), 91: PAGED, 102: set()}, id="the first after a long time"),
        pytest.param({A: "3x80 4x40"}, {80: set(), 81: PAGED, 92: set()}, id="not the first"),
        pytest.param({A: "0x8 1x40", B: "0x60"}, {8: set(), 9: PAGED, 20: set()}, id="one of two instances"),
        pytest.param(
            {A: "0x8 1x40", B: "0x8 1x40"}, {8: set(), 9: PAGED, 20: set()}, id="both instances are one alert"
        ),
        pytest.param({A: "4x120", B: "_x80 1x40"}, {79: set(), 82: PAGED, 92: set()}, id="a new instance, born with 1"),
        pytest.param({A: "5x80 0x40"}, LATE, id="a restart"),
        pytest.param({A: "5x80 0x5 1x40"}, {86: set(), 87: PAGED, 98: set()}, id="the first after a restart"),
        pytest.param({A: "5x80 1x40"}, {80: set(), 81: PAGED, 92: set()}, id="a restart that nobody saw at 0"),
        pytest.param({A: "7x80 stale 7x90"}, LATE, id="a failed scrape"),
        pytest.param({A: "7x80 _x50 7x40"}, LATE, id="an outage of Prometheus for less than an hour"),
        pytest.param({A: "0x120", THEFT: "0x120", PLAIN: "0x120"}, NEVER, id="nothing happens"),
        pytest.param({PLAIN: "0x8 1x90"}, NEVER, id="a plain refusal"),
        pytest.param(
            {PLAIN: "0+30x60"},
            {5: set(), 30: {("PTSErrorRateHigh", "1001", "ticket")}},
            id="many plain refusals",
        ),
        pytest.param(
            {series(*UNKNOWN): "0x8 1x40"},
            {8: set(), 9: {("PTSCodeNotInCatalog", "", "page")}, 20: set()},
            id="the first code that is not in the catalog",
        ),
        pytest.param(
            {series(*UNKNOWN): "_x8 1x40"},
            {7: set(), 9: {("PTSCodeNotInCatalog", "", "page")}, 20: set()},
            id="the same, born with 1",
        ),
        pytest.param({THEFT: "0x8 1x40"}, {8: set(), 9: {("PTSPossibleTheft", "1019", "page")}}, id="1019"),
        pytest.param(
            {series("1019", "rejected", "do_not_retry"): "_x8 1x40"},
            {7: set(), 9: {("PTSPossibleTheft", "1019", "page")}},
            id="1019 with edited advice",
        ),
        pytest.param(
            {CHECKED: "0x8 1x40"}, {8: set(), 9: {("PTSCheckStatusFirst", "8005", "page")}}, id="a refusal to check"
        ),
        pytest.param(
            {DUPLICATE: "0x8 1x40"},
            {8: set(), 9: {("PTSOrderAlreadyOrNotThere", "1003", "ticket")}},
            id="an everyday answer to check",
        ),
        pytest.param(
            {series("1003", "unknown", "check_status_first"): "0x8 1x40"},
            {9: {("PTSOutcomeUnknown", "1003", "page")}},
            id="an everyday answer with edited outcome",
        ),
    ],
)
def test_the_right_alerts_fire(
    given: dict[str, str], expected: dict[int, set[tuple[str, str, str]]], tmp_path: Path
) -> None:
    """When they must, for ten minutes, and not before or after."""
    fires(tmp_path, given, expected)


def test_an_increase_alone_misses_a_series_that_is_born_with_1(tmp_path: Path) -> None:
    """That is why series start at 0, and why the rules look for new series as well."""
    increase = "increase(pts_errors_total[10m]) > 0"
    tests = [{"expr": increase, "eval_time": f"{minute}m", "exp_samples": []} for minute in range(60)]

    promtool(tmp_path, {A: "_x8 1x40"}, {"promql_expr_test": tests})


def test_every_code_of_the_catalog_has_the_alert_that_its_advice_asks_for(host: dict[str, Any], tmp_path: Path) -> None:
    """The page's rules with the page's counter: whatever may have moved money wakes somebody up."""
    expected = set()
    for error in lookup.get_all():
        if error.outcome == "unknown":
            expected.add(("PTSOutcomeUnknown", error.code, "page"))
        elif error.code in {"1002", "1003"}:
            expected.add(("PTSOrderAlreadyOrNotThere", error.code, "ticket"))
        elif error.retry_advice == "check_status_first":
            name = "PTSPossibleTheft" if error.code == "1019" else "PTSCheckStatusFirst"
            expected.add((name, error.code, "page"))
    expected.add(("PTSCodeNotInCatalog", "", "page"))
    assert {code for _name, code, _severity in expected} >= {"1002", "1003", "1019", "8010", "9999"}

    given = {series(*labels): "0x8 1x40" for labels in scrape(host)}

    fires(tmp_path, given, {8: set(), 9: expected, 20: set()})


def test_every_alert_leads_to_a_runbook(tmp_path: Path) -> None:
    """With what Alertmanager is told, to the letter."""
    rules = [rule for group in yaml.safe_load(CODES["rules/pts.yml"])["groups"] for rule in group["rules"]]
    given = {A: "0x8 1x40", THEFT: "0x8 1x40", CHECKED: "0x8 1x40", DUPLICATE: "0x8 1x40", PLAIN: "0+30x60"}
    firing = {
        "PTSOutcomeUnknown": ("8010", A),
        "PTSCodeNotInCatalog": ("", series(*UNKNOWN)),
        "PTSPossibleTheft": ("1019", THEFT),
        "PTSCheckStatusFirst": ("8005", CHECKED),
        "PTSOrderAlreadyOrNotThere": ("1003", DUPLICATE),
        "PTSErrorRateHigh": ("1001", PLAIN),
    }
    tests = []
    for rule in rules:
        if "alert" in rule:
            code, name = firing.pop(rule["alert"])
            given.setdefault(name, "0x8 1x40")
            labels = dict(re.findall(r'(\w+)="([^"]*)"', name))
            kept = {"code"} if rule["alert"] == "PTSErrorRateHigh" else {"code", "outcome", "retry_advice"}
            url = (
                f"https://shop.example.com/errors/runbooks/{code}/"
                if code
                else "https://shop.example.com/errors/runbooks/"
            )
            summary = rule["annotations"]["summary"].replace("{{ $labels.code }}", code)
            tests.append(
                {
                    "alertname": rule["alert"],
                    "eval_time": "15m",
                    "exp_alerts": [
                        {
                            "exp_labels": {"severity": rule["labels"]["severity"]}
                            | {label: labels[label] for label in kept if labels[label]},
                            "exp_annotations": {"summary": summary, "runbook_url": url},
                        }
                    ],
                }
            )
    assert not firing

    promtool(tmp_path, given, {"alert_rule_test": tests})


# ---- Sentry ----


# Keeps what would be sent, as it would be read at the other end.
_KEEP = """
import json
import sentry_sdk
from django.test import Client, override_settings
from django.urls import path
from sentry_sdk.envelope import Envelope
from sentry_sdk.transport import Transport
from pts_errors.exceptions import PTSError
from pts_errors.testing import override_catalog

class Kept(Transport):
    sent = []

    def capture_envelope(self, envelope):
        event = Envelope.deserialize(envelope.serialize()).get_event()
        if event is not None:
            self.sent.append(event)

sentry_sdk.get_client().transport = Kept()
override_catalog().enable()

def refused(request):
    raise PTSError("8010", reference="A-77")

def broken(request):
    raise ValueError("ours")

urlpatterns = [path("refused", refused), path("broken", broken)]

def get(address, *middleware):
    with override_settings(ROOT_URLCONF="__main__", MIDDLEWARE=middleware, ALLOWED_HOSTS=["*"]):
        return Client(raise_request_exception=False).get(address)["Content-Type"].split(";")[0]

"""


def sentry(path: Path, code: str) -> tuple[list[dict[str, Any]], Any]:
    """Run code in a host that has begun Sentry as the page says, and return what was sent and the answer."""
    host = project(path, CODES["settings.py"])
    done = host.python(_KEEP + code + "\nprint(json.dumps([Kept.sent, answer]))")
    sent, answer = json.loads(done.stdout.splitlines()[-1])
    return sent, answer


@pytest.mark.host
def test_sentry_groups_by_code_and_tags(tmp_path: Path) -> None:
    """An error that nobody caught, as it is sent; every other one has nothing of ours."""
    (event, other), kinds = sentry(tmp_path, 'answer = [get("/refused"), get("/broken")]')

    assert kinds == ["text/html", "text/html"]
    assert event["fingerprint"] == ["pts-error", "8010"]
    assert {name: value for name, value in event["tags"].items() if name.startswith("pts.")} == {
        "pts.code": "8010",
        "pts.name": "BALANCE_HOLD_FAILED",
        "pts.outcome": "unknown",
        "pts.retry_advice": "check_status_first",
        "pts.severity": "error",
    }
    assert event["contexts"]["PTS"] == {
        "title": "Balance hold failed",
        "reference": "A-77",
        "runbook": "https://shop.example.com/errors/runbooks/8010/",
    }
    assert other["exception"]["values"][0]["type"] == "ValueError"
    assert "fingerprint" not in other
    assert "PTS" not in other["contexts"]
    assert "pts.code" not in other.get("tags", {})


@pytest.mark.host
def test_sentry_sees_an_answered_error_only_when_it_is_sent(tmp_path: Path) -> None:
    """The middleware's answer is no unhandled exception; a code that is not in the catalog is sent as well."""
    (event,), kind = sentry(
        tmp_path,
        'answer = get("/refused", "pts_errors.middleware.PTSErrorMiddleware")\n'
        'sentry_sdk.capture_exception(PTSError("4242"))',
    )

    assert kind == problem.CONTENT_TYPE
    assert event["fingerprint"] == ["pts-error", "4242"]
    assert event["tags"]["pts.outcome"] == "unknown"
    assert event["contexts"]["PTS"]["runbook"] == ""


@pytest.mark.parametrize("hint", [{}, {"exc_info": (ValueError, ValueError(), None)}, {"log_record": None}])
def test_sentry_gets_every_other_event_unchanged(hint: dict[str, Any], host: dict[str, Any]) -> None:
    """Also one without an exception."""
    assert host["sentry"].before_send({"message": "x"}, hint) == {"message": "x"}


# ---- Logs ----


def test_a_json_log_line_has_the_fields(host: dict[str, Any]) -> None:
    """None of them clashes with those that a record has of itself."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(JsonFormatter())
    logger = logging.getLogger("payments")
    logger.addHandler(handler)

    try:
        with pytest.raises(PTSError):
            host["views"].pay({"code": "8010", "data": {"order_id": "A-77"}})
    finally:
        logger.removeHandler(handler)

    assert json.loads(written.getvalue()) == {
        "message": "The gateway refused a payment.",
        "pts_code": "8010",
        "pts_name": "BALANCE_HOLD_FAILED",
        "pts_outcome": "unknown",
        "pts_retry_advice": "check_status_first",
        "pts_severity": "error",
        "pts_reference": "A-77",
        "pts_runbook": "https://shop.example.com/errors/runbooks/8010/",
    }


def structured(host: dict[str, Any]) -> tuple[Any, io.StringIO]:
    """Return a logger of structlog's with the page's processor where the page puts it, and where it writes."""
    written = io.StringIO()
    processors = [
        host["structured"].add_pts_fields,
        structlog.processors.format_exc_info,
        structlog.processors.JSONRenderer(),
    ]
    return structlog.wrap_logger(structlog.PrintLogger(written), processors=processors), written


@pytest.mark.parametrize("how", ["the exception", "True", "exception()"])
def test_a_structured_event_has_the_fields(how: str, host: dict[str, Any]) -> None:
    """However the exception is handed over."""
    logger, written = structured(host)

    try:
        raise PTSError("8010", reference="A-77")
    except PTSError as error:
        if how == "exception()":
            logger.exception("refused")
        else:
            logger.error("refused", exc_info=error if how == "the exception" else True)

    event = json.loads(written.getvalue())
    assert (event["event"], event["pts_code"], event["pts_severity"]) == ("refused", "8010", "error")
    assert (event["pts_outcome"], event["pts_reference"]) == ("unknown", "A-77")
    assert event["exception"].startswith("Traceback")


@pytest.mark.parametrize("given", [{}, {"exc_info": ValueError("ours")}, {"exc_info": False}])
def test_every_other_structured_event_stays_as_it_is(given: dict[str, Any], host: dict[str, Any]) -> None:
    """Nothing is added where nothing of ours went wrong."""
    logger, written = structured(host)

    logger.info("x", **given)

    assert {name for name in json.loads(written.getvalue()) if name.startswith("pts_")} == set()
