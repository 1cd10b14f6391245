"""History of a code: its revisions, a comparison of any two, and restore."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import zip_longest
from typing import Any

from django.contrib.admin import ModelAdmin
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _

from pts_errors import publishing
from pts_errors.admin import publish
from pts_errors.admin.board import Board
from pts_errors.admin.forms import RestoreForm
from pts_errors.admin.labels import differences, label_of, readable
from pts_errors.admin.pages import page, url_of
from pts_errors.exceptions import PublishRefused, UnpublishedChanges
from pts_errors.models import ErrorCode, Revision
from pts_errors.values.fields import SLUG, Change, changes

# Revisions on a page. Each holds the whole code, so a longer page would be slow.
_PAGE = 30

# Stands for the draft where a revision number is expected.
DRAFT = "draft"


def revisions_of(request: HttpRequest, code: ErrorCode) -> dict[str, Any]:
    """Return a page of a code's revisions, newest first, each with the names of the fields that it changed."""
    revisions = Revision.objects.filter(error=code).order_by("-number").select_related("author")
    before = request.GET.get("before", "")
    if before.isascii() and before.isdigit() and len(before) < 10:
        revisions = revisions.filter(number__lt=int(before))
    found = list(revisions[: _PAGE + 1])
    rows = [
        {"revision": revision, "fields": _fields(request, previous, revision), "is_first": previous is None}
        for revision, previous in zip_longest(found, found[1:])  # none if the code was never published
    ][:_PAGE]
    more = found[_PAGE - 1].number if len(found) > _PAGE else None
    return {"revisions": rows, "more": more, "live": found[0].number if found and not before else None}


def _fields(request: HttpRequest, before: Revision | None, after: Revision) -> list[str]:
    changed = changes(before.snapshot, after.snapshot) if before else []
    return [label_of(change.path) for change in readable(request, changed)]


def compare_view(model_admin: ModelAdmin[Any], request: HttpRequest, code: ErrorCode) -> HttpResponse:
    """Show what differs between two states of a code: ``?from=12&to=15``, or ``to=draft``.

    Without numbers, the live revision is compared with the draft.
    """
    newest = Revision.objects.filter(error=code).order_by("-number").first()
    ends = [
        _state(request, code, request.GET.get("from", str(newest.number) if newest else ""), newest),
        _state(request, code, request.GET.get("to", DRAFT), newest),
    ]
    return page(
        model_admin,
        request,
        "compare.html",
        title=_("Compare"),
        code=code,
        context={
            "ends": ends,
            "differences": differences(readable(request, changes(ends[0]["snapshot"], ends[1]["snapshot"]))),
            "may_publish": model_admin.has_publish_permission(request, code),  # type: ignore[attr-defined]  # ours
        },
    )


def restore_view(model_admin: ModelAdmin[Any], request: HttpRequest, code: ErrorCode, number: int) -> HttpResponse:
    """Show what restoring a revision would change for readers, and restore it."""
    revision = get_object_or_404(Revision, error=code, number=number)
    form = RestoreForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            revisions = publishing.restore(revision, author=request.user, **form.cleaned_data)  # type: ignore[arg-type]  # the user is logged in
        except UnpublishedChanges:
            form.add_error("discard_edits", _("The code has unpublished edits. Tick this box to overwrite them."))
        except PublishRefused as refused:
            publish.tell(request, refused)
        else:
            publish.say(request, revisions)
            return HttpResponseRedirect(url_of(model_admin, "history", code.pk))
    line = Board.of(request).lines[code.code]
    live = line.revision.snapshot if line.revision else None
    return page(
        model_admin,
        request,
        "restore.html",
        title=_("Restore revision %(number)d") % {"number": number},
        code=code,
        context={
            "form": form,
            "revision": revision,
            "line": line,
            "differences": differences(readable(request, _restored(changes(live, revision.snapshot)))),
            "edits": differences(readable(request, line.changes)),
        },
    )


def _restored(changes: Iterable[Change]) -> list[Change]:
    """Leave out the texts of the category: other codes share them, so a restore does not touch them."""
    return [change for change in changes if change.path[0] != "category" or change.path == SLUG]


def _state(request: HttpRequest, code: ErrorCode, wanted: str, newest: Revision | None) -> dict[str, Any]:
    """Return one side of a comparison."""
    if wanted == DRAFT:
        entry = Board.of(request).lines[code.code].entry
        return {"title": _("Draft"), "revision": None, "snapshot": entry.as_json()}
    if not wanted:
        return {"title": _("Nothing published yet"), "revision": None, "snapshot": None}
    if not (wanted.isascii() and wanted.isdigit() and len(wanted) < 10):
        raise Http404
    revision = get_object_or_404(Revision.objects.select_related("author"), error=code, number=int(wanted))
    title = _("Revision %(number)d") % {"number": revision.number}
    if newest and revision.pk == newest.pk:
        title = _("Revision %(number)d, live") % {"number": revision.number}
    return {"title": title, "revision": revision, "snapshot": revision.snapshot}
