"""Tests of the command ``pts_compile``."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command

from pts_errors.values import seed
from tests.support.catalog_files import write_directory
from tests.support.values import make_entry


def test_it_compiles_a_directory_into_a_fixture(tmp_path, capsys):
    """It says how many codes it wrote."""
    write_directory(tmp_path, [make_entry()])
    file = tmp_path / "catalog.json"

    call_command("pts_compile", tmp_path, file)

    assert seed.read(file.read_text(encoding="utf-8")) == (make_entry(),)
    assert capsys.readouterr().out == f"{file}: 1 codes.\n"


def test_the_source_language_is_that_of_the_settings(tmp_path, settings):
    """A host may compile a catalog of its own that is written in another language."""
    settings.PTS_ERRORS_SOURCE_LANGUAGE = "de"
    entry = make_entry(messages={"de": make_entry().messages["en"]})
    write_directory(tmp_path, [entry], source_language="de")
    file = tmp_path / "catalog.json"

    call_command("pts_compile", tmp_path, file, verbosity=0)

    assert seed.read(file.read_text(encoding="utf-8")) == (entry,)


def test_a_mistake_leaves_the_fixture_alone(tmp_path):
    """Every problem is named, with file and line."""
    file = tmp_path / "catalog.json"
    file.write_text("before", encoding="utf-8")

    with pytest.raises(CommandError, match=r"There is no categories\.csv, codes\.csv"):
        call_command("pts_compile", tmp_path, file)

    assert file.read_text(encoding="utf-8") == "before"
