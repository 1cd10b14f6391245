"""Tests of `pts_errors.checks`."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import connection
from django.utils.translation import gettext_lazy

from pts_errors import checks

CASES = {
    "SOURCE_LANGUAGE": (
        "E001",
        ["en", "zh-hans", "pt-br", "fil", "sr-latn-rs"],
        ["", "EN", "zh_hans", "e", "en-", "en us", "en\n", None, 1, b"en", ["en"]],
    ),
    "LANGUAGES": (
        "E002",
        [[], (), ["en"], ("en", "zh-hans"), {"de"}, frozenset({"de"})],
        ["en", ["EN"], [None], [["en", "English"]], None, 1, {"en": "English"}, [("en", "English")]],
    ),
    "REFRESH_SECONDS": (
        "E003",
        [0, 0.0, 0.5, 1, 3600],
        [-1, -0.1, float("inf"), float("nan"), True, "1", None, Decimal(1)],
    ),
    "SHARED_MAX_AGE": ("E013", [0, 1, 86400], [-1, 0.5, 1.0, True, "1", None, float("nan"), Decimal(1)]),
    "CONTEXT": (
        "E004",
        [{}, {"brand": "PTS"}, {"brand": "", "support_2": "<b>"}],
        [
            None,
            [],
            "brand",
            {"Brand": "x"},
            {"": "x"},
            {"2": "x"},
            {"a" * 33: "x"},
            {1: "x"},
            {"brand": None},
            {"brand": 1},
            {"brand": gettext_lazy("PTS")},
        ],
    ),
    "API_PERMISSION_CLASSES": (
        "E005",
        [[], ["rest_framework.permissions.AllowAny"], ("a.b", "c.D_1")],
        ["rest_framework.permissions.AllowAny", ["AllowAny"], [".a"], ["a."], ["a b.c"], [int], None],
    ),
    "PROBLEM_AUDIENCE": (
        "E006",
        ["customer", "integrator"],
        ["", "Customer", "staff", None, ["customer"], {"customer"}],
    ),
    "SILENCED_LINTS": (
        "E007",
        [[], ["R010"], ("M010:4005", "C001"), {"R010"}],
        ["R010", ["R10"], ["X010"], ["R010:"], ["R010:04005"], ["r010"], [None], None],
    ),
    "REVIEW_DAYS": (
        "E008",
        [{}, {"critical": 90, "info": None}, {"error": 1}],
        [None, [], {"fatal": 1}, {"error": 0}, {"error": -1}, {"error": "90"}, {"error": True}, {"error": 1.5}, 90],
    ),
    "EXCEPTION_HANDLER": (
        "E011",
        ["rest_framework.views.exception_handler", "a.b"],
        ["", "handler", None, len, ["a.b"]],
    ),
    "BASE_URL": (
        "E014",
        ["", "https://pay.example", "http://localhost:8000", "https://[::1]:8000", "https://xn--mller-kva.example"],
        [
            None,
            "pay.example",
            "//pay.example",
            "https://",
            "https://pay.example/",
            "https://pay.example/shop",
            "https://pay.example?a=b",
            "https://user@pay.example",
            "https://pay.example\n",
            'https://pay.example">',
            "javascript://pay.example",
            ["https://pay.example"],
        ],
    ),
    "ROLES": (
        "E015",
        [{}, {"Platform on-call": "rota-7"}, {"Incident lead": "<b>*", "Security on-call": "值班 7"}],
        [
            None,
            [],
            "rota-7",
            [("Platform on-call", "rota-7")],
            {"Payments on-call": "rota-7"},
            {"platform on-call": "rota-7"},
            {1: "rota-7"},
            {"Platform on-call": None},
            {"Platform on-call": 7},
            {"Platform on-call": ["rota-7"]},
            {"Platform on-call": ""},
            {"Platform on-call": " rota-7"},
            {"Platform on-call": "rota-7\n"},
            {"Platform on-call": "a\u202eb"},
            {"Platform on-call": gettext_lazy("rota-7")},
        ],
    ),
}


def cases(side):
    """Return setting, id and value of every case of one side."""
    return [
        pytest.param(name, case[0], value, id=f"{name}-{number}")
        for name, case in CASES.items()
        for number, value in enumerate(case[side])
    ]


def ids():
    """Return the ids of everything that is wrong."""
    return [message.id for message in checks.check_settings()]


def test_the_settings_of_a_new_project_are_right():
    """Nothing has to be set."""
    assert ids() == []


@pytest.mark.parametrize(("name", "id", "value"), cases(1))
def test_a_right_value_is_accepted(name, id, value, settings):
    """Also at the edge of what is possible."""
    setattr(settings, f"PTS_ERRORS_{name}", value)

    assert ids() == []


@pytest.mark.parametrize(("name", "id", "value"), cases(2))
def test_a_wrong_value_is_named(name, id, value, settings):
    """With what it is, and with what to type instead."""
    setattr(settings, f"PTS_ERRORS_{name}", value)

    (message,) = checks.check_settings()

    assert message.id == f"pts_errors.{id}"
    assert message.is_serious()
    assert message.msg == f"PTS_ERRORS_{name} has the invalid value {value!r}."
    assert re.fullmatch(r"Set it to .+\.", message.hint)


def test_all_mistakes_are_named_at_once(settings):
    """Nobody has to run the check again for each of them."""
    settings.PTS_ERRORS_REFRESH_SECONDS = "soon"
    settings.PTS_ERRORS_PROBLEM_AUDIENCE = "everybody"

    assert ids() == ["pts_errors.E003", "pts_errors.E006"]


@pytest.mark.django_db
def test_the_checks_are_registered(settings):
    """Django runs them with its own, before every command that needs them."""
    settings.PTS_ERRORS_REFRESH_SECONDS = "soon"

    with pytest.raises(SystemCheckError, match=r"pts_errors\.E003"):
        call_command("check")


@pytest.fixture
def use_database(monkeypatch):
    """Return a function that lets the site have a database of this vendor, with these options."""

    def use(vendor, **options):
        monkeypatch.setattr(connection, "vendor", vendor)
        monkeypatch.setitem(connection.settings_dict, "OPTIONS", options)

    return use


@pytest.mark.parametrize(
    ("vendor", "options", "expected"),
    [
        ("mysql", {}, []),
        ("mysql", {"isolation_level": "read committed"}, []),
        ("mysql", {"isolation_level": "READ COMMITTED"}, []),
        ("mysql", {"isolation_level": "repeatable read"}, ["pts_errors.W001"]),
        ("mysql", {"isolation_level": None}, ["pts_errors.W001"]),
        ("postgresql", {"isolation_level": 3}, []),
        ("sqlite", {}, []),
    ],
)
def test_repeatable_read_is_warned_of_on_mysql(vendor, options, expected, use_database):
    """There a publish inside an older transaction could undo another one's edit unseen."""
    use_database(vendor, **options)

    messages = checks.check_isolation()

    assert [message.id for message in messages] == expected
    assert not any(message.is_serious() for message in messages)


