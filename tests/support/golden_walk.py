"""The way through everything that users and hosts can see; `tests.support.golden` records it.

It uses HTTP, commands, template tags and the public modules, and no others.
"""

from __future__ import annotations

import dataclasses
import io
import json
import os
import re
import shutil
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.auth.models import Group, Permission, User
from django.core.checks import run_checks
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command, get_commands, load_command_class
from django.db import connection
from django.http import HttpResponse
from django.template import Context, Template
from django.test import Client, RequestFactory, override_settings
from django.test.utils import setup_test_environment
from django.urls import get_resolver
from django.utils import timezone, translation

from pts_errors import health, lookup, problem, publishing
from pts_errors.api.problems import exception_handler
from pts_errors.exceptions import PTSError
from pts_errors.middleware import PTSErrorMiddleware
from tests.support import golden
from tests.support.admin_pages import LIST, MATRIX, PUBLISH, code_url, fields, message_url, routes, send
from tests.support.catalog_files import rewrite
from tests.support.golden import Recording
from tests.support.paths import FIXTURES, ROOT

FIXTURE = Path("pts_errors/fixtures/catalog.json")
FEW = ("en", "zh-hans", "ar")
STAFF = ("en", "zh-hans")
UNKNOWN = "4999"
_PART = re.compile(r"<(?:\w+:)?(\w+)>|\(\?P<(\w+)>[^)]*\)")
_WRONG = (
    *("SOURCE_LANGUAGE", "LANGUAGES", "REFRESH_SECONDS", "SHARED_MAX_AGE", "CONTEXT", "BASE_URL", "REVIEW_DAYS"),
    *("API_PERMISSION_CLASSES", "PROBLEM_AUDIENCE", "EXCEPTION_HANDLER", "SILENCED_LINTS", "RUNBOOK_CONTEXT"),
    "RUNBOOK_PARAMETERS",
)


def everything(recording: Recording, scratch: Path, clock: Any) -> None:
    """Migrate and walk through all of it: what was shipped, what becomes of it, and what staff see then."""
    setup_test_environment()
    settings.ALLOWED_HOSTS = ["testserver"]
    call_command("migrate", verbosity=0)
    jobs = Jobs(recording, scratch)
    files(recording, scratch)
    for start in range(4):
        jobs.start(public, "public", languages()[start::4], codes())
    jobs.start(methods, "public")
    jobs.start(python, FEW, codes())
    jobs.start(commands, FEW, codes())
    history(recording, scratch, clock)
    jobs.start(public, "later", FEW, (*codes(), "4100", "4101", "4242"))
    jobs.start(staff)
    for tag in STAFF:
        jobs.start(admin, tag)
    lists(recording)
    jobs.end()


class Jobs:
    """Parts of the walk in processes of their own, each with a copy of the database as it is when it starts."""

    def __init__(self, recording: Recording, scratch: Path) -> None:
        """Begin with none."""
        self._recording, self._scratch = recording, scratch
        self._files: dict[int, Path] = {}

    def start(self, part: Callable[..., None], *arguments: Any) -> None:
        """Start one."""
        connection.close()
        database = self._scratch / f"{len(self._files)}.sqlite3"
        shutil.copyfile(connection.settings_dict["NAME"], database)
        if child := os.fork():
            self._files[child] = database.with_suffix(".txt")
            return
        try:
            connection.settings_dict["NAME"] = str(database)
            part(self._recording, *arguments)
            self._recording.write(database.with_suffix(".txt"))
            os._exit(0)
        except BaseException:
            traceback.print_exc()
            os._exit(1)

    def end(self) -> None:
        """Wait for all, and gather what they have recorded."""
        for child, file in self._files.items():
            if os.waitpid(child, 0)[1]:
                raise SystemExit("A part of the walk failed.")
            self._recording.digests |= golden.read(file)


