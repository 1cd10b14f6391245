"""Local values that differ from newly shipped ones after an upgrade: shown, and decided one at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, router, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _

from pts_errors import publishing
from pts_errors.admin import access
from pts_errors.admin.board import Board, Line
from pts_errors.admin.labels import Difference, differences, is_confidential, label_of, readable
from pts_errors.admin.pages import url_of
from pts_errors.admin.panels import enter
from pts_errors.models import Category, ErrorCode, Head
from pts_errors.publishing import log
from pts_errors.values.fields import SLUG, Change, language_of, parsed, value_at

_FIXED = "name"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One local value that differs from the shipped one."""

    path: str
    difference: Difference
    """From the local value to the shipped one."""
    may_decide: bool
    may_take: bool
    """False for the name of a code, which is fixed once it is published."""


def decisions(model_admin: ModelAdmin[Any], request: HttpRequest, line: Line | None) -> list[Decision]:
    """Return the open decisions on a code, without those that the user may not read."""
    if line is None or not line.row.unseen:
        return []
    shipped = log.shipped(using=router.db_for_write(Head))[line.row.code]
    found = []
    for path in line.row.unseen:
        place = parsed(path)
        change = Change(path=place, before=value_at(line.entry, place), after=value_at(shipped, place))
        if readable(request, [change]):
            (difference,) = differences([change])
            may_decide = _may_decide(model_admin, request, line.row, path)
            found.append(
                Decision(
                    path=path, difference=difference, may_decide=may_decide, may_take=may_decide and path != _FIXED
                )
            )
    return found


def decide_view(model_admin: ModelAdmin[Any], request: HttpRequest, code: ErrorCode) -> HttpResponse:
    """Put the shipped value into the draft (``take=en.title``), or keep the local one (``keep=en.title``).

    ``version`` is that of the code on the screen, so that later edits and upgrades are not decided unseen.
    """
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    is_taken = "take" in request.POST
    path = request.POST.get("take" if is_taken else "keep", "")
    if not _may_decide(model_admin, request, code, path) or (is_taken and path == _FIXED):
        raise PermissionDenied
    back = HttpResponseRedirect(url_of(model_admin, "change", code.pk))
    try:
        with transaction.atomic(using=(alias := router.db_for_write(ErrorCode))):
            log.lock(using=alias)  # before any row, as wherever categories may be written
            row = get_object_or_404(ErrorCode.objects.using(alias).select_for_update(), pk=code.pk)
            if path not in row.unseen or str(row.version) != request.POST.get("version"):
                messages.error(
                    request,
                    _(
                        "Nothing was decided, because somebody changed this code in the meantime. "
                        "Check the values and decide again."
                    ),
                )
                return back
            (publishing.take_shipped if is_taken else publishing.keep_ours)(row.code, path)
            text = _("Took the shipped value: %(field)s.") if is_taken else _("Kept the local value: %(field)s.")
            _say(request, row, text % {"field": label_of(parsed(path))})
            if is_taken and parsed(path)[0] == "category" and parsed(path) != SLUG:  # other codes share it
                enter(request, Category.objects.filter(errors=row), text % {"field": label_of(parsed(path))})
    except IntegrityError:
        messages.error(
            request,
            _("The shipped value does not fit the rest of the draft. First take the shipped values that go with it."),
        )
    Board.forget(request)
    return back


def _may_decide(model_admin: ModelAdmin[Any], request: HttpRequest, code: ErrorCode, path: str) -> bool:
    """Return whether the user may change the value in a form."""
    place = parsed(path)
    if not model_admin.has_change_permission(request, code):
        return False
    if language := language_of(place):
        return access.may_change_language(request)(language)
    if place[0] == "category" and not access.may_change(request, Category, "slug")(code.category.slug):
        return False
    if is_confidential(place):
        return request.user.has_perm(access.CHANGE_RUNBOOK)
    return True


def _say(request: HttpRequest, row: ErrorCode, text: str) -> None:
    enter(request, ErrorCode.objects.filter(pk=row.pk), text)
    messages.success(request, text)
