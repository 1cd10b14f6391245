"""Addresses of the demo."""

from __future__ import annotations

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from example_project import views

urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.index, name="index"),
    path("payment/", views.send, {"kind": "payment"}, name="payment"),
    path("withdrawal/", views.send, {"kind": "withdrawal"}, name="withdrawal"),
    path("again/", views.again, name="again"),
    path("i18n/", include("django.conf.urls.i18n")),
    path("admin/", admin.site.urls),
    path("api/", include("pts_errors.api.urls")),
    path("errors/", include("pts_errors.urls")),
]
