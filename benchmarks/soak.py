"""Minutes of reads and publishes with a database outage in the middle: `python -m benchmarks.soak 10`.

Five processes serve one PostgreSQL database: gunicorn with four workers, granian with one. Clients constantly read
lists, codes, pages and 304s in all languages, and another process publishes. In the middle the database is killed and
restarted some seconds later. The database is a temporary cluster.

Exits with 1 and the reasons if an answer was an error, a process grew or was replaced, or two processes disagree.
"""

from __future__ import annotations

import argparse
import glob
import hashlib
import http.client
import json
import os
import random
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil

from benchmarks import databases, servers
from benchmarks.measure import report, row

LANGUAGES = ("en", "zh-hans", "zh-hant", "ar", "de", "es", "fil", "fr", "hi", "id", "ja", "ko", "ms", "pt-br", "ru")
CODES = ("1000", "1005", "1006", "4001", "8005", "9999")

_PUBLISH_SECONDS = 3.0
_OUTAGE_SECONDS = 8.0
# Allowed growth of memory from the second quarter to the last, for fluctuations of the allocator.
_GROWTH = 1.05
# A process stops growing after about twenty publishes, so shorter runs say nothing about memory.
_WARM_SECONDS = 300
_CLIENTS = 4
_WORKERS = 4


class Cluster:
    """A temporary PostgreSQL cluster, which can be killed."""

    def __init__(self, folder: Path) -> None:
        # PostgreSQL refuses to run as root, so root gives the folder to the user of its package.
        self._as: dict[str, Any] = {}
        if os.getuid() == 0:
            self._as = {"user": "postgres", "group": "postgres", "extra_groups": []}
            shutil.chown(folder, "postgres", "postgres")
        self.folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = str(free.getsockname()[1])
        self._run("initdb", "-D", str(folder / "data"), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync")
        self.start()

    def start(self) -> None:
        """Start it and wait until it answers, on a socket in its folder only."""
        options = f"-p {self.port} -k {self.folder} -c listen_addresses=''"
        self._run(
            "pg_ctl", "-D", str(self.folder / "data"), "-l", str(self.folder / "log"), "-w", "-o", options, "start"
        )

    def kill(self) -> None:
        """Stop it like a crash, with open connections."""
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-m", "immediate", "stop")

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [_program(program), *arguments], check=True, cwd=self.folder, stdout=subprocess.DEVNULL, **self._as
        )


class Client(threading.Thread):
    """Reads one server without a pause, and records errors."""

    def __init__(self, address: str, seen: dict[tuple[int, str], str], stop: threading.Event) -> None:
        """Take the server, the digests of lists by revision and language, and the stop event."""
        super().__init__()
        self.address = urlsplit(address)
        self.seen = seen
        self.stop = stop
        self.statuses: Counter[int] = Counter()
        self.errors: list[str] = []
        self._revision = 0
        self._etags: dict[tuple[str, str], str] = {}

    def run(self) -> None:
        """Read until stopped. Now and then open a new connection, which may reach another process."""
        connection = http.client.HTTPConnection(str(self.address.netloc), timeout=30)
        while not self.stop.is_set():
            if random.random() < 0.05:
                connection.close()
                self._revision = 0
            path, expected = random.choice(_READS)
            language = random.choice(LANGUAGES)
            try:
                self._read(connection, path, expected, language)
            except (OSError, http.client.HTTPException) as error:
                self.errors.append(f"{path}: {type(error).__name__} {error}")
                connection.close()
        connection.close()

    def _read(self, connection: http.client.HTTPConnection, path: str, expected: int, language: str) -> None:
        headers = {"Accept-Language": language}
        etag = self._etags.get((path, language))
        if etag is not None and random.random() < 0.5:
            headers["If-None-Match"] = etag
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        body = answer.read()
        self.statuses[answer.status] += 1
        if answer.status != expected and not (answer.status == 304 and "If-None-Match" in headers):
            self.errors.append(f"{path}: {answer.status} {body[:200]!r}")
        elif answer.status == 200:
            if answer.headers["ETag"]:
                self._etags[path, language] = answer.headers["ETag"]
            if path == "/api/errors/":
                self._compare(json.loads(body)["revision"], language, hashlib.sha256(body).hexdigest())

    def _compare(self, revision: int, language: str, digest: str) -> None:
        """Check that every process serves a revision alike, and that a connection never sees an older one."""
        if self.seen.setdefault((revision, language), digest) != digest:
            self.errors.append(f"Revision {revision} in {language} differs between processes.")
        if revision < self._revision:
            self.errors.append(f"Revision {revision} was served after {self._revision}.")
        self._revision = revision


# Paths to read, and the expected statuses.
_READS = [
    ("/api/errors/", 200),
    ("/api/errors/?outcome=unknown&search=order", 200),
    ("/api/errors/7777/", 404),
    ("/api/categories/", 200),
    ("/errors/", 200),
    *((f"/api/errors/{code}/", 200) for code in CODES),
    *((f"/errors/{code}/", 200) for code in CODES),
]


def main() -> int:
    """Run for some minutes, and return 0 if nothing was wrong."""
    parser = argparse.ArgumentParser(description="Read, publish and stop the database, for some minutes.")
    parser.add_argument("minutes", type=float, nargs="?", default=10)
    seconds = parser.parse_args().minutes * 60
    with tempfile.TemporaryDirectory(prefix="pts-errors-soak-") as folder, _cluster(Path(folder)) as cluster:
        os.environ |= {"PGHOST": str(cluster.folder), "PGPORT": cluster.port, "PGUSER": "postgres"}
        database = "postgresql:postgres"
        databases.run("benchmarks.synthetic", "0", database=database)
        os.environ["BENCH_DATABASE"] = database
        with ExitStack() as stack:
            gunicorn = stack.enter_context(servers.serving("gunicorn", workers=_WORKERS))
            granian = stack.enter_context(servers.serving("granian"))
            return _soak(seconds, cluster, [gunicorn, granian])


