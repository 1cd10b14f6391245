"""The import screen: what files would change, the conflicts to decide, and what is written."""

from __future__ import annotations

import base64
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.contrib.admin.models import LogEntry
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pts_errors.exchange import folder
from pts_errors.models import Category, ErrorCode, Head, Message, Revision, Runbook
from tests.commands.test_pts_import import HEADER, HOSTILE, REJECTED, ROW
from tests.exchange.test_folder import FILES, MISTAKES, NO_TEXTS, SPOILED, TWO_CODES
from tests.exchange.test_gettext import REFUSED, SOUP, UTF8
from tests.support.admin_pages import LIST, code_url, fields, said, send
from tests.support.factories import GroupFactory, UserFactory

pytestmark = pytest.mark.django_db

IMPORT = f"{LIST}import/"
OLD, NEW = 'msgstr "Requête acceptée"', 'msgstr "Requête reçue"'


def changed(path: Path, *replacements: tuple[str, str]) -> SimpleUploadedFile:
    """Return an exported file with texts replaced, which must be there."""
    text = path.read_text(encoding="utf-8")
    for old, new in replacements:
        assert old in text
        text = text.replace(old, new, 1)
    return SimpleUploadedFile(path.name, text.encode())


def upload(client: Client, *files: SimpleUploadedFile) -> Any:
    """Send files."""
    return client.post(IMPORT, {"files": list(files)})


def title() -> str:
    """Return the title that the tests' file changes."""
    return Message.objects.get(error__code="1000", language="fr").title


def set_title(value: str) -> None:
    """Change the title that the tests' file changes."""
    Message.objects.filter(error__code="1000", language="fr").update(title=value)


def test_the_list_leads_to_the_screen(editor):
    """Which asks for files."""
    assert f'href="{IMPORT}"' in editor.get(LIST).content.decode()
    assert 'type="file"' in editor.get(IMPORT).content.decode()


def test_a_file_is_shown_before_anything_is_written(editor, exported):
    """Word by word, with its place."""
    response = upload(editor, changed(exported / "messages/fr.po", (OLD, NEW)))

    text = response.content.decode()
    assert "<ins>" in text
    assert "messages/fr.po:11" in text
    assert "values in the files are unchanged" in text
    assert [(status, len(rows)) for status, _title, rows in response.context["sections"]] == [("changed", 1)]
    assert title() == "Requête acceptée"


def test_what_was_shown_is_written_into_the_drafts(editor, exported):
    """And not published. The log of the admin has it."""
    shown = upload(editor, changed(exported / "messages/fr.po", (OLD, NEW)))

    response = editor.post(IMPORT, fields(shown), follow=True)

    assert "Imported the files into the draft of 1 code." in said(response)
    assert title() == "Requête reçue"
    assert Head.objects.get().number == 1
    assert LogEntry.objects.get().user.username == "edda"


def test_files_of_every_kind_come_together(editor, exported):
    """Codes, categories, texts and runbooks."""
    impact = Runbook.objects.get(error__code="8010").impact.splitlines()[0]

    shown = upload(
        editor,
        changed(exported / "codes.csv", ("1000,", "7070,")),
        changed(exported / "categories.csv", (Category.objects.get(slug="upstream").owner, "The night shift")),
        changed(exported / "messages/fr.po", (OLD, NEW)),
        changed(exported / "runbooks/8010.md", (impact, "Everybody waits.")),
    )

    blocks = {row["change"].record.block for _status, _title, rows in shown.context["sections"] for row in rows}
    assert blocks == {"category", "code", "fr", "runbook"}


@pytest.mark.parametrize(("choice", "expected"), [("ours", "Reçu"), ("theirs", "Requête reçue")])
def test_a_conflict_is_decided_on_the_screen(editor, exported, choice, expected):
    """Ours stays unless somebody takes theirs."""
    set_title("Reçu")
    shown = upload(editor, changed(exported / "messages/fr.po", (OLD, NEW)))
    data = fields(shown)

    editor.post(IMPORT, {**data, "choice-0": choice})

    assert data["choice-0"] == ["ours"]
    assert title() == expected


def test_a_conflict_that_breaks_a_rule_is_told(editor, exported):
    """The choice was taken, and the value was not."""
    set_title("Reçu")
    shown = upload(editor, changed(exported / "messages/fr.po", (OLD, f'msgstr "{"x" * 121}"')))

    response = editor.post(IMPORT, {**fields(shown), "choice-0": "theirs"}, follow=True)

    assert "messages/fr.po:11: " in said(response)
    assert "There is nothing to write." in said(response)
    assert title() == "Reçu"


