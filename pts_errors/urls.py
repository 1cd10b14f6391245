"""Addresses of the pages: ``path("errors/", include("pts_errors.urls"))``."""

from __future__ import annotations

from django.urls import path, register_converter

from pts_errors.pages import reference_views, runbook_views
from pts_errors.values.entry import CODE


class CodeConverter:
    """A code in its canonical spelling."""

    regex = CODE

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: object) -> str:
        return str(value)


register_converter(CodeConverter, "pts_code")

app_name = "pts_errors"
urlpatterns = [
    path("", reference_views.errors, name="errors"),
    path("<pts_code:code>/", reference_views.error, name="error"),
    path("<pts_code:code>.md", reference_views.error, {"suffix": "md"}, name="error_markdown"),
    path("<pts_code:code>.json", reference_views.error, {"suffix": "json"}, name="error_json"),
    path("runbooks/", runbook_views.runbooks, name="runbooks"),
    path("runbooks/unconfirmed/", runbook_views.unconfirmed, name="runbooks_unconfirmed"),
    path("runbooks/<pts_code:code>/", runbook_views.runbook, name="runbook"),
    path("runbooks/<pts_code:code>.md", runbook_views.runbook, {"suffix": "md"}, name="runbook_markdown"),
    path("runbooks/<pts_code:code>/confirm/", runbook_views.confirm, name="runbook_confirm"),
    path("runbooks/<pts_code:code>/flag/", runbook_views.flag, name="runbook_flag"),
    path("runbooks/<pts_code:code>/flag/<int:flag>/close/", runbook_views.close_flag, name="runbook_flag_close"),
]
