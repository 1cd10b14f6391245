"""The publish screen: what will change, what prevents it, and the button."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.db import DatabaseError, router, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from pts_errors import publishing
from pts_errors.admin.access import can_view_runbook
from pts_errors.admin.board import Board, Line, name_of
from pts_errors.admin.forms import PublishForm
from pts_errors.admin.labels import differences, label_of, readable
from pts_errors.admin.pages import page, url_of
from pts_errors.admin.panels import enter
from pts_errors.conf import conf
from pts_errors.exceptions import PublishRefused
from pts_errors.models import ErrorCode, Head, Revision
from pts_errors.publishing import log
from pts_errors.values.entry import MESSAGE_FIELDS, Message
from pts_errors.values.fields import changes


def publish(request: HttpRequest, codes: Collection[str], *, note: str, wording_only: bool) -> list[Revision] | None:
    """Publish the drafts of these codes and return their revisions; None, and a message to the user, if refused."""
    try:
        return publishing.publish(codes, author=request.user, note=note, wording_only=wording_only)  # type: ignore[arg-type]  # the user is logged in
    except PublishRefused as refused:
        tell(request, refused)
        messages.warning(request, _("Nothing was published. The drafts are saved; correct them and publish again."))
        return None
    finally:
        Board.forget(request)


def tell(request: HttpRequest, refused: PublishRefused) -> None:
    """Tell the user why nothing was published."""
    for issue in refused.issues:
        field = label_of(issue.path) if issue.code and issue.path else ""
        place = " · ".join(filter(None, (issue.code, field)))
        # Lint issues of runbooks quote them.
        text = issue.text if can_view_runbook(request) or not issue.id.startswith("R") else ""
        messages.error(request, " ".join(filter(None, (place, text, f"({issue.id})"))))


def say(request: HttpRequest, revisions: list[Revision]) -> None:
    """Report the publish to the user, and in the log of every code."""
    if not revisions:
        messages.info(request, _("Nothing was published, because the drafts do not differ from what is live."))
        return
    number = revisions[0].number
    text = _("Published as revision %(number)d.") % {"number": number}
    enter(request, ErrorCode.objects.filter(pk__in=[revision.error_id for revision in revisions]), text)
    messages.success(
        request,
        ngettext(
            "Published %(codes)d code as revision %(number)d. Readers see it now.",
            "Published %(codes)d codes as revision %(number)d. Readers see them now.",
            len(revisions),
        )
        % {"codes": len(revisions), "number": number},
    )


def publish_view(model_admin: ModelAdmin[Any], request: HttpRequest) -> HttpResponse:
    """Show what publishing would change, and publish what is ticked.

    ``?codes=1007,1008`` limits it to these codes. A tick carries the version that was on the screen, so that later
    edits are not published unseen.
    """
    may_publish: Callable[..., bool] = model_admin.has_publish_permission  # type: ignore[attr-defined]  # ours
    lines = [line for line in Board.of(request).lines.values() if may_publish(request, line.row)]
    wanted = set(filter(None, request.GET.get("codes", "").split(",")))
    form = PublishForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        ticked = dict(tick.partition(":")[::2] for tick in request.POST.getlist("tick"))
        alias = router.db_for_write(Head)
        revisions = None
        try:
            with transaction.atomic(using=alias):
                # Lock the head first, as every publish does. The codes stay locked against saves until the end.
                log.lock(using=alias)
                codes = [line.row.code for line in lines if line.row.code in ticked]
                rows = ErrorCode.objects.using(alias).filter(code__in=codes).select_for_update()
                stored = {row.code: str(row.version) for row in rows}
                if not ticked:
                    messages.error(request, _("Tick at least one code."))
                elif stored != ticked:
                    late = ", ".join(code for code in ticked if stored.get(code) != ticked[code])
                    messages.error(
                        request,
                        _(
                            "Nothing was published, because somebody edited %(codes)s in the meantime. "
                            "Check the changes again."
                        )
                        % {"codes": late},
                    )
                else:
                    revisions = publish(request, list(ticked), **form.cleaned_data)
        except DatabaseError as error:  # unreachable, full, read-only, or locked for too long
            messages.error(request, str(error))
            messages.warning(request, _("Nothing was published."))
            revisions = None
        if revisions is not None:  # after the commit, which may fail
            say(request, revisions)
            return HttpResponseRedirect(url_of(model_admin, "changelist"))
        Board.forget(request)
        lines = [line for line in Board.of(request).lines.values() if may_publish(request, line.row)]
    lines = [line for line in lines if not wanted or line.row.code in wanted]
    items = [_item(request, line) for line in lines if line.is_unpublished]
    head = Head.objects.filter(pk=Head.PK).first()
    number = (head.number if head else 0) + 1
    publishable = sum(not item["errors"] for item in items)
    return page(
        model_admin,
        request,
        "publish.html",
        title=_("Publish"),
        context={
            "form": form,
            "items": items,
            "unchanged": [line.row.code for line in lines if not line.is_unpublished] if wanted else [],
            "number": number,
            "publishable": publishable,
            "button": ngettext(
                "Publish %(codes)d code as revision %(number)d",
                "Publish %(codes)d codes as revision %(number)d",
                publishable,
            )
            % {"codes": publishable, "number": number},
            "cancel_url": url_of(model_admin, "changelist"),
        },
    )


def _item(request: HttpRequest, line: Line) -> dict[str, Any]:
    # Lint issues of a runbook quote it, and the flags of its readers.
    issues = [issue for issue in line.issues if can_view_runbook(request) or not issue.id.startswith("R")]
    return {
        "line": line,
        "tick": f"{line.row.code}:{line.row.version}",
        "differences": differences(readable(request, line.changes or changes(None, line.entry.as_json()))),
        "errors": [issue for issue in issues if issue in line.errors],
        "warnings": [issue for issue in issues if issue not in line.errors],
        "outdated": [name_of(language) for language in _outdated(line)],
    }


def _outdated(line: Line) -> list[str]:
    """Return the languages that were up to date with the live source, but are not with the draft's."""
    live = line.revision.entry() if line.revision else None
    before = live.messages.get(conf.SOURCE_LANGUAGE) if live else None
    if before is None:
        return []
    return [
        language
        for language, message in line.entry.messages.items()
        if language != conf.SOURCE_LANGUAGE and _becomes_outdated(message, before, line.source)
    ]


def _becomes_outdated(message: Message, before: Message, source: Message) -> bool:
    return any(
        message.source_text.get(name) == getattr(before, name) != getattr(source, name)
        for name in MESSAGE_FIELDS
        if name in message.source_text
    )
