"""Full pages inside the admin, beyond the stock ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import django
from django.contrib.admin import ModelAdmin
from django.forms import Media
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.urls import NoReverseMatch, reverse

from pts_errors.models import ErrorCode

MEDIA = Media(css={"all": ["pts_errors/admin.css"]}, js=["pts_errors/admin.js"])


def url_of(model_admin: ModelAdmin[Any], name: str, *args: object, model: str = "errorcode") -> str:
    """Return the URL of a page of this admin site."""
    return reverse(f"admin:pts_errors_{model}_{name}", args=args, current_app=model_admin.admin_site.name)


def runbook_url(code: ErrorCode) -> str:
    """Return the URL of the on-call page of a code, or an empty text if the host serves none."""
    try:
        return reverse("pts_errors:runbook", kwargs={"code": code.code})
    except NoReverseMatch:
        return ""


def page(
    model_admin: ModelAdmin[Any],
    request: HttpRequest,
    template: str,
    *,
    title: str,
    code: ErrorCode | None = None,
    context: Mapping[str, Any],
) -> TemplateResponse:
    """Return a page in the admin's frame, with breadcrumbs and our style sheet."""
    opts = ErrorCode._meta
    crumbs = [
        (reverse("admin:index", current_app=model_admin.admin_site.name), None),
        (
            reverse("admin:app_list", args=[opts.app_label], current_app=model_admin.admin_site.name),
            opts.app_config.verbose_name,
        ),
        (url_of(model_admin, "changelist"), opts.verbose_name_plural),
    ]
    if code is not None:
        crumbs.append((url_of(model_admin, "change", code.pk), str(code)))
    request.current_app = model_admin.admin_site.name
    return TemplateResponse(
        request,
        f"admin/pts_errors/{template}",
        {
            **model_admin.admin_site.each_context(request),
            "opts": opts,
            "title": title,
            "media": MEDIA,
            "crumbs": crumbs,
            # Django 6.1 made the breadcrumbs a list. Remove with the support of 6.0.
            "crumbs_are_list": django.VERSION >= (6, 1),
            "code": code,
            **context,
        },
    )