def test_what_breaks_a_rule_is_rejected_with_a_reason(editor, exported):
    """There is no button, as there is nothing else."""
    response = upload(editor, changed(exported / "messages/fr.po", (OLD, f'msgstr "{"x" * 121}"')))

    text = response.content.decode()
    assert [status for status, _title, _rows in response.context["sections"]] == ["rejected"]
    assert "at most 120 characters" in text
    assert "Apply to drafts" not in text


def test_what_is_rejected_keeps_nothing_else_back(editor, exported):
    """Its reason was on the screen, and is not told again."""
    long = (Message.objects.get(error__code="1001", language="fr").title, "x" * 121)
    shown = upload(editor, changed(exported / "messages/fr.po", (OLD, NEW), long))

    response = editor.post(IMPORT, fields(shown), follow=True)

    assert said(response) == "Imported the files into the draft of 1 code. Check it, then publish it."
    assert title() == "Requête reçue"


def test_a_translation_that_is_only_confirmed_says_so(editor, exported):
    """Its text is the same, its source is not."""
    Message.objects.filter(error__code="1000", language="fr").update(source_text={"title": "Something else"})

    file = changed(exported / "messages/fr.po", ('"X-PTS-Revision: 1\\n"\n', ""))
    text = upload(editor, file).content.decode()

    assert "Confirmed against the source text." in text


def test_an_earlier_value_in_a_file_without_its_mark_is_decided(editor, exported):
    """A tool dropped the header: the newer text stays unless somebody takes the other."""
    Message.objects.filter(error__code="1000", language="fr").update(title="Reçu")
    file = exported / "messages/fr.po"
    shown = upload(editor, changed(file, ('"X-PTS-Revision: 1\\n"\n', "")))

    assert "This value was published earlier and replaced since." in shown.content.decode()
    editor.post(IMPORT, fields(shown))
    assert title() == "Reçu"
    editor.post(IMPORT, {**fields(shown), "choice-0": "theirs"})
    assert title() == "Requête acceptée"


def test_a_file_that_a_browser_renamed_is_read(editor, exported):
    """And not beside the one whose copy it is."""
    content = (exported / "messages/fr.po").read_bytes().replace(OLD.encode(), NEW.encode())

    shown = upload(editor, SimpleUploadedFile("fr (1).po", content))
    both = upload(editor, SimpleUploadedFile("fr.po", content), SimpleUploadedFile("fr (1).po", content))

    assert "messages/fr (1).po:11" in shown.content.decode()
    assert "fr (1).po:1: This is a second messages/fr.po, next to fr.po. Import only one of them." in (
        both.content.decode()
    )


def test_a_file_as_it_was_exported_changes_nothing(editor, exported):
    """The page says so."""
    text = upload(editor, changed(exported / "messages/fr.po")).content.decode()

    assert "There is nothing to write." in text
    assert "Apply to drafts" not in text


def test_drafts_that_changed_meanwhile_are_shown_anew(editor, exported):
    """What was shown is what is written, or nothing is."""
    shown = upload(editor, changed(exported / "messages/fr.po", (OLD, NEW)))
    set_title("Reçu")

    response = editor.post(IMPORT, fields(shown))

    assert "the drafts have changed in the meantime" in said(response)
    assert [status for status, _title, _rows in response.context["sections"]] == ["conflict"]
    assert title() == "Reçu"


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("fr.po", b"nonsense", "messages/fr.po:1: "),
        ("codes.csv", b"\xff\xfe\x00", "codes.csv:1: "),
        ("evil.exe", b"MZ", "This is not a catalog file name"),
        ("fr.po", b"x" * 5_000_001, "larger than 5 MB"),
    ],
)
def test_what_cannot_be_read_is_named_with_file_and_line(editor, name, content, expected):
    """Nothing is written."""
    response = upload(editor, SimpleUploadedFile(name, content))

    assert response.status_code == 200
    assert expected in response.content.decode()


def test_no_file_and_two_of_one_name_are_refused(editor, exported):
    """Which of them would it be?"""
    file = exported / "messages/fr.po"

    assert "Choose at least one file." in upload(editor).content.decode()
    assert "Several files have this name." in upload(editor, changed(file), changed(file)).content.decode()


def too_much(exported):
    """Return the files of two uploads that no page can show: one of many changes, and one that does not get smaller."""
    paths = sorted((exported / "messages").glob("[f-r]*.po"))
    texts = [re.sub(r'^msgstr "(?=[^"])', 'msgstr "X', path.read_text(encoding="utf-8"), flags=re.M) for path in paths]
    noise = base64.encodebytes(random.Random(1).randbytes(2_000_000)).decode().replace("\n", "\n# ")
    large = (exported / "messages/fr.po").read_text(encoding="utf-8")
    return [
        [SimpleUploadedFile(path.name, text.encode()) for path, text in zip(paths, texts, strict=True)],
        [SimpleUploadedFile("fr.po", f"# {noise}\n{large}".encode())],
    ]


