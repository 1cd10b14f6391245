"""Record all that users and hosts can see, and compare it later: `python -m tests.support.golden record|compare FILE`.

The bodies are in the folder ``FILE.d``. ``compare FILE NEW`` keeps the new recording as well. Names of internal modules
are used nowhere, so a redesign leaves this script as it is.
"""

from __future__ import annotations

import difflib
import hashlib
import io
import json
import os
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import django
import time_machine

from tests.support.paths import ROOT

START = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)

_HEADERS = (
    *("Content-Type", "Content-Language", "ETag", "Last-Modified", "Vary", "Cache-Control", "Link", "Location"),
    *("Allow", "Retry-After", "Content-Disposition", "X-Content-Type-Options"),
)
# White space beside these tags is not seen; beside all others one space is.
_BLOCKS = (
    "!doctype|html|head|title|meta|link|script|style|body|main|nav|header|footer|section|article|aside|div|p|ul|ol|li|"
    "dl|dt|dd|table|caption|colgroup|col|thead|tbody|tfoot|tr|th|td|h[1-6]|form|fieldset|legend|details|summary|"
    "pre|hr|br|option|optgroup|template|noscript"
)
_BLOCK = re.compile(rf"\s*(</?(?:{_BLOCKS})\b(?:\"[^\"]*\"|'[^']*'|[^>\"'])*>)\s*", re.IGNORECASE)
_VERBATIM = re.compile(r"(<(pre|textarea)\b.*?</\2>)", re.DOTALL)
# What is random or signed, or tells a form's own script how it was opened.
_SECRET = re.compile(r"<input\b[^>]*\bname=\"(csrfmiddlewaretoken|signed|loaded)\"[^>]*>")


class Recording:
    """Names, the digests of their bodies, and the bodies in a folder."""

    def __init__(self, folder: Path) -> None:
        """Begin an empty one."""
        self.folder = folder
        self.digests: dict[str, str] = {}

    def add(self, name: str, body: str | bytes) -> None:
        """Record a body."""
        assert name not in self.digests, name
        content = body.encode() if isinstance(body, str) else body
        self.digests[name] = hashlib.sha256(content).hexdigest()
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    def json(self, name: str, value: Any) -> None:
        """Record a value."""
        self.add(name, json.dumps(value, ensure_ascii=False, indent=1, default=str) + "\n")

    def response(self, name: str, response: Any) -> None:
        """Record status, headers and body of an answer."""
        headers = {name: response.headers[name] for name in _HEADERS if name in response.headers}
        kind, body = headers.get("Content-Type", ""), response.content
        if kind.startswith("text/html"):
            body = tidy(body.decode()).encode()
            if "ETag" in headers:  # it ends with a digest of the body
                headers["ETag"] = re.sub('-[0-9a-f]{16}"$', '-body"', headers["ETag"])
        elif kind == "application/zip":
            with zipfile.ZipFile(io.BytesIO(body)) as archive:
                body = b"".join(f"== {name}\n".encode() + archive.read(name) for name in archive.namelist())
        lines = [str(response.status_code), *(f"{key}: {value}" for key, value in headers.items())]
        self.add(name, "\n".join([*lines, "", ""]).encode() + body)

    def files(self, name: str, folder: Path) -> None:
        """Record every file below a folder."""
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            content = path.read_bytes()
            is_html = path.suffix == ".html"
            self.add(f"{name}/{path.relative_to(folder)}", tidy(content.decode()) if is_html else content)

    def write(self, file: Path) -> None:
        """Write the digests, in the form of sha256sum."""
        file.write_text("".join(f"{digest}  {name}\n" for name, digest in sorted(self.digests.items())), "utf-8")


def tidy(html: str) -> str:
    """Return HTML as a browser lays it out, a block a line, without what is random."""
    parts = _VERBATIM.split(_SECRET.sub(r'<input name="\1">', html))
    del parts[2::3]  # the names of the verbatim tags
    parts[::2] = [
        re.sub(r"\s+(/?>)", r"\1", _BLOCK.sub(r"\n\1\n", re.sub(r"\s+", " ", part))).replace("\n\n", "\n")
        for part in parts[::2]
    ]
    return "".join(parts)


