"""Temporary databases for processes of the host project: SQLite, and PostgreSQL if a server is running."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager

import psycopg


def kinds() -> list[str]:
    """Return the available databases. PostgreSQL is reached by libpq's defaults and variables."""
    try:
        psycopg.connect(dbname="postgres", connect_timeout=3).close()
    except psycopg.OperationalError as error:
        print(f"PostgreSQL is not available, so only SQLite is measured: {str(error).splitlines()[0]}")
        return ["sqlite"]
    return ["sqlite", "postgresql"]


@contextmanager
def filled(kind: str, *, codes: int = 0) -> Iterator[str]:
    """Yield ``BENCH_DATABASE`` for a new database with the shipped codes or more codes; remove it at the end."""
    with _sqlite() if kind == "sqlite" else _postgresql() as database:
        run("benchmarks.synthetic", str(codes), database=database)
        yield database


def run(module: str, *arguments: str, database: str, **environment: str) -> str:
    """Run a module in a fresh process on the database, and return its output."""
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        env={**os.environ, "BENCH_DATABASE": database, **environment},
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return done.stdout


def start(module: str, *arguments: str, database: str, **environment: str) -> subprocess.Popen[str]:
    """Start a module in a process with pipes for input and output."""
    return subprocess.Popen(
        [sys.executable, "-u", "-m", module, *arguments],
        env={**os.environ, "BENCH_DATABASE": database, **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


@contextmanager
def _sqlite() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="pts-errors-bench-") as folder:
        yield os.path.join(folder, "bench.sqlite3")


@contextmanager
def _postgresql() -> Iterator[str]:
    name = f"pts_errors_bench_{uuid.uuid4().hex[:8]}"
    with closing(psycopg.connect(dbname="postgres", autocommit=True)) as server:
        server.execute(f"CREATE DATABASE {name}")
        try:
            yield f"postgresql:{name}"
        finally:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")
