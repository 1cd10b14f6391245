"""Sphinx's configuration: ``sphinx-build -n -W -b html docs docs/_build/html``."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

import django
from django.conf import settings

_ROOT = Path(__file__).resolve().parent.parent

# The package is documented as it stands beside this file, installed or not.
sys.path[:0] = [str(_ROOT), str(_ROOT / "docs" / "_ext")]

import pts_modules  # noqa: E402 - found on the path that was set above

# The reference is read from docstrings, and the models can only be imported once Django is set up.
settings.configure(INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "pts_errors"])
django.setup()

import pts_catalog  # noqa: E402 - reads words of the app

_PROJECT = tomllib.loads((_ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

project = _PROJECT["name"]
release = version = _PROJECT["version"]
copyright = "the django-pts-errors contributors"

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "pts_catalog"]
exclude_patterns = ["_build"]

myst_enable_extensions = ["colon_fence", "substitution"]
myst_substitutions = {"modules": pts_modules.tables(), "outcomes": pts_catalog.outcomes()}
myst_heading_anchors = 3

# Docstrings write names in single backticks, as they would in Markdown.
default_role = "code"
add_module_names = False
autodoc_member_order = "bysource"
# Types of Django and of the standard library have pages elsewhere, and a build needs no network.
nitpick_ignore_regex = [("py:.*", r"(?!pts_errors\.).*")]

html_theme = "furo"
html_title = f"{project} {release}"
