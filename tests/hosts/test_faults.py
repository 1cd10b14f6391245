"""Tests of what goes wrong outside: databases that stop, hang, lag, fill up and lie, clocks that jump."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pts_errors.values import seed
from tests.support.hosts import SITE, Host, Prompt, database, proxy, until

pytestmark = pytest.mark.host

SERVERS = ["postgresql", "mariadb"]
KINDS = ["sqlite", *SERVERS]

# The kind of a database, its settings, and a host project.
Site = tuple[str, dict[str, Any], Host]

only_servers = pytest.mark.parametrize("site", SERVERS, indirect=True)


@pytest.fixture(scope="module", params=KINDS)
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Give the kind of a database, its settings, and a migrated site with back office and API."""
    path = tmp_path_factory.mktemp("site")
    with database(request.param, path) as settings:
        host = Host(path, {"default": settings}, SITE)
        host.migrate()
        yield request.param, settings, host


@pytest.fixture
def server(site: Site) -> tuple[str, Any]:
    """Give the kind of a database server, and the settings of a migrated database there."""
    kind, settings, _host = site
    return kind, settings


def publish(prompt: Prompt, code: str, title: str) -> None:
    """Publish a new title."""
    prompt.run("edit(changed, title=new)\npublishing.publish([changed])", changed=code, new=title)


# ---- away ----


@only_servers
def test_readers_do_not_notice_that_the_database_stopped(server: tuple[str, Any], tmp_path: Path) -> None:
    """They read what was live; one line is logged when it begins and one at the end, and what was published comes."""
    kind, settings = server
    with (
        proxy(kind, settings) as (between, through),
        Host(tmp_path / "far", {"default": through}).prompt() as reader,
        Host(tmp_path / "near", {"default": settings}).prompt() as publisher,
    ):
        before = reader.run('title("1005")')

        between.cut()
        publish(publisher, "1005", "Published meanwhile")
        told = until(lambda: reader.run('title("1005")') and "cannot be refreshed" in reader.log)
        during = reader.run('[title("1005") for number in range(1000)]')
        between.open()
        after = until(lambda: reader.run('title("1005")') == "Published meanwhile")

        assert told
        assert set(during) == {before}
        assert after
        assert reader.log.count("cannot be refreshed") == 1
        assert reader.log.count("is refreshed again") == 1


@only_servers
def test_process_that_begins_without_a_database_recovers(server: tuple[str, Any], tmp_path: Path) -> None:
    """Until then it serves what the package ships, and says so."""
    kind, settings = server
    with proxy(kind, settings) as (between, through):
        between.cut()
        with Host(tmp_path, {"default": through}).prompt() as reader:
            packaged = reader.run('[lookup.get("1007").is_known, lookup.get("1007").revision]')
            between.open()
            recovered = until(lambda: reader.run('lookup.get("1007").revision'))

            assert packaged == [True, 0]
            assert recovered
            assert reader.log.count("cannot be refreshed") == 1
            assert reader.log.count("is refreshed again") == 1


# ---- hanging ----


@only_servers
def test_hanging_database_holds_up_one_reader(server: tuple[str, Any], tmp_path: Path) -> None:
    """Of fifty that read when the refresh is due one asks, however long that takes; all the others are served."""
    kind, settings = server
    with proxy(kind, settings) as (between, through), Host(tmp_path, {"default": through}).prompt() as reader:
        reader.run("""
            titles = [title("1006")]
            threads = [threading.Thread(target=lambda: titles.append(title("1006"))) for number in range(50)]
        """)
        between.hang()
        connected = between.connected

        reader.run("time.sleep(0.3)\nfor thread in threads: thread.start()")
        served = until(lambda: reader.run("len(titles)") == 50)
        again = reader.run('[title("1006") for number in range(1000)]')
        asked = between.connected - connected
        between.cut()
        reader.run("for thread in threads: thread.join()")

        assert served
        assert asked == 1
        assert set(again) == set(reader.run("titles")) == {reader.run("titles[0]")}


@only_servers
def test_hanging_database_lets_a_process_begin(server: tuple[str, Any], tmp_path: Path) -> None:
    """The readers who wait for the first question are served from the package after a while, and later ones at once."""
    kind, settings = server
    with proxy(kind, settings) as (between, through):
        between.hang()
        with Host(tmp_path, {"default": through}).prompt() as reader:
            reader.run("""
                found = []
                threads = [threading.Thread(target=lambda: found.append(lookup.get("1007").revision)) for _ in range(9)]
                for thread in threads: thread.start()
            """)
            served = until(lambda: reader.run("len(found)") == 8)
            again = reader.run('[lookup.get("1007").revision for number in range(100)]')
            between.cut()
            between.open()
            recovered = until(lambda: reader.run('lookup.get("1007").revision'))

            assert served
            assert set(reader.run("found")[:8]) == set(again) == {0}
            assert recovered


