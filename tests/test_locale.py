"""The words of the screens: every one is translated, and what is shipped is what was translated."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import polib
import pytest

from tests.support.hosts import program
from tests.support.paths import ROOT

_PACKAGE = ROOT / "pts_errors"
_SOURCES = sorted((_PACKAGE / "locale").glob("*/LC_MESSAGES/django.po"))
# The back office is translated into this language alone, so it holds every word of the package.
_COMPLETE = "zh_Hans"


def _words(path: Path) -> set[tuple[str | None, str]]:
    return {(entry.msgctxt, entry.msgid) for entry in polib.pofile(str(path)) if not entry.obsolete}


@pytest.mark.parametrize("path", _SOURCES, ids=lambda path: path.parts[-3])
def test_the_compiled_words_are_the_translated_ones(path):
    """The compiled file is committed, because an installation must not need gettext's tools."""
    source = polib.pofile(str(path))

    compiled = polib.mofile(str(path.with_suffix(".mo")))

    assert not source.untranslated_entries()
    assert not source.fuzzy_entries()
    assert {(entry.msgctxt, entry.msgid): (entry.msgstr, entry.msgstr_plural) for entry in compiled} == {
        (entry.msgctxt, entry.msgid): (entry.msgstr, entry.msgstr_plural) for entry in source.translated_entries()
    }


def test_every_language_has_the_same_words_of_the_pages():
    """A word that is missing in one language would be English among the others."""
    pages = [_words(path) for path in _SOURCES if path.parts[-3] != _COMPLETE]

    assert all(words == pages[0] for words in pages)
    assert pages[0] < _words(_PACKAGE / "locale" / _COMPLETE / "LC_MESSAGES" / "django.po")


def test_every_word_of_the_package_is_translated(tmp_path):
    """Django's own collector finds no word that the complete language lacks, and none that is gone."""
    program("xgettext", "gettext")
    copy = tmp_path / "pts_errors"
    shutil.copytree(_PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    path = Path("locale", _COMPLETE, "LC_MESSAGES", "django.po")

    subprocess.run(
        [sys.executable, "-m", "django", "makemessages", "-v", "0", "-l", _COMPLETE, "--no-obsolete"],
        cwd=copy,
        env={name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"},
        check=True,
    )

    assert _words(copy / path) == _words(_PACKAGE / path)
