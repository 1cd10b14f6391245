"""System checks of the settings: each says what is wrong, and what to set instead."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from django.apps import apps
from django.core.checks import CheckMessage, Error, Warning
from django.db import connections

from pts_errors.conf import conf
from pts_errors.values.entry import CODE, Severity
from pts_errors.values.languages import TAG
from pts_errors.values.placeholders import NAME
from pts_errors.values.roles import ROLES

_CONSTANT = "[A-Z][A-Z0-9_]{0,31}"
_LINT = f"[CMR][0-9]{{3}}(:{CODE})?"
_ORIGIN = r"(https?://([A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?)?"
_DOTTED = r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+"

_Rule = Callable[[object], bool]


def check_settings(**kwargs: Any) -> list[CheckMessage]:
    """Return an error for every setting with a value that cannot work."""
    return [
        Error(
            f"PTS_ERRORS_{name} has the invalid value {getattr(conf, name)!r}.",
            hint=f"Set it to {remedy}.",
            id=f"pts_errors.{id}",
        )
        for id, name, is_right, remedy in _SETTINGS
        if not is_right(getattr(conf, name))
    ]


def check_isolation(**kwargs: Any) -> list[CheckMessage]:
    """Return a warning for every MySQL or MariaDB database on which a publish could silently undo an edit."""
    return [
        Warning(
            f"The database {alias!r} does not use READ COMMITTED.",
            hint='Remove "isolation_level" from its OPTIONS, or set it to "read committed", Django\'s default.',
            id="pts_errors.W001",
        )
        for alias, level in _options("mysql", "isolation_level", "read committed")
        if level != "read committed"
    ]


def check_tenants(**kwargs: Any) -> list[CheckMessage]:
    """Return an error if each tenant has its own tables of this app: tenants would read each other's texts."""
    config = apps.get_app_config("pts_errors")
    names = {config.name, f"{type(config).__module__}.{type(config).__qualname__}"}
    if names.isdisjoint(conf.tenant_apps()):
        return []
    return [
        Error(
            "This app is in the TENANT_APPS of django-tenants, but a process has one catalog for all tenants.",
            hint=f"Move {config.name!r} to SHARED_APPS, and list it nowhere else.",
            id="pts_errors.E012",
        )
    ]


def check_deployment(**kwargs: Any) -> list[CheckMessage]:
    """Return a warning for every setting that suits development only."""
    found: list[CheckMessage] = []
    if conf.PROBLEM_AUDIENCE == "integrator":
        found.append(
            Warning(
                "Problem details show everyone what is for integrators only, such as why a check failed.",
                hint='Set PTS_ERRORS_PROBLEM_AUDIENCE to "customer", or silence this if no customer can reach the API.',
                id="pts_errors.W002",
            )
        )
    if conf.REFRESH_SECONDS == 0:
        found.append(
            Warning(
                "Every read queries the database for a newer catalog.",
                hint="Remove PTS_ERRORS_REFRESH_SECONDS, which is 1 by default, or set it to a few seconds.",
                id="pts_errors.W003",
            )
        )
    found += [
        Warning(
            f"The SQLite database {alias!r} begins transactions without a lock, so a publish may fail as locked.",
            hint='Add "transaction_mode": "IMMEDIATE" to its OPTIONS.',
            id="pts_errors.W004",
        )
        for alias, mode in _options("sqlite", "transaction_mode", None)
        if mode not in ("immediate", "exclusive")
    ]
    return found


def _options(vendor: str, name: str, default: object) -> list[tuple[str, str]]:
    """Return the aliases of a vendor's databases, each with an option in lower case."""
    return [
        (alias, str(connections[alias].settings_dict["OPTIONS"].get(name, default)).lower())
        for alias in connections
        if connections[alias].vendor == vendor
    ]


def _text(pattern: str) -> _Rule:
    return lambda value: isinstance(value, str) and re.fullmatch(pattern, value) is not None


def _texts(pattern: str) -> _Rule:
    is_right = _text(pattern)
    return lambda values: isinstance(values, (list, tuple, set, frozenset)) and all(map(is_right, values))


def _texts_by_name(pattern: str) -> _Rule:
    is_right = _text(pattern)
    return lambda value: (
        isinstance(value, Mapping) and all(is_right(name) and isinstance(text, str) for name, text in value.items())
    )


def _is_seconds(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < float("inf")


def _is_count(value: object) -> bool:
    return type(value) is int and value >= 0


def _is_audience(value: object) -> bool:
    return value in ("customer", "integrator")


def _are_days(value: object) -> bool:
    return isinstance(value, Mapping) and all(
        severity in tuple(Severity) and (days is None or (type(days) is int and days > 0))
        for severity, days in value.items()
    )


def _are_rotas(value: object) -> bool:
    return isinstance(value, Mapping) and all(
        role in ROLES and isinstance(rota, str) and rota.isprintable() and rota.strip() == rota != ""
        for role, rota in value.items()
    )


# Id, setting, test of its value, and what to set instead.
_SETTINGS = (
    ("E001", "SOURCE_LANGUAGE", _text(TAG), 'a language tag such as "en"'),
    ("E002", "LANGUAGES", _texts(TAG), 'a list such as ["en", "zh-hans"]'),
    ("E003", "REFRESH_SECONDS", _is_seconds, "a number of seconds such as 1, or 0"),
    ("E013", "SHARED_MAX_AGE", _is_count, "a whole number of seconds such as 5, or 0"),
    ("E004", "CONTEXT", _texts_by_name(NAME), 'a dictionary such as {"brand": "PTS"}'),
    ("E005", "API_PERMISSION_CLASSES", _texts(_DOTTED), 'a list such as ["rest_framework.permissions.AllowAny"]'),
    ("E006", "PROBLEM_AUDIENCE", _is_audience, '"customer" or "integrator"'),
    ("E007", "SILENCED_LINTS", _texts(_LINT), 'a list such as ["R010", "M010:4005"]'),
    ("E008", "REVIEW_DAYS", _are_days, 'a dictionary such as {"critical": 90, "info": None}'),
    ("E011", "EXCEPTION_HANDLER", _text(_DOTTED), 'a dotted path such as "rest_framework.views.exception_handler"'),
    (
        "E009",
        "RUNBOOK_CONTEXT",
        _texts_by_name(_CONSTANT),
        'a dictionary such as {"DASHBOARD_URL": "https://dashboard.example/"}',
    ),
    ("E010", "RUNBOOK_PARAMETERS", _texts(NAME), 'a list such as ["order_id", "merchant_id"]'),
    ("E014", "BASE_URL", _text(_ORIGIN), 'an address without a path, "https://pay.example", or ""'),
    (
        "E015",
        "ROLES",
        _are_rotas,
        f'a dictionary such as {{"Platform on-call": "rota-7"}}; the roles are {", ".join(ROLES)}',
    ),
)
