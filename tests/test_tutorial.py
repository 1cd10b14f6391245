"""The tutorial, done as it is written: every file is made, every command is run, every answer is compared."""

from __future__ import annotations

import doctest
import os
import re
import shlex
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

_ROOT = Path(__file__).resolve().parent.parent
_BLOCK = re.compile(r"^```(?P<kind>[^\n]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_CAPTION = re.compile(r":caption: (?P<path>\S+?)(?P<at_end>, at the end)?\n\n(?P<text>.*)", re.DOTALL)
# Longer than a machine that is busy with other tests needs to start a server or to see a publish.
_PATIENCE = 30.0


class Reader:
    """Does what the tutorial says, in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        """Begin in an empty folder."""
        self.folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.servers: list[subprocess.Popen[bytes]] = []

    def follow(self, kind: str, text: str) -> None:
        """Do what one block says; a kind of block that is not known here is an error."""
        if kind.startswith("{code-block}"):
            self._write(text)
        else:
            {"pycon": self._type, "console": self._run_all}[kind](text)

    def _write(self, text: str) -> None:
        found = _CAPTION.match(text)
        assert found is not None, f"This block has no caption that names its file:\n{text}"
        path = self.folder / found["path"]
        path.parent.mkdir(parents=True, exist_ok=True)
        before = path.read_text(encoding="utf-8") + "\n" if found["at_end"] else ""
        path.write_text(before + found["text"], encoding="utf-8")

    def _type(self, text: str) -> None:
        """Run lines of a Python shell in ``manage.py shell``, and have each answer compared."""
        program = f"import doctest\ndoctest.run_docstring_examples({text!r}, {{}})\n"
        answer = self._python("manage.py", "shell", "-v", "0", given=program)
        assert not answer, answer

    def _run_all(self, text: str) -> None:
        for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
            command, _newline, expected = part.partition("\n")
            self._run(shlex.split(command), expected)

    def _run(self, words: list[str], expected: str) -> None:
        match words:
            case ["mkdir", name]:
                (self.folder / name).mkdir()
            case ["cd", name]:
                self.folder = self.folder / name
            case ["python", "-m", "venv", _] | ["source", _] | ["python", "-m", "pip", *_]:
                pass  # the environment of these tests stands for the new one: tests use no network
            case ["python", "manage.py", "runserver"]:
                self._serve()
            case ["python", *arguments]:
                _compare(self._python(*arguments), expected)
            case ["curl", *options, address]:
                self._get(options, address, expected)
            case _:  # pragma: no cover  # for whoever changes the tutorial
                raise AssertionError(f"The tutorial runs {words}, and this test cannot.")

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
        return {**kept, "PYTHONPATH": str(_ROOT), "PYTHONUTF8": "1"}

    def _python(self, *arguments: str, given: str = "") -> str:
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=self.folder,
            env=self._environment(),
            input=given,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def _serve(self) -> None:
        command = [sys.executable, "manage.py", "runserver", "--noreload", str(self.port)]
        self.servers.append(
            subprocess.Popen(
                command,
                cwd=self.folder,
                env=self._environment(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        )

    def _get(self, options: list[str], address: str, expected: str) -> None:
        """Ask until the answer is the one that is expected: the server starts, and a publish takes a moment."""
        headers = dict(header.split(": ") for flag, header in zip(options[::2], options[1::2], strict=True))
        request = urllib.request.Request(address.replace(":8000", f":{self.port}"), headers=headers)
        answer, deadline = "", time.monotonic() + _PATIENCE
        while time.monotonic() < deadline and not _fits(answer, expected):
            try:
                with urllib.request.urlopen(request, timeout=_PATIENCE) as response:
                    answer = response.read().decode()
            except OSError as error:
                answer = str(error)
        _compare(answer, expected)


@contextmanager
def reader(folder: Path) -> Iterator[Reader]:
    """Give a reader who stops every server in the end."""
    following = Reader(folder)
    try:
        yield following
    finally:
        for server in following.servers:
            server.terminate()
            server.wait()


def _fits(answer: str, expected: str) -> bool:
    return doctest.OutputChecker().check_output(expected, answer, doctest.ELLIPSIS)


def _compare(answer: str, expected: str) -> None:
    assert not expected or _fits(answer, expected), f"Expected:\n{expected}\nGot:\n{answer}"


@pytest.mark.host
def test_the_tutorial_does_what_it_says(tmp_path: Path) -> None:
    """From an empty folder to a text that was changed and published while the page was being served."""
    page = (_ROOT / "docs" / "tutorial" / "first-page.md").read_text(encoding="utf-8")

    with reader(tmp_path) as following:
        for block in _BLOCK.finditer(page):
            following.follow(block["kind"], block["text"])

    assert following.servers