@cache
def shipped() -> list[dict[str, Any]]:
    """Return the rows of the shipped catalog."""
    rows: list[dict[str, Any]] = json.loads((ROOT / FIXTURE).read_text(encoding="utf-8"))
    return rows


def codes() -> tuple[str, ...]:
    """Return the shipped codes."""
    return tuple(row["fields"]["code"] for row in shipped() if row["model"] == "pts_errors.errorcode")


def languages() -> tuple[str, ...]:
    """Return the shipped languages."""
    return tuple(dict.fromkeys(row["fields"]["language"] for row in shipped() if "language" in row["fields"]))


def run(name: str, *arguments: str) -> str:
    """Return what a command prints, and how it fails."""
    out, error = io.StringIO(), io.StringIO()
    try:
        call_command(name, *arguments, stdout=out, stderr=error)
    except CommandError as failure:
        error.write(f"CommandError: {failure}\n")
    # How often a command says how far it is depends on how fast it is.
    said = re.sub(r"(?m)^(Read|Checked) \d+ of \d+ (files|codes)\.\n", "", error.getvalue())
    return "\n".join(filter(None, [out.getvalue(), said]))


def addresses(prefix: str, values: Mapping[str, Iterable[object]]) -> Iterator[str]:
    """Yield every address below a prefix, with each of the values for its parts; also those of a later version."""
    for route in dict.fromkeys(routes(get_resolver().url_patterns, "/")):
        names = [first or second for first, second in _PART.findall(route)]
        if route.startswith(prefix) and values.keys() >= set(names):
            for chosen in product(*(values[name] for name in names)):
                yield _PART.sub("{}", route).replace("\\", "").format(*chosen)


def walk(recording: Recording, name: str, client: Client, urls: Iterable[str], **headers: str) -> None:
    """Record the answers of some addresses."""
    for url in dict.fromkeys(urls):
        where = url.strip("/").replace("/", "_") or "_"
        recording.response(f"{name}/{where}", client.get(url, headers=headers))


def client_of(name: str = "golden", *permissions: str, **attributes: Any) -> Client:
    """Return a browser in which somebody is logged in: with these permissions, or who may do everything."""
    attributes |= {"is_staff": True, "is_superuser": not permissions}
    user, _is_new = User.objects.get_or_create(username=name, defaults=attributes)
    user.user_permissions.set(Permission.objects.filter(content_type__app_label="pts_errors", codename__in=permissions))
    client = Client(raise_request_exception=False)
    client.force_login(user)
    return client


# ---- what is shipped ----


def files(recording: Recording, scratch: Path) -> None:
    """Record the fixture, what it is compiled from, and what is exported."""
    recording.add("files/catalog.json", (ROOT / FIXTURE).read_bytes())
    compiled = scratch / "compiled.json"
    run("pts_compile", str(FIXTURES), str(compiled))
    recording.add("files/compiled.json", compiled.read_bytes())
    ways: dict[str, list[str]] = {
        "live": ["{}"],
        "drafts": ["{}", "--drafts"],
        "codes": ["{}", "1007", "8010"],
        "language": ["{}", "--language", "fr", "--language", "nl"],
        "html": ["--html", "{}"],
        "runbooks": ["--runbooks", "{}"],
    }
    for name, way in ways.items():
        folder = scratch / "export" / name
        output = run("pts_export", *(each.format(folder) for each in way))
        recording.add(f"files/{name}.txt", output.replace(str(scratch), "SCRATCH"))
        recording.files(f"files/{name}", folder)


