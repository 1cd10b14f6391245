"""Start servers in their own processes, and load them with wrk."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import Message

import psutil

NO_WRK = (
    "wrk is not installed, so the API is not measured over HTTP. Install it: apt-get install wrk, or brew install wrk."
)

# One process with one thread, so that a ratio compares work, not concurrency.
_COMMANDS = {
    "gunicorn": "gunicorn --bind {address} --workers {workers} --worker-class gthread --threads 1 --keep-alive 30 "
    "--log-level warning benchmarks.project.wsgi",
    "granian": "granian --interface wsgi --host {host} --port {port} --workers {workers} --blocking-threads 1 "
    "--log-level warning benchmarks.project.wsgi:application",
}


def has_wrk() -> bool:
    """Return whether wrk is installed."""
    return shutil.which("wrk") is not None


@contextmanager
def serving(server: str, *, workers: int = 1, **environment: str) -> Iterator[tuple[str, psutil.Process]]:
    """Serve the host project; yield its address and the server's main process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        host, port = free.getsockname()
    command = _COMMANDS[server].format(address=f"{host}:{port}", host=host, port=port, workers=workers)
    process = subprocess.Popen(
        [sys.executable, "-m", *command.split()], env={**os.environ, **environment}, start_new_session=True
    )
    try:
        address = f"http://{host}:{port}"
        _wait(address, process)
        yield address, psutil.Process(process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def get(address: str, headers: Mapping[str, str]) -> tuple[int, Message, bytes]:
    """Return status, headers and body, also of errors and 304."""
    try:
        with urllib.request.urlopen(urllib.request.Request(address, headers=dict(headers)), timeout=30) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as answer:
        with answer:
            return answer.code, answer.headers, answer.read()


@dataclass(frozen=True, kw_only=True)
class Load:
    """The result of some seconds of requests."""

    a_second: float
    """Requests answered in a second."""
    a_processor_second: float
    """Requests for each processor second of the server, independent of other load."""


def load(address: str, headers: Mapping[str, str], *, seconds: int, server: psutil.Process) -> Load:
    """Send requests over four persistent connections, one after another on each.

    Raises:
        RuntimeError: a request failed or was answered with an error.
    """
    options = [option for name, value in headers.items() for option in ("-H", f"{name}: {value}")]
    before = _processor_seconds(server)
    done = subprocess.run(
        ["wrk", "-t1", "-c4", f"-d{seconds}s", "--timeout", "20s", *options, address],
        check=True,
        capture_output=True,
        text=True,
    )
    used = _processor_seconds(server) - before
    get(address, headers)  # wait for requests that wrk has abandoned
    if "Non-2xx" in done.stdout or "Socket errors" in done.stdout:
        raise RuntimeError(f"{address} fails under load:\n{done.stdout}")
    (requests,) = re.findall(r"(\d+) requests in", done.stdout)
    (a_second,) = re.findall(r"Requests/sec: +([0-9.]+)", done.stdout)
    return Load(a_second=float(a_second), a_processor_second=int(requests) / used)


def _processor_seconds(server: psutil.Process) -> float:
    times = [process.cpu_times() for process in (server, *server.children(recursive=True))]
    return sum(time.user + time.system for time in times)


def _wait(address: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"The server exited with {process.returncode}.")
        try:
            get(f"{address}/bare/code/", {})
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("The server does not answer.")
