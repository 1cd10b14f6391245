"""The README is true: its code runs."""

from __future__ import annotations

import re

import pytest
from django.template import Context, Template

from tests.hosts import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """Return the README's code of one language."""
    return re.findall(rf"^```{re.escape(language)}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


@pytest.mark.django_db
def test_readme_python_runs() -> None:
    """As one program; the first line stands in a settings file."""
    setting, *code = blocks("python")

    namespace: dict[str, object] = {"INSTALLED_APPS": []}
    for block in (setting, *code):
        exec(block, namespace)

    assert namespace["INSTALLED_APPS"] == ["pts_errors"]
    assert str(namespace["error"]).endswith("。")


@pytest.mark.django_db
def test_readme_template_renders() -> None:
    """With the texts that a customer reads."""
    (template,) = blocks("html+django")

    shown = Template(template).render(Context())

    assert shown.count("Your withdrawal wasn&#x27;t made") == 2
    assert "A-1" in shown


@pytest.mark.django_db
def test_readme_address_answers(client: object) -> None:
    """In the language that was asked for."""
    (address,) = re.findall(r"http://127\.0\.0\.1:8000(\S+)", README)

    answer = client.get(address, headers={"accept-language": "ar"})

    assert answer.json()["language"] == "ar"


def test_readme_links_lead_somewhere() -> None:
    """To files of this repository."""
    for target in re.findall(r"\]\((?!http)([^)]+)\)", README):
        assert (ROOT / target).exists(), target
