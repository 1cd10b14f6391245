"""Host projects as strangers have them: in a folder of their own, run in processes of their own."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, NoReturn

import pytest

from tests.support.paths import ROOT

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


# What makes it a whole site: the back office, the pages and the API.
SITE = """
INSTALLED_APPS += ["django.contrib.admin", "django.contrib.messages", "django.contrib.sessions", "rest_framework"]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES[0]["OPTIONS"] = {
    "context_processors": [
        "django.template.context_processors.request",
        "django.contrib.auth.context_processors.auth",
        "django.contrib.messages.context_processors.messages",
    ]
}
STATIC_URL = "/static/"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
ALLOWED_HOSTS = ["*"]
REST_FRAMEWORK = {"DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.BasicAuthentication"]}
"""
_URLS = """
from django.apps import apps
from django.contrib import admin
from django.urls import include, path
urlpatterns = []
if apps.is_installed("django.contrib.admin"):
    urlpatterns += [
        path("admin/", admin.site.urls),
        path("errors/", include("pts_errors.urls")),
        path("api/", include("pts_errors.api.urls")),
    ]
"""

# What a process that does as it is told begins with: an answer for each line that comes in.
_PROMPT = """
import contextlib, json, os, signal, sys, threading, time, warnings
from concurrent.futures import ThreadPoolExecutor
from django.core.management import call_command
from django.db import connection, connections, transaction
from pts_errors import lookup, publishing, snapshot
from pts_errors.models import ErrorCode, Head, Message, Revision

def edit(code, **texts):
    Message.objects.filter(error__code=code, language="en").update(**texts)

def title(code):
    return lookup.get(code, language="en").title

def fork(function):
    # As servers do it: nothing of the parent's goes on in the child. Returns how it ended.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # also with threads
        child = os.fork()
    if not child:
        try:
            function()
            os._exit(0)
        except BaseException:
            sys.excepthook(*sys.exc_info())
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

for _line in sys.stdin:
    _code, _names = json.loads(_line)
    globals().update(_names)
    answer = None
    with contextlib.suppress(SyntaxError):
        _code = "answer = " + _code if compile(_code, "prompt", "eval") else ""
    exec(compile(_code, "prompt", "exec"), globals())
    print(json.dumps(answer, default=repr), flush=True)
"""


# Database files as `migrate` leaves them, by the settings beside which it ran.
_migrated: dict[str, bytes] = {}


class Host:
    """A project with only this app, in a folder."""

    def __init__(self, path: Path, databases: dict[str, Any], extra: str = "") -> None:
        """Write the project."""
        self.path = path
        self._database, self._extra = databases["default"], extra
        self.env = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "settings",
            "PYTHONPATH": os.pathsep.join([str(path), str(ROOT)]),
            "PYTHONWARNINGS": "error",
        }
        path.mkdir(exist_ok=True)
        (path / "settings.py").write_text(_SETTINGS.format(databases=databases) + textwrap.dedent(extra))
        (path / "urls.py").write_text(_URLS)

    def migrate(self) -> None:
        """Fill the empty database with tables and seed: the second file and those after it are copies of the first."""
        if "sqlite3" not in self._database["ENGINE"]:
            self.manage("migrate", "-v0")
            return
        file = Path(self._database["NAME"])
        if self._extra not in _migrated:
            self.manage("migrate", "-v0")
            _migrated[self._extra] = file.read_bytes()
        file.write_bytes(_migrated[self._extra])

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

    @contextmanager
    def prompt(self) -> Iterator[Prompt]:
        """Start a process that does what it is told, and end it."""
        prompt = Prompt(self)
        try:
            yield prompt
        finally:
            prompt.end()

    def _run(self, command: list[str], *, check: bool) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            command, cwd=self.path, env=self.env, capture_output=True, text=True, timeout=120, check=False
        )
        if check:
            assert done.returncode == 0, done.stdout + done.stderr
        return done


class Prompt:
    """A process in which Django is set up, and which runs the code that it is sent."""

    def __init__(self, host: Host) -> None:
        """Start it."""
        self._log = host.path / f"{uuid.uuid4().hex}.log"
        with self._log.open("w") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-u", "-c", _with_setup(_PROMPT)],
                cwd=host.path,
                env=host.env,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )

    @property
    def log(self) -> str:
        """What it has logged until now."""
        return self._log.read_text()

    def run(self, code: str, /, **names: Any) -> Any:
        """Return the value of an expression, or what statements have assigned to ``answer``; as JSON knows it."""
        self.send(code, **names)
        return self.receive()

    def send(self, code: str, /, **names: Any) -> None:
        """Let it run code, and do not wait."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps([textwrap.dedent(code).strip(), names]) + "\n")
        self._process.stdin.flush()

    def receive(self) -> Any:
        """Return the answer to what was sent."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, self.log
        return json.loads(line)

    def end(self) -> None:
        """End it, also if it hangs. One that ends by itself says what of the code it has run."""
        with suppress(subprocess.TimeoutExpired, BrokenPipeError):
            self._process.communicate(timeout=3)
        self._process.kill()
        self._process.communicate()


class Proxy:
    """Stands before a database server: passes on, or hangs, or is not there."""

    def __init__(self, address: Path, server: str) -> None:
        """Stand at one socket and pass on to another."""
        self.connected = 0
        """How many connections were asked for."""
        self._address = address
        self._server = server
        self._flows, self._takes = threading.Event(), threading.Event()
        self._sockets: list[socket.socket] = []
        self.open()

    def open(self) -> None:
        """Be there, and pass everything on."""
        self._flows.set()
        self._takes.set()
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self._address))
        self._listener.listen(100)
        threading.Thread(target=self._accept, args=[self._listener], daemon=True).start()

    def hang(self, *, new_only: bool = False) -> None:
        """Take what comes and never answer, as a server whose machine is stuck; or only one that takes nobody new."""
        self._takes.clear()
        if not new_only:
            self._flows.clear()

    def cut(self) -> None:
        """Be gone, as a server that was stopped."""
        self._address.unlink(missing_ok=True)
        for each in (self._listener, *self._sockets):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
        self._sockets.clear()
        self._flows.set()
        self._takes.set()

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                client = listener.accept()[0]
                self.connected += 1
                self._sockets.append(client)
                threading.Thread(target=self._connect, args=[client], daemon=True).start()

    def _connect(self, client: socket.socket) -> None:
        self._takes.wait()
        with suppress(OSError), client, socket.socket(socket.AF_UNIX) as server:
            self._sockets.append(server)
            server.connect(self._server)
            back = threading.Thread(target=self._pass_on, args=[server, client], daemon=True)
            back.start()
            self._pass_on(client, server)
            back.join()

    def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                self._flows.wait()
                target.sendall(data)
        for each in (source, target):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)


@contextmanager
def proxy(kind: str, settings: dict[str, Any]) -> Iterator[tuple[Proxy, dict[str, Any]]]:
    """Put a proxy before the server of a database, and return it with the settings that lead through it."""
    folder = Path(tempfile.mkdtemp())  # the path of a socket must be short
    server, _settings = _server(kind)
    with closing(server):
        if kind == "postgresql":
            address = folder / ".s.PGSQL.5432"
            target = f"{server.info.host}/.s.PGSQL.{server.info.port}"
            changed = {"HOST": str(folder), "PORT": "5432"}
        else:
            cursor = server.cursor()
            cursor.execute("SELECT @@socket")
            address, target = folder / "mariadb.sock", cursor.fetchone()[0]
            changed = {"HOST": str(address)}
    between = Proxy(address, target)
    try:
        yield between, {**settings, **changed}
    finally:
        between.cut()
        shutil.rmtree(folder)


def absent(message: str) -> NoReturn:
    """Skip loudly what cannot be tested here, and fail where everything must be tested."""
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


def program(name: str, package: str) -> str:
    """Return where a program is; skip loudly where it is not, and fail where all must be tested."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/usr/local/sbin")
    if found is None:
        absent(f"There is no {name} (Debian's package {package}), so nothing was tested with it.")
    return found