def public(recording: Recording, name: str, tags: Iterable[str], codes: Sequence[str]) -> None:
    """Record the public pages and the API in these languages, by header, and a few of them by address."""
    numbers = {"code": [*codes, UNKNOWN], "slug": ["transaction", "upstream", "server", "none"]}
    urls = [
        url
        for prefix in ("/errors/", "/api/")
        for url in addresses(prefix, numbers)
        if "/runbooks/" not in url and "/revisions/" not in url
    ]
    queries = [
        *(f"/errors/?q={query}" for query in ("1007", "balance", "zzz", "code+1003+or+1004")),
        *(f"/api/errors/?{query}" for query in ("search=order", "category=server", "outcome=unknown", "since=0")),
        *(f"/api/errors/?{query}" for query in ("since=1", "since=99999", "since=x", "outcome=x", "language=~")),
        *("/api/errors/?language=xx", "/api/schema/?format=json", "/api/schema/?format=yaml"),
        *(f"/api/errors/?{query}" for query in ("retry_advice=retry_later", "responsible_party=merchant")),
    ]
    client = Client()
    for tag in tags:
        walk(recording, f"{name}/{tag}", client, [*urls, *queries], **{"accept-language": tag})
        asked = [
            f"{url}?language={tag}" for url in ("/errors/", "/errors/1007/", "/errors/1007.md", "/errors/1007.json")
        ]
        walk(recording, f"{name}/asked", client, [*asked, f"/api/errors/?language={tag}"])
        etag = client.get("/api/errors/", headers={"accept-language": tag})["ETag"]
        walk(recording, f"{name}/{tag}/unchanged", client, ["/api/errors/"], **{"if-none-match": etag})


def methods(recording: Recording, name: str) -> None:
    """Record what other methods and other media types get."""
    client = Client()
    for kind in ("text/markdown", "application/json", "image/png", "text/html", "application/vnd.oai.openapi"):
        urls = ["/errors/1007/", f"/errors/{UNKNOWN}/", "/errors/", "/api/errors/1007/", "/api/schema/"]
        walk(recording, f"{name}/accept/{kind.replace('/', '_')}", client, urls, accept=kind)
    for url in ("/errors/", "/errors/1007/", "/api/errors/", "/api/errors/1007/", "/api/categories/"):
        for method in ("POST", "HEAD", "OPTIONS"):
            recording.response(f"{name}/{method}{url.replace('/', '_')}", client.generic(method, url))


def python(recording: Recording, tags: Iterable[str], codes: Sequence[str]) -> None:
    """Record what Python and templates say of every code: look-ups, tags, problem details and their handlers."""
    template = Template("{% load pts_errors %}{% pts_error code %}\n{% pts_error_alert code reference='A-77' %}")
    middleware = PTSErrorMiddleware(lambda request: HttpResponse())
    for audience, tag in product(("customer", "integrator"), tags):
        with override_settings(PTS_ERRORS_PROBLEM_AUDIENCE=audience), translation.override(tag):
            for code in [*codes, UNKNOWN, ""]:
                name, error = f"{tag}/{code or 'empty'}", PTSError(code, reference="A-77", retry_after=20)
                described = problem.describe(error, language=tag)
                problems = [described.title, described.status, described.body, described.headers]
                recording.json(f"problem/{audience}/{name}.json", problems)
                recording.response(f"problem/{audience}/{name}.drf", exception_handler(error, {}))
                for kind in ("text/html", "application/json"):
                    request = RequestFactory().get("/", headers={"accept": kind})
                    answer = middleware.process_exception(request, error)
                    recording.response(f"problem/{audience}/{name}.{kind.replace('/', '_')}", answer)
    for tag in tags:
        for found in [*lookup.get_all(language=tag), lookup.get(UNKNOWN, language=tag)]:
            values = {field.name: str(getattr(found, field.name)) for field in dataclasses.fields(found)}
            recording.json(f"lookup/{tag}/{found.code or 'none'}.json", values)
            with translation.override(tag):
                recording.add(f"tags/{tag}/{found.code or 'none'}.html", template.render(Context({"code": found.code})))


