"""Tests of PO files against the tools that translators use: every shipped and exported one opens without complaint."""

from __future__ import annotations

import io
import shutil
import string
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polib
import pytest
from django.core.management import call_command
from hypothesis import given, settings
from hypothesis import strategies as st

from pts_errors.exchange import folder
from pts_errors.exchange.baselines import Baselines
from pts_errors.exchange.plan import State, compare, merge
from pts_errors.models import Message as Row
from pts_errors.values.entry import MESSAGE_FIELDS, Category, Entry, Message, Outcome, Runbook
from tests.support.paths import FIXTURES

POFILTER = Path(sys.executable).with_name("pofilter")


@pytest.fixture
def exported(tmp_path: Path) -> Path:
    """Return an export of drafts with a fuzzy text, a missing one and one with everything that PO escapes."""
    Row.objects.filter(error__code="1000", language="en").update(title="Request taken")
    Row.objects.filter(error__code="1001", language="fr").update(title="")
    Row.objects.filter(error__code="1002", language="fr").update(title='\\ "x"\tc’est\nça — %s {brand} =1+1')
    call_command("pts_export", str(tmp_path), "--drafts", stdout=io.StringIO())
    return tmp_path


def po_files(directory: Path) -> list[Path]:
    """Return the PO files, of which there must be some."""
    paths = sorted(directory.glob("messages/*.po"))
    assert len(paths) == 17
    return paths


def directory_of(request: pytest.FixtureRequest, kind: str) -> Path:
    """Return the shipped files, or a fresh export."""
    return FIXTURES if kind == "shipped" else request.getfixturevalue("exported")


both = pytest.mark.parametrize("kind", ["shipped", "exported"])


@pytest.mark.django_db
@both
def test_polib_reads_every_file(request: pytest.FixtureRequest, kind: str) -> None:
    """Nothing is there twice, and a tool that opens and saves it changes nothing but the wrapping of lines."""
    for path in po_files(directory_of(request, kind)):
        file = polib.pofile(str(path), check_for_duplicates=True, wrapwidth=0)

        assert str(file).rstrip("\n") + "\n" == path.read_text(encoding="utf-8")


@pytest.mark.skipif(shutil.which("msgfmt") is None, reason="msgfmt of gettext is not installed")
@pytest.mark.django_db
@both
def test_msgfmt_compiles_every_file(request: pytest.FixtureRequest, kind: str) -> None:
    """With all its checks."""
    for path in po_files(directory_of(request, kind)):
        done = subprocess.run(["msgfmt", "-c", "-o", "/dev/null", path], capture_output=True, text=True)

        assert (path.name, done.returncode) == (path.name, 0), done.stderr


@pytest.mark.django_db
@both
def test_babel_reads_the_same(request: pytest.FixtureRequest, kind: str) -> None:
    """Weblate's and many sites' parser for compiling."""
    pofile = pytest.importorskip("babel.messages.pofile", reason="Babel is not installed")

    for path in po_files(directory_of(request, kind)):
        with path.open("rb") as file:
            catalog = pofile.read_po(file, abort_invalid=True)

        units = {(unit.context, unit.id): unit.string for unit in catalog if unit.id}
        expected = {(unit.msgctxt, unit.msgid): unit.msgstr for unit in polib.pofile(str(path))}
        assert units == expected


@pytest.mark.skipif(not POFILTER.exists(), reason="pofilter of translate-toolkit is not installed")
@pytest.mark.django_db
@both
def test_translate_toolkit_reads_every_file(request: pytest.FixtureRequest, kind: str, tmp_path: Path) -> None:
    """It is what Weblate and Pootle are built on."""
    directory = directory_of(request, kind) / "messages"
    out = tmp_path / "found"

    done = subprocess.run(
        [POFILTER, "--progress=none", "-t", "escapes", "-t", "newlines", "-t", "tabs", directory, out],
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stderr
    assert "Error" not in done.stderr
    found = {path.name for path in out.rglob("*.po")} if out.exists() else set()
    # The one text that we made so that it differs from its source.
    assert found <= ({"fr.po"} if kind == "exported" else set())


# ---- export, then import, is the identity ----

TEXT = st.lists(
    st.sampled_from(["=1+1", "'x", "-1", "@a", "\ttab", "\n", " ", "\u00a0", "\u2028", '"', "\\", "\\n", ",", ";"])
    | st.sampled_from(
        ["## Impact\n", "\\## Impact", "#| msgid", "#~", 'msgid "x"', "%s {brand}", "中文", "\u202e", "😀"]
    )
    | st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=8),
    max_size=3,
).map("".join)
LINE = TEXT.map(lambda text: text.replace("\n", " "))

