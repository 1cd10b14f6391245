"""Addresses of the tests' host project."""

from __future__ import annotations

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("admin/", admin.site.urls),
    path("api/", include("pts_errors.api.urls")),
    path("errors/", include("pts_errors.urls")),
]
