"""Try the wheel as a stranger does: run by the Python of an empty environment into which only the wheel was installed.

It makes a project with ``startproject``, adds a few lines, migrates, looks codes up, and opens a page of every door.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

LOOKUP = """
import django
django.setup()
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pts_errors import lookup
lookup.get("1007")
with CaptureQueriesContext(connection) as queries:
    errors = lookup.get_all(language="zh-TW")
    assert str(lookup.get("1007")), "no text"
assert len(errors) == 59, len(errors)
assert {error.language for error in errors} == {"zh-hant"}, "not in traditional Chinese"
assert not queries.captured_queries, queries.captured_queries
import pts_errors
assert "site-packages" in pts_errors.__file__, pts_errors.__file__
"""

PAGES = """
import django
django.setup()
from django.contrib.staticfiles import finders
from django.test import Client
client = Client(SERVER_NAME="127.0.0.1")
page = client.get("/errors/1007/", headers={"accept-language": "de"}).content.decode()
assert 'lang="de"' in page and "Was der Kunde liest" in page, "the compiled words are missing"
assert client.get("/api/errors/1007/").json()["code"] == "1007"
assert client.get("/admin/pts_errors/errorcode/").status_code == 302, "the back office asks for a login"
for name in ("pages.css", "pages.js", "admin.css", "admin.js"):
    assert finders.find(f"pts_errors/{name}"), name
"""
URLS = """
from django.urls import include
urlpatterns += [path("errors/", include("pts_errors.urls")), path("api/", include("pts_errors.api.urls"))]
"""


def run(*arguments: str, where: Path) -> None:
    """Run Python in a folder, with warnings as errors."""
    subprocess.run([sys.executable, "-W", "error", *arguments], cwd=where, check=True, timeout=120)


with tempfile.TemporaryDirectory() as folder:
    project = Path(folder) / "shop"
    project.mkdir()
    run("-m", "django", "startproject", "shop", ".", where=project)
    settings = project / "shop" / "settings.py"
    with settings.open("a", encoding="utf-8") as file:
        file.write('\nINSTALLED_APPS += ["pts_errors"]\nPTS_ERRORS_REFRESH_SECONDS = 60\n')
    with (project / "shop" / "urls.py").open("a", encoding="utf-8") as file:
        file.write(URLS)
    run("manage.py", "check", where=project)
    run("manage.py", "migrate", "-v0", where=project)
    run("manage.py", "makemigrations", "--check", "--dry-run", where=project)
    for code in (LOOKUP, PAGES):
        run("-c", f"import os; os.environ['DJANGO_SETTINGS_MODULE'] = 'shop.settings'\n{code}", where=project)
print("The wheel, installed alone, seeds itself and serves 59 codes without a query.")