@only_servers
def test_limits_of_the_driver_bound_the_wait(server: tuple[str, Any], tmp_path: Path) -> None:
    """The one reader who asks a hanging server goes on with what the process has."""
    kind, settings = server
    options = {"postgresql": {"connect_timeout": 2}, "mariadb": {"connect_timeout": 1, "read_timeout": 1}}[kind]
    with proxy(kind, settings) as (between, through):
        limited = {**through, "OPTIONS": {**through.get("OPTIONS", {}), **options}}
        with Host(tmp_path, {"default": limited}).prompt() as reader:
            before = reader.run('title("1006")')
            between.hang()

            after = reader.run('time.sleep(0.3)\nanswer = title("1006")')

            assert after == before
            assert "cannot be refreshed" in reader.log


@only_servers
def test_publish_does_not_wait_for_a_reader_who_hangs(server: tuple[str, Any], tmp_path: Path) -> None:
    """Its own connection works: it is published, and the process goes on."""
    kind, settings = server
    with proxy(kind, settings) as (between, through), Host(tmp_path, {"default": through}).prompt() as both:
        both.run("""
            title("1008")
            connection.ensure_connection()
            asking = threading.Thread(target=lambda: title("1008"))
            time.sleep(0.3)
        """)
        between.hang(new_only=True)
        connected = between.connected
        both.run("asking.start()")
        asked = until(lambda: between.connected > connected)

        publish(both, "1008", "Published all the same")
        number = both.run("Head.objects.get().number")
        between.cut()
        between.open()

        assert asked
        assert number > 1
        assert until(lambda: both.run('title("1008")') == "Published all the same")


# ---- databases that lie ----


ROUTER = """
class Router:
    def db_for_read(self, model, **hints):
        return "replica"
    def db_for_write(self, model, **hints):
        return "default"
    def allow_relation(self, one, two, **hints):
        return True
DATABASE_ROUTERS = ["settings.Router"]
PTS_ERRORS_REFRESH_SECONDS = 0
"""


def test_replica_that_lags_is_never_read(tmp_path: Path) -> None:
    """What a process published stays, also if reads go to a copy that is older, or runs backwards."""
    with database("sqlite", tmp_path) as settings:
        replica = {**settings, "NAME": str(tmp_path / "replica.sqlite3")}
        host = Host(tmp_path, {"default": settings, "replica": replica}, SITE + ROUTER)
        host.manage("migrate", "-v0")
        host.manage("migrate", "-v0", "--database=replica")
        with host.prompt() as prompt:
            prompt.run("""
                from django.contrib.auth.models import User
                from django.test import Client
                Message.objects.using("default").filter(error__code="1005", language="en").update(title="New")
                published = publishing.publish()
            """)
            seen = prompt.run("""
                user = User.objects.db_manager("default").create_superuser("root", password="root")
                User.objects.db_manager("replica").create_superuser("root", password="root")
                basic = {"authorization": "Basic cm9vdDpyb290"}
                answer = [
                    title("1005"),
                    lookup.get("1005").revision,
                    Client().get("/api/errors/1005/").json()["title"],
                    [each["number"] for each in Client().get("/api/revisions/?since=1", headers=basic).json()["results"]],
                    Client().get("/api/revisions/2/", headers=basic).status_code,
                    list(publishing.unpublished()),
                    publishing.verify(),
                ]
            """)

            assert seen == ["New", 2, "New", [2], 200, [], ""]


