"""Export of drafts as a zip of the files that an import reads."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Collection
from typing import Any

from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.core.exceptions import PermissionDenied
from django.db import router
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect

from pts_errors.admin import access
from pts_errors.admin.board import Board
from pts_errors.admin.pages import url_of
from pts_errors.conf import conf
from pts_errors.exceptions import ExchangeError
from pts_errors.exchange import folder
from pts_errors.exchange.baselines import Baselines
from pts_errors.models import Head
from pts_errors.publishing import log


def export_view(model_admin: ModelAdmin[Any], request: HttpRequest) -> HttpResponse:
    """Send the drafts of all codes that the user may see."""
    if request.method not in ("GET", "HEAD"):
        return HttpResponseNotAllowed(["GET", "HEAD"])
    if not model_admin.has_view_or_change_permission(request):
        raise PermissionDenied
    return export(model_admin, request, Board.of(request).lines)


def export(model_admin: ModelAdmin[Any], request: HttpRequest, codes: Collection[str]) -> HttpResponse:
    """Return a zip of these drafts as ``pts_export --drafts`` writes them, with the files that the user may read."""
    using = router.db_for_write(Head)
    head = Head.objects.using(using).filter(pk=Head.PK).first() or Head()
    live = log.live(using=using, number=head.number)
    baselines = Baselines(head.number, live, anchor=str(log.Anchor(head.number, head.digest)))
    wanted = set(codes)
    entries = [line.entry for code, line in Board.of(request).lines.items() if code in wanted]
    files = folder.write(entries, source_language=conf.SOURCE_LANGUAGE, baselines=baselines)
    may_read = access.files(request)
    content = io.BytesIO()
    try:
        with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, text in files:
                if may_read[name.partition("/")[0]]:
                    archive.writestr(name, text)
    except ExchangeError as error:
        messages.error(request, str(error))
        return HttpResponseRedirect(url_of(model_admin, "changelist"))
    headers = {
        "Content-Disposition": f'attachment; filename="pts-errors-{head.number}.zip"',
        "Cache-Control": "private, no-store",
    }
    return HttpResponse(content.getvalue(), content_type="application/zip", headers=headers)