def commands(recording: Recording, tags: Iterable[str], codes: Sequence[str]) -> None:
    """Record what commands say, their help, and the system checks."""
    for name, app in sorted(get_commands().items()):
        if app == "pts_errors":
            help_text = load_command_class(app, name).create_parser("manage.py", name).format_help()
            recording.add(f"help/{name}.txt", help_text)
    for tag, code in product(tags, [*codes, UNKNOWN]):
        recording.add(f"explain/{tag}/{code}.txt", run("pts_explain", code, "--language", tag, "--runbook"))
        recording.add(f"explain/{tag}/{code}.json", run("pts_explain", code, "--language", tag, "--json"))
    recording.add("commands/lint.txt", run("pts_lint"))
    recording.add("commands/lint-info.txt", run("pts_lint", "1007", "8010", "--fail-on", "info"))
    for name in _WRONG:
        with override_settings(**{f"PTS_ERRORS_{name}": object}):
            found = [str(each) for each in run_checks(include_deployment_checks=True) if "pts_errors" in str(each.id)]
            recording.json(f"checks/{name}.json", found)


# ---- what becomes of it ----


def history(recording: Recording, scratch: Path, clock: Any) -> None:
    """Edit, publish, restore, import and upgrade, an hour after each other, and record what everybody sees then."""
    client, package = client_of(), scratch / "package"
    shutil.copytree(ROOT / "pts_errors", package / "pts_errors", ignore=shutil.ignore_patterns("__pycache__"))
    recorded(recording, "0-seeded", [])
    steps: list[Callable[..., Iterable[Any]]] = [edits, conflicts, publishes, restores, imports, flags]
    for number, step in enumerate([*steps, *RELEASES], 1):
        clock.shift(timedelta(hours=1))
        answers = step(client, package) if step in RELEASES else step(client, scratch)
        recorded(recording, f"{number}-{step.__name__}", answers)


def recorded(recording: Recording, name: str, answers: Iterable[Any]) -> None:
    """Record the answers of a step, the log with its digests, and what readers see then."""
    for number, answer in enumerate(answers):
        add = recording.add if isinstance(answer, str) else recording.response
        add(f"history/{name}/answer{number}", answer)
    columns = ("number", "error__code", "origin", "note", "author_name", "process", "created_at", "digest")
    rows = apps.get_model("pts_errors", "Revision").objects.order_by("pk").values_list(*columns)
    recording.json(f"history/{name}/log.json", [" | ".join(map(str, row)) for row in rows])
    live = publishing.as_of(timezone.now())
    state = {
        "as_of": [live.number, live.digest],
        "unpublished": [*publishing.unpublished()],
        "issues": [str(issue) for issue in publishing.check()],
        "health": {**dataclasses.asdict(health.check()), "age": None},
    }
    recording.json(f"history/{name}/state.json", state)
    recording.add(f"history/{name}/verify.txt", run("pts_verify") + run("pts_verify", "--expect", f"1:{'0' * 64}"))
    urls = ["/errors/", "/api/errors/", "/api/errors/?since=1", "/api/categories/"]
    urls += [url for code in ("1005", "1007", "4242") for url in (f"/errors/{code}/", f"/errors/{code}.json")]
    for tag in STAFF:
        walk(recording, f"history/{name}/{tag}", Client(), urls, **{"accept-language": tag})
    walk(recording, f"history/{name}/staff", client_of(), ["/api/revisions/", "/errors/runbooks/1005/"])


def edits(client: Client, scratch: Path) -> Iterator[Any]:
    """Edit drafts by every form; one of them so that it cannot be published."""
    yield send(client, message_url("1007", "en"), {"title": "Balance is short"})
    yield send(client, message_url("1007", "de"), {"title": "Zu wenig Guthaben"})
    changes = {"severity": "critical", "messages-en-title": "Far too much", "runbook-impact": "Of *ours*.\n"}
    yield send(client, code_url("1005"), changes)
    yield send(client, code_url("1009"), {"messages-en-customer_message": "Nothing of {nothing}."})
    new = {"code": "4100", "name": "OF_OURS", "category": "1", "outcome": "rejected", "http_status": "409"}
    new |= {"severity": "info", "retry_advice": "do_not_retry", "reveal_to_customer": "on"}
    texts = {"messages-en-title": "Ours", "messages-en-customer_message": "Your order was not placed. Please call us."}
    yield send(client, f"{LIST}add/", {**new, **texts, "messages-en-merchant_action": "Call us."})
    yield send(client, f"{LIST}add/", {**new, **texts, "code": "4101", "name": "A_DRAFT"})
    yield send(client, f"{LIST}add/", {"code": "07", "name": "x"})
    yield send(client, "/admin/pts_errors/category/1/change/", {"owner": "Ours"}, follow=True)