def test_restored_backup_is_served_and_told_apart(site: Site) -> None:
    """Clients get another ETag, those that were ahead are told to begin anew, and the next publish is seen."""
    _kind, _settings, host = site
    with host.prompt() as prompt:
        prompt.run("""
            from django.test import Client
            def publish(new):
                edit("1014", title=new)
                publishing.publish(["1014"])
            def get(address):
                response = Client().get(address)
                return [response.status_code, response.headers.get("ETag")]
            def see():
                time.sleep(0.3)  # longer than the refresh time
                return [title("1014"), get("/api/errors/1014/"), get(f"/api/errors/?since={ahead}")]
            publish("Two")
            backup = Head.objects.values().get()
            publish("Three")
            ahead = Head.objects.get().number
        """)
        before = prompt.run("see()")
        prompt.run("""
            with connection.cursor() as cursor:
                cursor.execute("DELETE FROM pts_errors_revision WHERE number = %s", [ahead])
            Head.objects.update(**backup)
        """)
        restored = prompt.run("see()")
        prompt.run('publish("Another")')
        again = prompt.run("see()")

    assert [each[0] for each in (before, restored, again)] == ["Three", "Two", "Another"]
    assert [each[1][0] for each in (before, restored, again)] == [200, 200, 200]
    assert [each[2][0] for each in (before, restored, again)] == [200, 410, 200]
    assert len({each[1][1] for each in (before, restored, again)}) == 3


def test_clocks_do_not_matter(tmp_path: Path) -> None:
    """One machine is ten years ahead and one an hour behind: they see each other's publishes, in their order."""
    travel = """
        import datetime, time_machine
        to = datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=hours)
        traveller = time_machine.travel(to, tick=True)
        traveller.start()
    """
    with database("sqlite", tmp_path) as settings:
        host = Host(tmp_path, {"default": settings})
        host.migrate()
        with host.prompt() as early, host.prompt() as late:
            assert early.run('title("1005")') == late.run('title("1005")')

            early.run(travel, hours=-1)
            late.run(travel, hours=24 * 3652)
            publish(late, "1005", "From the future")
            seen = until(lambda: early.run('title("1005")') == "From the future")
            publish(early, "1005", "From the past")
            seen_back = until(lambda: late.run('title("1005")') == "From the past")
            times = early.run("""
                found = list(Revision.objects.filter(number__gte=2).order_by("number"))
                answer = [
                    found[0].created_at < found[1].created_at,
                    [publishing.as_of(each.created_at).number for each in found],
                    publishing.verify(),
                ]
            """)

        assert seen
        assert seen_back
        assert times == [True, [2, 3], ""]


# What other hands may leave in the place of a state; the last only where the database was told to take it.
DAMAGE = {
    "no object": "[]",
    "no state": "{}",
    "null": "null",
    "texts that are none": '{"code": {"code": "1005", "name": "X"}, "category": {"slug": "c"}, "messages": {"en": 5}}',
    "a title that is a number": '{"code": {"code": "1005", "name": "X"}, "category": {"slug": "c"}, '
    '"messages": {"en": {"title": 5}}}',
    "a code that is a number": '{"code": {"code": 1005, "name": "X"}, "category": {"slug": "c"}}',
    "no JSON": "oops",
}


def test_damaged_state_degrades_one_code(site: Site) -> None:
    """To the safe answer, alike in every process; the others are served, ops staff are told, and a publish mends it."""
    kind, _settings, host = site
    damages = {name: text for name, text in DAMAGE.items() if kind != "postgresql" or text != "oops"}
    with host.prompt() as prompt:
        prompt.run("""
            from io import StringIO
            from django.contrib.auth.models import User
            from django.core.management import CommandError
            from django.test import Client
            client = Client()
            client.force_login(User.objects.create_superuser("root"))
            def damage(number, text):
                with connection.cursor() as cursor:
                    if text == "oops":
                        cursor.execute({
                            "sqlite": "PRAGMA ignore_check_constraints = ON",
                            "mysql": "SET check_constraint_checks = 0",
                        }[connection.vendor])
                    cursor.execute("UPDATE pts_errors_revision SET snapshot = %s WHERE number = %s", [text, number])
            def verdict():
                try:
                    call_command("pts_verify", stdout=StringIO())
                except CommandError as error:
                    return str(error)
            def shown():
                known = [error.is_known for error in (lookup.get("1005"), lookup.get("1006"))]
                return known + sorted({len(lookup.get_all(language=tag)) for tag in snapshot.current().languages})
            def pages():
                code, number = ErrorCode.objects.get(code="1005").pk, Head.objects.get().number
                revision = Revision.objects.get(number=number).pk
                addresses = (
                    "/admin/pts_errors/errorcode/", f"/admin/pts_errors/errorcode/{code}/change/",
                    f"/admin/pts_errors/errorcode/{code}/history/", "/admin/pts_errors/errorcode/publish/",
                    f"/admin/pts_errors/revision/{revision}/change/", "/api/errors/", "/errors/", "/errors/runbooks/",
                )
                found = {address: client.get(address).status_code for address in addresses}
                return {address: status for address, status in found.items() if status != 200}
        """)
        for name, text in damages.items():
            warm, cold, verdict, pages, number = prompt.run(
                """
                title("1005")
                # Before any process has read it: a publish is read by its own process as soon as it is committed.
                with transaction.atomic():
                    edit("1005", title=name)
                    number = publishing.publish()[0].number
                    whole = Revision.objects.get(number=number).snapshot
                    damage(number, text)
                warm = shown()
                snapshot.swap(snapshot.Holder())
                answer = [warm, shown(), verdict(), pages() if look else {}, number]
                """,
                name=name,
                text=text,
                look=name in ("no state", "texts that are none"),
            )
            if name == "no JSON":  # then the database itself refuses some questions, until somebody mends the row
                prompt.run("damage(number, json.dumps(whole))\nsnapshot.swap(snapshot.Holder())")
            mended = prompt.run("""
                published = len(publishing.publish())
                damage(number, json.dumps(whole))  # so that the next round begins with a whole log
                answer = [title("1005"), published, verdict()]
            """)

            assert warm == cold == [False, True, 58], name
            assert f"Revision {number} " in verdict, name
            assert f"Revision {number} of code 1005 is damaged" in prompt.log, name
            assert pages == {}, name
            assert mended == [name, int(name != "no JSON"), None], name


