"""The app's configuration: it registers the checks and connects the receivers."""

from __future__ import annotations

from django.apps import AppConfig
from django.core.checks import register
from django.core.signals import request_started, setting_changed
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class PTSErrorsConfig(AppConfig):
    """The error catalog of the payment gateway PTS."""

    name = "pts_errors"
    verbose_name = _("PTS error catalog")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Connect everything; no query, no thread."""
        # Not at the top of the file: Django imports it before there are models.
        from pts_errors import checks, receivers

        register(checks.check_settings)
        register(checks.check_isolation)
        register(checks.check_tenants)
        register(checks.check_deployment, deploy=True)
        post_migrate.connect(receivers.upgrade_after_migrate, sender=self, dispatch_uid="pts_errors.upgrade")
        request_started.connect(receivers.refresh_before_request, dispatch_uid="pts_errors.refresh")
        setting_changed.connect(receivers.forget_on_setting, dispatch_uid="pts_errors.forget")
