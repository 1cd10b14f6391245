"""Import in the browser: what the files would change, the conflicts to decide, and the button."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.core import signing
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from pts_errors.admin import access
from pts_errors.admin.board import Board
from pts_errors.admin.labels import Difference, differences
from pts_errors.admin.pages import page, url_of
from pts_errors.admin.panels import enter
from pts_errors.conf import conf
from pts_errors.exceptions import DraftsChanged, ExchangeError
from pts_errors.exchange import importing
from pts_errors.exchange.folder import parse, shorten
from pts_errors.exchange.plan import FileChange, Key, Plan, Status
from pts_errors.models import Category, ErrorCode
from pts_errors.values import diff
from pts_errors.values.fields import language_of

# The shipped catalog is 2 MB. Django accepts at most 2.5 MB of form data besides files, and signing compresses.
_MAX_UPLOAD = 5_000_000
_MAX_SIGNED = 2_000_000
# Django accepts at most a thousand fields in one form, and nobody reviews more at once.
_MAX_CHANGES = 900
# The URL must stay short enough for every server.
_MAX_CODES = 200
_MAX_AGE = 3600


def may_import(model_admin: ModelAdmin[Any], request: HttpRequest) -> bool:
    """Return whether the user may change everything that the files can contain."""
    return model_admin.has_change_permission(request) and request.user.has_perms(
        [access.CHANGE_MESSAGE, access.CHANGE_RUNBOOK]
    )


def import_view(model_admin: ModelAdmin[Any], request: HttpRequest) -> HttpResponse:
    """Take files, show what they would change in the drafts, and write what was shown. Nothing is published.

    Between the two steps the page carries the files, signed for this user, so that nothing stays on disk.
    """
    if not may_import(model_admin, request):
        raise PermissionDenied
    if request.method != "POST":
        return _page(model_admin, request)
    try:
        if "signed" in request.POST:
            return _apply(model_admin, request)
        files = _uploaded(request)
        return _show(model_admin, request, files, _planned(request, files))
    except ExchangeError as error:
        return _page(model_admin, request, problems=error.problems)
    except signing.BadSignature:
        # Expired, signed for another user, or forged: the remedy is the same.
        return _page(model_admin, request, problems=[_("The files were uploaded over an hour ago. Upload them again.")])


def _uploaded(request: HttpRequest) -> dict[str, bytes]:
    uploads = request.FILES.getlist("files")
    names = Counter(upload.name or "" for upload in uploads)
    problems = [
        _("%(file)s: Several files have this name. Upload one of them.") % {"file": name}
        for name, n in names.items()
        if n > 1
    ]
    if not uploads:
        problems.append(_("Choose at least one file."))
    if sum(upload.size or 0 for upload in uploads) > _MAX_UPLOAD:
        problems.append(
            _("All files together are larger than %(size)d MB. Import fewer files at once, or run pts_import.")
            % {"size": _MAX_UPLOAD // 1_000_000}
        )
    if problems:
        raise ExchangeError(problems)
    return {upload.name or "": upload.read() for upload in uploads}


def _planned(request: HttpRequest, files: dict[str, bytes], theirs: Collection[Key] = ()) -> Plan:
    """Return what the files would change.

    Raises:
        ExchangeError: the files cannot be read, change too many values, or change what the user may not change.
    """
    records = parse(files, source_language=conf.SOURCE_LANGUAGE, languages=importing.languages())
    plan = importing.plan(records, theirs=theirs)
    if len(plan.changes) > _MAX_CHANGES:
        text = _("The files differ from the drafts in %(n)d values. Import fewer files at once, or run pts_import.")
        raise ExchangeError([text % {"n": len(plan.changes)}])
    problems = dict.fromkeys(_forbidden(request, plan.changes))
    if problems:
        raise ExchangeError(shorten(list(problems)))
    return plan


def _forbidden(request: HttpRequest, changes: Iterable[FileChange]) -> Iterable[str]:
    """Yield a sentence with file and line for every change that the user may not make in a form."""
    may_add_code = access.admin_of(request, ErrorCode).has_add_permission(request)
    may_change_language = access.may_change_language(request)
    may_change_code = access.may_change(request, ErrorCode, "code")
    may_change_category = access.may_change(request, Category, "slug")
    for change in changes:
        language = language_of(change.path)
        if change.code and not may_change_code(change.code):
            reason = _("You may not change this code.")
        elif language and not may_change_language(language):
            reason = _("You may not change texts in this language.")
        elif change.category and not may_change_category(change.category):
            reason = _("You may not change categories.")
        elif change.path == ("name",) and change.before is None and not may_add_code:
            reason = _("You may not add codes.")
        else:
            continue
        yield f"{change.place}: {reason}"


def _apply(model_admin: ModelAdmin[Any], request: HttpRequest) -> HttpResponse:
    given = signing.loads(request.POST["signed"], salt=_salt(request), max_age=_MAX_AGE)
    files = {name: content.encode("latin-1") for name, content in given["files"].items()}
    plan = _planned(request, files)
    theirs = [
        change.key
        for number, change in enumerate(plan.changes)
        if change.status == Status.CONFLICT and request.POST.get(f"choice-{number}") == "theirs"
    ]
    try:
        if plan.digest != given["digest"]:
            raise DraftsChanged
        decided = _planned(request, files, theirs)
        # Choices are numbered by the shown plan, so it is compared again after the decided plan was made. This
        # catches every save before that; `importing.apply` catches later ones.
        if _planned(request, files).digest != plan.digest:
            raise DraftsChanged  # pragma: no cover - somebody saves between two statements
        codes = importing.apply(decided)
    except DraftsChanged:
        messages.warning(
            request, _("Nothing was written, because the drafts have changed in the meantime. Check the changes again.")
        )
        return _show(model_admin, request, files, _planned(request, files))
    _say(request, decided, codes)
    if 0 < len(codes) <= _MAX_CODES and request.user.has_perm(access.PUBLISH):
        # Only these codes, so that the note of this publish covers no other edits.
        return HttpResponseRedirect(f"{url_of(model_admin, 'publish')}?codes={','.join(codes)}")
    return HttpResponseRedirect(f"{url_of(model_admin, 'changelist')}?state=unpublished")


def _say(request: HttpRequest, plan: Plan, codes: list[str]) -> None:
    for change in plan.having(Status.REJECTED):
        if change.key in plan.theirs:
            messages.warning(request, f"{change.place}: {change.reason}")
    if not codes:
        messages.info(request, _("There is nothing to write."))
        return
    slugs = {change.category for change in plan.changes if change.is_accepted and change.category}
    for rows in (ErrorCode.objects.filter(code__in=codes), Category.objects.filter(slug__in=slugs)):
        enter(request, rows, _("Imported from files."))
    Board.forget(request)
    text = ngettext(
        "Imported the files into the draft of %(n)d code. Check it, then publish it.",
        "Imported the files into the drafts of %(n)d codes. Check them, then publish them.",
        len(codes),
    )
    messages.success(request, text % {"n": len(codes)})


def _show(model_admin: ModelAdmin[Any], request: HttpRequest, files: dict[str, bytes], plan: Plan) -> HttpResponse:
    texts = {name: content.decode("latin-1") for name, content in files.items()}
    signed = signing.dumps({"files": texts, "digest": plan.digest}, salt=_salt(request), compress=True)
    if len(signed) > _MAX_SIGNED:
        raise ExchangeError([_("The files are too large for one page. Import fewer files at once, or run pts_import.")])
    rows: dict[Status, list[dict[str, Any]]] = {status: [] for status in Status}
    for number, change in enumerate(plan.changes):
        rows[change.status].append({"number": number, "change": change, "difference": _difference(change)})
    titles = {
        Status.CONFLICT: _("Conflict: changed here as well"),
        Status.REJECTED: pgettext("values of files", "Rejected"),
        Status.CHANGED: pgettext("values of files", "Changed"),
        Status.NEW: pgettext("values of files", "New"),
    }
    return _page(
        model_admin,
        request,
        plan=plan,
        sections=[(status.value, title, rows[status]) for status, title in titles.items() if rows[status]],
        signed=signed,
        is_useful=bool(plan.having(Status.NEW, Status.CHANGED, Status.CONFLICT)),
    )


def _difference(change: FileChange) -> Difference:
    (difference,) = differences([change])
    if change.before == change.after:
        return replace(difference, pieces=diff.words("", _("Confirmed against the source text.")))
    return difference


def _page(
    model_admin: ModelAdmin[Any], request: HttpRequest, *, problems: Iterable[str] = (), **context: Any
) -> HttpResponse:
    return page(
        model_admin,
        request,
        "import.html",
        title=_("Import"),
        context={
            "problems": list(problems),
            "cancel_url": url_of(model_admin, "changelist"),
            "import_url": url_of(model_admin, "import"),
            **context,
        },
    )


def _salt(request: HttpRequest) -> str:
    return f"pts_errors.import.{request.user.pk}"