# A runbook without any text is no runbook.
RUNBOOKS = st.builds(Runbook, owner=LINE, meaning=TEXT, diagnosis=TEXT, escalation=TEXT).map(
    lambda runbook: None if runbook == Runbook() else runbook
)


@st.composite
def states(draw: Any) -> Mapping[str, Entry]:
    """Return drafts of up to three codes, in which similar codes name one another."""
    codes = sorted(draw(st.sets(st.sampled_from(["1", "22", "333", "4444"]), min_size=1, max_size=3)))
    similar = {code for code in codes if draw(st.booleans())}
    categories = [
        Category(slug=slug, name=draw(TEXT), position=draw(st.integers(0, 99)), owner=draw(TEXT), escalation=draw(TEXT))
        for slug in draw(st.sets(st.text(string.ascii_lowercase, min_size=1, max_size=2), min_size=1, max_size=2))
    ]
    return {
        code: Entry(
            code=code,
            name=f"CODE_{code}",
            category=draw(st.sampled_from(categories)),
            provider_message=draw(TEXT),
            outcome=draw(st.sampled_from(Outcome)).value,
            retry_after=draw(st.none() | st.integers(0, 999)),
            reveal_to_customer=draw(st.booleans()),
            replaced_by=draw(st.sampled_from(["", *codes])),
            similar=tuple(sorted(similar - {code})) if code in similar else (),
            messages=draw(messages()),
            runbook=draw(st.none() | RUNBOOKS),
        )
        for code in codes
    }


@st.composite
def messages(draw: Any) -> Mapping[str, Message]:
    """Return messages in some languages, each confirmed against today's source or another one."""
    source = Message(**{name: draw(TEXT) for name in MESSAGE_FIELDS})
    found = {"en": source}
    for language in draw(st.sets(st.sampled_from(["ar", "de"]))):
        texts = {name: draw(TEXT) for name in MESSAGE_FIELDS}
        confirmed = {name: draw(st.just(getattr(source, name)) | TEXT) for name, text in texts.items() if text}
        found[language] = Message(**texts, source_text=confirmed)
    return {language: one for language, one in found.items() if any(getattr(one, name) for name in MESSAGE_FIELDS)}


def state(entries: Mapping[str, Entry]) -> State:
    """Return a state with the categories that the entries have."""
    return State(entries=entries, categories={entry.category.slug: entry.category for entry in entries.values()})


@settings(deadline=None)
@given(states(), states(), st.booleans())
def test_an_export_is_imported_as_it_was(
    entries: Mapping[str, Entry], live: Mapping[str, Entry], has_marks: bool
) -> None:
    """Nothing differs from the drafts that it is of; into nothing, it makes the same drafts again."""
    baselines = Baselines(7, live) if has_marks else None
    files = {name: text.encode() for name, text in folder.write(entries.values(), baselines=baselines)}
    found = folder.parse(files)

    again, _count = compare(found, state(entries), live_at=lambda _number: state(live), source_language="en")
    afresh, _count = compare(found, State(), live_at=lambda _number: State(), source_language="en")

    assert again == []
    assert merge(afresh, State()) == dict(entries)


@settings(deadline=None)
@given(states(), states())
def test_deciding_for_the_files_makes_the_drafts_what_they_were(
    entries: Mapping[str, Entry], others: Mapping[str, Entry]
) -> None:
    """Whatever the drafts have become, as far as the files go."""
    others = {code: entry for code, entry in others.items() if code in entries}
    drafts = state(others)
    files = {name: text.encode() for name, text in folder.write(entries.values(), baselines=Baselines(9, {}))}
    found = folder.parse(files)
    options: dict[str, Any] = {"live_at": lambda _number: None, "source_language": "en"}

    changes, _count = compare(found, drafts, **options)
    changes, _count = compare(found, drafts, theirs={change.key for change in changes}, **options)
    merged = merge(changes, drafts)

    left, _count = compare(found, state(merged), **options)
    assert left == []
