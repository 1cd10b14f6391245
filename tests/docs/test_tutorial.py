"""The tutorials, done as they are written: every file is made, every step is done, every answer is compared."""

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
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from tests.browser import chromium_path
from tests.support.paths import ROOT

_TUTORIALS = ROOT / "docs" / "tutorial"
_BLOCK = re.compile(r"^```(?P<kind>[^\n]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_CAPTION = re.compile(r":caption: (?P<path>\S+?)(?P<at_end>, at the end)?\n\n(?P<text>.*)", re.DOTALL)
# Longer than a machine that is busy with other tests needs to start a server or to see a publish.
_PATIENCE = 30.0
# A numbered step, with a text below it that is to be typed; or a text that is to be found.
_STEP = re.compile(
    r"^[0-9]+\. (?P<step>.*)$(?:\n\n   ```text\n   (?P<typed>.*)\n   ```)?|^```text\n(?P<found>.*)\n```$", re.M
)


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
        return {**kept, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"}

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


class Visitor:
    """Does the numbered steps of a tutorial in a browser."""

    def __init__(self, page: Page, port: int) -> None:
        """Begin with an empty page."""
        self.page = page
        self.port = port
        page.set_default_timeout(_PATIENCE * 1000)

    def do(self, step: str, typed: str | None) -> None:
        """Do one step; one that is not known here is an error."""
        steps: dict[str, Callable[..., None]] = {
            r"Open <http://127\.0\.0\.1:8000(.*)>\.": self._open,
            r"Log in as `([^`]*)` with the password `([^`]*)`\.": self._log_in,
            r"Type `([^`]*)` beside \*Search\*, and press Enter\.": self._search,
            r"Write into \*([^*]*)\*(?:, below \*([^*]*)\*)?:": lambda *field: self._write(typed, *field),
            r"Write `([^`]*)` into \*([^*]*)\*\.": self._write,
            r"Press \*([^*]*)\*(?:, below \*([^*]*)\*)?(?:, at .*)?\.": self._press,
        }
        ((do, found),) = [(do, found) for form, do in steps.items() if (found := re.fullmatch(form, step))]
        do(*(group for group in found.groups() if group is not None))

    def find(self, text: str) -> None:
        """Wait until the page shows a text."""
        expect(self.page.locator("body")).to_contain_text(text)

    def _open(self, path: str) -> None:
        self.page.goto(f"http://127.0.0.1:{self.port}{path}")

    def _log_in(self, name: str, password: str) -> None:
        self.page.get_by_label("Username").fill(name)
        self.page.get_by_label("Password").fill(password)
        self.page.get_by_role("button", name="Log in").click()

    def _search(self, words: str) -> None:
        self.page.get_by_role("textbox", name="Search").fill(words)
        self.page.keyboard.press("Enter")

    def _write(self, text: str, field: str, language: str = "") -> None:
        self.page.get_by_label(f"{field} ({language})" if language else field, exact=bool(language)).first.fill(text)

    def _press(self, name: str, language: str = "") -> None:
        place = self.page.locator("th, td", has_text=language) if language else self.page
        place.get_by_role("link", name=name).or_(place.get_by_role("button", name=name, exact=True)).first.click()


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


@contextmanager
def demo(database: Path) -> Iterator[int]:
    """Serve the demo on an empty database, and give its port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    served = subprocess.Popen(
        [sys.executable, "manage.py", "demo", f"127.0.0.1:{port}"],
        cwd=ROOT,
        env={
            **os.environ,
            "DEBUG": "1",
            "DEMO_DATABASE": str(database),
            "DJANGO_SETTINGS_MODULE": "example_project.settings",
        },
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 4 * _PATIENCE
        while served.poll() is None and time.monotonic() < deadline:
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            time.sleep(0.1)
        yield port
    finally:
        served.terminate()
        served.wait()


@pytest.mark.host
def test_the_first_page_is_made_as_the_tutorial_says(tmp_path: Path) -> None:
    """From an empty folder to a text that was changed and published while the page was being served."""
    page = (_TUTORIALS / "first-page.md").read_text(encoding="utf-8")

    with reader(tmp_path) as following:
        for block in _BLOCK.finditer(page):
            following.follow(block["kind"], block["text"])

    assert following.servers


@pytest.mark.host
@pytest.mark.browser
def test_the_first_change_is_made_as_the_tutorial_says(tmp_path: Path) -> None:
    """From the demo to a message that was changed, published and translated, in a browser."""
    text = (_TUTORIALS / "first-change.md").read_text(encoding="utf-8")
    steps = list(_STEP.finditer(text))

    with demo(tmp_path / "demo.sqlite3") as port, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=["--no-sandbox", "--disable-gpu"])
        visitor = Visitor(browser.new_page(), port)
        for step in steps:
            if step["step"]:
                visitor.do(step["step"], step["typed"])
            else:
                visitor.find(step["found"])
        browser.close()

    assert "```console\n$ make demo\n```" in text
    assert text.count("```text") == sum(bool(step["typed"] or step["found"]) for step in steps) > 5