def conflicts(client: Client, scratch: Path) -> Iterator[Any]:
    """Save forms that two people have open."""
    for url, name in (
        (code_url("1008"), "messages-en-title"),
        (message_url("1008", "fr"), "title"),
        ("/admin/pts_errors/category/2/change/", "owner"),
    ):
        late = {**fields(client.get(url)), name: "Late", "_save": "draft"}
        send(client, url, {name: "Early"})
        yield client.post(url, late)


def publishes(client: Client, scratch: Path) -> Iterator[Any]:
    """Publish on the screen, by a form and by commands, and be refused."""
    yield client.get(PUBLISH)
    yield client.post(
        PUBLISH, {**fields(client.get(f"{PUBLISH}?codes=1005,1007")), "note": "Plain words."}, follow=True
    )
    yield send(client, code_url("1009"), button="publish", follow=True)
    yield send(client, code_url("1008"), {"note": "By form.", "wording_only": "on"}, button="publish", follow=True)
    for arguments in (
        ["1009"],
        ["--all"],
        ["1001", "1002", "4100", "--dry-run"],
        ["1001", "1002", "4100", "--user", "golden"],
    ):
        yield run("pts_publish", *arguments)
    yield run("pts_publish", "1003", "1004", "--process", "nightly", "--note", "By command.", "--wording-only")


def restores(client: Client, scratch: Path) -> Iterator[Any]:
    """Restore what was shipped, with a note and without."""
    for code, data in (("1007", {}), ("1007", {"note": "Better."}), ("1009", {"note": "Better."})):
        yield client.post(code_url(code, "restore/1/"), data, follow=True)


def imports(client: Client, scratch: Path) -> Iterator[Any]:
    """Import files with changes, conflicts and mistakes, by command and by the screen."""
    folder = scratch / "export" / "drafts"
    rewrite(folder / "codes.csv", "1001,REQUEST_FIELD_INVALID,transaction", "1001,REQUEST_FIELD_INVALID,server")
    rewrite(folder / "messages/de.po", "Guthaben nicht ausreichend", "Guthaben fehlt")
    rewrite(folder / "messages/fr.po", "Requête acceptée", "Requête reçue")
    rewrite(folder / "runbooks/8010.md", "## Impact\n", "## Impact\nOf the file.\n")
    send(client, message_url("1007", "de"), {"title": "Zu wenig Geld"})
    for way in ("--dry-run", "--yes"):
        yield run("pts_import", str(folder), way).replace(str(scratch), "SCRATCH")
    rewrite(folder / "messages/fr.po", "Requête reçue", "Requête bien reçue")
    names = ("messages/de.po", "messages/fr.po", "runbooks/8010.md", "codes.csv")
    uploads = [SimpleUploadedFile(Path(name).name, (folder / name).read_bytes()) for name in names]
    yield (plan := client.post(f"{LIST}import/", {"files": uploads}))
    chosen = {name: "theirs" if name.startswith("choice-") else value for name, value in fields(plan).items()}
    yield client.post(f"{LIST}import/", chosen, follow=True)
    yield run("pts_publish", "1000", "1007", "8010", "--note", "Imported.", "--process", "import")
    rewrite(folder / "codes.csv", "REQUEST_ACCEPTED,transaction", "request accepted,nowhere")
    rewrite(folder / "messages/fr.po", 'msgctxt "1000/title"', 'msgctxt "1000/name"')
    yield run("pts_import", str(folder), "--yes").replace(str(scratch), "SCRATCH")
    broken = SimpleUploadedFile("codes.csv", (folder / "codes.csv").read_bytes())
    yield client.post(f"{LIST}import/", {"files": [broken]})


