"""The OpenAPI document: complete, valid, in its place, without warnings; and the answers are as it says."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from django.conf.urls.i18n import i18n_patterns
from django.contrib.staticfiles import finders
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import include, path
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.settings import spectacular_settings
from drf_spectacular.validation import validate_schema
from jsonschema import Draft202012Validator
from rest_framework.authentication import BaseAuthentication
from rest_framework.response import Response
from rest_framework.views import APIView

from pts_errors import next_step, snapshot
from pts_errors.api import schema
from pts_errors.api.generic import CatalogView
from pts_errors.values import entry
from tests.support.api import client_of
from tests.support.factories import UserFactory

pytestmark = pytest.mark.django_db


class HostView(APIView):
    """A view of the host's own API."""

    def get(self, request: HttpRequest) -> Response:
        """Answer."""
        return Response({})


class OwnAuthentication(BaseAuthentication):
    """A host's way to log in that nobody described."""

    def authenticate(self, request: Any) -> None:
        """Know nobody."""


def plain(request: HttpRequest) -> HttpResponse:
    """Answer without an API."""
    return HttpResponse()


urlpatterns = [
    path("host/", HostView.as_view()),
    path("plain/", plain),
    path("v1/", include("pts_errors.api.urls", namespace="first")),
    path("<slug:tenant>/pts/", include("pts_errors.api.urls", namespace="second")),
    *i18n_patterns(path("local/", include("pts_errors.api.urls", namespace="third"))),
]


@pytest.fixture
def unmade() -> None:
    """Serve a catalog of which no document was made yet, and of which none is left behind."""
    catalog = snapshot.build(snapshot.current().entries.values(), number=1, digest="0" * 64)
    snapshot.swap(snapshot.Pinned(catalog))


@pytest.fixture
def document(client: Client) -> dict[str, Any]:
    """Return the document as it is served."""
    response = client.get("/api/schema/")
    assert (response.status_code, response["Content-Type"]) == (200, "application/json")
    return dict(response.json())


def walk(node: object) -> Iterator[dict[str, Any]]:
    """Yield every object in a JSON value."""
    if isinstance(node, dict):
        yield node
        for value in node.values():
            yield from walk(value)
    elif isinstance(node, list):
        for value in node:
            yield from walk(value)


