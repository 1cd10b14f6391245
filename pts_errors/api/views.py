"""The read-only viewsets: the published catalog for integrators, runbooks and the log for staff."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import wraps
from http import HTTPStatus
from typing import Any

from django.db import router
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext
from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.routers import SimpleRouter

from pts_errors import next_step, snapshot
from pts_errors.answers import Answer, negotiate
from pts_errors.api.generic import CatalogViewSet, HasPermission, is_plain, to_json
from pts_errors.api.prepared import prepare
from pts_errors.api.problems import BadParameter, Gone
from pts_errors.api.serializers import (
    CategorySerializer,
    RevisionDetailSerializer,
    RevisionSerializer,
    RunbookSerializer,
)
from pts_errors.models import Head, Revision
from pts_errors.values import languages
from pts_errors.values.catalog import Catalog, LocalizedError, Table
from pts_errors.values.entry import CODE, Basis, Outcome, ResponsibleParty, RetryAdvice

# No title is longer, so longer searches are mistakes or attacks.
SEARCH_LENGTH = 100
_NUMBER_PATTERN = f"0|{CODE}"
_LANGUAGE_QUERY = re.compile(f"language=({languages.REQUESTED_TAG})")
# The most entries of the log in one answer.
_PAGE = 100


class ErrorViewSet(CatalogViewSet):
    """The codes of the catalog."""

    lookup_url_kwarg = "code"

    @classmethod
    def as_view(cls, actions: Any = None, **initkwargs: Any) -> Any:
        """Return the view. It answers plain requests at once; all others go through Django REST framework."""
        view = super().as_view(actions, **initkwargs)
        if cls is not ErrorViewSet:  # a host's subclass may do more
            return view
        instance = cls(**initkwargs)

        @wraps(view)
        def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            catalog = snapshot.current()
            if is_plain(request, instance, catalog) and (found := _find(request, catalog, **kwargs)) is not None:
                response = found.respond(request)
                if response.status_code != HTTPStatus.PRECONDITION_FAILED:  # that is answered with problem details
                    return response
            return view(request, *args, **kwargs)

        return answer

    def list(self, request: Request, **prefix: str) -> HttpResponse:
        """Return all codes, or those that match the parameters, in numerical order."""
        catalog = snapshot.current()
        prepared = prepare(catalog, requested_language(request, catalog))
        chosen = _choose(request, catalog, prepared.table)
        return self.respond(request, prepared.all if chosen is None else prepared.some(chosen))

    def retrieve(self, request: Request, code: str, **prefix: str) -> HttpResponse:
        """Return one code."""
        catalog = snapshot.current()
        answer = prepare(catalog, requested_language(request, catalog)).of(code)
        if answer is None:
            raise exceptions.NotFound(gettext("This code is not in the catalog."))
        return self.respond(request, answer)


class CategoryViewSet(CatalogViewSet):
    """The groups of codes."""

    lookup_url_kwarg = "slug"

    def list(self, request: Request, **prefix: str) -> HttpResponse:
        """Return all categories in their order."""
        catalog = snapshot.current()
        body = to_json([CategorySerializer(category).data for category in catalog.categories.values()])
        return self._respond(request, catalog, body)

    def retrieve(self, request: Request, slug: str, **prefix: str) -> HttpResponse:
        """Return one category."""
        catalog = snapshot.current()
        category = catalog.categories.get(slug)
        if category is None:
            raise exceptions.NotFound(gettext("This category is not in the catalog."))
        return self._respond(request, catalog, to_json(CategorySerializer(category).data))

    def _respond(self, request: Request, catalog: Catalog, body: bytes) -> HttpResponse:
        # Categories have names in one language only.
        return self.respond(request, Answer(body, catalog=catalog, language=catalog.source_language))


class NextStepViewSet(CatalogViewSet):
    """What to do next after each answer of the gateway, as test vectors."""

    def list(self, request: Request, **prefix: str) -> HttpResponse:
        """Return the test vectors of every code, status and call."""
        catalog = snapshot.current()
        answer: Answer | None = catalog.derived.get(NextStepViewSet)
        if answer is None:
            # Nothing in it is in a language.
            answer = Answer(to_json(next_step.document(catalog)), catalog=catalog, language=catalog.source_language)
            catalog.derived[NextStepViewSet] = answer
        return self.respond(request, answer)


class RunbookViewSet(CatalogViewSet):
    """The published runbooks, for staff with the permission to view them."""

    lookup_url_kwarg = "code"

    def get_permissions(self) -> list[Any]:
        """Return the permission to view runbooks."""
        return [HasPermission("view_runbook")]

    def list(self, request: Request, **prefix: str) -> HttpResponse:
        """Return all runbooks, ordered by code."""
        entries = snapshot.current().entries.values()
        return self.respond_to_staff([RunbookSerializer(entry).data for entry in entries if entry.runbook])

    def retrieve(self, request: Request, code: str, **prefix: str) -> HttpResponse:
        """Return the runbook for one code."""
        entry = snapshot.current().entries.get(code)
        if entry is None or entry.runbook is None:
            raise exceptions.NotFound(gettext("There is no runbook for this code."))
        return self.respond_to_staff(RunbookSerializer(entry).data)


class RevisionViewSet(CatalogViewSet):
    """The log of publishes, for staff with the permission to view it."""

    lookup_url_kwarg = "number"

    def get_permissions(self) -> list[Any]:
        """Return the permission to view revisions; their states hold runbooks, which need a permission, too."""
        names = ["view_revision", "view_runbook"] if self.action == "retrieve" else ["view_revision"]
        return [HasPermission(name) for name in names]

    def list(self, request: Request, **prefix: str) -> HttpResponse:
        """Return entries of the log: the newest first, or with ``since`` all later ones, oldest first."""
        since, code = _number(request, "since"), request.query_params.get("code")
        alias = router.db_for_write(Head)  # a replica may lag behind the newest publish
        head = Head.objects.using(alias).values_list("number", flat=True).filter(pk=Head.PK).first() or 0
        if since is not None and since > head:
            raise Gone
        revisions = Revision.objects.using(alias).select_related("error")
        if code is not None:
            if not re.fullmatch(CODE, code):
                raise BadParameter("code", gettext("a code, such as 1007"))
            revisions = revisions.filter(error__code=code)
        if since is None:
            revisions = revisions.order_by("-number", "error__code")
        else:
            revisions = revisions.filter(number__gt=since).order_by("number", "error__code")
        rows = list(revisions.defer("snapshot")[: _PAGE + 1])
        page = rows[:_PAGE]
        if len(rows) > _PAGE and page[-1].number != page[0].number:
            # A publish is never split: a client continues with "since" and the last number that it has read.
            page = [row for row in page if row.number != rows[_PAGE].number]
        elif len(rows) > _PAGE:
            page = list(revisions.defer("snapshot").filter(number=page[0].number))
        return self.respond_to_staff({"head": head, "results": RevisionSerializer(page, many=True).data})

    def retrieve(self, request: Request, number: str, **prefix: str) -> HttpResponse:
        """Return the published state of every code that one publish changed."""
        rows = Revision.objects.using(router.db_for_write(Head)).select_related("error").order_by("error__code")
        found = list(rows.filter(number=int(number))) if re.fullmatch(_NUMBER_PATTERN, number) else []
        if not found:
            raise exceptions.NotFound(gettext("There is no such revision."))
        return self.respond_to_staff(RevisionDetailSerializer(found, many=True).data)


routes = SimpleRouter()
routes.register("errors", ErrorViewSet, basename="error")
routes.register("categories", CategoryViewSet, basename="category")
routes.register("next-steps", NextStepViewSet, basename="next-step")
routes.register("runbooks", RunbookViewSet, basename="runbook")
routes.register("revisions", RevisionViewSet, basename="revision")


def _find(request: HttpRequest, catalog: Catalog, code: str | None = None, **prefix: str) -> Answer | None:
    """Return the answer to a request that chooses only a language, or None if it has other parameters."""
    query = request.META.get("QUERY_STRING", "")
    if not query:
        language = negotiate(request, catalog)
    elif (found := _LANGUAGE_QUERY.fullmatch(query)) and len(found[1]) <= languages.MAX_LENGTH:
        language = catalog.table(found[1]).language
    else:
        return None
    prepared = prepare(catalog, language)
    return prepared.all if code is None else prepared.of(code)


def requested_language(request: Request, catalog: Catalog) -> str:
    """Return the catalog's language for ``?language=``, or else for the header, or else the source language.

    Raises:
        BadParameter: the parameter is not a language tag.
    """
    tag = request.query_params.get("language")
    if tag is not None:
        if len(tag) > languages.MAX_LENGTH or not re.fullmatch(languages.REQUESTED_TAG, tag):
            offered = ", ".join(catalog.languages)
            raise BadParameter("language", gettext("a language tag, such as one of %(values)s") % {"values": offered})
        return languages.match(tag, catalog.languages) or catalog.source_language
    return negotiate(request._request, catalog)


def _choose(request: Request, catalog: Catalog, table: Table) -> list[LocalizedError] | None:
    """Return the errors that match the parameters, or None without parameters."""
    legal: dict[str, Iterable[str]] = {
        "category": catalog.categories,
        "outcome": list(Outcome),
        "basis": list(Basis),
        "retry_advice": list(RetryAdvice),
        "responsible_party": list(ResponsibleParty),
    }
    wanted = {name: request.query_params[name] for name in legal if name in request.query_params}
    for name, value in wanted.items():
        if value not in legal[name]:
            raise BadParameter(name, gettext("one of %(values)s") % {"values": ", ".join(legal[name])})
    search = request.query_params.get("search", "")
    if len(search) > SEARCH_LENGTH:
        raise BadParameter("search", gettext("at most %(length)d characters long") % {"length": SEARCH_LENGTH})
    search = search.strip().casefold()
    since = _number(request, "since")
    if since is not None and since > catalog.number:
        raise Gone
    if not wanted and not search and since is None:
        return None
    return [
        error
        for error in table.errors.values()
        if all(getattr(error, name) == value for name, value in wanted.items())
        and (not search or search in _searchable(error))
        and (since is None or error.revision > since)
    ]


def _searchable(error: LocalizedError) -> str:
    texts = (error.code, error.name, error.title, error.provider_message, error.customer_message, error.merchant_action)
    return "\n".join(texts).casefold()


def _number(request: Request, name: str) -> int | None:
    text = request.query_params.get(name)
    if text is None:
        return None
    if not re.fullmatch(_NUMBER_PATTERN, text):
        raise BadParameter(name, gettext("the number of a revision, such as 1"))
    return int(text)
