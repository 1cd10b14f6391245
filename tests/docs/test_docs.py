"""The documentation says what the code does: names, values, examples and the form of the text."""

from __future__ import annotations

import ast
import doctest
import inspect
import re
import runpy
import tomllib
import unittest
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib.auth import get_permission_codename, get_user_model
from django.core.management import load_command_class
from django.core.management.base import BaseCommand
from django.dispatch import Signal
from django.test import override_settings
from django.urls import URLPattern
from rest_framework.serializers import Serializer

from example_project.management.commands import demo
from pts_errors import checks, exceptions, lookup, next_step, publishing, signals, testing
from pts_errors import urls as pages
from pts_errors.api import serializers
from pts_errors.api.urls import app_name, urlpatterns
from pts_errors.conf import Settings, conf
from pts_errors.lint import rules
from pts_errors.templatetags.pts_errors import register
from pts_errors.values import seed
from pts_errors.values.entry import Basis, Outcome, RetryAdvice
from tests.support.paths import ROOT

_DOCS = ROOT / "docs"
_REFERENCE = _DOCS / "reference"
_BLOCK = re.compile(
    r"^(?P<fence> *(?:`{3,}|:{3,}))(?P<kind>[^\n]*)\n(?P<text>.*?)^(?P=fence)$", re.MULTILINE | re.DOTALL
)
_TRANSLATIONS = _DOCS / "translation"


def _pages() -> list[Path]:
    """Return every page, without the built ones, and without the glossaries, which their translators write."""
    pages = [path for path in _DOCS.rglob("*.md") if not path.is_relative_to(_DOCS / "_build")]
    texts = [ROOT / name for name in ("CHANGELOG.md", "CONTRIBUTING.md", "README.md", "SECURITY.md")]
    return sorted([path for path in pages if path.parent != _TRANSLATIONS or path.stem == "index"] + texts)


def _text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def _name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def _blocks(page: Path, *kinds: str) -> list[str]:
    return [block["text"] for block in _BLOCK.finditer(_text(page)) if block["kind"] in kinds]


def _rows(page: Path) -> Iterator[list[str]]:
    """Yield the cells of every row of every table."""
    for line in _text(page).splitlines():
        if line.startswith("| ") and not line.startswith("| ---"):
            yield [cell.strip() for cell in line.strip("| ").split(" | ")]


def _public(module: ModuleType) -> list[str]:
    """Return the dotted names of what a module itself defines for others."""
    members = inspect.getmembers(module, lambda member: inspect.isfunction(member) or inspect.isclass(member))
    return [
        f"{module.__name__}.{name}"
        for name, member in members
        if member.__module__ == module.__name__ and not name.startswith("_")
    ]


_SETTINGS = [name for name, member in vars(Settings).items() if isinstance(member, property)]
_CHECK_IDS = re.findall(r'"([EW][0-9]{3})"|"pts_errors\.([EW][0-9]{3})"', inspect.getsource(checks))
_COMMANDS = sorted(path.stem for path in (ROOT / "pts_errors/management/commands").glob("pts_*.py"))


# ---- names ----


@pytest.mark.parametrize("name", _SETTINGS)
def test_every_setting_has_a_section_with_its_default(name: str) -> None:
    """The section of a setting assigns the very default that the code has."""
    section = re.search(rf"^## PTS_ERRORS_{name}\n(.*?)(?=^## |\Z)", _text(_REFERENCE / "settings.md"), re.M | re.S)
    assert section is not None, f"docs/reference/settings.md has no section PTS_ERRORS_{name}."
    example = re.search(rf"^```python\nPTS_ERRORS_{name} = (.*?)^```$", section[1], re.M | re.S)
    assert example is not None, f"The section PTS_ERRORS_{name} does not assign the default."

    with override_settings():
        delattr(settings, f"PTS_ERRORS_{name}")
        default = getattr(conf, name)

    assert ast.literal_eval(example[1].strip()) == default


