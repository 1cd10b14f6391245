"""Try the wheel as a stranger does: run by the Python of an empty environment into which only the wheel was installed.

It makes a project with ``startproject``, adds one line, migrates, and looks codes up.
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
    run("manage.py", "check", where=project)
    run("manage.py", "migrate", "-v0", where=project)
    run("manage.py", "makemigrations", "--check", "--dry-run", where=project)
    run("-c", f"import os; os.environ['DJANGO_SETTINGS_MODULE'] = 'shop.settings'\n{LOOKUP}", where=project)
print("The wheel, installed alone, seeds itself and serves 59 codes without a query.")
