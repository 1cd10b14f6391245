"""Addresses of two hosts with admin classes of their own: one hides codes, one has permissions on single codes."""

from __future__ import annotations

from typing import Any

from django.contrib.admin import AdminSite
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import path
from guardian.shortcuts import get_objects_for_user

from pts_errors.admin.categories import CategoryAdmin
from pts_errors.admin.codes import ErrorCodeAdmin
from pts_errors.admin.messages import MessageAdmin
from pts_errors.admin.revisions import RevisionAdmin
from pts_errors.models import Category, ErrorCode, Message, Revision

HIDDEN = "8010"


class HidingAdmin(ErrorCodeAdmin):
    """Hides a code from everybody."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[ErrorCode]:
        """Leave it out."""
        return super().get_queryset(request).exclude(code=HIDDEN)


class GuardedAdmin(ErrorCodeAdmin):
    """Asks django-guardian about every code."""

    def _may(self, request: HttpRequest, verb: str, obj: ErrorCode | None) -> bool:
        name = f"pts_errors.{verb}_errorcode"
        allowed: dict[str, set[int]] = request.__dict__.setdefault("allowed", {})
        if name not in allowed:  # one question a request, as a host with many rows asks it
            allowed[name] = set(get_objects_for_user(request.user, name).values_list("pk", flat=True))
        return request.user.has_perm(name) or (bool(allowed[name]) if obj is None else obj.pk in allowed[name])

    def has_view_permission(self, request: HttpRequest, obj: ErrorCode | None = None) -> bool:
        """Ask."""
        return self._may(request, "view", obj)

    def has_change_permission(self, request: HttpRequest, obj: ErrorCode | None = None) -> bool:
        """Ask."""
        return self._may(request, "change", obj)

    def has_publish_permission(self, request: HttpRequest, obj: ErrorCode | None = None) -> bool:
        """Ask."""
        return self._may(request, "publish", obj)

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Let the host's staff in."""
        return True


class FrenchAdmin(MessageAdmin):
    """Hides every language but one."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Message]:
        """Leave them out."""
        return super().get_queryset(request).filter(language__in=["en", "fr"])


def _site(name: str, **admins: Any) -> AdminSite:
    site = AdminSite(name=name)
    site.register(ErrorCode, admins["codes"])
    site.register(Message, admins.get("messages", MessageAdmin))
    site.register(Category, CategoryAdmin)
    site.register(Revision, RevisionAdmin)
    return site


SITES = {
    "hiding": _site("hiding", codes=HidingAdmin),
    "guarded": _site("guarded", codes=GuardedAdmin),
    "french": _site("french", codes=ErrorCodeAdmin, messages=FrenchAdmin),
    "open": _site("open", codes=ErrorCodeAdmin),
}
urlpatterns = [path(f"{name}/", site.urls) for name, site in SITES.items()]
