"""Previews of runbooks: a section while it is typed, and the whole draft as a page."""

from __future__ import annotations

from typing import Any

from django.contrib.admin import ModelAdmin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.utils.translation import gettext as _

from pts_errors.admin import access
from pts_errors.admin.board import Board
from pts_errors.admin.pages import page
from pts_errors.models import ErrorCode
from pts_errors.models import Runbook as RunbookRow
from pts_errors.pages import runbook as runbook_page
from pts_errors.values.entry import RUNBOOK_SECTIONS, Runbook

# The longest section that can be saved; rendering a longer one would only take time.
_LONGEST = 10_000


def snippet(model_admin: ModelAdmin[Any], request: HttpRequest) -> HttpResponse:
    """Return the HTML of one section, as the runbook page shows it."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    if not access.can_view_runbook(request):
        raise PermissionDenied
    text = request.POST.get("text", "")
    if len(text) > _LONGEST:
        return HttpResponse(
            _("The section is too long for a preview. Shorten it."), status=400, content_type="text/plain"
        )
    return HttpResponse(runbook_page.as_html(text))


def draft_page(model_admin: ModelAdmin[Any], request: HttpRequest, code: ErrorCode) -> HttpResponse:
    """Return the whole draft of a runbook as a page."""
    if not access.can_view_runbook(request):
        raise PermissionDenied
    line = Board.of(request).lines[code.code]
    runbook = line.entry.runbook or Runbook()
    sections = []
    for name in RUNBOOK_SECTIONS:
        text = getattr(runbook, name)
        is_inherited = name == "escalation" and not text
        html = runbook_page.as_html(line.entry.category.escalation if is_inherited else text)
        label = getattr(RunbookRow._meta.get_field(name), "verbose_name", name)
        sections.append({"label": label, "html": html, "is_inherited": is_inherited and bool(html)})
    return page(
        model_admin,
        request,
        "preview.html",
        title=_("Draft of the runbook"),
        code=line.row,
        context={"line": line, "sections": sections},
    )
