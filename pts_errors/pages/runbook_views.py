"""Views of the on-call pages: only for users who may view runbooks, and never cached."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib.auth.decorators import login_required
from django.db import router
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import NoReverseMatch, reverse
from django.utils import timezone, translation
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext_lazy as _
from django.views.decorators.csrf import csrf_protect

from pts_errors import snapshot
from pts_errors.conf import conf
from pts_errors.models import ErrorCode, Flag, Head, Runbook, validate_text
from pts_errors.pages import runbook as pages
from pts_errors.pages import search
from pts_errors.pages import unconfirmed as unconfirmed_pages
from pts_errors.pages.frame import SCRIPT, STYLESHEET, Frame
from pts_errors.publishing import draft, reviews
from pts_errors.values import languages, mentions
from pts_errors.values.entry import RUNBOOK_SECTIONS

_View = Callable[..., HttpResponse]


class FlagForm(forms.Form):
    """A reader's report of a mistake, in one line."""

    text = forms.CharField(
        label=_("What is wrong?"),
        max_length=Flag._meta.get_field("text").max_length,
        validators=[validate_text],
    )


class StatementForm(forms.Form):
    """One unconfirmed statement of a runbook, as the page lists it."""

    section = forms.ChoiceField(choices=[(name, name) for name in RUNBOOK_SECTIONS])
    statement = forms.CharField(strip=False, validators=[validate_text])


class _Links:
    def runbook(self, code: str) -> str:
        return reverse("pts_errors:runbook", kwargs={"code": code})


_links = _Links()


