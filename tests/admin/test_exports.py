"""The export of the back office: drafts as the files that an import reads."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.test import Client

from pts_errors.exchange import po
from pts_errors.models import Category, ErrorCode, Message, Runbook
from tests.support.admin_pages import LIST, said
from tests.support.factories import UserFactory

pytestmark = pytest.mark.django_db

EXPORT = f"{LIST}export/"


@pytest.fixture
def editor(client: Client) -> Client:
    """A browser in which an editor is logged in, who has edited something of every kind."""
    client.force_login(UserFactory(role="editor"))
    Category.objects.filter(slug="server").update(owner="=1+1")
    ErrorCode.objects.filter(code="8010").update(severity="info")
    Message.objects.filter(error__code="8010", language="en").update(title="Ledger is short")
    Message.objects.filter(error__code="1000", language="fr").update(title="")
    Runbook.objects.filter(error__code="8010").update(impact="```sh\n## Look\n```\n\n## Then\n\n  wait  ")
    return client


def unzipped(response: Any) -> dict[str, bytes]:
    """Return the files of an answer by name."""
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(response.content)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def choose(client: Client, *codes: str) -> Any:
    """Tick codes in the list, and choose the action."""
    keys = ErrorCode.objects.filter(code__in=codes).values_list("pk", flat=True)
    return client.post(LIST, {"action": "export_selected", "_selected_action": list(keys)})


def written(directory: Path, *arguments: str) -> dict[str, bytes]:
    """Return the files that the command writes, by name."""
    call_command("pts_export", str(directory), "--drafts", *arguments, stdout=io.StringIO())
    return {str(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*.*")}


def test_the_list_leads_to_it(editor: Client) -> None:
    """Beside the import, and among the actions."""
    page = editor.get(LIST).content.decode()

    assert f'href="{EXPORT}"' in page
    assert 'value="export_selected"' in page


def test_it_is_what_the_command_writes(editor: Client, tmp_path: Path) -> None:
    """Byte for byte, with the marks of drafts that differ; no cache keeps it."""
    response = editor.get(EXPORT)

    files = unzipped(response)
    assert files == written(tmp_path)
    assert b" draft-" in files["runbooks/8010.md"]
    assert {"private", "no-store"} <= set(response.headers["Cache-Control"].split(", "))
    assert response.headers["Content-Disposition"] == 'attachment; filename="pts-errors-1.zip"'


def test_some_codes_are_exported_alone(editor: Client, tmp_path: Path) -> None:
    """As the command does it."""
    assert unzipped(choose(editor, "8010", "1000")) == written(tmp_path, "8010", "1000")


def test_an_import_of_the_same_files_changes_nothing(editor: Client) -> None:
    """Whatever the drafts hold."""
    files = unzipped(choose(editor, "8010", "1000"))

    response = editor.post(
        f"{LIST}import/",
        {"files": [SimpleUploadedFile(Path(name).name, content) for name, content in files.items()]},
    )

    assert "There is nothing to write." in response.content.decode()
    assert response.context["plan"].changes == ()


@pytest.mark.parametrize(
    ("permissions", "kinds"),
    [
        (["view_errorcode"], {"codes.csv"}),
        (["change_errorcode"], {"codes.csv"}),
        (["view_errorcode", "view_message"], {"codes.csv", "messages"}),
        (["view_errorcode", "change_message"], {"codes.csv", "messages"}),
        (["view_errorcode", "view_category"], {"codes.csv"}),
        (["view_errorcode", "view_runbook"], {"codes.csv", "runbooks"}),
        (["view_errorcode", "change_runbook"], {"codes.csv", "runbooks"}),
        (["view_errorcode", "change_category", "view_runbook"], {"codes.csv", "categories.csv", "runbooks"}),
    ],
    ids=lambda value: "-".join(sorted(value)),
)
def test_it_holds_what_the_user_may_read(client: Client, permissions: list[str], kinds: set[str]) -> None:
    """By the link and by the action."""
    user = UserFactory()
    user.user_permissions.set(Permission.objects.filter(content_type__app_label="pts_errors", codename__in=permissions))
    client.force_login(user)

    for response in (client.get(EXPORT), choose(client, "8010")):
        assert {name.partition("/")[0] for name in unzipped(response)} == kinds


def test_nobody_else_gets_it(client: Client) -> None:
    """Neither strangers nor staff who may not look at codes; and there is nothing to send."""
    assert client.get(EXPORT).status_code == 302
    user = UserFactory()
    user.user_permissions.set(Permission.objects.filter(codename__in=["view_runbook", "view_message"]))
    client.force_login(user)
    assert client.get(EXPORT).status_code == 403
    client.force_login(UserFactory(role="editor"))
    assert client.post(EXPORT).status_code == 405


def test_without_the_library_it_says_what_to_install(editor: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """And goes back to the list."""
    monkeypatch.setattr(po, "polib", None)

    assert "pip install" in said(editor.get(EXPORT, follow=True))
