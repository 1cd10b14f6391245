"""Lists over the board: filters with counts, a search, and pages of rows, without further queries."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any

from django.contrib.admin import AdminSite, ListFilter, ModelAdmin, SimpleListFilter
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from django.template.response import SimpleTemplateResponse
from django.urls import URLPattern
from django.utils import translation

from pts_errors.admin import access
from pts_errors.admin.board import Board, Line
from pts_errors.models import ErrorCode
from pts_errors.values import languages, mentions
from pts_errors.values.entry import RUNBOOK_SECTIONS

# A value of a filter, and its label.
Option = tuple[str, object]


def _entered(view: Callable[..., Any], admin_site: AdminSite) -> Callable[..., Any]:
    """Wrap a view: note its admin site, and use the user's language if it is completely translated."""

    @wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        key = kwargs.get("object_id", "0")
        if not (key.isascii() and key.isdigit()):  # Django accepts any path as a key, and digits of every script
            raise Http404
        access.visit_of(request).site = admin_site
        language = languages.of_staff(translation.get_language() or "")
        with translation.override(language):
            response = view(request, *args, **kwargs)
            if isinstance(response, SimpleTemplateResponse):  # render while the language is active
                response.render()
            response.headers.setdefault("Content-Language", language)
        return response

    return wrapped


class ListAdmin(ModelAdmin):
    """Base admin. Lists accept no look-ups but their filters; pages are shown in complete languages only."""

    def get_urls(self) -> list[URLPattern]:
        urls = [*self.own_urls(), *super().get_urls()]
        for url in urls:
            url.callback = _entered(url.callback, self.admin_site)
        return urls

    def own_urls(self) -> list[URLPattern]:
        """Return the URL patterns of pages beyond the stock ones."""
        return []

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Refuse look-ups into columns, which would reveal hidden values letter by letter.

        Besides, not every database accepts every text in a query.
        """
        offered = {getattr(each, "parameter_name", None) for each in self.list_filter}
        columns = {field.name for field in self.opts.get_fields()}
        return lookup in offered or lookup.partition("__")[0] not in columns


class BoardChangeList(ChangeList):
    """A list of the rows that the user may see, each with its line of the board."""

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet[Any]:
        """Leave out the rows that the object permissions of the host's admin deny."""
        rows: QuerySet[Any] = super().get_queryset(request, exclude_parameters)
        return rows.exclude(pk__in=access.denied(request, self.model))

    def get_results(self, request: HttpRequest) -> None:
        """Read the page, and give every row its line."""
        super().get_results(request)
        board = Board.of(request)
        self.result_list: Any = list(self.result_list)
        for row in self.result_list:
            row.line = board.lines[row.code if isinstance(row, ErrorCode) else row.error.code]


def line_of(row: Any) -> Line:
    """Return the line of a listed row."""
    line: Line = row.line
    return line


class _BoardFilter(SimpleListFilter):
    """A filter on the lines of the board. Its counts respect the other filters and the search."""

    options: Callable[[Board], Iterable[Option]]
    matches: Callable[[Line, str], bool]

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(self.options(Board.of(request)))

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        if value is None:
            return queryset
        lines = Board.of(request).lines.values()
        return queryset.filter(code__in=[line.row.code for line in lines if self.matches(line, value)])

    def get_facet_queryset(self, changelist: Any) -> dict[str, int]:
        others = [spec for spec in changelist.filter_specs if spec is not self and isinstance(spec, _BoardFilter)]
        lines = [
            line
            for line in found(self.request, changelist.query)
            if all(spec.matches(line, value) for spec in others if (value := spec.value()) is not None)
        ]
        return {
            f"{i}__c": sum(self.matches(line, str(value)) for line in lines)
            for i, (value, _word) in enumerate(self.lookup_choices)
        }


def board_filter(
    name: str, title: object, options: Callable[[Board], Iterable[Option]], matches: Callable[[Line, str], bool]
) -> type[ListFilter]:
    """Return a filter whose parameter in the URL is ``name``.

    ``options`` returns the values to choose from, ``matches`` whether a code has such a value.
    """
    attributes = {
        "parameter_name": name,
        "title": title,
        "options": staticmethod(options),
        "matches": staticmethod(matches),
    }
    return type(f"{name.title()}Filter", (_BoardFilter,), attributes)


def found(request: HttpRequest, term: str) -> list[Line]:
    """Return the codes that a pasted line names, or else those whose texts contain every word, in any case."""
    lines = [*Board.of(request).lines.values()]
    parts = term.casefold().split()
    if not parts:
        return lines
    if candidates := read(request, term).candidates:
        codes = {candidate.code for candidate in candidates}
        return [line for line in lines if line.row.code in codes]
    with_runbook = access.can_view_runbook(request)
    texts = [(line, _text(line, with_runbook=with_runbook)) for line in lines]
    return [line for line, text in texts if all(part in text for part in parts)]


def read(request: HttpRequest, term: str) -> mentions.Reading:
    """Return which codes a term names, such as a pasted log line."""
    lines = Board.of(request).lines
    return mentions.read(term, {code: (line.row.name, line.row.provider_message) for code, line in lines.items()})


def search(request: HttpRequest, queryset: QuerySet[ErrorCode], term: str) -> QuerySet[ErrorCode]:
    """Return the rows that `found` finds."""
    return queryset.filter(code__in=[line.row.code for line in found(request, term)])


def _text(line: Line, *, with_runbook: bool) -> str:
    entry = line.entry
    sections = [getattr(entry.runbook, name) for name in RUNBOOK_SECTIONS] if with_runbook and entry.runbook else []
    titles = [message.title for message in entry.messages.values()]
    return "\n".join([entry.code, entry.name, entry.provider_message, *titles, *sections]).casefold()
