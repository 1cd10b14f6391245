"""Translations as PO files: ``messages/<language>.po``."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from pathlib import Path

from django.utils.translation import gettext as _

from pts_errors.exceptions import ExchangeError
from pts_errors.exchange import pofile
from pts_errors.exchange.baselines import Baseline, Baselines
from pts_errors.exchange.records import CODE, Problems, Record, decode, with_newlines
from pts_errors.values import languages
from pts_errors.values.entry import MESSAGE_FIELDS, SHORT_TEXTS, Entry, Message
from pts_errors.values.fields import Path as Place

try:
    import polib
except ImportError:  # pragma: no cover - the extra "exchange" is not installed
    polib = None  # type: ignore[assignment]  # `_require_polib` reports it

LANGUAGE = re.compile(languages.TAG)
_REVISION = "X-PTS-Revision"
_DRAFTS = "X-PTS-Drafts"
_DRAFT = re.compile(f"({CODE.pattern})-([0-9a-f]{{8}})")
# Browsers add this to the name of a second download.
_COPY = re.compile(r" ?\([0-9]+\)")
_BEGIN = re.compile(languages.REQUESTED_TAG)


def write(
    entries: Iterable[Entry],
    language: str,
    *,
    source_language: str,
    baselines: Baselines | None = None,
    is_whole: bool = True,
) -> str:
    """Return a PO file of one language: msgctxt is code and field, msgid the source text.

    A translation whose source text has changed since is fuzzy, with the earlier source text as previous msgid.
    A file that is not whole leaves out the resolutions of a language that has none: they are long, and may stay English.
    """
    _require_polib()
    entries = tuple(entries)
    has_resolutions = any(entry.messages.get(language, Message()).resolution for entry in entries)
    names = MESSAGE_FIELDS if is_whole or has_resolutions else SHORT_TEXTS
    file = polib.POFile(wrapwidth=0)
    file.metadata = {
        "Project-Id-Version": f"pts_errors {baselines.anchor}".rstrip() if baselines else "pts_errors",
        "Language": language,
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=UTF-8",
        "Content-Transfer-Encoding": "8bit",
    }
    if baselines is not None:
        drafts = {entry.code: baselines.of(entry, language).fingerprint for entry in entries}
        file.metadata[_REVISION] = str(baselines.revision)
        if edited := " ".join(f"{code}-{print}" for code, print in drafts.items() if print):
            file.metadata[_DRAFTS] = edited
    for entry in entries:
        message = entry.messages.get(language, Message())
        source = entry.messages.get(source_language, Message())
        for name in names:
            text, original = with_newlines(getattr(message, name)), with_newlines(getattr(source, name))
            if not text and not original:
                continue
            confirmed = with_newlines(message.source_text.get(name, original))
            unit = polib.POEntry(msgctxt=f"{entry.code}/{name}", msgid=original or text, msgstr=text)
            # A translation without a source text is fuzzy too: its msgid only fills a required field.
            if text and (confirmed != original or not original) and language != source_language:
                unit.flags.append("fuzzy")
                unit.previous_msgid = confirmed
            file.append(unit)
    return f"{file}\n".rstrip("\n") + "\n"


def read(
    content: bytes, *, file: str, source_language: str, available: Collection[str] = (), problems: Problems
) -> tuple[str, list[Record]]:
    """Return the language of a PO file, and a record for each code in it.

    ``available`` are the languages of the catalog.
    """
    values: dict[str, dict[Place, str]] = {}
    confirmed: dict[str, dict[Place, str]] = {}
    lines: dict[str, dict[Place, int]] = {}
    units = _units(content, file, problems)
    header = _header(units, file, problems)
    baseline = problems.baseline(file, 1, header.get(_REVISION.lower(), ""))
    drafts = dict(_DRAFT.findall(header.get(_DRAFTS.lower(), "")))
    language = _language(file, available, header.get("language", "") if baseline else "", problems)
    for unit in units:
        if unit.is_obsolete or unit.is_header:
            continue
        msgctxt, msgid, msgstr = (unit.texts.get(name) for name in ("msgctxt", "msgid", "msgstr"))
        code, _slash, name = (msgctxt or "").partition("/")
        if name not in MESSAGE_FIELDS or not CODE.fullmatch(code):
            sentence = _("The msgctxt %(msgctxt)r does not have the form 1007/title.") % {
                "msgctxt": msgctxt and msgctxt[:50]
            }
            problems.add(file, unit.line, sentence)
            continue
        path = (language, name)
        if msgstr is None:
            problems.add(file, unit.line, _("The unit has plural forms, which catalog texts do not have."))
        if path in values.setdefault(code, {}):
            problems.add(file, unit.line, _("The msgctxt %(msgctxt)r occurs twice.") % {"msgctxt": msgctxt})
        lines.setdefault(code, {})[path] = unit.line
        values[code][path] = msgstr or ""
        if language == source_language and msgstr != msgid:
            problems.add(file, unit.line, _("This is the source language: msgid and msgstr must be the same."))
        if msgstr and language != source_language:
            earlier = unit.texts.get("#| msgid") if unit.is_fuzzy else msgid
            confirmed.setdefault(code, {})[path] = earlier or ""
    return language, [
        Record(
            key=code,
            block=language,
            file=file,
            line=min(lines[code].values()),
            values=texts,
            lines=lines[code],
            confirmed=confirmed.get(code, {}),
            baseline=baseline and Baseline(baseline.revision, drafts.get(code, "")),
        )
        for code, texts in values.items()
    ]


def _units(content: bytes, file: str, problems: Problems) -> list[pofile.Unit]:
    """Return the units of a PO file; none, and a problem, if it is not a PO file or too large."""
    try:
        charset = pofile.charset(content)
        text = decode(content, file, problems, charset)
        return [] if text is None else list(pofile.units(text, charset))
    except pofile.Wrong as error:
        problems.add(file, error.line, str(error))
        return []


def _header(units: Iterable[pofile.Unit], file: str, problems: Problems) -> dict[str, str]:
    """Return the header fields by name, in lower case because tools change the case of names."""
    headers = [unit for unit in units if unit.is_header]
    for unit in headers[1:]:
        problems.add(file, unit.line, _("The file has a second header. Keep only one."))
    lines = headers[0].texts.get("msgstr", "").split("\n") if headers else []
    pairs = (line.partition(":") for line in lines)
    return {name.strip().lower(): value.strip() for name, _colon, value in pairs}


def _language(file: str, available: Collection[str], exported_for: str, problems: Problems) -> str:
    """Return the language in the name of a file, or add a problem that says how the file must be named.

    Tools spell languages differently, and an unknown spelling would add a second language to the catalog.
    """
    stem = Path(file).stem
    tag = languages.normalize(_COPY.sub("", stem))
    if tag in available and "@" not in stem:  # “@” may mark another script, as in sr@latin
        return tag
    begin = _BEGIN.match(stem)
    if begin is None:
        problems.add(file, 1, _("The file must be named after its language, such as fr.po."))
        return stem
    own = languages.normalize(begin[0])[: languages.MAX_LENGTH]
    known = languages.match(own, available)
    if own == stem and (known is None or exported_for == own):
        return own
    sentence = _("The file must be named %(language)s.po.")
    if known not in (None, own):
        sentence = _(
            "The file must be named %(language)s.po. To add %(own)s as a separate language, "
            "start from the output of pts_export --language %(own)s."
        )
    problems.add(file, 1, sentence % {"language": known or own, "own": own})
    return known or own


def _require_polib() -> None:
    if polib is None:
        raise ExchangeError([_("Writing PO files needs polib: pip install 'django-pts-errors[exchange]'.")])