def _for_readers(*methods: str) -> Callable[[_View], _View]:
    """Admit only users who may view runbooks, allow only these methods, and forbid caching."""

    def decorate(view: _View) -> _View:
        @wraps(view)
        @login_required
        @csrf_protect
        def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not request.user.has_perm("pts_errors.view_runbook"):
                return render(request, pages.FORBIDDEN_TEMPLATE, {"frame": _frame()}, status=403)
            if request.method not in methods:
                return HttpResponseNotAllowed(methods)
            return view(request, *args, **kwargs)

        @wraps(view)
        def private(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            # A page that mixes two languages is easily misread at night.
            with translation.override(languages.of_staff(translation.get_language() or "")):
                response = checked(request, *args, **kwargs)
            patch_cache_control(response, private=True, no_store=True)
            response.headers["X-Content-Type-Options"] = "nosniff"
            return response

        return private

    return decorate


@_for_readers("GET", "HEAD")
def runbooks(request: HttpRequest) -> HttpResponse:
    """Show the list of runbooks, filtered by ``?q=``; redirect to a runbook if the text means its code only."""
    query = request.GET.get("q", "")
    catalog = snapshot.current()
    given = mentions.values(query, conf.RUNBOOK_PARAMETERS)
    if code := search.read(catalog, query).single(catalog.entries):
        return HttpResponseRedirect(_links.runbook(code) + _query(given))
    page = pages.list_page(catalog, frame=_frame(), url=_links.runbook, query=query, given=given)
    return render(request, pages.LIST_TEMPLATE, page)


@_for_readers("GET", "HEAD")
def runbook(request: HttpRequest, code: str, suffix: str = "") -> HttpResponse:
    """Show the runbook of a code, with the placeholders that the query string fills."""
    return _show(request, code, FlagForm(), suffix=suffix)


@_for_readers("POST")
def flag(request: HttpRequest, code: str) -> HttpResponse:
    """Store a reader's report of a mistake; the page shows it until it is closed."""
    form = FlagForm(request.POST)
    if not form.is_valid():
        return _show(request, code, form, status=400)
    given = pages.values(request.GET)
    reference = " ".join(f"{name}={value}" for name, value in given.items())
    using = router.db_for_write(Runbook)
    if not reviews.flag(code, form.cleaned_data["text"], reference=reference, user=request.user, using=using):
        return _show(request, code, form, status=404)
    return HttpResponseRedirect(_links.runbook(code) + _query(given))


@_for_readers("POST")
def close_flag(request: HttpRequest, code: str, flag: int) -> HttpResponse:
    """Close a reader's report; only for users who may change runbooks."""
    if not request.user.has_perm("pts_errors.change_runbook"):
        return render(request, pages.FORBIDDEN_TEMPLATE, {"frame": _frame()}, status=403)
    using = router.db_for_write(Runbook)
    if not reviews.has_flag(code, flag, using=using):
        raise Http404
    reviews.close(code, flag, user=request.user, using=using)
    return HttpResponseRedirect(_links.runbook(code) + _query(pages.values(request.GET)))


@_for_readers("GET", "HEAD")
def unconfirmed(request: HttpRequest) -> HttpResponse:
    """Show every unconfirmed statement of the published runbooks."""
    return _show_unconfirmed(request)


@_for_readers("POST")
def confirm(request: HttpRequest, code: str) -> HttpResponse:
    """Confirm one statement in the draft of a runbook; only for users who may change runbooks."""
    if not request.user.has_perm("pts_errors.change_runbook"):
        return render(request, pages.FORBIDDEN_TEMPLATE, {"frame": _frame()}, status=403)
    form = StatementForm(request.POST)
    using = router.db_for_write(Runbook)
    if not form.is_valid() or not reviews.confirm(code, **form.cleaned_data, user=request.user, using=using):
        return _show_unconfirmed(request, is_lost=True, status=409)
    return HttpResponseRedirect(f"{reverse('pts_errors:runbooks_unconfirmed')}#code-{code}")


def _show_unconfirmed(request: HttpRequest, *, is_lost: bool = False, status: int = 200) -> HttpResponse:
    catalog = snapshot.current()
    drafts = draft.read(unconfirmed_pages.codes(catalog), using=router.db_for_write(Head))
    may_confirm = request.user.has_perm("pts_errors.change_runbook")

    def edit_url(code: str, section: str) -> str:
        address = _edit_url(request, code, "change_runbook")
        return f"{address}#pts-runbook.{section}" if address else ""

    context = unconfirmed_pages.unconfirmed_page(catalog, drafts, frame=_frame(), url=_links.runbook, edit_url=edit_url)
    context |= {"is_lost": is_lost, "may_confirm": may_confirm, "label": pages.UNCONFIRMED}
    return render(request, unconfirmed_pages.UNCONFIRMED_TEMPLATE, context, status=status)


def _show(request: HttpRequest, code: str, form: FlagForm, *, suffix: str = "", status: int = 200) -> HttpResponse:
    catalog = snapshot.current()
    if code not in catalog.entries:
        return render(request, pages.UNKNOWN_TEMPLATE, {"code": code, "frame": _frame()}, status=404)
    given = pages.values(request.GET)
    review = reviews.read([code], using=router.db_for_write(Head)).get(code)
    if suffix:
        text = pages.as_markdown(catalog, code, review=review, now=timezone.now(), given=given)
        return HttpResponse(text, content_type="text/markdown; charset=utf-8")
    context = pages.runbook_page(
        catalog,
        code,
        frame=_frame(),
        url=_links.runbook,
        review=review,
        now=timezone.now(),
        given=given,
        public_url=ErrorCode(code=code).get_absolute_url(),
    )
    context |= {"form": form, "edit_url": _edit_url(request, code), "carried": _query(given)}
    context["may_close"] = request.user.has_perm("pts_errors.change_runbook")
    return render(request, pages.RUNBOOK_TEMPLATE, context, status=status)


def _query(given: Mapping[str, str]) -> str:
    return f"?{urlencode(given)}" if given else ""


def _edit_url(request: HttpRequest, code: str, needed: str = "change_errorcode") -> str:
    """Return the address of the code in the admin, or an empty text for users who may not change it."""
    ways_in = ("pts_errors.view_errorcode", "pts_errors.change_errorcode")
    if not request.user.has_perm(f"pts_errors.{needed}") or not any(map(request.user.has_perm, ways_in)):
        return ""
    try:
        return reverse("admin:pts_errors_errorcode_changelist") + f"?q={code}"
    except NoReverseMatch:  # the host has no admin, or another one
        return ""


def _frame() -> Frame:
    language = translation.get_language() or conf.SOURCE_LANGUAGE
    return Frame(
        language=language,
        home=reverse("pts_errors:runbooks"),
        stylesheet=static(STYLESHEET),
        script=static(SCRIPT),
        is_staff=True,
    )