def test_no_setting_is_described_that_is_not_there() -> None:
    """A setting that was removed is removed from the page as well."""
    sections = re.findall(r"^## PTS_ERRORS_(\w+)$", _text(_REFERENCE / "settings.md"), re.M)

    assert sorted(sections) == sorted(_SETTINGS)


def test_every_check_is_listed() -> None:
    """Ids in the source and ids on the page are the same."""
    ids = sorted(f"pts_errors.{one or other}" for one, other in _CHECK_IDS)

    listed = sorted(cells[0].strip("`") for cells in _rows(_REFERENCE / "checks.md") if cells[0].startswith("`"))

    assert listed == ids


def test_check_ids_are_unique() -> None:
    """An id is never given to two checks."""
    ids = [one or other for one, other in _CHECK_IDS]

    assert len(ids) == len(set(ids))


def test_every_lint_rule_is_listed_with_its_level() -> None:
    """Rules in the source and rules on the page are the same."""
    listed = {cells[0].strip("`"): cells[1] for cells in _rows(_REFERENCE / "lint.md") if cells[0].startswith("`")}

    assert listed == {id: str(level) for id, level in rules.levels().items()}


@pytest.mark.parametrize("name", _COMMANDS)
def test_every_command_has_a_section(name: str) -> None:
    """The page of commands has a heading for each."""
    assert f"\n## {name}\n" in _text(_REFERENCE / "commands.md")


@pytest.mark.parametrize("name", _COMMANDS)
def test_every_option_of_a_command_is_in_its_section(name: str) -> None:
    """Those of our own; Django's are described by Django."""
    section = re.search(rf"^## {name}\n(.*?)(?=^## |\Z)", _text(_REFERENCE / "commands.md"), re.M | re.S)
    assert section is not None
    command = load_command_class("pts_errors", name)
    stock = set(BaseCommand().create_parser("manage.py", "stock")._option_string_actions)

    options = set(command.create_parser("manage.py", name)._option_string_actions) - stock

    assert set(re.findall(r"`(--[a-z-]+)`", section[1])) >= options
    assert set(re.findall(r"--[a-z][a-z-]*", section[1])) <= options


@pytest.mark.parametrize("name", sorted(register.tags))
def test_every_tag_has_a_section(name: str) -> None:
    """The page of tags has a heading for each."""
    assert f"\n## {name}\n" in _text(_REFERENCE / "tags.md")


def test_every_permission_is_listed() -> None:
    """Django's four of each model, and those of our own."""
    codenames = {
        codename
        for model in apps.get_app_config("pts_errors").get_models()
        if not model._meta.auto_created
        for codename in (
            *(get_permission_codename(action, model._meta) for action in model._meta.default_permissions),
            *(codename for codename, _name in model._meta.permissions),
        )
    }

    missing = {codename for codename in codenames if f"`{codename}`" not in _text(_REFERENCE / "permissions.md")}

    assert not missing


def test_the_roles_are_those_of_the_demo() -> None:
    """Who tries a role in the demo finds what the page says of it."""
    roles: dict[str, set[str]] = {}
    for role, words, *_rest in _rows(_DOCS / "how-to" / "translate-in-the-admin.md"):
        granted = set()
        for action, _space, name in (right.removeprefix("and ").partition(" ") for right in words.split(", ")):
            granted |= roles[name.rpartition(" ")[2]] if action == "those" else {f"{action}_{name}"}
        roles[role] = granted
    del roles["role"]

    codenames = {
        role: {right.replace("error codes", "error code").replace(" ", "") for right in rights}
        for role, rights in roles.items()
    }

    assert codenames == {role: set(rights) for role, rights in demo.ROLES.items()}


def test_every_signal_has_a_section() -> None:
    """The page of signals has a heading for each."""
    names = [name for name, value in vars(signals).items() if isinstance(value, Signal)]

    missing = [name for name in names if f"\n## {name}\n" not in _text(_REFERENCE / "signals.md")]

    assert names
    assert not missing


