"""The OpenAPI 3.1 document of the API, with the extra ``openapi`` (drf-spectacular)."""

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
from drf_spectacular.plumbing import normalize_result_object, sanitize_result_object
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema_serializer
from rest_framework import exceptions, renderers
from rest_framework.request import Request

from pts_errors import models, next_step, snapshot
from pts_errors.answers import PRIVATE, Answer
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
    StepListSerializer,
)
from pts_errors.api.views import SEARCH_LENGTH, routes
from pts_errors.conf import conf
from pts_errors.problem import CONTENT_TYPE
from pts_errors.values import languages
from pts_errors.values.catalog import Catalog
from pts_errors.values.entry import CODE

# The version of the API, not of the package: raised when something that clients use is removed.
_VERSION = "1"

_DESCRIPTION = (
    "The published error codes of the payment gateway PTS. Read-only. Codes are strings. Every error response is a "
    "problem document (RFC 9457). Public answers carry an ETag: send it as If-None-Match to get 304 until the next "
    "publish."
)

# What tools accept for the document, besides application/json. JSON is also YAML.
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
# Schemas of the path parameters.
_KEYS = {"code": _CODE, "slug": {"type": "string", "pattern": "^[-a-zA-Z0-9_]+$"}, "number": _NUMBER}

# For the names of operations and tags, by the basename of the view.
_PLURALS = {
    "error": "errors",
    "category": "categories",
    "next-step": "next_steps",
    "runbook": "runbooks",
    "revision": "revisions",
}
_TAGS = {
    "error": "Errors",
    "category": "Categories",
    "next-step": "Next steps",
    "runbook": "Runbooks, for staff",
    "revision": "Log of publishes, for staff",
}
_STAFF = {"runbook", "revision"}
# The invalid parameter in each operation's example of a 400.
_WRONG = {
    ("error", "list"): ("since", "the number of a revision, such as 1"),
    ("error", "retrieve"): ("language", "a language tag, such as one of en, zh-hans"),
    ("revision", "list"): ("since", "the number of a revision, such as 1"),
}