# ---- databases that refuse ----


def test_read_only_database_refuses_to_publish_and_serves(site: Site) -> None:
    """As a standby does, or a file that nobody may write. The command says why, and what was live stays."""
    kind, settings, host = site
    options = dict(settings.get("OPTIONS", {}))
    if kind == "sqlite":
        read_only = {"NAME": f"file:{settings['NAME']}?mode=ro", "OPTIONS": {**options, "uri": True}}
    elif kind == "postgresql":
        read_only = {"OPTIONS": {**options, "options": "-c default_transaction_read_only=on"}}
    else:
        read_only = {"OPTIONS": {**options, "init_command": "SET SESSION TRANSACTION READ ONLY"}}
    standby = Host(host.path / "standby", {"default": {**settings, **read_only}})
    with host.prompt() as primary, standby.prompt() as reader:
        before = primary.run('title("1015")')
        primary.run('edit("1015", title="New")')

        refused = reader.run("""
            from django.core.management import CommandError
            answer = None
            try:
                call_command("pts_publish", "1015")
            except CommandError as error:
                answer = str(error)
        """)
        seen = reader.run('title("1015")')
        primary.run('publishing.publish(["1015"])')

        assert refused.startswith("Nothing was published.\n")
        assert "read" in refused.lower()
        assert seen == before
        assert until(lambda: reader.run('title("1015")') == "New")


def test_full_disk_refuses_to_publish_and_serves(tmp_path: Path) -> None:
    """Nothing is half-written; the back office shows why; with room again the same publish works."""
    with database("sqlite", tmp_path) as settings:
        host = Host(tmp_path, {"default": settings}, SITE)
        host.migrate()
        with host.prompt() as prompt:
            prompt.run("""
                import resource
                from django.contrib.auth.models import User
                from django.test import Client
                client = Client()
                client.force_login(User.objects.create_superuser("root"))
                title("1005")
                Message.objects.filter(language="en").update(title="New")
                ticks = [f"{row.code}:{row.version}" for row in ErrorCode.objects.all()]
                with connection.cursor() as cursor:
                    cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                everything = resource.getrlimit(resource.RLIMIT_FSIZE)
                # No file may grow beyond this: the log of SQLite has room for some revisions and not for all.
                resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, everything[1]))
            """)
            full = prompt.run("""
                try:
                    publishing.publish()
                except Exception as error:
                    said = f"{type(error).__module__}.{type(error).__name__}"
                page = client.post("/admin/pts_errors/errorcode/publish/", {"tick": ticks, "note": ""})
                answer = [said, page.status_code, page.content.decode(), title("1005"), Head.objects.get().number,
                          Revision.objects.count(), publishing.verify()]
            """)
            roomy = prompt.run("""
                resource.setrlimit(resource.RLIMIT_FSIZE, everything)
                page = client.post("/admin/pts_errors/errorcode/publish/", {"tick": ticks, "note": ""})
                answer = [page.status_code, title("1005"), Revision.objects.count(), publishing.verify()]
            """)

    said, status, page, title, number, revisions, verdict = full
    assert said == "django.db.utils.OperationalError"
    assert status == 200
    assert "Nothing was published." in page
    assert '<li class="error">' in page
    assert [title, number, revisions, verdict] == ["Withdrawal amount too large", 1, 59, ""]
    assert roomy == [302, "New", 118, ""]


