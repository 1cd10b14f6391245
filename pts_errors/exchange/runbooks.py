"""Runbooks as Markdown files: ``runbooks/<code>.md``."""

from __future__ import annotations

import re

from django.utils.translation import gettext as _

from pts_errors.exchange.baselines import Baseline
from pts_errors.exchange.records import Problems, Record, with_newlines
from pts_errors.values import markdown
from pts_errors.values.entry import RUNBOOK_SECTIONS, Runbook
from pts_errors.values.fields import Path

_HEADING = "## "
# A heading inside a section is written with one more space, which Markdown renders the same. Lines of a code block
# are left alone: they are not headings, and the space would be visible.
_OWN_HEADING = f"{_HEADING} "


def write(code: str, runbook: Runbook, *, baseline: Baseline | None = None) -> str:
    """Return a runbook as a Markdown file: a few header lines, then the six sections in order."""
    sections = (
        f"{_HEADING}{name.capitalize()}\n{_escaped(with_newlines(getattr(runbook, name)))}\n"
        for name in RUNBOOK_SECTIONS
    )
    head = [f"code: {code}", f"owner: {runbook.owner}" if runbook.owner else "owner:"]
    if baseline is not None:
        head.append(f"revision: {baseline}")
    return "\n".join(head) + "\n\n" + "\n".join(sections)


def _escaped(text: str) -> str:
    """Return a section as written to a file: own headings escaped, and an open code block closed."""
    code, opened = markdown.fenced(text)
    lines = [
        line.replace(_HEADING, _OWN_HEADING, 1) if line.startswith(_HEADING) and number not in code else line
        for number, line in enumerate(text.split("\n"))
    ]
    if opened:
        lines = [*lines[: -1 if lines[-1] == "" else None], opened[1]]
    return "\n".join(lines)


def read(text: str, code: str, problems: Problems) -> Record | None:
    """Return the runbook in a code's Markdown file, or None with a problem if it is not one."""
    file = f"runbooks/{code}.md"
    written = re.split(r"(?<=\n)", text)
    fenced, opened = markdown.fenced(text)
    if opened:
        sentence = _("The code block that begins here is not closed. Close it with a line %(fence)s.")
        problems.add(file, opened[0] + 1, sentence % {"fence": opened[1]})
        return None
    places = [
        number
        for number, line in enumerate(written)
        if line.startswith(_HEADING) and not line.startswith(_OWN_HEADING) and number not in fenced
    ]
    names = [written[n].removeprefix(_HEADING).strip() for n in places]
    if names != [name.capitalize() for name in RUNBOOK_SECTIONS]:
        expected = ", ".join(name.capitalize() for name in RUNBOOK_SECTIONS)
        problems.add(file, 1, _("The headings must be %(headings)s, in this order.") % {"headings": expected})
        return None
    head = "".join(written[: places[0]])
    found = re.fullmatch(r"code: (.*)\nowner:(?: (.*))?\n(?:revision: (.*)\n)?\n", head)
    if found is None or found[1] != code:
        sentence = _("The file must begin with the lines “code: %(code)s” and “owner: …”, followed by an empty line.")
        problems.add(file, 1, sentence % {"code": code})
        return None
    values: dict[Path, str] = {("runbook", "owner"): found[2] or ""}
    lines: dict[Path, int] = {("runbook", "owner"): 2}
    for name, begin, end in zip(RUNBOOK_SECTIONS, places, [*places[1:], len(written)], strict=True):
        section = "".join(
            line.replace(_OWN_HEADING, _HEADING, 1) if line.startswith(_OWN_HEADING) and number not in fenced else line
            for number, line in enumerate(written[begin + 1 : end], start=begin + 1)
        )
        ending = "\n" if name == RUNBOOK_SECTIONS[-1] else "\n\n"
        if not section.endswith(ending):
            sentence = _("The section %(section)s must end with an empty line.") % {"section": name.capitalize()}
            problems.add(file, begin + 1, sentence)
        values["runbook", name] = section.removesuffix(ending)
        lines["runbook", name] = begin + 1
    return Record(
        key=code,
        block="runbook",
        file=file,
        line=1,
        values=values,
        lines=lines,
        baseline=problems.baseline(file, 3, found[3] or ""),
    )
