"""The API's OpenAPI 3.1 document, where drf-spectacular is installed (the extra ``openapi``)."""

# mypy: allow-untyped-calls
# drf-spectacular leaves most of its functions untyped.

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from django.apps import apps
from django.http import HttpResponse
from django.template.loader import render_to_string
from django.urls import URLPattern, path
from django.utils.translation import override
from drf_spectacular.drainage import reset_generator_stats
from drf_spectacular.extensions import OpenApiAuthenticationExtension, OpenApiSerializerFieldExtension
from drf_spectacular.generators import EndpointEnumerator, SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import is_list_serializer, normalize_result_object, sanitize_result_object
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse
from rest_framework import exceptions, renderers
from rest_framework.request import Request

from pts_errors import languages, models, snapshot
from pts_errors.api.answers import Answer
from pts_errors.api.generic import CatalogView, CatalogViewSet, to_json
from pts_errors.api.problems import BadParameter, Gone, PreconditionFailed, catalog_exception_handler
from pts_errors.api.serializers import (
    CategorySerializer,
    ErrorListSerializer,
    ErrorSerializer,
    ParameterProblemSerializer,
    ProblemSerializer,
    RevisionDetailSerializer,
    RevisionListSerializer,
    RunbookSerializer,
)
from pts_errors.api.views import SEARCH_LENGTH
from pts_errors.catalog import Catalog
from pts_errors.conf import conf
from pts_errors.entry import CODE
from pts_errors.problem import CONTENT_TYPE

# Of the API's form, not of the package: it is raised when something that clients use goes away.
_VERSION = "1"

_DESCRIPTION = (
    "The published error codes of the payment gateway PTS. Read-only. Codes are text. Every answer that is no success is "
    "a problem as RFC 9457 describes it. An answer carries an ETag: send it as If-None-Match and get 304 until something "
    "is published."
)

# By which tools ask for the document, beside application/json. JSON is YAML.
_MEDIA_TYPES = (
    "application/vnd.oai.openapi+json",
    "application/vnd.oai.openapi",
    "application/openapi+json",
    "application/openapi+yaml",
    "application/yaml",
    "application/x-yaml",
    "text/yaml",
    "text/x-yaml",
)

# The largest number that a revision can have, and the longest code.
_NUMBER: dict[str, Any] = {"type": "integer", "minimum": 0, "maximum": 999_999_999}
_CODE: dict[str, Any] = {"type": "string", "pattern": f"^{CODE}$"}

_LIST_ERRORS, _GET_ERROR = "list_pts_errors", "get_pts_error"
_LIST_CATEGORIES, _GET_CATEGORY = "list_pts_categories", "get_pts_category"
_LIST_RUNBOOKS, _GET_RUNBOOK = "list_pts_runbooks", "get_pts_runbook"
_LIST_REVISIONS, _GET_REVISION = "list_pts_revisions", "get_pts_revision"
_OPERATIONS = {
    ("error", "list"): _LIST_ERRORS,
    ("error", "retrieve"): _GET_ERROR,
    ("category", "list"): _LIST_CATEGORIES,
    ("category", "retrieve"): _GET_CATEGORY,
    ("runbook", "list"): _LIST_RUNBOOKS,
    ("runbook", "retrieve"): _GET_RUNBOOK,
    ("revision", "list"): _LIST_REVISIONS,
    ("revision", "retrieve"): _GET_REVISION,
}
_TAGS = {
    "error": "Errors",
    "category": "Categories",
    "runbook": "Runbooks, for staff",
    "revision": "Log of publishes, for staff",
}
# By operation, which member of its answer leads to which other operation.
_LINKS = {
    _LIST_ERRORS: ("error", _GET_ERROR, "code", "$response.body#/results/0/code"),
    _LIST_CATEGORIES: ("category", _GET_CATEGORY, "slug", "$response.body#/0/slug"),
    _LIST_RUNBOOKS: ("runbook", _GET_RUNBOOK, "code", "$response.body#/0/code"),
    _LIST_REVISIONS: ("revision", _GET_REVISION, "number", "$response.body#/results/0/number"),
}
_STAFF = {_LIST_RUNBOOKS, _GET_RUNBOOK, _LIST_REVISIONS, _GET_REVISION}

# Nobody's runbook: the real ones are for staff, and this document is public.
_RUNBOOK = {
    "code": "8010",
    "name": "BALANCE_HOLD_FAILED",
    "severity": "error",
    "outcome": "unknown",
    "retry_advice": "check_status_first",
    "revision": 1,
    "owner": "Ledger on-call",
    "meaning": "What happened, and where the money stands.",
    "impact": "Who is hurt, and how badly.",
    "diagnosis": "1. Look here.\n   Expect: this.",
    "mitigation": "1. Change this. Undo: that.",
    "verification": "The next order is accepted.",
    "escalation": "After 15 minutes: the incident lead.",
}
_REVISION = {
    "number": 2,
    "code": "8010",
    "origin": "edited",
    "note": "Say what to do first.",
    "author_name": "amelia",
    "process": "",
    "created_at": "2026-01-31T09:00:00Z",
    "digest": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
}


