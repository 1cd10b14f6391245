"""System checks: what is wrong with a setting, and what to type instead."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django.apps import apps
from django.core.checks import CheckMessage, Error, Warning
from django.db import connections

from pts_errors.conf import conf
from pts_errors.entry import Severity

_LANGUAGE = re.compile(r"[a-z]{2,8}(-[a-z0-9]{1,8})*")
_PLACEHOLDER = re.compile(r"[a-z][a-z0-9_]{0,31}")
_CONSTANT = re.compile(r"[A-Z][A-Z0-9_]{0,31}")
_LINT = re.compile(r"[CMR][0-9]{3}(:[1-9][0-9]{0,8})?")
_ORIGIN = re.compile(r"(https?://([A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?)?")
_DOTTED = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+")


def check_settings(**kwargs: Any) -> list[CheckMessage]:
    """Return an error for every setting with a value that cannot work."""
    found = (
        ("E001", "SOURCE_LANGUAGE", _is_text(conf.SOURCE_LANGUAGE, _LANGUAGE), 'a language tag such as "en"'),
        ("E002", "LANGUAGES", _are_texts(conf.LANGUAGES, _LANGUAGE), 'a list such as ["en", "zh-hans"]'),
        ("E003", "REFRESH_SECONDS", _is_seconds(conf.REFRESH_SECONDS), "a number of seconds such as 1, or 0"),
        ("E013", "SHARED_MAX_AGE", _is_count(conf.SHARED_MAX_AGE), "a whole number of seconds such as 5, or 0"),
        ("E004", "CONTEXT", _is_context(conf.CONTEXT, _PLACEHOLDER), 'a dictionary such as {"brand": "PTS"}'),
        (
            "E005",
            "API_PERMISSION_CLASSES",
            _are_texts(conf.API_PERMISSION_CLASSES, _DOTTED),
            'a list such as ["rest_framework.permissions.AllowAny"]',
        ),
        ("E006", "PROBLEM_AUDIENCE", conf.PROBLEM_AUDIENCE in ("customer", "integrator"), '"customer" or "integrator"'),
        ("E007", "SILENCED_LINTS", _are_texts(conf.SILENCED_LINTS, _LINT), 'a list such as ["R010", "M010:4005"]'),
        ("E008", "REVIEW_DAYS", _are_days(conf.REVIEW_DAYS), 'a dictionary such as {"critical": 90, "info": None}'),
        (
            "E011",
            "EXCEPTION_HANDLER",
            _is_text(conf.EXCEPTION_HANDLER, _DOTTED),
            'a dotted path such as "rest_framework.views.exception_handler"',
        ),
        (
            "E009",
            "RUNBOOK_CONTEXT",
            _is_context(conf.RUNBOOK_CONTEXT, _CONSTANT),
            'a dictionary such as {"DASHBOARD_URL": "https://dashboard.example/"}',
        ),
        (
            "E010",
            "RUNBOOK_PARAMETERS",
            _are_texts(conf.RUNBOOK_PARAMETERS, _PLACEHOLDER),
            'a list such as ["order_id", "merchant_id"]',
        ),
        (
            "E014",
            "BASE_URL",
            _is_text(conf.BASE_URL, _ORIGIN),
            'an address without a path, "https://pay.example", or ""',
        ),
    )
    return [
        Error(
            f"PTS_ERRORS_{name} is {getattr(conf, name)!r}, which cannot be used.",
            hint=f"Set it to {remedy}.",
            id=f"pts_errors.{id}",
        )
        for id, name, is_right, remedy in found
        if not is_right
    ]


def check_isolation(**kwargs: Any) -> list[CheckMessage]:
    """Return a warning for every MySQL or MariaDB alias on which a publish could undo another one's edit unseen."""
    return [
        Warning(
            f"The database {alias!r} does not use READ COMMITTED.",
            hint='Remove "isolation_level" from its OPTIONS, or set it to "read committed", which is Django\'s default.',
            id="pts_errors.W001",
        )
        for alias in connections
        if connections[alias].vendor == "mysql"
        and str(connections[alias].settings_dict["OPTIONS"].get("isolation_level", "read committed")).lower()
        != "read committed"
    ]


def check_tenants(**kwargs: Any) -> list[CheckMessage]:
    """Return an error if each tenant has tables of this app: one process would show one tenant's texts to another."""
    config = apps.get_app_config("pts_errors")
    names = {config.name, f"{type(config).__module__}.{type(config).__qualname__}"}
    if names.isdisjoint(conf.tenant_apps()):
        return []
    return [
        Error(
            "The catalog is one for the whole process, and this app is in the TENANT_APPS of django-tenants.",
            hint=f"Move {config.name!r} to SHARED_APPS, and only there: all tenants read one catalog.",
            id="pts_errors.E012",
        )
    ]


def check_deployment(**kwargs: Any) -> list[CheckMessage]:
    """Return a warning for every setting that suits a developer's machine, but not many people's payments."""
    found: list[CheckMessage] = []
    if conf.PROBLEM_AUDIENCE == "integrator":
        found.append(
            Warning(
                "Problem details tell everybody what only integrators may read, also why a check failed.",
                hint='Set PTS_ERRORS_PROBLEM_AUDIENCE to "customer", or silence this if no customer can reach the API.',
                id="pts_errors.W002",
            )
        )
    if conf.REFRESH_SECONDS == 0:
        found.append(
            Warning(
                "Every read asks the database whether there is a newer catalog.",
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
        for alias in connections
        if connections[alias].vendor == "sqlite"
        and str(connections[alias].settings_dict["OPTIONS"].get("transaction_mode")).upper()
        not in ("IMMEDIATE", "EXCLUSIVE")
    ]
    return found


def _is_text(value: object, pattern: re.Pattern[str]) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def _are_texts(values: object, pattern: re.Pattern[str]) -> bool:
    return isinstance(values, (list, tuple, set, frozenset)) and all(_is_text(value, pattern) for value in values)


def _is_seconds(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < float("inf")


def _is_count(value: object) -> bool:
    return type(value) is int and value >= 0


def _are_days(value: object) -> bool:
    return isinstance(value, Mapping) and all(
        severity in tuple(Severity) and (days is None or (type(days) is int and days > 0))
        for severity, days in value.items()
    )


def _is_context(value: object, pattern: re.Pattern[str]) -> bool:
    return isinstance(value, Mapping) and all(
        _is_text(name, pattern) and isinstance(text, str) for name, text in value.items()
    )