@pytest.mark.parametrize(
    "name", [name for module in (exceptions, lookup, next_step, publishing, testing) for name in _public(module)]
)
def test_every_public_name_is_in_the_reference(name: str) -> None:
    """The page named as the module documents each of its functions and classes from its docstring."""
    page = _REFERENCE / f"{name.split('.')[1].replace('_', '-')}.md"

    described = re.findall(r"^\.\. auto\w+:: (\S+)$", _text(page), re.M)

    assert name in described, f"{_name(page)} describes {described}."


@pytest.mark.parametrize(
    "name", sorted({f"{app_name}:{pattern.name}" for pattern in urlpatterns if isinstance(pattern, URLPattern)})
)
def test_every_address_of_the_api_is_listed(name: str) -> None:
    """By the name of its URL."""
    assert f"`{name}`" in _text(_REFERENCE / "api.md")


@pytest.mark.parametrize(
    "serializer",
    [
        serializers.ErrorSerializer,
        serializers.CategorySerializer,
        serializers.RunbookSerializer,
        serializers.RevisionDetailSerializer,
    ],
)
def test_every_field_of_the_api_is_listed(serializer: type[Serializer[Any]]) -> None:
    """By name."""
    fields = set(serializer().fields)

    missing = {name for name in fields if f"`{name}`" not in _text(_REFERENCE / "api.md")}

    assert not missing


@pytest.mark.parametrize("name", sorted(f"{pages.app_name}:{pattern.name}" for pattern in pages.urlpatterns))
def test_every_address_of_a_page_is_listed(name: str) -> None:
    """By the name of its URL."""
    assert f"`{name}`" in _text(_REFERENCE / "pages.md")


# ---- values ----


def test_every_outcome_has_a_basis_and_one_sentence_for_it() -> None:
    """What is documented, what is derived, and what is only our reading; the page on decisions shows them."""
    assert {entry.outcome_basis for entry in seed.packaged()} == {"documented", "derived", "assumed"}
    for entry in seed.packaged():
        assert entry.outcome_reason.endswith(".")
        assert ". " not in entry.outcome_reason
    assert "{{ outcomes }}" in _text(_REFERENCE / "decisions.md")


def test_assumed_refusals_are_treated_as_carefully_as_unknown_outcomes() -> None:
    """They are checked first, name no time to wait, and allow no other order id."""
    refused = [e for e in seed.packaged() if e.outcome_basis == Basis.ASSUMED and e.outcome == Outcome.REJECTED]

    assert {"1019", "8001", "8002", "8005", "9000", "9004", "9006"} <= {entry.code for entry in refused}
    assert {entry.retry_advice for entry in refused} == {RetryAdvice.CHECK_STATUS_FIRST}
    assert {entry.retry_after for entry in refused} == {None}


def test_the_table_of_decisions_is_what_is_shipped() -> None:
    """A value that was decided is the value that the packaged catalog has."""
    shipped = {entry.code: entry for entry in seed.packaged()}
    decided = [
        (code, cells[1].strip("`"), cells[2].strip("`"))
        for cells in _rows(_REFERENCE / "decisions.md")
        if len(cells) == 5 and cells[0][0].isdigit() and cells[1].startswith("`")
        for code in cells[0].split(", ")
    ]

    wrong = [
        (code, field, value)
        for code, field, value in decided
        if value != {True: "yes", False: "no"}.get(getattr(shipped[code], field), str(getattr(shipped[code], field)))
    ]

    assert len(decided) > 40
    assert not wrong


def test_every_shipped_language_is_listed_and_has_a_glossary() -> None:
    """The source language needs no glossary of translations."""
    shipped = {language for entry in seed.packaged() for language in entry.messages}

    listed = {cells[1].strip("`") for cells in _rows(_TRANSLATIONS / "index.md") if cells[1].startswith("`")}

    assert listed == shipped
    assert {path.stem for path in _TRANSLATIONS.glob("*.md")} == {*shipped, "index"} - {"en"}