def flags(client: Client, scratch: Path) -> Iterator[Any]:
    """Flag runbooks, close a flag, and review."""
    for text in ("Step 3 is wrong.", "Step 4, too.", ""):
        yield client.post("/errors/runbooks/8010/flag/?order_id=A77", {"text": text}, follow=True)
    yield client.post("/errors/runbooks/8010/flag/1/close/", follow=True)
    for code in ("1005", "8010"):
        yield client.post(code_url(code, "review/"), follow=True)
    group = Group.objects.create(name="Translators")
    group.permissions.set(Permission.objects.filter(codename__in=["view_errorcode", "change_message"]))
    apps.get_model("pts_errors", "LanguageLimit").objects.create(group=group, languages=["fil", "fr"])


def first(client: Client, package: Path) -> Iterator[Any]:
    """Upgrade: texts that nobody edited, texts that we edited, a new language."""
    with catalog(package) as row:
        row("errorcode", code="1006")["severity"] = "info"
        row("message", error=["1006"], language="en")["title"] = "Too little"
        row("message", error=["1005"], language="en")["title"] = "Too much"
        row("message", error=["1010"], language="hi").update(title="", source_text={})
        row("message", error=["1011"], language="fr")["language"] = "nl"
    yield golden.release(package)


def second(client: Client, package: Path) -> Iterator[Any]:
    """Upgrade: a new code and a retired one; then decide."""
    with catalog(package) as row:
        added = {**row("errorcode", code="1020"), "code": "4242", "name": "BANK_HOLIDAY", "category": ["server"]}
        row.add("errorcode", {**added, "similar": [["1007"]]})
        row.add("message", {**row("message", error=["1020"], language="en"), "error": ["4242"], "title": "Holiday"})
        row.add("runbook", {**row("runbook", error=["1020"]), "error": ["4242"]})
        row("errorcode", code="1021").update(is_retired=True, replaced_by=["4242"])
        row("errorcode", code="1005").update(severity="info", http_status=418, similar=[["1006"]])
        row("runbook", error=["1005"])["impact"] = "Of the package."
    yield golden.release(package)
    for decision in ({"take": "en.title"}, {"keep": "severity"}, {"take": "severity"}):
        token = fields(client.get(code_url("1005")))["token"]
        yield client.post(code_url("1005", "decide/"), {"version": token, **decision}, follow=True)
    yield run("pts_publish", "1005", "--note", "Decided.")


def third(client: Client, package: Path) -> Iterator[Any]:
    """Upgrade: categories, names, and much that waits for a decision."""
    with catalog(package) as row:
        row("category", slug="transaction").update(owner="Of the package", escalation="Page the *package*.")
        row("errorcode", code="1007").update(name="BALANCE_SHORT", retry_advice="retry_later", retry_after=60)
        row("message", error=["1008"], language="en")["title"] = "Of the package"
        row("message", error=["1007"], language="de").update(title="Vom Paket", customer_message="Vom Paket.")
        row("errorcode", code="1001")["category"] = ["upstream"]
        row("runbook", error=["8010"])["impact"] = "Of the package."
    yield golden.release(package)
    yield golden.release(package)


RELEASES = (first, second, third)


class catalog:  # noqa: N801  # a context manager
    """The shipped catalog of another release, to be changed: called, it returns the fields of a row."""

    def __init__(self, package: Path) -> None:
        """Take the folder of the package."""
        self._file = package / FIXTURE

    def __enter__(self) -> catalog:
        self._rows: list[dict[str, Any]] = json.loads(self._file.read_text(encoding="utf-8"))
        return self

    def __call__(self, model: str, **key: Any) -> dict[str, Any]:
        """Return the fields of the row of a model with this key."""
        rows = (row["fields"] for row in self._rows if row["model"] == f"pts_errors.{model}")
        return next(row for row in rows if key.items() <= row.items())

    def add(self, model: str, values: dict[str, Any]) -> None:
        """Add a row."""
        self._rows.append({"model": f"pts_errors.{model}", "fields": values})

    def __exit__(self, *error: object) -> None:
        self._file.write_text(json.dumps(self._rows, ensure_ascii=False), encoding="utf-8")


