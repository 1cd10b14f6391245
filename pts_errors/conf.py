"""The settings of this package, each read at the moment of use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

from django.conf import settings


class Settings:
    """The host's ``PTS_ERRORS_*`` settings, or their defaults. `pts_errors.checks` says what is wrong with a value."""

    @property
    def SOURCE_LANGUAGE(self) -> str:
        """The language in which texts are written first, and to which all others fall back."""
        return cast(str, getattr(settings, "PTS_ERRORS_SOURCE_LANGUAGE", "en"))

    @property
    def LANGUAGES(self) -> Sequence[str]:
        """The languages to offer; empty for all languages of the catalog."""
        return cast(Sequence[str], getattr(settings, "PTS_ERRORS_LANGUAGES", ()))

    @property
    def REFRESH_SECONDS(self) -> float:
        """Seconds between a process's queries for a newer catalog; 0 for a query at every read."""
        return cast(float, getattr(settings, "PTS_ERRORS_REFRESH_SECONDS", 1))

    @property
    def SHARED_MAX_AGE(self) -> int:
        """Seconds for which a shared cache may answer without asking this site; 0 for never."""
        return cast(int, getattr(settings, "PTS_ERRORS_SHARED_MAX_AGE", 0))

    @property
    def CONTEXT(self) -> Mapping[str, str]:
        """Values of placeholders in texts: ``{brand}`` is what the white-labelled gateway is called here."""
        return cast(Mapping[str, str], getattr(settings, "PTS_ERRORS_CONTEXT", {"brand": "PTS"}))

    @property
    def BASE_URL(self) -> str:
        """Scheme and host of absolute addresses, such as ``"https://pay.example"``; empty for paths only."""
        return cast(str, getattr(settings, "PTS_ERRORS_BASE_URL", ""))

    @property
    def API_PERMISSION_CLASSES(self) -> Sequence[str]:
        """Dotted paths of the DRF permission classes of the public part of the API."""
        default = ("rest_framework.permissions.AllowAny",)
        return cast(Sequence[str], getattr(settings, "PTS_ERRORS_API_PERMISSION_CLASSES", default))

    @property
    def PROBLEM_AUDIENCE(self) -> str:
        """The readers of problem details: ``"customer"`` or ``"integrator"``."""
        return cast(str, getattr(settings, "PTS_ERRORS_PROBLEM_AUDIENCE", "customer"))

    @property
    def EXCEPTION_HANDLER(self) -> str:
        """Dotted path of the DRF exception handler for every exception other than a PTSError."""
        return cast(str, getattr(settings, "PTS_ERRORS_EXCEPTION_HANDLER", "rest_framework.views.exception_handler"))

    @property
    def REVIEW_DAYS(self) -> Mapping[str, int | None]:
        """By severity, the days after which a runbook is due for review; None for never."""
        default = {"critical": 90, "error": 180, "warning": 365, "info": None}
        return cast(Mapping[str, "int | None"], getattr(settings, "PTS_ERRORS_REVIEW_DAYS", default))

    @property
    def SILENCED_LINTS(self) -> Sequence[str]:
        """Lint ids to leave out, ``"R010"`` for every code or ``"R010:8010"`` for one."""
        return cast(Sequence[str], getattr(settings, "PTS_ERRORS_SILENCED_LINTS", ()))

    @property
    def RUNBOOK_CONTEXT(self) -> Mapping[str, str]:
        """Site constants in runbooks: ``{"DASHBOARD_URL": "https://…"}`` fills ``<DASHBOARD_URL>``."""
        return cast(Mapping[str, str], getattr(settings, "PTS_ERRORS_RUNBOOK_CONTEXT", {}))

    @property
    def RUNBOOK_PARAMETERS(self) -> Sequence[str]:
        """Query parameters of a runbook's page: ``?order_id=A77`` fills ``<ORDER_ID>``."""
        default = ("order_id", "merchant_id", "request_id", "transaction_id")
        return cast(Sequence[str], getattr(settings, "PTS_ERRORS_RUNBOOK_PARAMETERS", default))

    @property
    def ROLES(self) -> Mapping[str, str]:
        """The site's own rotas for the roles in runbooks, such as ``{"Platform on-call": "rota-7"}``."""
        return cast(Mapping[str, str], getattr(settings, "PTS_ERRORS_ROLES", {}))

    def tenant_apps(self) -> set[str]:
        """Return the apps whose tables each tenant has for itself, by the settings of django-tenants."""
        kinds: Mapping[str, Mapping[str, Sequence[str]]] = {"": {"APPS": getattr(settings, "TENANT_APPS", ())}}
        if getattr(settings, "HAS_MULTI_TYPE_TENANTS", False):
            kinds = getattr(settings, "TENANT_TYPES", {})
        public = getattr(settings, "PUBLIC_SCHEMA_NAME", "public")
        return {app for name, kind in kinds.items() if name != public for app in kind.get("APPS", ())}


conf = Settings()