def test_the_picture_of_the_layers_is_the_contract() -> None:
    """The page on architecture draws what import-linter enforces."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    layers = project["tool"]["importlinter"]["contracts"][0]["layers"]

    pictures = _blocks(_DOCS / "explanation" / "architecture.md", "text")

    assert [line.split(" | ") for line in layers] in [
        [re.split(r" +[|│] +", line.strip()) for line in picture.splitlines()] for picture in pictures
    ]


def test_the_tables_of_modules_have_every_module() -> None:
    """Each with the first sentence of its docstring, so that a newcomer can choose the module to open."""
    modules = runpy.run_path(str(_DOCS / "_ext" / "pts_modules.py"))
    package = ROOT / "pts_errors"

    described = dict(modules["descriptions"]())

    assert {name.removesuffix("/") for name in described if name} == {
        path.relative_to(package).with_suffix("").as_posix().removesuffix("/__init__")
        for path in package.rglob("*.py")
        if path.parent != package / "migrations" or path.stem == "__init__"
    } - {"__init__"}
    assert not [name for name, sentence in described.items() if not sentence.endswith(".")]
    tables = modules["tables"]()
    assert all(sentence in tables for sentence in described.values())
    assert "\n{{ modules }}\n" in _text(_DOCS / "explanation" / "architecture.md")


def test_every_screenshot_is_shown() -> None:
    """A picture that no page shows is out of date before long; a page without its picture breaks the build."""
    pictures = {path.name for path in (_DOCS / "screenshots").glob("*.png")}

    shown = {
        name for page in _pages() for name in re.findall(r"\]\((?:\.\./|docs/)?screenshots/([^)]+)\)", _text(page))
    }

    assert shown == pictures


# ---- examples ----


@pytest.mark.parametrize("page", [page for page in _pages() if _blocks(page, "python")], ids=_name)
def test_every_python_example_is_python(page: Path) -> None:
    """What is not executed at least compiles."""
    for example in _blocks(page, "python"):
        compile(inspect.cleandoc(example) if example.startswith(" ") else example, _name(page), "exec")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "page", [page for page in _pages() if _blocks(page, "pycon") and page.parent.name != "tutorial"], ids=_name
)
def test_every_session_answers_as_it_is_written(page: Path) -> None:
    """Each page on its own, on a database as it is after ``migrate``; Mara is the user who publishes."""
    get_user_model().objects.create_user("mara")
    session = doctest.DocTestParser().get_doctest("".join(_blocks(page, "pycon")), {}, _name(page), None, 0)
    failures: list[str] = []

    doctest.DocTestRunner(optionflags=doctest.ELLIPSIS, verbose=False).run(session, out=failures.append)

    assert session.examples
    assert not failures, "".join(failures)


@pytest.mark.django_db(transaction=True)
def test_the_examples_for_host_projects_tests_pass() -> None:
    """The page's classes and functions are run as a host's test runner would run them."""
    page: dict[str, Any] = {"__name__": "page"}
    exec("\n".join(_blocks(_DOCS / "how-to" / "test-your-project.md", "python")), page)
    cases = [
        value
        for value in page.values()
        if inspect.isclass(value) and issubclass(value, unittest.TestCase) and value.__module__ == "page"
    ]
    suite = unittest.TestSuite(unittest.defaultTestLoader.loadTestsFromTestCase(case) for case in cases)
    suite.addTests(unittest.FunctionTestCase(value) for name, value in page.items() if name.startswith("test_"))

    result = suite.run(unittest.TestResult())

    assert result.testsRun == 5
    assert not [*result.failures, *result.errors]


# ---- form ----


@pytest.mark.parametrize("page", _pages(), ids=_name)
def test_a_line_holds_one_sentence(page: Path) -> None:
    """So that a change of one sentence is a change of one line; tables and examples are left out."""
    prose = [line for line in _BLOCK.sub("", _text(page)).splitlines() if not line.startswith(("|", "[", "<!"))]

    several = [
        line for line in prose if re.search(r"[a-z0-9`)*][.!?][”*)]? +[A-Z`*“]", re.sub(r"^[0-9]+\. ", "", line))
    ]
    unfinished = [
        line
        for line in prose
        if line.strip() and not line.startswith("#") and not re.search(r"[.:;!?,][”*)]*$", line) and line[0].isalnum()
    ]

    assert not several
    assert not unfinished