def _soak(seconds: float, cluster: Cluster, serving: list[tuple[str, psutil.Process]]) -> int:
    for address, process in serving:
        _states(address, process)  # warm up every list in every process
    stop = threading.Event()
    seen: dict[tuple[int, str], str] = {}
    clients = [Client(serving[number % len(serving)][0], seen, stop) for number in range(_CLIENTS)]
    publisher = databases.start(
        "benchmarks.news", "keep-publishing", str(_PUBLISH_SECONDS), database=os.environ["BENCH_DATABASE"]
    )
    try:
        for client in clients:
            client.start()
        memory = _watch(seconds, cluster, [process for _address, process in serving])
    finally:
        stop.set()
        for client in clients:
            client.join()
        output, _errors = publisher.communicate("stop\n", timeout=60)
    published, failed = map(int, output.split())
    time.sleep(2)  # the refresh time, and one second for a busy machine
    states = [state for address, process in serving for state in _states(address, process)]
    served = {(state["revision"], state["digest"]) for state in states}
    errors = [error for client in clients for error in client.errors]
    statuses = sum((client.statuses for client in clients), Counter[int]())
    growths = _growths(memory)

    problems = errors[:10]
    problems += [f"Process {process} was replaced." for process, growth in growths.items() if growth is None]
    largest = max(growth or 0 for growth in growths.values())
    if seconds < _WARM_SECONDS:
        print("The run is too short to judge memory.")
    elif largest > _GROWTH:
        problems.append(f"A process has grown: its memory is {largest:.3f} times as large in the last quarter.")
    if len(served) != 1:
        problems.append(f"The processes disagree: {states}")
    if states[0]["revision"] != 1 + published:  # the first is what the package ships
        problems.append(f"{published} times was published, and revision {states[0]['revision']} is served.")
    if not published or not failed:
        problems.append("Nothing was published, or the database was always available.")
    report(
        "soak",
        f"{seconds / 60:g} minutes, with the database away for {_OUTAGE_SECONDS:g} seconds in the middle",
        [
            row("answers", [statuses.total()], ""),
            *(row(f"answers with status {status}", [number], "") for status, number in sorted(statuses.items())),
            row("answers that were an error or not the newest, and refused connections", [len(errors)], "", "≤ 0"),
            row("publishes", [published], ""),
            row("publishes that failed while the database was away", [failed], ""),
            row(f"memory, last quarter / second, of that of {len(growths)} processes which grew most", [largest], "×"),
            row(f"different contents of {len(states)} processes at the end", [len(served)], "", "≤ 1"),
        ],
    )
    print("\n".join(problems) or "Nothing was wrong.")
    return 1 if problems else 0


def _watch(seconds: float, cluster: Cluster, roots: list[psutil.Process]) -> dict[int, list[float]]:
    """Return the megabytes of every server process over time, and interrupt the database in the middle."""
    memory: dict[int, list[float]] = {}
    began = time.monotonic()
    interruption = threading.Timer(seconds / 2, _interrupt, [cluster])
    interruption.start()
    while time.monotonic() < began + seconds:
        for process in (process for root in roots for process in (root, *root.children(recursive=True))):
            memory.setdefault(process.pid, []).append(process.memory_info().rss / 1e6)
        time.sleep(min(1.0, seconds / 100))
    interruption.join()
    return memory


def _interrupt(cluster: Cluster) -> None:
    cluster.kill()
    time.sleep(_OUTAGE_SECONDS)
    cluster.start()


def _growths(memory: dict[int, list[float]]) -> dict[int, float | None]:
    """Return the growth of each process from the second quarter to the last; None if it did not live throughout."""
    longest = max(len(samples) for samples in memory.values())
    growths: dict[int, float | None] = {}
    for process, samples in memory.items():
        quarter = len(samples) // 4
        early, late = statistics.median(samples[quarter : 2 * quarter]), statistics.median(samples[-quarter:])
        print(f"Process {process}: {early:.1f} MB in the second quarter, {late:.1f} MB in the last.")
        growths[process] = late / early if len(samples) == longest else None
    return growths


def _states(address: str, root: psutil.Process) -> list[dict[str, Any]]:
    """Return the state of each process behind an address; every new connection reaches one of them."""
    states: dict[int, dict[str, Any]] = {}
    expected = len(root.children()) or 1
    deadline = time.monotonic() + 60
    while len(states) < expected and time.monotonic() < deadline:
        _status, _headers, body = servers.get(f"{address}/state/", {"Connection": "close"})
        state = json.loads(body)
        states[state["process"]] = state
    if len(states) < expected:
        raise RuntimeError(f"Only {len(states)} of {expected} processes answered.")
    return list(states.values())


@contextmanager
def _cluster(folder: Path) -> Iterator[Cluster]:
    cluster = Cluster(folder)
    try:
        yield cluster
    finally:
        cluster.kill()


def _program(name: str) -> str:
    # Debian has a folder for each version.
    found = shutil.which(name) or max(glob.glob(f"/usr/lib/postgresql/*/bin/{name}"), default="")
    if not found:
        sys.exit(f"{name} is not installed. Install PostgreSQL's server: apt-get install postgresql.")
    return found


if __name__ == "__main__":
    sys.exit(main())