# ---- what staff see ----


def staff(recording: Recording) -> None:
    """Record the pages and the API for readers of runbooks, and how others are turned away."""
    values = {"code": [*codes(), "4242", UNKNOWN], "number": range(13)}
    urls = [u for prefix in ("/errors/runbooks/", "/api/r") for u in addresses(prefix, values)]
    urls += ["/errors/runbooks/?q=balance", "/errors/runbooks/?q=1007&order_id=A77", "/api/revisions/?since=3"]
    urls += [
        "/errors/runbooks/8010/?order_id=A77",
        "/errors/runbooks/8010.md?order_id=A77",
        "/api/revisions/?code=1005",
    ]
    for tag in STAFF:
        reader = client_of("reader", "view_runbook", "view_revision")
        walk(recording, f"staff/{tag}", reader, urls, **{"accept-language": tag})
        for name, client in (("nobody", Client()), ("stranger", client_of("stranger", "view_errorcode"))):
            few = ["/errors/runbooks/", "/errors/runbooks/1007/", "/api/runbooks/1007/", "/api/revisions/"]
            walk(recording, f"staff/{tag}-{name}", client, few, **{"accept-language": tag})


def admin(recording: Recording, tag: str) -> None:
    """Record the back office for who may do everything."""
    some = ("1005", "1009", "4101", "8010")
    rows: dict[str, Any] = {name: apps.get_model("pts_errors", name).objects for name in ("errorcode", "message")}
    rows |= {name: apps.get_model("pts_errors", name).objects for name in ("category", "revision", "languagelimit")}
    keys = {name: [*manager.order_by("pk").values_list("pk", flat=True)] for name, manager in rows.items()}
    keys["errorcode"] = [*rows["errorcode"].filter(code__in=some).order_by("pk").values_list("pk", flat=True)]
    texts = rows["message"].filter(error__code__in=["1005", "1007"], language__in=["en", "de"])
    keys["message"] = [*texts.order_by("pk").values_list("pk", flat=True)]
    keys["revision"] = [1, *keys["revision"][-8:]]
    urls = ["/admin/", "/admin/pts_errors/", f"{LIST}?q=balance", f"{LIST}?q=1005+1007"]
    urls += [code_url("1005", f"compare/?from=1&to={to}") for to in ("2", "draft")]
    for model, found in keys.items():
        values = {"object_id": found, "pk": found, "number": [1, 12], "flag": [1], "language": ["fr"]}
        urls += addresses(f"/admin/pts_errors/{model}/", values)
    walk(recording, f"admin/{tag}", client_of(), urls, **{"accept-language": tag})


def lists(recording: Recording) -> None:
    """Record every choice of the filters, and what two people see who may not do everything."""
    for page in (LIST, MATRIX, "/admin/pts_errors/revision/"):
        links = re.findall(r'href="(\?[^"&]*)"', client_of().get(page).content.decode())
        walk(recording, "admin/filters", client_of(), [page + link for link in links if not link.startswith("?o=")])
    for name, permissions in (
        ("translator", ("view_errorcode", "change_message")),
        ("reader", ("view_errorcode", "view_revision", "view_category")),
    ):
        few = ["/admin/", LIST, MATRIX, PUBLISH, code_url("1005"), message_url("1005", "fr"), message_url("1005", "ar")]
        few += [code_url("1005", page) for page in ("history/", "compare/")]
        client = client_of(name, *permissions)
        if name == "translator":
            User.objects.get(username=name).groups.add(Group.objects.get())
        walk(recording, f"admin/{name}", client, few)