@contextmanager
def pgbouncer(settings: dict[str, Any], *, connections: int) -> Iterator[dict[str, Any]]:
    """Pool the connections to a PostgreSQL database by transaction, and return the settings that lead through it."""
    bouncer = program("pgbouncer", "pgbouncer")
    folder = Path(tempfile.mkdtemp())  # the path of a socket must be short
    server, _settings = _server("postgresql")
    with closing(server):
        # It refuses to be root, so there it is the user who owns the server.
        user = "postgres" if os.getuid() == 0 else server.info.user
        target = f"host={server.info.host} port={server.info.port} user={user}"
    config = {
        "listen_addr": "",
        "unix_socket_dir": folder,
        "listen_port": 6432,
        "auth_type": "any",
        "pool_mode": "transaction",
        "default_pool_size": connections,
        "logfile": folder / "log",
    }
    lines = ["[databases]", f"* = {target}", "[pgbouncer]", *(f"{name} = {value}" for name, value in config.items())]
    (folder / "pgbouncer.ini").write_text("\n".join(lines), encoding="utf-8")
    if os.getuid() == 0:
        shutil.chown(folder, user)
    process = subprocess.Popen(
        [bouncer, "--quiet", str(folder / "pgbouncer.ini")],
        user=user if os.getuid() == 0 else None,
        stdin=subprocess.DEVNULL,
    )
    try:
        wait_for_socket(process, str(folder / ".s.PGSQL.6432"))
        yield {**settings, "HOST": str(folder), "PORT": "6432"}
    finally:
        process.terminate()
        process.wait()
        shutil.rmtree(folder)


def until(condition: Callable[[], object]) -> bool:
    """Wait until the condition holds, as long as a very busy machine may take; return whether it does."""
    end = time.monotonic() + 60
    while not (holds := bool(condition())) and time.monotonic() < end:
        time.sleep(0.05)
    return holds


def wait_for_socket(process: subprocess.Popen[Any], address: str | tuple[str, int]) -> None:
    """Wait until a server takes connections at its address: the path of a socket, or host and port."""
    end = time.monotonic() + 30
    while True:
        assert process.poll() is None, f"{process.args!r} has ended with {process.returncode}."
        with socket.socket(socket.AF_UNIX if isinstance(address, str) else socket.AF_INET) as probe, suppress(OSError):
            probe.connect(address)
            return
        assert time.monotonic() < end, f"{process.args!r} takes no connection at {address}."
        time.sleep(0.05)


def _with_setup(code: str) -> str:
    return "import django\ndjango.setup()\n" + textwrap.dedent(code)


@contextmanager
def database(kind: str, path: Path, how: str = "") -> Iterator[dict[str, Any]]:
    """Give a fresh database of a kind, as the value of ``DATABASES["default"]``; skip loudly where there is no server.

    ``how`` is what CREATE DATABASE is told beside the name.
    """
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
        absent(f"{kind} is not there, so nothing about it was tested: {error}")
    with closing(server):
        execute = server.cursor().execute
        execute(f"CREATE DATABASE {name} " + (how or ("CHARACTER SET utf8mb4" if kind == "mariadb" else "")))
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
