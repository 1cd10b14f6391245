"""Addresses of the API: ``path("api/", include("pts_errors.api.urls"))``."""

from __future__ import annotations

from importlib.util import find_spec

from pts_errors.api.views import routes

app_name = "pts_errors_api"

urlpatterns = routes.urls

if find_spec("drf_spectacular") is not None:  # pragma: no branch  # a test without it runs in a process of its own
    # Not at the top of the file: the extra "openapi" may not be installed.
    from pts_errors.api import schema

    urlpatterns = [*urlpatterns, *schema.urlpatterns()]