# ---- killed while it migrates ----

# Ends the process without a word when it comes to a statement, or once that is done.
KILL = """
def killer(begin, after):
    def execute(execute, sql, params, many, context):
        meets = sql.replace('"', "").replace("`", "").startswith(begin)
        meets = meets and ("migrations" not in begin or "0002_seed" in params)
        if meets and not after:
            os.kill(os.getpid(), signal.SIGKILL)
        result = execute(sql, params, many, context)
        if meets and after:
            os.kill(os.getpid(), signal.SIGKILL)
        return result
    return connection.execute_wrapper(execute)
"""


@pytest.mark.parametrize("kind", KINDS)
def test_killed_migrate_is_completed_by_the_next(kind: str, tmp_path: Path) -> None:
    """Killed with half of the catalog written, and once more when all of it is written and nothing recorded."""
    with database(kind, tmp_path) as settings, Host(tmp_path, {"default": settings}).prompt() as prompt:
        prompt.run(KILL)
        found = prompt.run("""
            from pts_errors.publishing import draft
            from pts_errors.values import seed
            from django.db.migrations.recorder import MigrationRecorder
            def killed(begin, after):
                def migrate():
                    with killer(begin, after):
                        call_command("migrate", verbosity=0)
                connections.close_all()
                status = fork(migrate)
                return [status, MigrationRecorder.Migration.objects.filter(app="pts_errors", name="0002_seed").count()]
            answer = [
                killed("INSERT INTO pts_errors_runbook", True),
                killed("INSERT INTO django_migrations", False),
            ]
            call_command("migrate", verbosity=0)
            # What a fresh one leaves.
            answer += [
                draft.read(using="default") == {entry.code: entry for entry in seed.packaged()},
                list(Revision.objects.values_list("number", "origin").distinct().order_by()),
                Revision.objects.count(),
                list(Head.objects.values_list("number", "catalog")),
                publishing.verify(),
                lookup.get("1005", language="fr").revision,
            ]
        """)

    assert found == [[-9, 0], [-9, 0], True, [[1, "shipped"]], 59, [[1, seed.VERSION]], "", 1]


@pytest.mark.parametrize("kind", KINDS)
def test_killed_upgrade_is_completed_by_the_next(kind: str, tmp_path: Path) -> None:
    """A newer package's catalog arrives whole or not at all, and once; the edits of ops staff stay."""
    moments = {
        "INSERT INTO pts_errors_revision": ("info", 0),
        "UPDATE pts_errors_head SET catalog": ("warning", 1),
        "commit": ("critical", 3),
    }
    with database(kind, tmp_path) as settings:
        host = Host(tmp_path, {"default": settings})
        host.migrate()
        with host.prompt() as prompt:
            prompt.run(KILL)
            prompt.run("""
                from collections import Counter
                from dataclasses import replace
                from pts_errors.values import seed
                packaged = seed.packaged()
                def release(severity):
                    newer = tuple(replace(entry, severity=severity) for entry in packaged)
                    seed.packaged, seed.VERSION = (lambda: newer), seed.VERSION + 1
                def migrate():
                    with killer(moment, True), transaction.atomic() if moment == "commit" else contextlib.nullcontext():
                        transaction.on_commit(lambda: moment == "commit" and os.kill(os.getpid(), signal.SIGKILL))
                        call_command("migrate", verbosity=0)
                edit("1005", title="Ours")
                publishing.publish()
            """)
            for round, (moment, (severity, merged)) in enumerate(moments.items(), start=2):
                found = prompt.run(
                    """
                    release(severity)
                    connections.close_all()
                    status = fork(migrate)
                    half = [Head.objects.get().catalog, publishing.verify()]
                    call_command("migrate", verbosity=0)
                    snapshot.refresh()
                    shipped = Counter(Revision.objects.filter(origin="shipped").values_list("error", flat=True))
                    answer = [status, *half, title("1005"), sorted({error.severity for error in lookup.get_all()}),
                              Head.objects.get().catalog, max(shipped.values()), list(publishing.unpublished()),
                              publishing.verify()]
                    """,
                    moment=moment,
                    severity=severity,
                )

                newest = seed.VERSION + round - 1
                assert found == [-9, seed.VERSION + merged, "", "Ours", [severity], newest, round, [], ""], moment