# Invented: real runbooks are for staff, and this document is public.
_RUNBOOK = {
    "code": "8010",
    "name": "BALANCE_HOLD_FAILED",
    "severity": "error",
    "outcome": "unknown",
    "retry_advice": "check_status_first",
    "revision": 1,
    "owner": "Ledger on-call",
    "meaning": "What happened, and where the money stands.",
    "impact": "Who is affected, and how badly.",
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
    """Names every enumeration, whatever a host's settings say, and describes its values."""

    target_class = "pts_errors.api.serializers.EnumField"
    match_subclasses = True

    def get_name(self) -> str:
        return f"PTS{self.target.kind.__name__}"

    def map_serializer_field(self, auto_schema: AutoSchema, direction: str) -> dict[str, Any]:
        """Return the values, with their labels if there are any."""
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
        """Return a name that is unique among all APIs of the host."""
        return _operation_id(self.view.basename, self.view.action)

    def get_tags(self) -> list[str]:
        """Return the part of the API."""
        return [_TAGS[self.view.basename]]

    def get_summary(self) -> str:
        """Return the first sentence of the view's docstring."""
        return self.get_description().partition(".")[0]

    def get_operation(self, *args: Any, **kwargs: Any) -> Any:
        """Return the operation; a list links to the operation for one item, if it has items of their own."""
        operation = super().get_operation(*args, **kwargs)
        if operation and self.view.action == "list" and hasattr(self.view, "retrieve"):
            name, key = self.view.basename, self.view.lookup_url_kwarg
            ok = operation["responses"]["200"]
            is_array = ok["content"]["application/json"]["schema"].get("type") == "array"
            expression = f"$response.body#{'' if is_array else '/results'}/0/{key}"
            ok["links"] = {name: {"operationId": _operation_id(name, "retrieve"), "parameters": {key: expression}}}
        return operation

    def get_auth(self) -> list[Any]:
        """Return the ways to log in, without those that drf-spectacular cannot describe."""
        classes = self.view.authentication_classes
        self.view.authentication_classes = [c for c in classes if OpenApiAuthenticationExtension.get_match(c)]
        return list(super().get_auth())

    def get_override_parameters(self) -> list[Any]:
        """Return all parameters, and the headers of the answer."""
        catalog, part, is_list = snapshot.current(), self.view.basename, self.view.action == "list"
        found = [_RETRY_AFTER]
        if not is_list:
            key = self.view.lookup_url_kwarg
            found.append(OpenApiParameter(key, _KEYS[key], OpenApiParameter.PATH))
        if part == "error":
            found += [*_filters(catalog), *_negotiation(catalog)] if is_list else _negotiation(catalog)
        elif part == "revision" and is_list:
            found += [_SINCE, OpenApiParameter("code", _CODE, description="Only entries of this code.")]
        return found if part in _STAFF else [*found, *_CACHING]

    def get_response_serializers(self) -> Any:
        """Return every status that the operation can answer with."""
        part, action = self.view.basename, self.view.action
        found: dict[Any, Any] = {(200, "application/json"): _success(part, action, snapshot.current())}
        if part not in _STAFF:
            found[304] = OpenApiResponse(description="The client already has the newest answer.")
        for error in _problems(part, action):
            kind = ParameterProblemSerializer if isinstance(error, BadParameter) else ProblemSerializer
            found[error.status_code, CONTENT_TYPE] = OpenApiResponse(
                kind, _DESCRIPTIONS[error.status_code], [OpenApiExample("Problem", _body(error))]
            )
        return found


def _operation_id(part: str, action: str) -> str:
    return f"list_pts_{_PLURALS[part]}" if action == "list" else f"get_pts_{part}"


def build_document(*, route: str, root: str) -> dict[str, Any]:
    """Return the document of this API alone, for the route at which it is served.

    ``root`` is the address of the whole site. The host's settings of drf-spectacular are neither read nor changed:
    patching them, as drf-spectacular does, is not thread-safe.
    """
    reset_generator_stats()
    generator = SchemaGenerator(patterns=routes.urls)
    prefix = route.removesuffix("schema/")
    to_path = EndpointEnumerator(patterns=routes.urls).get_path_from_regex
    endpoints: list[Any] = []
    for pattern in routes.urls:
        regex = f"{prefix}{pattern.pattern}"
        endpoints.append((to_path(regex), regex, "GET", pattern.callback))
    generator.endpoints = endpoints
    document = {
        "openapi": "3.1.0",
        "info": {"title": "PTS error catalog", "version": _VERSION, "description": _DESCRIPTION},
        "paths": generator.parse(None, public=True),
        "tags": [{"name": name} for name in _TAGS.values()],
    }
    if root:
        document["servers"] = [{"url": root}]
    document["components"] = generator.registry.build({})
    plain = to_json(sanitize_result_object(normalize_result_object(document)))
    modern: dict[str, Any] = json.loads(plain, object_hook=_modernize)
    return modern


def _modernize(node: dict[str, Any]) -> dict[str, Any]:
    """Express a nullable value as OpenAPI 3.1 does."""
    if node.pop("nullable", False):
        if "type" in node:
            node["type"] = [node["type"], "null"]
        else:  # a reference to another schema
            node["anyOf"] = [*node.pop("allOf"), {"type": "null"}]
    return node


class SchemaView(CatalogView):
    """The OpenAPI document: always JSON, which is also YAML, under the media type that the client prefers."""

    schema = None
    renderer_classes = [
        renderers.JSONRenderer,
        *(type("SchemaRenderer", (renderers.JSONRenderer,), {"media_type": name}) for name in _MEDIA_TYPES),
    ]

    def get(self, request: Request, **prefix: str) -> HttpResponse:
        """Return the document as JSON."""
        catalog = snapshot.current()
        route = request.resolver_match.route if request.resolver_match else ""
        root = conf.BASE_URL + request.path.removesuffix(request.path_info)
        content_type = str(request.accepted_renderer.media_type)
        key = (SchemaView, route, root, content_type)
        if key not in catalog.derived:
            with override(None):  # descriptions are always in English
                body = to_json(build_document(route=route, root=root))
            catalog.derived[key] = Answer(body, catalog=catalog, language="en", content_type=content_type)
        return self.respond(request, catalog.derived[key])


class DocsView(CatalogView):
    """The document for people, as Swagger UI shows it."""

    schema = None

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:
        """Accept every request: a browser does not ask for JSON."""
        return super().perform_content_negotiation(request, force=True)

    def get(self, request: Request, **prefix: str) -> HttpResponse:
        """Return the page."""
        headers = {"Cache-Control": PRIVATE["Cache-Control"]}
        return HttpResponse(render_to_string("pts_errors/api_docs.html"), headers=headers)


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

_CACHING = [
    OpenApiParameter(
        "If-None-Match", str, OpenApiParameter.HEADER, description="The ETag of the answer that the client already has."
    ),
    *(
        OpenApiParameter(name, str, OpenApiParameter.HEADER, description=description, response=[200, 304])
        for name, description in (
            ("ETag", "Changes with every publish and with the language."),
            ("Cache-Control", "Shared caches may store the answer and must revalidate it, unless a user is logged in."),
            ("Content-Language", "The language of the answer."),
            ("Vary", "The request headers that the answer depends on."),
        )
    ),
]

_DESCRIPTIONS = {
    400: "A parameter is invalid; the answer names it.",
    401: "Credentials are missing or invalid.",
    403: "The user lacks the permission.",
    404: "The requested item does not exist.",
    406: "The client does not accept JSON.",
    410: "The revision does not exist, or no longer exists. Load everything again.",
    412: "A condition of the request is not met.",
    429: "Too many requests.",
}


def _filters(catalog: Catalog) -> list[OpenApiParameter]:
    named = {
        "outcome": "PTSOutcome",
        "basis": "PTSBasis",
        "retry_advice": "PTSRetryAdvice",
        "responsible_party": "PTSResponsibleParty",
    }
    return [
        OpenApiParameter(
            "category", str, enum=[*catalog.categories], description="Only the codes of this category, by its slug."
        ),
        *(
            OpenApiParameter(name, {"$ref": f"#/components/schemas/{component}"}, description="Codes with this value.")
            for name, component in named.items()
        ),
        OpenApiParameter(
            "search",
            {"type": "string", "maxLength": SEARCH_LENGTH},
            description="Only codes whose number, name, provider message or texts contain this; case is ignored.",
        ),
        _SINCE,
    ]


def _negotiation(catalog: Catalog) -> list[OpenApiParameter]:
    offered = ", ".join(catalog.languages)
    return [
        OpenApiParameter(
            "language",
            {"type": "string", "pattern": f"^{languages.REQUESTED_TAG}$", "maxLength": languages.MAX_LENGTH},
            description=f"A language tag; it takes precedence over Accept-Language. The catalog has: {offered}.",
            examples=[OpenApiExample(tag, tag) for tag in catalog.languages[:3]],
        ),
        OpenApiParameter(
            "Accept-Language", str, OpenApiParameter.HEADER, description="The languages that the client prefers."
        ),
    ]


def _success(part: str, action: str, catalog: Catalog) -> OpenApiResponse:
    errors = catalog.table(catalog.source_language).errors
    # 1003 makes a good example; a catalog without it shows its first code.
    error = ErrorSerializer(errors.get("1003") or next(iter(errors.values()))).data
    category = CategorySerializer(next(iter(catalog.categories.values()))).data
    listed = {"revision": catalog.number, "language": catalog.source_language, "count": 1, "results": [error]}
    steps = {"revision": catalog.number, "count": 1, "results": next_step.document(catalog)["results"][:1]}
    detail = {**_REVISION, "snapshot": {"v": 1, "code": {"code": "8010"}}}
    kind, description, example = {
        ("error", "list"): (ErrorListSerializer, "The codes, in numerical order.", listed),
        ("error", "retrieve"): (ErrorSerializer, "The code.", error),
        ("category", "list"): (CategorySerializer(many=True), "The categories, in their order.", category),
        ("category", "retrieve"): (CategorySerializer, "The category.", category),
        ("next-step", "list"): (StepListSerializer, "The test vectors, in numerical order of the codes.", steps),
        ("runbook", "list"): (RunbookSerializer(many=True), "The runbooks, ordered by code.", _RUNBOOK),
        ("runbook", "retrieve"): (RunbookSerializer, "The runbook.", _RUNBOOK),
        ("revision", "list"): (RevisionListSerializer, "Entries of the log.", {"head": 2, "results": [_REVISION]}),
        ("revision", "retrieve"): (
            RevisionDetailSerializer(many=True),
            "One entry for every code that changed.",
            detail,
        ),
    }[part, action]
    return OpenApiResponse(kind, description, [OpenApiExample("Example", example)])


def _problems(part: str, action: str) -> Iterable[exceptions.APIException]:
    wrong = _WRONG.get((part, action))
    if wrong:
        yield BadParameter(*wrong)
    yield exceptions.NotAuthenticated()
    yield exceptions.PermissionDenied()
    if action == "retrieve":
        yield exceptions.NotFound()
    yield exceptions.NotAcceptable()
    if wrong and wrong[0] == "since":
        yield Gone()
    if part not in _STAFF:
        yield PreconditionFailed()
    yield exceptions.Throttled(wait=60)


def _body(error: exceptions.APIException) -> Any:
    """Return the body that the API answers with."""
    response = catalog_exception_handler(error, {})
    return json.loads(response.content) if response is not None else None


# These lists are objects with an array inside, although the view's action is called ``list``.
for _serializer in (ErrorListSerializer, StepListSerializer, RevisionListSerializer):
    extend_schema_serializer(many=False)(_serializer)
# A host's own document describes this API in the same way.
CatalogViewSet.schema = CatalogSchema()