class EnumExtension(OpenApiSerializerFieldExtension):
    """Gives every enumeration a name of its own, whatever a host's settings say, and says what its values mean."""

    target_class = "pts_errors.api.serializers.EnumField"
    match_subclasses = True

    def get_name(self) -> str:
        """Return the component's name."""
        return f"PTS{self.target.kind.__name__}"

    def map_serializer_field(self, auto_schema: AutoSchema, direction: str) -> dict[str, Any]:
        """Return the values, with their meaning where ops staff have words for it."""
        kind = self.target.kind
        meaning = [f"* `{value}`: {label}" for value, label in models.LABELS.get(kind, {}).items()]
        return {
            "type": "string",
            "enum": [value.value for value in kind],
            "description": "\n".join([kind.__doc__ or "", *meaning]),
        }


class CatalogSchema(AutoSchema):
    """Describes the operations of this API, in its own document and in a host's."""

    view: Any

    def get_operation_id(self) -> str:
        """Return a name that no other API of the host has."""
        return _OPERATIONS[self.view.basename, self.view.action]

    def get_tags(self) -> list[str]:
        """Return the part of the API."""
        return [_TAGS[self.view.basename]]

    def get_summary(self) -> str:
        """Return the first sentence of the view's docstring."""
        return self.get_description().partition(".")[0]

    def get_operation(self, *args: Any, **kwargs: Any) -> Any:
        """Return the operation, with what its answer leads to."""
        operation = super().get_operation(*args, **kwargs)
        if operation and (link := _LINKS.get(operation["operationId"])):
            name, operation_id, parameter, expression = link
            operation["responses"]["200"]["links"] = {
                name: {"operationId": operation_id, "parameters": {parameter: expression}}
            }
        return operation

    def get_auth(self) -> list[Any]:
        """Return how one may log in, leaving out what a host has and nobody described."""
        known = [a for a in self.view.get_authenticators() if OpenApiAuthenticationExtension.get_match(a)]
        self.view.get_authenticators = lambda: known
        return list(super().get_auth())

    def get_override_parameters(self) -> list[Any]:
        """Return all parameters, and the headers of the answer."""
        catalog, operation = snapshot.current(), self.get_operation_id()
        found = [_RETRY_AFTER, *_PATH.get(operation, ())]
        if operation == _LIST_ERRORS:
            found += _filters(catalog)
        elif operation == _LIST_REVISIONS:
            found += [_SINCE, OpenApiParameter("code", _CODE, description="Only this code's entries.")]
        if operation in (_LIST_ERRORS, _GET_ERROR):
            found += _negotiation(catalog)
        if operation not in _STAFF:
            found += _CACHING
        return found

    def get_response_serializers(self) -> Any:
        """Return every status that the operation can answer with."""
        catalog, operation = snapshot.current(), self.get_operation_id()
        found: dict[Any, Any] = {(200, "application/json"): _success(operation, catalog)}
        if operation not in _STAFF:
            found[304] = OpenApiResponse(description="The client has the newest answer.")
        for error in _problems(operation):
            kind = ParameterProblemSerializer if isinstance(error, BadParameter) else ProblemSerializer
            found[error.status_code, CONTENT_TYPE] = OpenApiResponse(
                kind, _DESCRIPTIONS[error.status_code], [OpenApiExample("Problem", _body(error))]
            )
        return found

    def _is_list_view(self, serializer: Any = None) -> bool:
        # The view's action says nothing: most lists stand inside an object.
        return bool(is_list_serializer(serializer))


class CatalogEnumerator(EndpointEnumerator):
    """Finds this API's views where the host put them, and none of the host's own."""

    prefix = "/"

    def get_api_endpoints(self, patterns: Any = None, prefix: str = "") -> Any:
        """Return the endpoints, in their order and without the host's hooks."""
        return self._get_api_endpoints(patterns, prefix)

    def should_include_endpoint(self, path: str, callback: Any) -> bool:
        """Return whether the view is ours and stands beside the document."""
        return issubclass(getattr(callback, "cls", object), CatalogViewSet) and path.startswith(self.prefix)