def test_more_than_fits_a_page_is_refused(editor, exported):
    """With what to do instead."""
    many, large = [upload(editor, *files).content.decode() for files in too_much(exported)]

    assert re.search(r"differ from the drafts in \d{3,} values. Import fewer files at once, or run pts_import", many)
    assert "too large for one page. Import fewer files at once, or run pts_import" in large


def test_an_old_upload_is_refused(editor, exported):
    """After an hour nobody knows what was on the screen."""
    data = fields(upload(editor, changed(exported / "messages/fr.po", (OLD, NEW))))

    with time_machine.travel(timezone.now() + timezone.timedelta(minutes=61), tick=False):
        response = editor.post(IMPORT, data)

    assert "Upload them again." in response.content.decode()
    assert title() == "Requête acceptée"


@pytest.mark.parametrize("signed", ["", "nonsense", "a:b:c"])
def test_a_forged_upload_is_refused(editor, signed):
    """Only what this page made is read."""
    assert "Upload them again." in editor.post(IMPORT, {"signed": signed}).content.decode()


def test_an_upload_is_of_one_user(editor, exported):
    """What one was shown, another has not seen."""
    data = fields(upload(editor, changed(exported / "messages/fr.po", (OLD, NEW))))
    editor.force_login(UserFactory(role="editor"))

    assert "Upload them again." in editor.post(IMPORT, data).content.decode()


@pytest.mark.parametrize("role", ["reader", "translator"])
def test_who_may_not_change_everything_does_not_import(client, role):
    """Neither sees the link nor comes in."""
    client.force_login(UserFactory(role=role))

    assert IMPORT not in client.get(LIST).content.decode()
    assert client.get(IMPORT).status_code == 403
    assert client.post(IMPORT, {"signed": "x"}).status_code == 403


def test_files_change_nothing_that_forms_would_refuse(client, exported):
    """A publisher changes no categories and adds no codes."""
    client.force_login(UserFactory(role="publisher"))
    owner = Category.objects.get(slug="upstream").owner
    row = next(line for line in (exported / "codes.csv").read_text("utf-8").splitlines() if line.startswith("1000,"))
    name = ErrorCode.objects.get(code="1000").name
    new = row.replace("1000,", "7070,", 1).replace(name, "BRAND_NEW", 1)

    categories = upload(client, changed(exported / "categories.csv", (owner, "The night shift")))
    codes = upload(client, changed(exported / "codes.csv", (row, f"{row}\r\n{new}")))

    assert "You may not change categories." in categories.content.decode()
    assert "You may not add codes." in codes.content.decode()


def test_a_language_of_somebody_else_is_not_imported(client, exported):
    """A group may narrow translating to some languages."""
    user = UserFactory()
    user.groups.add(GroupFactory(role="publisher", limit=["fil"]))
    client.force_login(user)

    text = upload(client, changed(exported / "messages/fr.po", (OLD, NEW))).content.decode()

    assert "messages/fr.po:11: You may not change texts in this language." in text


def test_an_import_leads_to_the_publish_of_its_own_codes(client, exported):
    """So that its note lands on no code that it did not touch; and what is published then is imported."""
    client.force_login(UserFactory(username="pia", role="publisher"))
    Message.objects.filter(error__code="1007", language="en").update(title="By hand")
    shown = upload(client, changed(exported / "messages/fr.po", (OLD, NEW)))

    page = client.post(IMPORT, fields(shown), follow=True)
    client.post(page.redirect_chain[-1][0], {**fields(page), "note": "The new glossary."})

    revisions = Revision.objects.filter(number=2).values_list("error__code", "origin", "author_name", "note")
    assert list(revisions) == [("1000", "imported", "pia", "The new glossary.")]


def test_what_was_edited_after_an_import_is_published_as_edited(client, exported):
    """In the form of the code, by hand."""
    client.force_login(UserFactory(username="pia", role="publisher"))
    shown = upload(client, changed(exported / "messages/fr.po", (OLD, NEW)))
    client.post(IMPORT, fields(shown))

    send(client, code_url("1000"), {"severity": "critical"}, button="publish")

    assert Revision.objects.get(number=2).origin == "edited"


def test_an_imported_category_says_who_imported_it(admin_client, exported):
    """In its own history."""
    category = Category.objects.get(slug="upstream")
    shown = upload(admin_client, changed(exported / "categories.csv", (category.owner, "The night shift")))
    admin_client.post(IMPORT, fields(shown))

    history = admin_client.get(f"/admin/pts_errors/category/{category.pk}/history/").content.decode()

    assert "Imported from files." in history


# ---- in the language of the page ----


@pytest.fixture
def chinese() -> Client:
    """A browser in which an editor reads Chinese."""
    client = Client(headers={"accept-language": "zh-hans"})
    client.force_login(UserFactory(role="editor"))
    return client


