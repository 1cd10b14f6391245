"""The README is true: its commands are there, its code runs, its links lead somewhere, and it is short."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from html import unescape
from pathlib import Path

import pytest
from django.template import Context, Template

from tests.support.paths import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
_SETTINGS = "# settings.py\n"
_URLS = "# urls.py\n"


def blocks(language: str) -> list[str]:
    """Return the README's code of one language."""
    return re.findall(rf"^```{re.escape(language)}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def commands() -> list[str]:
    """Return the lines that are typed into a terminal."""
    return "".join(blocks("console")).splitlines()


def code(first_line: str = "") -> str:
    """Return the Python code that begins with a line, or the one that belongs into no file."""
    (found,) = [
        block
        for block in blocks("python")
        if (block.startswith(first_line) if first_line else not block.startswith("#"))
    ]
    return found


def test_the_readme_fits_on_one_screen() -> None:
    """A tall one: everything else is in the documentation. The table of measurements is written by the benchmarks."""
    lines = re.sub(r"<!-- benchmarks -->.*<!-- end of benchmarks -->", "", README, flags=re.DOTALL).splitlines()

    assert len(lines) <= 90
    assert max(len(line) for line in lines) <= 200


def test_its_commands_are_those_that_are_tried_here() -> None:
    """A new one needs a test of its own."""
    assert commands() == [
        "make demo",
        "make test",
        "python -m pip install ../django-pts-errors",
        "python manage.py migrate",
        "curl -H 'Accept-Language: ar' http://127.0.0.1:8000/api/errors/1005/",
    ]


@pytest.mark.parametrize(("target", "runs"), [("demo", "manage.py demo 127.0.0.1:8000"), ("test", "-m pytest")])
def test_make_knows_the_command(target: str, runs: str) -> None:
    """What each target runs is tested elsewhere; what it would run is printed here."""
    done = subprocess.run(["make", "-n", target], cwd=ROOT, capture_output=True, text=True, check=True)

    assert runs in done.stdout


@pytest.mark.django_db
def test_the_template_shows_what_a_customer_reads() -> None:
    """With the reference that the host gives."""
    (template,) = blocks("html+django")

    shown = unescape(Template(template).render(Context()))

    assert "Your withdrawal wasn't made" in shown
    assert "A-1" in shown


@pytest.mark.django_db
def test_the_exception_is_raised_and_explained(capsys: pytest.CaptureFixture[str]) -> None:
    """The comments behind the lines say what is printed."""
    exec(code(), {})

    assert capsys.readouterr().out.splitlines() == re.findall(r"\)  # (.*)$", code(), re.MULTILINE)


@pytest.mark.host
def test_a_new_project_needs_nothing_else(tmp_path: Path) -> None:
    """The lines for two files and the command, in a project as Django makes it; then the address answers."""
    (call,) = [line for line in commands() if line.startswith("curl")]
    header, address = re.fullmatch(r"curl -H '(.*)' http://127\.0\.0\.1:8000(.*)", call).groups()  # type: ignore[union-attr]

    def python(*arguments: str) -> str:
        environment = {"PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"}
        return subprocess.run(
            [sys.executable, *arguments], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
        ).stdout

    python("-m", "django", "startproject", "shop", ".")
    for name, first_line in (("settings", _SETTINGS), ("urls", _URLS)):
        with (tmp_path / "shop" / f"{name}.py").open("a", encoding="utf-8") as file:
            file.write(code(first_line))
    python("manage.py", "migrate")
    name, value = header.split(": ")
    asked = f"Client(SERVER_NAME='127.0.0.1').get({address!r}, headers={{{name!r}: {value!r}}}).content.decode()"
    answer = python("manage.py", "shell", "-v", "0", "-c", f"from django.test import Client; print({asked})")

    assert json.loads(answer)["language"] == "ar"
    assert json.loads(answer)["code"] == "1005"


def test_the_links_lead_somewhere() -> None:
    """To files of this repository."""
    targets = re.findall(r"\]\((?!http)([^)]+)\)", README)

    assert targets
    assert [target for target in targets if not (ROOT / target).exists()] == []


def test_the_versions_are_those_that_are_tested() -> None:
    """As the package's metadata says them."""
    names = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["classifiers"]
    pythons = [name.rpartition(" ")[2] for name in names if re.fullmatch(r".*Python :: 3\.[0-9]+", name)]
    djangos = [name.rpartition(" ")[2] for name in names if re.fullmatch(r".*Django :: [0-9.]+", name)]

    assert f"Python {pythons[0]} to {pythons[-1]} and Django {djangos[0]} LTS to {djangos[-1]}" in README