class CatalogGenerator(SchemaGenerator):
    """Makes the document of this API alone.

    It reads and changes none of the settings by which a host shapes its own document: drf-spectacular's way to set other
    ones for a while is not safe in threads.
    """

    def __init__(self, *, route: str, root: str, urlconf: Any) -> None:
        """Take the route of the document, beside which the API stands, and the address of the whole site."""
        super().__init__(urlconf=urlconf)
        self.root = root
        self.inspector = CatalogEnumerator(self.patterns, self.urlconf)
        self.inspector.prefix = self.inspector.get_path_from_regex(route).removesuffix("schema/")
        self.endpoints = self.inspector.get_api_endpoints()

    def get_schema(self, request: Any = None, public: bool = True) -> dict[str, Any]:
        """Return the document."""
        reset_generator_stats()
        document = {
            "openapi": "3.1.0",
            "info": {"title": "PTS error catalog", "version": _VERSION, "description": _DESCRIPTION},
            "paths": self.parse(request, public),
            "tags": [{"name": name} for name in _TAGS.values()],
        }
        if self.root:
            document["servers"] = [{"url": self.root}]
        document["components"] = self.registry.build({})
        plain: dict[str, Any] = json.loads(to_json(sanitize_result_object(normalize_result_object(document))))
        _modernize(plain)
        return plain


class SchemaView(CatalogView):
    """The OpenAPI document: always JSON, which is YAML as well, and called as the client calls it."""

    schema = None
    renderer_classes = [
        renderers.JSONRenderer,
        *(type("SchemaRenderer", (renderers.JSONRenderer,), {"media_type": name}) for name in _MEDIA_TYPES),
    ]

    def get(self, request: Request, **prefix: str) -> HttpResponse:
        """Return the document as JSON."""
        catalog = snapshot.current()
        asked: Any = request._request
        route, root, urlconf = (
            asked.resolver_match.route,
            conf.BASE_URL + asked.path.removesuffix(asked.path_info),
            getattr(asked, "urlconf", None),
        )
        content_type = str(request.accepted_renderer.media_type)
        key = (SchemaView, route, root, urlconf, content_type)
        if key not in catalog.derived:
            with override(None):  # descriptions are in English, whoever asks
                generator = CatalogGenerator(route=route, root=root, urlconf=urlconf)
                body = to_json(generator.get_schema())
            catalog.derived[key] = Answer(body, catalog=catalog, language="en", content_type=content_type)
        return self.respond(request, catalog.derived[key])


class DocsView(CatalogView):
    """The document for people, as Swagger UI shows it."""

    schema = None

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:
        """Let everybody in: a browser does not ask for JSON."""
        return super().perform_content_negotiation(request, force=True)

    def get(self, request: Request, **prefix: str) -> HttpResponse:
        """Return the page."""
        response = HttpResponse(render_to_string("pts_errors/api_docs.html"))
        response["Cache-Control"] = "private, no-store"
        return response


def urlpatterns() -> list[URLPattern]:
    """Return the addresses of the document, and of its page where the sidecar's static files can be served."""
    found = [path("schema/", SchemaView.as_view(), name="schema")]
    if apps.is_installed("drf_spectacular_sidecar"):
        found.append(path("docs/", DocsView.as_view(), name="docs"))
    return found


_SINCE = OpenApiParameter("since", _NUMBER, description="Only what was published after this revision.")

_RETRY_AFTER = OpenApiParameter(
    "Retry-After", int, OpenApiParameter.HEADER, description="Seconds to wait.", response=[429]
)

_PATH = {
    _GET_ERROR: [OpenApiParameter("code", _CODE, OpenApiParameter.PATH)],
    _GET_RUNBOOK: [OpenApiParameter("code", _CODE, OpenApiParameter.PATH)],
    _GET_CATEGORY: [OpenApiParameter("slug", {"type": "string", "pattern": "^[-a-zA-Z0-9_]+$"}, OpenApiParameter.PATH)],
    _GET_REVISION: [OpenApiParameter("number", _NUMBER, OpenApiParameter.PATH)],
}

_CACHING = [
    OpenApiParameter(
        "If-None-Match", str, OpenApiParameter.HEADER, description="The ETag of the answer that the client has."
    ),
    *(
        OpenApiParameter(name, str, OpenApiParameter.HEADER, description=description, response=[200, 304])
        for name, description in (
            ("ETag", "Changes with every publish and with the language."),
            ("Cache-Control", "Shared caches keep the answer and ask again, unless somebody is logged in."),
            ("Content-Language", "The language of the catalog that answers."),
            ("Vary", "What the answer depends on."),
        )
    ),
]

_DESCRIPTIONS = {
    400: "A parameter is wrong; it is named.",
    401: "The credentials are wrong, or there are none.",
    403: "The permission is missing.",
    404: "There is no such thing.",
    406: "The client does not take JSON.",
    410: "The revision is not there, or not any more. Load everything again.",
    412: "A condition of the request is not met.",
    429: "Too many requests.",
}