def test_ids_are_used_once():
    """An id in somebody's SILENCED_SYSTEM_CHECKS must not mean something else later."""
    assert len({id for id, _right, _wrong in CASES.values()}) == len(CASES)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("PROBLEM_AUDIENCE", "customer", []),
        ("PROBLEM_AUDIENCE", "integrator", ["pts_errors.W002"]),
        ("REFRESH_SECONDS", 0.1, []),
        ("REFRESH_SECONDS", 0, ["pts_errors.W003"]),
    ],
)
def test_a_deployment_is_warned_of_unsafe_settings(name, value, expected, use_database, settings):
    """They are right in development or behind a door, and nobody should carry them into production unaware."""
    use_database("postgresql")
    settings.PTS_ERRORS_REFRESH_SECONDS = 1
    setattr(settings, f"PTS_ERRORS_{name}", value)

    assert [message.id for message in checks.check_deployment()] == expected


@pytest.mark.parametrize(
    ("vendor", "options", "expected"),
    [
        ("sqlite", {}, ["pts_errors.W004"]),
        ("sqlite", {"transaction_mode": None}, ["pts_errors.W004"]),
        ("sqlite", {"transaction_mode": "DEFERRED"}, ["pts_errors.W004"]),
        ("sqlite", {"transaction_mode": "immediate"}, []),
        ("sqlite", {"transaction_mode": "EXCLUSIVE"}, []),
        ("postgresql", {}, []),
    ],
)
def test_a_deployment_is_warned_of_sqlite_that_locks_late(vendor, options, expected, use_database, settings):
    """Two workers that write at once would fail instead of waiting for each other."""
    settings.PTS_ERRORS_REFRESH_SECONDS = 1
    use_database(vendor, **options)

    assert [message.id for message in checks.check_deployment()] == expected


@pytest.mark.django_db
def test_deployment_checks_run_only_for_a_deployment(settings, capsys):
    """``check`` is silent where ``check --deploy`` warns."""
    settings.PTS_ERRORS_REFRESH_SECONDS = 0
    settings.SILENCED_SYSTEM_CHECKS = [f"security.W{number:03}" for number in range(30)]

    call_command("check")
    assert "pts_errors.W003" not in capsys.readouterr().err
    call_command("check", "--deploy")
    assert "pts_errors.W003" in capsys.readouterr().err