def refused_files() -> Iterator[tuple[str, bytes]]:
    """Yield name and content of every file that any test of reading files spoils."""
    whole = dict(folder.write(TWO_CODES))
    for file, old, new, _expected in MISTAKES:
        yield file, whole[file].replace(old, new, 1).encode()
    for change, _expected in SPOILED:
        yield "codes.csv", change(whole["codes.csv"]).encode()
    for content, _expected in NO_TEXTS:
        yield from ((file, content) for file in FILES)
    for name, content, _expected in HOSTILE:
        yield name, content
    for text, _expected in REFUSED:
        yield "fr.po", text.encode()
    yield "codes.csv", (HEADER + ROW * 102).encode()
    rows = (f"{ROW[:-1]},{n}\n".replace("1007", f"{1000 + n}").replace("INSUFFICIENT", f"N{n}") for n in range(21))
    yield "codes.csv", (HEADER[:-1] + ",revision\n" + "".join(rows)).encode()


def told(response: Any) -> list[str]:
    """Return what the page says is wrong, without the place."""
    rows = [row for _status, _title, rows in response.context.get("sections", ()) for row in rows]
    reasons = [row["change"].reason for row in rows if row["change"].reason]
    return [re.sub(r"\A[^:]*:\d+: ", "", text) for text in (*response.context["problems"], *reasons)]


def is_chinese(text: str) -> bool:
    """Return whether a text is Chinese, and no two words of another language stand together but in quotes."""
    unquoted = re.sub(r"""“[^”]*”|'[^']*'|"[^"]*\"""", "", text)
    return re.search(r"[\u4e00-\u9fff]", unquoted) is not None and not re.search(r"[a-z]{2,} [a-z]{2,}", unquoted, re.I)


BAD_FILES = list(refused_files())


@pytest.mark.parametrize(("name", "content"), BAD_FILES, ids=[f"{n} {name}" for n, (name, _) in enumerate(BAD_FILES)])
def test_what_is_wrong_with_a_file_is_said_in_the_language_of_the_page(chinese, name, content):
    """Whatever is wrong with it: only names, codes and what is quoted stay as they are."""
    response = upload(chinese, SimpleUploadedFile(Path(name).name, content))

    assert response.context["problems"]
    assert [text for text in told(response) if not is_chinese(text)] == []


@given(
    st.tuples(st.just("fr.po"), SOUP.map(lambda soup: (UTF8 + soup).encode()))
    | st.tuples(st.sampled_from(["codes.csv", "categories.csv", "1007.md", "fr.po"]), st.binary(max_size=200))
)
@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])  # nothing is written
def test_any_file_is_answered_in_the_language_of_the_page(chinese, file):
    """Whatever stands in it, and whatever is quoted of it."""
    response = upload(chinese, SimpleUploadedFile(*file))

    assert [text for text in told(response) if not is_chinese(text)] == []


@pytest.mark.parametrize(("file", "old", "new", "_expected"), REJECTED)
def test_what_is_rejected_is_said_in_the_language_of_the_page(chinese, exported, file, old, new, _expected):
    """By a rule on texts, by a column, or because the value is locked."""
    reasons = told(upload(chinese, changed(exported / file, (old, new))))

    assert reasons
    assert [text for text in reasons if not is_chinese(text)] == []


def test_what_a_user_may_not_do_is_said_in_the_language_of_the_page(chinese, exported):
    """As is all that the page itself refuses."""
    file = exported / "messages/fr.po"
    row = next(line for line in (exported / "codes.csv").read_text("utf-8").splitlines() if line.startswith("1000,"))
    name = ErrorCode.objects.get(code="1000").name
    new = row.replace("1000,", "7070,", 1).replace(name, "BRAND_NEW", 1)
    limited = UserFactory()
    limited.groups.add(GroupFactory(role="publisher", limit=["fil"]))
    answers = [
        upload(chinese),
        upload(chinese, changed(file), changed(file)),
        upload(chinese, changed(file), changed(file, (OLD, NEW))),
        upload(chinese, SimpleUploadedFile("fr.po", changed(file).read()), SimpleUploadedFile("fr (1).po", b"")),
        upload(chinese, SimpleUploadedFile("fr.po", b"x" * 5_000_001)),
        chinese.post(IMPORT, {"signed": "x"}),
    ]
    chinese.force_login(limited)
    answers += [
        upload(chinese, changed(file, (OLD, NEW))),
        upload(chinese, changed(exported / "categories.csv", ("Transaction Error", "Other"))),
        upload(chinese, changed(exported / "codes.csv", (row, f"{row}\r\n{new}"))),
    ]
    chinese.force_login(UserFactory(role="editor"))
    answers += [upload(chinese, *files) for files in too_much(exported)]

    assert all(told(response) for response in answers)
    assert [text for response in answers for text in told(response) if not is_chinese(text)] == []
