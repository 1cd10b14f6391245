"""Host projects as strangers have them: in a folder of their own, run in processes of their own."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent

_SETTINGS = """
SECRET_KEY = "host"
DATABASES = {databases!r}
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "pts_errors"]
TEMPLATES = [{{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}}]
ROOT_URLCONF = "urls"
USE_TZ = True
PTS_ERRORS_REFRESH_SECONDS = 0.2
LOGGING = {{
    "version": 1,
    "handlers": {{"console": {{"class": "logging.StreamHandler"}}}},
    "loggers": {{"pts_errors": {{"handlers": ["console"], "level": "WARNING"}}}},
}}
"""


class Host:
    """A project with only this app, in a folder."""

    def __init__(self, path: Path, databases: dict[str, Any], extra: str = "") -> None:
        """Write the project."""
        self.path = path
        self.env = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "settings",
            "PYTHONPATH": os.pathsep.join([str(path), str(ROOT)]),
            "PYTHONWARNINGS": "error",
        }
        (path / "settings.py").write_text(_SETTINGS.format(databases=databases) + textwrap.dedent(extra))
        (path / "urls.py").write_text("urlpatterns = []\n")

    def manage(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a management command to its end."""
        return self._run([sys.executable, "-m", "django", *arguments], check=check)

    def python(self, code: str, *, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run code in a process in which Django is set up."""
        return self._run([sys.executable, "-c", _with_setup(code)], check=check)

    def start(self, code: str) -> subprocess.Popen[str]:
        """Start code in a process in which Django is set up; the caller talks to it by its pipes."""
        pipe = subprocess.PIPE
        return subprocess.Popen(
            [sys.executable, "-u", "-c", _with_setup(code)],
            cwd=self.path,
            env=self.env,
            stdin=pipe,
            stdout=pipe,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def _run(self, command: list[str], *, check: bool) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            command, cwd=self.path, env=self.env, capture_output=True, text=True, timeout=120, check=False
        )
        if check:
            assert done.returncode == 0, done.stdout + done.stderr
        return done


def _with_setup(code: str) -> str:
    return "import django\ndjango.setup()\n" + textwrap.dedent(code)


@contextmanager
def database(kind: str, path: Path) -> Iterator[dict[str, Any]]:
    """Give a fresh database of a kind, as the value of ``DATABASES["default"]``; skip loudly where there is no server."""
    if kind == "sqlite":
        yield {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": str(path / "host.sqlite3"),
            "OPTIONS": {"transaction_mode": "IMMEDIATE", "init_command": "PRAGMA journal_mode=WAL;", "timeout": 30},
        }
        return
    name = f"pts_errors_{uuid.uuid4().hex[:8]}"
    try:
        server, settings = _server(kind)
    except Exception as error:
        message = f"{kind} is not there, so nothing about it was tested: {error}"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    with closing(server):
        execute = server.cursor().execute
        execute(f"CREATE DATABASE {name}" + (" CHARACTER SET utf8mb4" if kind == "mariadb" else ""))
        try:
            yield {**settings, "NAME": name}
        finally:
            execute(f"DROP DATABASE {name}" + (" WITH (FORCE)" if kind == "postgresql" else ""))


def _server(kind: str) -> tuple[Any, dict[str, Any]]:
    """Return an open connection to the server, and the settings of Django's. Sockets and the user's own name are used."""
    if kind == "postgresql":
        import psycopg

        connection: Any = psycopg.connect(dbname="postgres", autocommit=True, connect_timeout=3)
        return connection, {"ENGINE": "django.db.backends.postgresql"}
    import MySQLdb

    connection = MySQLdb.connect(user="root", connect_timeout=3)
    options = {"charset": "utf8mb4"}
    return connection, {"ENGINE": "django.db.backends.mysql", "USER": "root", "OPTIONS": options}
