"""Addresses of the pages: ``path("errors/", include("pts_errors.urls"))``."""

from __future__ import annotations

from django.urls import path, register_converter

from pts_errors.entry import CODE
from pts_errors.views import reference, runbooks


class CodeConverter:
    """A code, in its one spelling."""

    regex = CODE

    def to_python(self, value: str) -> str:
        """Return the code as it is."""
        return value

    def to_url(self, value: object) -> str:
        """Return the code as it is."""
        return str(value)


register_converter(CodeConverter, "pts_code")

app_name = "pts_errors"
urlpatterns = [
    path("", reference.errors, name="errors"),
    path("<pts_code:code>/", reference.error, name="error"),
    path("<pts_code:code>.md", reference.error, {"suffix": "md"}, name="error_markdown"),
    path("<pts_code:code>.json", reference.error, {"suffix": "json"}, name="error_json"),
    path("runbooks/", runbooks.runbooks, name="runbooks"),
    path("runbooks/<pts_code:code>/", runbooks.runbook, name="runbook"),
    path("runbooks/<pts_code:code>.md", runbooks.runbook, {"suffix": "md"}, name="runbook_markdown"),
    path("runbooks/<pts_code:code>/flag/", runbooks.flag, name="runbook_flag"),
    path("runbooks/<pts_code:code>/flag/<int:flag>/close/", runbooks.close_flag, name="runbook_flag_close"),
]