def _filters(catalog: Catalog) -> list[OpenApiParameter]:
    named = {"outcome": "PTSOutcome", "retry_advice": "PTSRetryAdvice", "responsible_party": "PTSResponsibleParty"}
    return [
        OpenApiParameter(
            "category", str, enum=[*catalog.categories], description="Only the codes of this category, by its slug."
        ),
        *(
            OpenApiParameter(name, {"$ref": f"#/components/schemas/{component}"}, description="Only codes with this.")
            for name, component in named.items()
        ),
        OpenApiParameter(
            "search",
            {"type": "string", "maxLength": SEARCH_LENGTH},
            description="Only codes with this text in their number, name, provider message or texts; case is ignored.",
        ),
        _SINCE,
    ]


def _negotiation(catalog: Catalog) -> list[OpenApiParameter]:
    offered = ", ".join(catalog.languages)
    return [
        OpenApiParameter(
            "language",
            {"type": "string", "pattern": f"^{languages.REQUESTED_TAG}$", "maxLength": languages.MAX_LENGTH},
            description=f"A language tag; it beats the header. The catalog has: {offered}.",
            examples=[OpenApiExample(tag, tag) for tag in catalog.languages[:3]],
        ),
        OpenApiParameter(
            "Accept-Language", str, OpenApiParameter.HEADER, description="The languages that the client prefers."
        ),
    ]


def _success(operation: str, catalog: Catalog) -> OpenApiResponse:
    errors = catalog.table(catalog.source_language).errors
    # 1003 says most in little; a catalog without it has another one.
    shown = [ErrorSerializer(error).data for error in [errors.get("1003") or next(iter(errors.values()))]]
    categories = [CategorySerializer(category).data for category in catalog.categories.values()]
    listed = {"revision": catalog.number, "language": catalog.source_language, "count": 1, "results": shown}
    detail = {**_REVISION, "snapshot": {"v": 1, "code": {"code": "8010"}}}
    kind, description, example = {
        _LIST_ERRORS: (ErrorListSerializer, "The codes, in the order of their numbers.", listed),
        _GET_ERROR: (ErrorSerializer, "The code.", shown[0]),
        _LIST_CATEGORIES: (CategorySerializer(many=True), "The categories, in their order.", categories[0]),
        _GET_CATEGORY: (CategorySerializer, "The category.", categories[0]),
        _LIST_RUNBOOKS: (RunbookSerializer(many=True), "The runbooks, in the order of their codes.", _RUNBOOK),
        _GET_RUNBOOK: (RunbookSerializer, "The runbook.", _RUNBOOK),
        _LIST_REVISIONS: (RevisionListSerializer, "Entries of the log.", {"head": 2, "results": [_REVISION]}),
        _GET_REVISION: (RevisionDetailSerializer(many=True), "One entry for every code that changed.", detail),
    }[operation]
    return OpenApiResponse(kind, description, [OpenApiExample("Example", example)])


def _problems(operation: str) -> Iterable[exceptions.APIException]:
    if operation in (_LIST_ERRORS, _GET_ERROR, _LIST_REVISIONS):
        yield BadParameter(*_WRONG.get(operation, _WRONG[_LIST_REVISIONS]))
    yield exceptions.NotAuthenticated()
    yield exceptions.PermissionDenied()
    if operation not in (_LIST_ERRORS, _LIST_CATEGORIES, _LIST_RUNBOOKS, _LIST_REVISIONS):
        yield exceptions.NotFound()
    yield exceptions.NotAcceptable()
    if operation in (_LIST_ERRORS, _LIST_REVISIONS):
        yield Gone()
    if operation not in _STAFF:
        yield PreconditionFailed()
    yield exceptions.Throttled(wait=60)


_WRONG = {
    _LIST_REVISIONS: ("since", "the number of a revision, such as 1"),
    _LIST_ERRORS: ("since", "the number of a revision, such as 1"),
    _GET_ERROR: ("language", "a language tag, such as one of en, zh-hans"),
}


def _body(error: exceptions.APIException) -> Any:
    """Return what the API would really answer."""
    response = catalog_exception_handler(error, {})
    return json.loads(response.content) if response is not None else None


def _modernize(node: Any) -> None:
    """Say in the words of OpenAPI 3.1 what may be null, in place."""
    if isinstance(node, dict):
        if node.pop("nullable", False) and "type" in node:
            node["type"] = [node["type"], "null"]
        for value in node.values():
            _modernize(value)
    elif isinstance(node, list):
        for value in node:
            _modernize(value)


# So that a host's own document describes this API as well as this one does.
CatalogViewSet.schema = CatalogSchema()