def operations(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Return every operation."""
    return [operation for methods in document["paths"].values() for operation in methods.values()]


def conforms(document: dict[str, Any], operation: dict[str, Any], response: Any) -> None:
    """Fail if an answer is not as the document says."""
    described = operation["responses"][str(response.status_code)]
    assert not {name for name in described.get("headers", {}) if name not in response}
    if response.status_code == 304:
        return
    content = described["content"][response["Content-Type"]]
    Draft202012Validator({**content["schema"], "components": document["components"]}).validate(
        json.loads(response.content)
    )


# ---- The document ----


def test_it_is_openapi_3_1(document: dict[str, Any]) -> None:
    """Valid by the specification's own schema, and none of the words of 3.0 are left."""
    validate_schema(copy.deepcopy(document))

    assert document["openapi"] == "3.1.0"
    assert not any("nullable" in node for node in walk(document["components"]["schemas"]))
    assert document["components"]["schemas"]["PTSError"]["properties"]["retry_after"]["type"] == ["integer", "null"]


@pytest.mark.usefixtures("unmade")
def test_it_is_made_without_a_warning(client: Client, capsys: pytest.CaptureFixture[str]) -> None:
    """drf-spectacular counts what it could not make out."""
    GENERATOR_STATS.reset()

    client.get("/api/schema/")

    assert not GENERATOR_STATS
    assert capsys.readouterr().err == ""


def test_it_has_every_address_of_ours_and_nothing_else(document: dict[str, Any]) -> None:
    """All are read-only."""
    assert list(document["paths"]) == [
        "/api/errors/",
        "/api/errors/{code}/",
        "/api/categories/",
        "/api/categories/{slug}/",
        "/api/next-steps/",
        "/api/runbooks/",
        "/api/runbooks/{code}/",
        "/api/revisions/",
        "/api/revisions/{number}/",
    ]
    assert all(list(methods) == ["get"] for methods in document["paths"].values())
    assert "servers" not in document


@pytest.mark.urls("tests.api.test_schema")
@pytest.mark.parametrize(
    ("url", "prefix"),
    [
        ("/v1/schema/", "/v1/"),
        ("/acme/pts/schema/", "/{tenant}/pts/"),
        ("/de/local/schema/", "/de/local/"),
    ],
)
def test_it_stands_under_the_hosts_prefix(url: str, prefix: str, client: Client) -> None:
    """Without the host's own views, and without the API's other place."""
    document = client.get(url).json()

    assert len(document["paths"]) == 9
    assert all(path.startswith(prefix) for path in document["paths"])
    validate_schema(copy.deepcopy(document))


@pytest.mark.urls("tests.api.test_schema")
def test_the_api_works_under_a_prefix_with_a_parameter(client: Client) -> None:
    """The views take what the host's route hands them."""
    for name in ("errors/", "errors/1003/", "categories/", "categories/server/", "schema/"):
        assert client.get(f"/acme/pts/{name}").status_code == 200


@pytest.mark.urls("tests.api.test_schema")
@pytest.mark.parametrize("url", ["/host/", "/plain/"])
def test_the_hosts_own_views_are_as_they_were(url: str, client: Client) -> None:
    """They stand beside ours and not in our document."""
    assert client.get(url).status_code == 200


@override_settings(FORCE_SCRIPT_NAME="/shop")
def test_it_names_the_path_under_which_the_server_mounts_the_site(client: Client) -> None:
    """Relative: the Host header is whatever a client says."""
    assert client.get("/api/schema/").json()["servers"] == [{"url": "/shop"}]


@override_settings(FORCE_SCRIPT_NAME="/shop", PTS_ERRORS_BASE_URL="https://pay.example", ALLOWED_HOSTS=["*"])
def test_a_kept_document_knows_its_server(client: Client) -> None:
    """Where the host says what it is, and never by the Host header."""
    document = client.get("/api/schema/", headers={"Host": "evil.example"}).json()

    assert document["servers"] == [{"url": "https://pay.example/shop"}]


def test_every_enumeration_has_a_name(document: dict[str, Any]) -> None:
    """Client generators make a type of each, with all values and what they mean."""
    schemas = document["components"]["schemas"]

    for kind in (entry.Outcome, entry.Basis, entry.RetryAdvice, entry.ResponsibleParty, entry.Severity, entry.Origin):
        assert schemas[f"PTS{kind.__name__}"]["enum"] == list(kind)
        assert all(f"`{value}`" in schemas[f"PTS{kind.__name__}"]["description"] for value in kind)
    assert schemas["PTSDirection"]["enum"] == ["ltr", "rtl"]
    for own in (next_step.Action, entry.OrderId, next_step.Call):
        assert schemas[f"PTS{own.__name__}"]["enum"] == list(own)
    named = [schema for schema in schemas.values() if "enum" in schema]
    assert len([node for node in walk(schemas) if "enum" in node]) == len(named) == 10


def test_every_member_is_described(document: dict[str, Any]) -> None:
    """No name has to be guessed at, and each object says what it must have."""
    for name, component in document["components"]["schemas"].items():
        for member, described in component.get("properties", {}).items():
            if member not in ("results", "number"):
                assert described.get("description"), f"{name}.{member}"
        assert component.get("description"), name


def test_every_parameter_is_described(document: dict[str, Any]) -> None:
    """With the values that it can have."""
    parameters = {parameter["name"]: parameter for parameter in document["paths"]["/api/errors/"]["get"]["parameters"]}

    assert parameters.keys() == {
        "category",
        "outcome",
        "basis",
        "retry_advice",
        "responsible_party",
        "search",
        "since",
        "language",
        "Accept-Language",
        "If-None-Match",
    }
    assert all(parameter["description"] for parameter in parameters.values())
    assert parameters["outcome"]["schema"] == {"$ref": "#/components/schemas/PTSOutcome"}
    assert set(parameters["category"]["schema"]["enum"]) == set(snapshot.current().categories)


def test_every_operation_has_a_name_of_its_own_a_summary_and_a_tag(document: dict[str, Any]) -> None:
    """Client generators make a method of each."""
    names = [operation["operationId"] for operation in operations(document)]

    assert len(set(names)) == len(names) == 9
    assert all("pts_" in name for name in names)
    assert {tag for operation in operations(document) for tag in operation["tags"]} == {
        tag["name"] for tag in document["tags"]
    }
    assert all(operation["summary"] for operation in operations(document))


def test_staff_parts_need_a_login_and_the_others_do_not(document: dict[str, Any]) -> None:
    """As the views themselves say it."""
    for path_, methods in document["paths"].items():
        is_open = {} in methods["get"]["security"]
        assert is_open is not path_.startswith(("/api/runbooks", "/api/revisions"))


def test_a_restricted_catalog_is_described_as_such() -> None:
    """The document follows the host's setting."""
    with override_settings(PTS_ERRORS_API_PERMISSION_CLASSES=["rest_framework.permissions.IsAuthenticated"]):
        response = client_of(UserFactory()).get("/api/schema/")

    assert not any({} in operation["security"] for operation in operations(response.json()))
    assert response["Cache-Control"] == "private, no-store"


def test_the_document_is_closed_where_the_catalog_is(client: Client) -> None:
    """Who may not read the one need not read the other."""
    with override_settings(PTS_ERRORS_API_PERMISSION_CLASSES=["rest_framework.permissions.IsAdminUser"]):
        response = client.get("/api/schema/")

    assert (response.status_code, response["Content-Type"]) == (403, "application/problem+json")


@pytest.mark.usefixtures("unmade")
def test_a_login_that_nobody_described_is_left_out(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """A host's own authentication is no reason for a warning, and none for having no document."""
    monkeypatch.setattr(CatalogView, "authentication_classes", [OwnAuthentication])
    GENERATOR_STATS.reset()

    document = client.get("/api/schema/").json()

    assert "securitySchemes" not in document["components"]
    assert not GENERATOR_STATS


def test_every_problem_is_described(document: dict[str, Any]) -> None:
    """In its own media type, with an example."""
    for operation in operations(document):
        statuses = {status for status in operation["responses"] if status >= "4"}
        assert statuses >= {"401", "403", "406", "429"}
        for status in statuses:
            (media_type,) = operation["responses"][status]["content"]
            assert media_type == "application/problem+json"
        assert "Retry-After" in operation["responses"]["429"]["headers"]


def test_the_examples_are_real(document: dict[str, Any], client: Client) -> None:
    """What is public is a real answer."""
    shown = document["paths"]["/api/errors/{code}/"]["get"]["responses"]["200"]["content"]["application/json"][
        "examples"
    ]

    assert shown["Example"]["value"] == client.get("/api/errors/1003/").json()


def test_every_example_is_as_its_schema_says(document: dict[str, Any]) -> None:
    """Those of problems and of staff answers, too."""
    count = 0
    for operation in operations(document):
        for response in operation["responses"].values():
            for content in response.get("content", {}).values():
                validator = Draft202012Validator({**content["schema"], "components": document["components"]})
                for example in content["examples"].values():
                    validator.validate(example["value"])
                    count += 1

    assert count > 40


def test_no_runbook_stands_in_the_document(document: dict[str, Any]) -> None:
    """Its example is nobody's: the document is public."""
    text = json.dumps(document)

    for found in snapshot.current().entries.values():
        assert found.runbook is not None
        assert found.runbook.meaning not in text
        assert found.runbook.impact not in text


def test_what_an_answer_leads_to_is_there(document: dict[str, Any]) -> None:
    """Every link names an operation and its parameter."""
    by_name = {operation["operationId"]: operation for operation in operations(document)}
    links = [link for op in operations(document) for link in op["responses"]["200"].get("links", {}).values()]

    assert len(links) == 4
    for link in links:
        parameters = {parameter["name"] for parameter in by_name[link["operationId"]]["parameters"]}
        assert link["parameters"].keys() <= parameters


@override_settings(PTS_ERRORS_REFRESH_SECONDS=60)
def test_it_is_made_once(client: Client, django_assert_num_queries: Any) -> None:
    """And served from memory, with 304, until something is published."""
    first = client.get("/api/schema/")

    with django_assert_num_queries(0):
        second = client.get("/api/schema/", headers={"If-None-Match": first["ETag"]})

    assert second.status_code == 304


@pytest.mark.usefixtures("unmade")
def test_it_is_in_english_whoever_asks(client: Client) -> None:
    """One document; the first client's language is nobody else's."""
    french = client.get("/api/schema/", headers={"Accept-Language": "fr"})

    assert french.json() == client.get("/api/schema/").json()
    assert french["Content-Language"] == "en"


def test_a_catalog_without_the_example_has_another_one(client: Client) -> None:
    """No code is taken for granted."""
    catalog = snapshot.build([snapshot.current().entries["1007"]], number=3, digest="0" * 64)
    snapshot.swap(snapshot.Pinned(catalog))

    document = client.get("/api/schema/").json()

    assert '"code": "1007"' in json.dumps(document)


# ---- The answers are as it says ----


@pytest.mark.parametrize(
    ("path_", "url", "status"),
    [
        ("errors/", "errors/", 200),
        ("errors/", "errors/?language=ar&search=a", 200),
        ("errors/", "errors/?since=x", 400),
        ("errors/", "errors/?since=99", 410),
        ("errors/{code}/", "errors/8001/", 200),
        ("errors/{code}/", "errors/4242/", 404),
        ("errors/{code}/", "errors/1003/?language=*", 400),
        ("categories/", "categories/", 200),
        ("categories/{slug}/", "categories/server/", 200),
        ("categories/{slug}/", "categories/none/", 404),
        ("next-steps/", "next-steps/", 200),
        ("runbooks/", "runbooks/", 200),
        ("runbooks/{code}/", "runbooks/8010/", 200),
        ("runbooks/{code}/", "runbooks/4242/", 404),
        ("revisions/", "revisions/", 200),
        ("revisions/", "revisions/?code=x", 400),
        ("revisions/", "revisions/?since=99", 410),
        ("revisions/{number}/", "revisions/1/", 200),
        ("revisions/{number}/", "revisions/99/", 404),
    ],
)
def test_an_answer_conforms(path_: str, url: str, status: int, document: dict[str, Any]) -> None:
    """Status, headers, media type and body."""
    client = client_of(UserFactory(permissions=("view_runbook", "view_revision")))

    response = client.get(f"/api/{url}")

    assert response.status_code == status
    conforms(document, document["paths"][f"/api/{path_}"]["get"], response)


@pytest.mark.parametrize("headers", [{"Accept": "text/html"}, {"If-Match": '"x"'}, {"If-None-Match": "*"}])
def test_an_answer_to_conditions_conforms(headers: dict[str, str], document: dict[str, Any], client: Client) -> None:
    """406, 412 and 304."""
    conforms(document, document["paths"]["/api/errors/"]["get"], client.get("/api/errors/", headers=headers))


@pytest.mark.parametrize("path_", ["runbooks/", "revisions/"])
def test_a_refusal_conforms(path_: str, document: dict[str, Any], client: Client) -> None:
    """403 for who is not let in."""
    conforms(document, document["paths"][f"/api/{path_}"]["get"], client.get(f"/api/{path_}"))


# ---- The page ----


def forget_finders() -> None:
    """Let Django look again where static files are."""
    finder: Any = finders.get_finder
    finder.cache_clear()


@pytest.fixture
def with_sidecar(settings: Any) -> None:
    """Be a host with the sidecar in INSTALLED_APPS."""
    settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, "drf_spectacular_sidecar"]
    settings.ROOT_URLCONF = (path("api/", include((schema.urlpatterns(), "pts_errors_api"))),)
    forget_finders()


def test_the_page_needs_nothing_of_other_sites(with_sidecar: None, client: Client) -> None:
    """Its files are static files of this site, and no script stands in it."""
    text = client.get("/api/docs/", headers={"Accept": "text/html"}).content.decode()

    assert 'data-schema="../schema/"' in text
    assert "http" not in text
    assert "<script>" not in text
    for name in ("swagger-ui.css", "swagger-ui-bundle.js", "favicon-32x32.png"):
        assert f"/static/drf_spectacular_sidecar/swagger-ui-dist/{name}" in text
        assert finders.find(f"drf_spectacular_sidecar/swagger-ui-dist/{name}")
    assert finders.find("pts_errors/api_docs.js")
    forget_finders()


@pytest.mark.parametrize("accept", ["text/html", "*/*", "application/xml"])
def test_the_page_is_for_everybody_who_may_read_the_document(with_sidecar: None, accept: str, client: Client) -> None:
    """Whatever he says that he takes."""
    allowed = client.get("/api/docs/", headers={"Accept": accept})
    with override_settings(PTS_ERRORS_API_PERMISSION_CLASSES=["rest_framework.permissions.IsAuthenticated"]):
        refused = client.get("/api/docs/", headers={"Accept": accept})

    assert (allowed.status_code, allowed["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert refused.status_code == 403


def test_without_the_sidecar_there_is_no_page(client: Client) -> None:
    """Its files could not be served."""
    assert [pattern.name for pattern in schema.urlpatterns()] == ["schema"]
    assert client.get("/api/docs/").status_code == 404


# ---- Beside a host's own document ----


@pytest.mark.urls("tests.api.test_schema")
@override_settings(REST_FRAMEWORK={"DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema"})
@pytest.mark.parametrize("version", ["3.0.3", "3.1.0"])
def test_a_hosts_own_document_describes_this_api_too(
    version: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With its settings, in its version, and without a warning about us."""
    monkeypatch.setattr(spectacular_settings, "OAS_VERSION", version)
    patterns = [path("v1/", include("pts_errors.api.urls", namespace="first"))]

    document = SchemaGenerator(patterns=patterns).get_schema(public=True)

    validate_schema(copy.deepcopy(document))
    assert document["openapi"] == version
    assert document["paths"]["/v1/errors/"]["get"]["operationId"] == "list_pts_errors"
    assert "PTSOutcome" in document["components"]["schemas"]
    assert capsys.readouterr().err == ""


@pytest.mark.usefixtures("unmade")
def test_the_hosts_settings_are_left_alone(client: Client) -> None:
    """Another thread may be making the host's own document in this moment."""
    before = dict(vars(spectacular_settings))

    client.get("/api/schema/")

    after = dict(vars(spectacular_settings))
    assert all(after[name] == value for name, value in before.items())


# ---- Without drf-spectacular ----


def test_the_api_works_without_the_extra() -> None:
    """There is no document then, and nothing else is missing."""
    code = (
        "import sys\n"
        "import importlib.util as util\n"
        "found = util.find_spec\n"
        "util.find_spec = lambda name, *args: None if name == 'drf_spectacular' else found(name, *args)\n"
        "sys.modules['drf_spectacular'] = None\n"
        "import os; os.environ['DJANGO_SETTINGS_MODULE'] = 'tests.settings'\n"
        "import django; django.setup()\n"
        "from pts_errors.api.urls import urlpatterns\n"
        "print(sorted({pattern.name for pattern in urlpatterns}))\n"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert "schema" not in done.stdout
    assert "error-list" in done.stdout


OPENAPI_TYPES = [
    "application/json",
    "application/vnd.oai.openapi",
    "application/vnd.oai.openapi+json",
    "application/openapi+json",
    "application/openapi+yaml",
    "application/yaml",
    "application/x-yaml",
    "text/yaml",
    "text/x-yaml",
]


@pytest.mark.parametrize("media_type", OPENAPI_TYPES)
@pytest.mark.parametrize("rest", ["", ", */*;q=0.1", ";q=0.9, text/html;q=0.2", ";version=3.1"])
def test_the_document_is_called_as_it_is_asked_for(client: Client, media_type: str, rest: str) -> None:
    """Whatever a tool says that it takes, it gets one document, which is JSON and YAML."""
    plain = client.get("/api/schema/")

    response = client.get("/api/schema/", headers={"Accept": media_type + rest})

    assert (response.status_code, response["Content-Type"]) == (200, media_type)
    assert yaml.safe_load(response.content) == json.loads(response.content) == json.loads(plain.content)
    assert "Accept" in response["Vary"].split(", ")
    assert (response["ETag"] == plain["ETag"]) is (media_type == "application/json")
    again = client.get("/api/schema/", headers={"Accept": media_type + rest, "If-None-Match": response["ETag"]})
    assert again.status_code == 304


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("*/*", "application/json"),
        ("application/*", "application/json"),
        ("text/*", "text/yaml"),
        ("application/yaml, application/json", "application/json"),
        ("text/html, application/vnd.oai.openapi, */*;q=0.8", "application/vnd.oai.openapi"),
    ],
)
def test_the_document_is_called_as_is_preferred(client: Client, accept: str, expected: str) -> None:
    """JSON where anything will do."""
    assert client.get("/api/schema/", headers={"Accept": accept})["Content-Type"] == expected
