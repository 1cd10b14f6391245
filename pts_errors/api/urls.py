"""The API: ``path("api/", include("pts_errors.api.urls"))``."""

from __future__ import annotations

from importlib.util import find_spec

from rest_framework.routers import SimpleRouter

from pts_errors.api import views

app_name = "pts_errors_api"

router = SimpleRouter()
router.register("errors", views.ErrorViewSet, basename="error")
router.register("categories", views.CategoryViewSet, basename="category")
router.register("runbooks", views.RunbookViewSet, basename="runbook")
router.register("revisions", views.RevisionViewSet, basename="revision")

urlpatterns = router.urls

if find_spec("drf_spectacular") is not None:  # pragma: no branch  # a test without it runs in a process of its own
    # Not at the top of the file: the extra "openapi" may not be installed.
    from pts_errors.api import schema

    urlpatterns = [*urlpatterns, *schema.urlpatterns()]
