"""The files of a catalog, or some of them: write them, read them within limits, and parse them into records."""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path

from django.utils.translation import gettext as _

from pts_errors.exceptions import ExchangeError
from pts_errors.exchange import po, runbooks, tables
from pts_errors.exchange.baselines import Baselines
from pts_errors.exchange.records import CODE, Problems, Record, decode
from pts_errors.values.entry import Entry

# Ten thousand codes in one language are about 12 MB of PO. Lint rule R007 limits a runbook to 20 KB.
_MAX_BYTES = {".csv": 20_000_000, ".po": 20_000_000, ".md": 100_000}
_MAX_TOTAL = 100_000_000
_MAX_FILES = 20_000
_PROBLEMS_SHOWN = 100

_NAME = re.compile(rf"(categories|codes)\.csv|(?:messages/)?[^/\\]+\.po|(?:runbooks/)?{CODE.pattern}\.md")
_PLACES = {".csv": "", ".po": "messages/", ".md": "runbooks/"}

# Called with the number of finished items and the total.
Progress = Callable[[int, int], None]


def read(path: Path) -> dict[str, bytes]:
    """Return the content of one file, or of the catalog files in a directory, by name.

    Raises:
        ExchangeError: there are no such files, one is not a regular file, or they are too large.
    """
    problems = Problems()
    files: dict[str, bytes] = {}
    total = 0
    try:
        paths = _inside(path, problems) if path.is_dir() else {_named(path.name): path.resolve()}
    except OSError as error:
        raise ExchangeError([f"{path}: {error.strerror}."]) from error
    for name, file in paths.items():
        content = _read(file, name, problems)
        if content is not None:
            files[name] = content
            total += len(content)
        if total > _MAX_TOTAL:
            sentence = _("All files together are larger than %(size)d MB.")
            problems.add(name, 1, sentence % {"size": _MAX_TOTAL // 1_000_000})
            break
    if not problems.found and not files:
        sentence = _("There is no categories.csv, codes.csv, messages/*.po or runbooks/*.md.")
        problems.found.append(f"{path}: {sentence}")
    _raise(problems)
    return files


def parse(
    files: Mapping[str, bytes],
    *,
    source_language: str = "en",
    languages: Collection[str] = (),
    progress: Progress | None = None,
) -> list[Record]:
    """Return the records in these files, by name: ``messages/fr.po`` or ``fr.po``, ``runbooks/1007.md`` or ``1007.md``.

    ``languages`` are the languages of the catalog: ``FR.po`` is read as ``fr.po`` if ``fr`` is one of them.

    Raises:
        ExchangeError: with every problem, each with file and line.
    """
    problems = Problems()
    records: list[Record] = []
    seen: dict[str, str] = {}
    for number, (given, content) in enumerate(files.items(), start=1):
        path = Path(given)
        if not _NAME.fullmatch(given):
            sentence = _("This is not a catalog file name such as codes.csv, fr.po or 1007.md.")
            problems.add(given[-60:], 1, sentence)
            continue
        name = _named(path.name)
        if len(content) > _MAX_BYTES[path.suffix]:
            _too_large(name, _MAX_BYTES[path.suffix], problems)
            continue
        subject = name
        if path.suffix == ".po":
            language, units = po.read(
                content, file=name, source_language=source_language, available=languages, problems=problems
            )
            records += units
            subject = _named(f"{language}.po")
        elif (text := decode(content, name, problems)) is None:
            continue
        elif name == "categories.csv":
            records += tables.read_categories(text, problems)
        elif name == "codes.csv":
            records += tables.read_codes(text, problems)
        elif (runbook := runbooks.read(text, path.stem, problems)) is not None:
            records.append(runbook)
        if (first := seen.setdefault(subject, given)) != given:
            sentence = _("This is a second %(file)s, next to %(first)s. Import only one of them.")
            problems.add(given[-60:], 1, sentence % {"file": subject, "first": first[-60:]})
        if progress is not None:
            progress(number, len(files))
    _raise(problems)
    return records


def write(
    entries: Iterable[Entry],
    *,
    source_language: str = "en",
    only: Collection[str] = (),
    baselines: Baselines | None = None,
) -> Iterator[tuple[str, str]]:
    """Yield name and text of every file of these entries.

    With ``only``, yield only the PO files of these languages, with every text to translate. With ``baselines``, every record carries its baseline.

    Raises:
        ExchangeError: a code or a language cannot be used as a file name.
    """
    entries = tuple(entries)
    exported = sorted(only or {language for entry in entries for language in entry.messages})
    wrong = [entry.code for entry in entries if not CODE.fullmatch(entry.code)]
    wrong += [language for language in exported if not po.LANGUAGE.fullmatch(language)]
    if wrong:
        raise ExchangeError(_("%(name)r cannot be used as a file name.") % {"name": name[:50]} for name in wrong)
    if not only:
        yield "categories.csv", tables.write_categories(entries, baselines)
        yield "codes.csv", tables.write_codes(entries, baselines)
    for language in exported:
        yield (
            f"messages/{language}.po",
            po.write(entries, language, source_language=source_language, baselines=baselines, is_whole=bool(only)),
        )
    for entry in () if only else entries:
        if entry.runbook is not None:
            baseline = baselines.of(entry, "runbook") if baselines else None
            yield f"runbooks/{entry.code}.md", runbooks.write(entry.code, entry.runbook, baseline=baseline)


def shorten(problems: list[str]) -> list[str]:
    """Return the first problems, and the number of the others."""
    more = len(problems) - _PROBLEMS_SHOWN
    return problems if more <= 0 else [*problems[:_PROBLEMS_SHOWN], _("And %(n)d more problems.") % {"n": more}]


def _raise(problems: Problems) -> None:
    if problems.found:
        raise ExchangeError(shorten(problems.found))


def _named(name: str) -> str:
    """Return the path of a file within a catalog directory."""
    return f"{_PLACES.get(Path(name).suffix, '')}{name}"


def _inside(directory: Path, problems: Problems) -> dict[str, Path]:
    """Return the paths of the catalog files in a directory by name, in reading order."""
    paths = {name: directory / name for name in ("categories.csv", "codes.csv") if os.path.lexists(directory / name)}
    for place, suffix in (("messages", ".po"), ("runbooks", ".md")):
        if (directory / place).is_symlink():
            problems.add(place, 1, _("This is a symbolic link. Put the files themselves there."))
            continue
        for name in sorted(_names(directory / place, suffix)):
            if len(paths) == _MAX_FILES:
                problems.add(f"{place}/{name}", 1, _("There are more than %(n)d files.") % {"n": _MAX_FILES})
                return {}
            paths[f"{place}/{name}"] = directory / place / name
    return paths


def _names(directory: Path, suffix: str) -> Iterator[str]:
    if not directory.is_dir():
        return
    with os.scandir(directory) as entries:
        for entry in entries:
            # Editors and file managers leave hidden files behind.
            if entry.name.endswith(suffix) and not entry.name.startswith("."):
                yield entry.name


def _read(path: Path, name: str, problems: Problems) -> bytes | None:
    limit = _MAX_BYTES.get(path.suffix)
    if limit is None:
        problems.add(name, 1, _("This is not a CSV (.csv), PO (.po) or Markdown (.md) file."))
        return None
    # A link may lead anywhere, and a pipe may block forever. Only Windows has O_BINARY, and it lacks the others.
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        descriptor = os.open(path, flags)
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                problems.add(name, 1, _("This is not a regular file."))
                return None
            with os.fdopen(descriptor, "rb", closefd=False) as file:
                content = file.read(limit + 1)
        finally:
            os.close(descriptor)
    except OSError as error:
        if error.errno == errno.ELOOP:
            problems.add(name, 1, _("This is a symbolic link. Put the file itself there."))
        else:
            problems.add(name, 1, _("The file cannot be read: %(reason)s.") % {"reason": error.strerror})
        return None
    if len(content) > limit:
        _too_large(name, limit, problems)
        return None
    return content


def _too_large(name: str, limit: int, problems: Problems) -> None:
    problems.add(name, 1, _("The file is larger than %(size)d KB.") % {"size": limit // 1000})