def read(file: Path) -> dict[str, str]:
    """Return the digests of a recording by name."""
    lines = file.read_text(encoding="utf-8").splitlines()
    return {name: digest for digest, _space, name in (line.partition("  ") for line in lines)}


def bodies(file: Path) -> Path:
    """Return the folder with the bodies of a recording."""
    return file.with_name(f"{file.name}.d")


def differences(before: Path, after: Path, *, shown: int = 8, lines: int = 24) -> Iterator[str]:
    """Yield a line for every name that differs, and of the first of them what differs."""
    old, new = read(before), read(after)
    differing = [name for name in sorted(old.keys() & new.keys()) if old[name] != new[name]]
    yield from (f"missing: {name}" for name in sorted(old.keys() - new.keys()))
    yield from (f"new: {name}" for name in sorted(new.keys() - old.keys()))
    yield from (f"differs: {name}" for name in differing)
    for name in differing[:shown]:
        was, now = ((bodies(file) / name).read_text("utf-8", "replace").splitlines() for file in (before, after))
        diff = difflib.unified_diff(was, now, f"before/{name}", f"after/{name}", n=1, lineterm="")
        yield "\n".join(["", *(line[:300] for _number, line in zip(range(lines), diff, strict=False))])


def record(file: Path) -> None:
    """Walk through everything, with a database and a time of its own."""
    from tests.support import golden_walk  # only now that the settings are complete

    recording = Recording(bodies(file))
    if recording.folder.exists():
        raise SystemExit(f"{recording.folder} exists.")
    with tempfile.TemporaryDirectory() as scratch, time_machine.travel(START, tick=False) as clock:
        golden_walk.everything(recording, Path(scratch), clock)
    recording.write(file)
    print(f"{file}: {len(recording.digests)} bodies.")


def compare(file: Path, new: Path) -> None:
    """Record anew, print what differs, and exit with 1 if anything does."""
    record(new)
    if found := list(differences(file, new)):
        print(*found, sep="\n")
        raise SystemExit(1)
    print("Nothing differs.")


def release(package: Path) -> str:
    """Return what an upgrade prints, with another release of the package, which is in a folder, on our database."""
    from django.db import connection
    from django.utils import timezone

    database, moment = str(connection.settings_dict["NAME"]), timezone.now().isoformat()
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(package), str(ROOT)])}
    command = [sys.executable, "-m", "tests.support.golden", "upgrade", database, moment]
    return subprocess.run(command, cwd=package, env=env, check=True, capture_output=True, text=True).stdout


def upgrade(moment: str) -> None:
    """Merge what this process's package ships into the database, at a moment."""
    from django.core.management import call_command  # only now that the settings are complete

    with time_machine.travel(datetime.fromisoformat(moment), tick=False):
        call_command("pts_upgrade", "--dry-run")
        call_command("pts_upgrade")


def setup(database: Path) -> None:
    """Make Django ready, with the tests' settings and a database of our own."""
    os.environ |= {"DJANGO_SETTINGS_MODULE": "tests.settings", "COLUMNS": "80", "NO_COLOR": "1", "TZ": "UTC"}
    from tests import settings  # a module like any other until Django reads it

    settings.DATABASES["default"] = {"ENGINE": "django.db.backends.sqlite3", "NAME": str(database)}
    settings.INSTALLED_APPS.append("drf_spectacular_sidecar")
    django.setup()


def main(action: str, file: str, *rest: str) -> None:
    """Do what the command line says."""
    with tempfile.TemporaryDirectory() as scratch:
        setup(Path(file) if action == "upgrade" else Path(scratch) / "golden.sqlite3")
        if action == "upgrade":
            upgrade(*rest)
        elif action == "record":
            record(Path(file))
        else:
            compare(Path(file), Path(rest[0]) if rest else Path(scratch) / "new")


if __name__ == "__main__":
    if sys.argv[1:2] not in (["record"], ["compare"], ["upgrade"]) or len(sys.argv) < 3:
        raise SystemExit(__doc__)
    main(*sys.argv[1:])
