"""Who may do what: Django's permissions, the host's own admin classes, and the language limits of groups."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.contrib.admin import AdminSite, ModelAdmin, site
from django.contrib.auth.models import Group
from django.db import router
from django.db.models import Model
from django.http import HttpRequest
from django.utils.translation import gettext as _

from pts_errors.models import ErrorCode, LanguageLimit
from pts_errors.values import languages

if TYPE_CHECKING:  # the board imports this module
    from pts_errors.admin.board import Board

PUBLISH = "pts_errors.publish_errorcode"
VIEW_CODE = "pts_errors.view_errorcode"
CHANGE_MESSAGE = "pts_errors.change_message"
CHANGE_RUNBOOK = "pts_errors.change_runbook"


class Visit:
    """Cache of one request to the back office."""

    def __init__(self, user: Any) -> None:
        self.user = user
        self.site: AdminSite = site
        """The admin site of the request. A host's admin classes on it decide which rows the user may see."""
        self.rows: dict[type[Model], tuple[frozenset[int], frozenset[int]]] = {}
        """For each model, the keys of the rows that the user may see, and of those that the host's admin denies."""
        self.board: Board | None = None
        """All codes, once they were read."""
        self.saved: ErrorCode | None = None
        """The code that the form has saved."""

    @cached_property
    def languages(self) -> set[str] | None:
        """The languages that the user may change; None for all of them."""
        return _languages(self.user)


def visit_of(request: HttpRequest) -> Visit:
    """Return the cache of the request. The back office attaches nothing else to a request."""
    visit: Visit = request.__dict__.setdefault("_pts_errors", Visit(request.user))
    return visit


def admin_of(request: HttpRequest, model: type[Model]) -> ModelAdmin[Any]:
    """Return the host's admin of a model, or a stock one where the host's site has none."""
    admin_site = visit_of(request).site
    return admin_site.get_model_admin(model) if admin_site.is_registered(model) else ModelAdmin(model, admin_site)


def visible(request: HttpRequest, model: type[Model]) -> frozenset[int]:
    """Return the keys of the rows that the user may see: in the queryset of their admin, and not denied by it.

    A user without any permission on the model may still see parts of its rows on other pages, such as the codes on
    the page of messages. Then the queryset alone decides.
    """
    return _sorted_out(request, model)[0]


def denied(request: HttpRequest, model: type[Model]) -> frozenset[int]:
    """Return the keys of the rows in the queryset of their admin that its object permissions deny."""
    return _sorted_out(request, model)[1]


def may_change(request: HttpRequest, model: type[Model], key: str) -> Callable[[str], bool]:
    """Return a predicate on natural keys: whether the user may change the row, or it does not exist yet."""
    model_admin = admin_of(request, model)
    alias = router.db_for_write(model)
    changeable = {
        getattr(row, key)
        for row in model_admin.get_queryset(request).using(alias)
        if row.pk in visible(request, model) and model_admin.has_change_permission(request, row)
    }
    known = frozenset(model._default_manager.using(alias).values_list(key, flat=True))
    is_allowed = model_admin.has_change_permission(request)
    return lambda value: is_allowed and (value in changeable or value not in known)


def may_change_language(request: HttpRequest) -> Callable[[str], bool]:
    """Return a predicate on languages: whether the user may change messages in that language.

    ``change_message`` covers every language. If only groups grant it, and each of them has a language limit, it
    covers the languages of these limits. Takes two queries, and none for superusers.
    """
    limit = visit_of(request).languages
    return lambda language: limit is None or language in limit


def languages_in_words(request: HttpRequest) -> str:
    """Return a sentence with the languages that the user may change; empty without permission on messages."""
    if not request.user.has_perm(CHANGE_MESSAGE):
        return ""
    if (limit := visit_of(request).languages) is None:
        return _("You may change texts in every language.")
    if not limit:
        return _("You may not change texts in any language.")
    return _("You may change texts in: %(languages)s") % {"languages": ", ".join(map(languages.name_of, sorted(limit)))}


def can_view_runbook(request: HttpRequest) -> bool:
    """Return whether the user may read runbooks."""
    return _can_view(request, "runbook")


def files(request: HttpRequest) -> dict[str, bool]:
    """Return, for each kind of exported file, whether the user may read it."""
    runbooks = can_view_runbook(request)
    return {
        "codes.csv": _can_view(request, "errorcode"),
        "messages": _can_view(request, "message"),
        # The escalation of a category is runbook text.
        "categories.csv": _can_view(request, "category") and runbooks,
        "runbooks": runbooks,
    }


def _can_view(request: HttpRequest, name: str) -> bool:
    return any(request.user.has_perm(f"pts_errors.{verb}_{name}") for verb in ("view", "change"))


def _sorted_out(request: HttpRequest, model: type[Model]) -> tuple[frozenset[int], frozenset[int]]:
    found = visit_of(request).rows
    if model not in found:
        model_admin = admin_of(request, model)
        rows = model_admin.get_queryset(request).using(router.db_for_write(model))
        refused: frozenset[int] = frozenset()
        if _asks_for_rows(model_admin) and model_admin.has_view_or_change_permission(request):
            refused = frozenset(r.pk for r in rows if not model_admin.has_view_or_change_permission(request, r))
        found[model] = frozenset(rows.order_by().values_list("pk", flat=True)) - refused, refused
    return found[model]


def _asks_for_rows(model_admin: ModelAdmin[Any]) -> bool:
    """Return whether the host's admin checks permissions on single rows. Django's admin and ours do not."""
    names = ("has_view_permission", "has_change_permission", "has_view_or_change_permission")
    return any(
        not cls.__module__.startswith(("django.", "pts_errors.")) and not vars(cls).keys().isdisjoint(names)
        for cls in type(model_admin).__mro__
    )


def _languages(user: Any) -> set[str] | None:
    if not user.has_perm(CHANGE_MESSAGE):
        return set()
    if user.is_superuser or CHANGE_MESSAGE in user.get_user_permissions():
        return None
    groups = Group.objects.filter(
        user=user, permissions__codename="change_message", permissions__content_type__app_label="pts_errors"
    )
    keys = set(groups.values_list("pk", flat=True))
    limits = dict(LanguageLimit.objects.filter(group__in=keys).values_list("group", "languages")) if keys else {}
    if not keys or keys != limits.keys():
        return None  # a group without a limit, or a backend of the host's own, grants it for all languages
    return {tag for limit in limits.values() for tag in limit}
