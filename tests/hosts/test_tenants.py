"""Tests of hosts whose tenants have schemas of their own: the real django-tenants."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.support.hosts import Host, absent, database

pytestmark = pytest.mark.host

_CONFIG = "pts_errors.apps.PTSErrorsConfig"
_BASE = ["django_tenants", "customers", "django.contrib.contenttypes", "django.contrib.auth"]

_SETTINGS = """
SHARED_APPS = {shared!r}
TENANT_APPS = {tenant!r}
INSTALLED_APPS = [*SHARED_APPS, *(app for app in TENANT_APPS if app not in SHARED_APPS)]
DATABASE_ROUTERS = ["django_tenants.routers.TenantSyncRouter"]
TENANT_MODEL = "customers.Client"
TENANT_DOMAIN_MODEL = "customers.Domain"
PTS_ERRORS_REFRESH_SECONDS = 0
"""

_MODELS = """
from django.db import models
from django_tenants.models import DomainMixin, TenantMixin

class Client(TenantMixin):
    auto_create_schema = True

    class Meta:
        app_label = "customers"

class Domain(DomainMixin):
    class Meta:
        app_label = "customers"
"""


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, object]]:
    """Give an empty database for tenants; skip loudly without the package or the server."""
    if find_spec("django_tenants") is None:
        absent("django-tenants is not installed, so nothing was tested with it.")
    with database("postgresql", tmp_path_factory.mktemp("tenants")) as found:
        yield {**found, "ENGINE": "django_tenants.postgresql_backend"}


def project(path: Path, settings: dict[str, object], *, shared: list[str], tenant: list[str], more: str = "") -> Host:
    """Return a project with these apps for all and for each tenant."""
    host = Host(path, {"default": settings}, _SETTINGS.format(shared=shared, tenant=tenant) + more)
    (path / "customers" / "migrations").mkdir(parents=True)
    for module, text in {"__init__": "", "migrations/__init__": "", "models": _MODELS}.items():
        (path / "customers" / f"{module}.py").write_text(text, encoding="utf-8")
    return host


@pytest.mark.parametrize("app", ["pts_errors", _CONFIG])
@pytest.mark.parametrize("is_shared", [False, True], ids=["own", "both"])
def test_a_catalog_for_each_tenant_is_refused(
    app: str, is_shared: bool, settings: dict[str, object], tmp_path: Path
) -> None:
    """However the app is named, and also if it is shared at the same time."""
    shared = [*_BASE, *([app] if is_shared else [])]

    host = project(tmp_path, settings, shared=shared, tenant=["django.contrib.contenttypes", app])

    done = host.manage("check", check=False)
    assert done.returncode != 0
    assert "pts_errors.E012" in done.stderr
    assert "SHARED_APPS" in done.stderr


@pytest.mark.parametrize(("place", "is_refused"), [("public", False), ("shop", True)])
def test_a_catalog_for_a_type_of_tenants_is_refused(
    place: str, is_refused: bool, settings: dict[str, object], tmp_path: Path
) -> None:
    """Apps of the public type are shared, and those of each other type are not."""
    types = {"public": _BASE, "shop": ["django.contrib.contenttypes"]}
    types[place] = [*types[place], "pts_errors"]
    more = f"""
HAS_MULTI_TYPE_TENANTS = True
MULTI_TYPE_DATABASE_FIELD = "kind"
TENANT_TYPES = {{name: {{"APPS": apps, "URLCONF": "urls"}} for name, apps in {types!r}.items()}}
INSTALLED_APPS = list(dict.fromkeys(app for kind in TENANT_TYPES.values() for app in kind["APPS"]))
del SHARED_APPS, TENANT_APPS
"""
    host = project(tmp_path, settings, shared=_BASE, tenant=[], more=more)

    done = host.manage("check", check=False)

    assert ("pts_errors.E012" in done.stderr) is is_refused, done.stderr


def test_a_shared_catalog_is_read_by_every_tenant(settings: dict[str, object], tmp_path: Path) -> None:
    """One process goes from tenant to tenant, cold and warm, and each reads what was published for all."""
    host = project(
        tmp_path, settings, shared=[*_BASE, "pts_errors"], tenant=["django.contrib.contenttypes", "django.contrib.auth"]
    )
    host.manage("check")
    host.manage("makemigrations", "customers", "-v0")
    host.manage("migrate_schemas", "--shared", "-v0")
    host.python("""
        from customers.models import Client
        for name in ("one", "two"):
            Client.objects.create(schema_name=name)
    """)

    with host.prompt() as prompt:
        prompt.run("""
            from django_tenants.utils import schema_context
            edit("1005", title="Published for all")
            publishing.publish(["1005"])
        """)
        found = prompt.run("""
            answer = []
            for name in ("one", "two", "public", "one"):
                with schema_context(name):
                    snapshot.forget()
                    cold = title("1005")
                    answer.append([cold, title("1005"), publishing.verify()])
        """)
        owners = prompt.run("""
            cursor = connection.cursor()
            cursor.execute("SELECT DISTINCT schemaname FROM pg_tables WHERE tablename LIKE 'pts_errors_%'")
            answer = [schema for schema, in cursor.fetchall()]
        """)

        assert found == [["Published for all", "Published for all", ""]] * 4
        assert owners == ["public"]
