"""Tests with many at once: publishers, editors, upgrades and readers, on each database."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.support.hosts import SITE, Host, Prompt, database

pytestmark = pytest.mark.host

KINDS = ["sqlite", "postgresql", "mariadb"]

# So often each of eight publishers publishes; the suite has to be fast, and `TEST_PUBLISHES=50` is for the patient.
PUBLISHES = int(os.environ.get("TEST_PUBLISHES", "6"))


@pytest.fixture(scope="module", params=KINDS)
def host(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """Give a migrated site with back office and API."""
    path = tmp_path_factory.mktemp("host")
    with database(request.param, path) as settings:
        host = Host(path, {"default": settings}, SITE)
        host.migrate()
        host.python(
            'from django.contrib.auth.models import User; User.objects.create_superuser("root", password="root")'
        )
        yield host


@pytest.fixture(scope="module")
def prompt(host: Host) -> Iterator[Prompt]:
    """Give a process of the site."""
    with host.prompt() as process:
        yield process


@pytest.fixture(scope="module")
def other(host: Host) -> Iterator[Prompt]:
    """Give another one."""
    with host.prompt() as process:
        yield process


# ---- publishers ----

SERVER = """
    from django.core.handlers.wsgi import WSGIHandler
    from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
    class Handler(WSGIRequestHandler):
        def log_message(self, *args):
            pass
    server = ThreadedWSGIServer(("127.0.0.1", 0), Handler)
    server.set_app(WSGIHandler())
    threading.Thread(target=server.serve_forever, daemon=True).start()
    answer = server.server_port
"""

CLIENT = """
    import http.client
    def get(address):
        client = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        client.request("GET", address, headers={"Authorization": "Basic cm9vdDpyb290"})
        response = client.getresponse()
        body = json.load(response)
        client.close()
        assert response.status == 200, body
        return body
    first = last = get("/api/revisions/")["head"]
"""
POLL = """
    seen, heads, shown, titles = [], [], [], {}
    end = time.monotonic() + 240
    while len(seen) < wanted and time.monotonic() < end:
        body = get(f"/api/revisions/?since={last}")
        new = list(dict.fromkeys(each["number"] for each in body["results"]))
        seen += new
        heads.append(body["head"])
        last = new[-1] if new else last
        # The catalog comes from the process's own snapshot, which may be a little older than the log.
        since = shown[-1] if shown else 0
        body = get(f"/api/errors/?language=en&since={since}")
        shown.append(body["revision"])
        titles |= {each["code"]: each["title"] for each in body["results"]}
        time.sleep(0.02)
    while shown[-1] < last and time.monotonic() < end:
        body = get(f"/api/errors/?language=en&since={shown[-1]}")
        shown.append(body["revision"])
        titles |= {each["code"]: each["title"] for each in body["results"]}
        time.sleep(0.02)
    answer = [seen == list(range(first + 1, first + wanted + 1)), heads == sorted(heads), shown == sorted(shown),
              {code: titles[code] for code in codes}]
"""

PUBLISH = """
    def publisher(code):
        for count in range(times):
            edit(code, title=f"Change {'x' * (count + 1)} of {code}")
            assert len(publishing.publish([code])) == 1
    connections.close_all()
    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda code: fork(lambda: publisher(code)), codes))
    answer = [statuses, publishing.verify(), list(publishing.unpublished(codes))]
"""


def test_numbers_have_no_gap_whoever_publishes(host: Host, prompt: Prompt, other: Prompt) -> None:
    """Eight processes publish; a client that polls over HTTP misses nothing and never sees a number go back."""
    codes = ["1001", "1005", "1006", "1008", "1011", "1014", "1015", "1021"]
    with host.prompt() as server:
        port = server.run(SERVER)
        other.run(CLIENT, port=port)
        other.send(POLL, wanted=8 * PUBLISHES, codes=codes)
        published = prompt.run(PUBLISH, codes=codes, times=PUBLISHES)
        polled = other.receive()

    assert published == [[0] * 8, "", []], prompt.log
    assert polled == [True, True, True, {code: f"Change {'x' * PUBLISHES} of {code}" for code in codes}]


# ---- editors ----


def test_two_editors_of_one_code(prompt: Prompt) -> None:
    """Four open the same form and save at once: one is stored, and three are told."""
    saved, told, stored = prompt.run("""
        from django.contrib.auth.models import User
        from django.test import Client
        from django.test.utils import setup_test_environment
        setup_test_environment()
        row = ErrorCode.objects.get(code="4001")
        address = f"/admin/pts_errors/errorcode/{row.pk}/change/"
        user = User.objects.get(username="root")
        client = Client()
        client.force_login(user)
        response = client.get(address)
        data = {}
        forms = [response.context["adminform"].form]
        for each in response.context["inline_admin_formsets"]:
            forms += [each.formset.management_form, *each.formset.forms]
        for form in forms:
            for field in form:
                value = field.value()
                if value is True:
                    value = "on"
                if value not in (None, False):
                    data[field.html_name] = value
        name = next(key for key, value in data.items() if key.endswith("-title") and value == title("4001"))
        def editor(number):
            own = Client()
            own.force_login(user)
            connections.close_all()
            def run():
                page = own.post(address, {**data, name: f"By editor {number}", "_save": "Save"})
                os._exit(7 if page.status_code == 302 else 8 if "Somebody else saved" in page.content.decode() else 9)
            return run
        editors = [editor(number) for number in range(4)]
        connections.close_all()
        with ThreadPoolExecutor(4) as pool:
            statuses = list(pool.map(fork, editors))
        answer = [statuses.count(7), statuses.count(8),
                  Message.objects.get(error=row, language="en").title == f"By editor {statuses.index(7)}"]
    """)

    assert [saved, told, stored] == [1, 3, True]


WRITERS = {
    "upgrade": """
        newer = tuple(replace(entry, severity="critical") for entry in seed.packaged())
        seed.packaged, seed.VERSION = (lambda: newer), Head.objects.get().catalog + 1
        call_command("migrate", verbosity=0)
    """,
    "publish": 'publishing.publish(["1005"], wording_only=True)',
    "take what is shipped": 'publishing.take_shipped("1005", "severity")',
    "restore": """
        try:
            publishing.restore(Revision.objects.filter(error__code="1005").earliest("number"), note="Back")
        except UnpublishedChanges:
            pass
    """,
}


@pytest.mark.parametrize("writer", WRITERS)
def test_edit_that_is_being_saved_is_not_overwritten(prompt: Prompt, other: Prompt, writer: str) -> None:
    """Whatever reads drafts and writes them again waits for who is saving, and then reads what was saved."""
    other.run(
        """
        from dataclasses import replace
        from pts_errors.values import seed
        from pts_errors.exceptions import UnpublishedChanges
        edit("1005", title="Live")
        publishing.publish()
        edit("1005", title=edited)
        connections.close_all()
        """,
        edited="Live" if writer == "restore" else "Edited",  # it refuses to touch an edit that it sees
    )
    prompt.run("""
        def is_taken():
            # Whether somebody holds the head: the other process is in the middle of what it does.
            with transaction.atomic():
                try:
                    Head.objects.select_for_update(nowait=True).get()
                except Exception:
                    return True
            return False
        saving = transaction.atomic()
        saving.__enter__()
        row = ErrorCode.objects.select_for_update().get(code="1005")  # as the forms do
        edit("1005", title="Saved meanwhile")
        row.version += 1
        row.save(update_fields=["version"])
    """)
    other.send(WRITERS[writer])
    prompt.run("""
        waits = []
        def wait():
            end = time.monotonic() + 60
            while not waits and time.monotonic() < end:
                time.sleep(0.02)
                waits.extend([True] if is_taken() else [])
            connection.close()
        if connection.vendor != "sqlite":  # there is one lock for everything, and nobody can look past it
            waiting = threading.Thread(target=wait)
            waiting.start()
            waiting.join()
            assert waits
        time.sleep(0.3)
        saving.__exit__(None, None, None)
    """)
    other.receive()

    assert prompt.run('[Message.objects.get(error__code="1005", language="en").title, publishing.verify()]') == [
        "Saved meanwhile",
        "",
    ]


def test_publishes_and_an_upgrade_at_once(prompt: Prompt) -> None:
    """No edit is lost, no state is half, and what was not edited follows the package."""
    found = prompt.run("""
        from dataclasses import replace
        from pts_errors.values import seed
        publishing.publish()
        newer = tuple(replace(entry, retry_after=None, http_status=599) for entry in seed.packaged()
                      if entry.outcome != "accepted")
        def editor(code):
            for count in range(6):
                edit(code, title=f"Edit {count} of {code}")
                publishing.publish([code])
        def upgrade():
            seed.packaged, seed.VERSION = (lambda: newer), Head.objects.get().catalog + 1
            call_command("migrate", verbosity=0)
        codes = ["4002", "4003", "4004"]
        connections.close_all()
        with ThreadPoolExecutor(4) as pool:
            jobs = [lambda code=code: editor(code) for code in codes] + [upgrade]
            statuses = list(pool.map(fork, jobs))
        snapshot.refresh()
        numbers = list(Revision.objects.order_by("number").values_list("number", flat=True).distinct())
        statuses_now = {entry.http_status for entry in snapshot.current().entries.values() if entry.outcome != "accepted"}
        answer = [statuses, [title(code) for code in codes], list(statuses_now), list(publishing.unpublished()),
                  numbers == list(range(1, numbers[-1] + 1)), publishing.verify()]
    """)

    assert found == [[0] * 4, ["Edit 5 of 4002", "Edit 5 of 4003", "Edit 5 of 4004"], [599], [], True, ""]


# ---- readers ----


def test_two_hundred_readers_see_whole_catalogs(prompt: Prompt) -> None:
    """Each look at the whole catalog is of one revision, and never of an earlier one than the look before."""
    wrong, reads, last = prompt.run(
        """
        from django.db import close_old_connections
        wrong, reads, done = [], [], threading.Event()
        def read():
            count, last = 0, 0
            while not done.is_set():
                errors = {error.code: error for error in lookup.get_all(language="en")}
                one, other = errors["8001"], errors["8002"]
                newest = max(error.revision for error in errors.values())
                if one.title != other.title or newest < last:
                    wrong.append([one.title, other.title, newest, last])
                count, last = count + 1, newest
                time.sleep(0.05)
            reads.append(count)
        def publish(number):
            edit("8001", title=f"Number {number}")
            edit("8002", title=f"Number {number}")
            publishing.publish(["8001", "8002"])
        publish(0)
        snapshot.refresh()
        threads = [threading.Thread(target=read) for number in range(200)]
        for thread in threads:
            thread.start()
        for number in range(1, times + 1):
            publish(number)
        done.set()
        for thread in threads:
            thread.join()
        answer = [wrong, min(reads) > 0, title("8001")]
        """,
        times=PUBLISHES * 4,
    )

    assert wrong == []
    assert reads
    assert last == f"Number {PUBLISHES * 4}"


def test_publish_that_is_not_committed_is_seen_by_nobody_else(prompt: Prompt) -> None:
    """Not even if the process had read nothing before, and all others read inside transactions of their own."""
    inside, beside, afterwards = prompt.run("""
        seen = {}
        snapshot.swap(snapshot.Holder())  # a process that has read nothing
        def other():
            with transaction.atomic():
                seen["beside"] = title("8003")
            connection.close()
        try:
            with transaction.atomic():
                edit("8003", title="Never")
                publishing.publish(["8003"])
                seen["inside"] = title("8003")
                if connection.vendor != "sqlite":  # there only one transaction is open at a time
                    thread = threading.Thread(target=other)
                    thread.start()
                    thread.join()
                raise RuntimeError
        except RuntimeError:
            pass
        with transaction.atomic():
            seen["afterwards"] = title("8003")
        seen.setdefault("beside", seen["afterwards"])
        answer = [seen["inside"], seen["beside"], seen["afterwards"]]
    """)

    assert inside == "Never"
    assert beside == afterwards != "Never"


def test_same_text_from_everywhere(prompt: Prompt, other: Prompt) -> None:
    """An async view under ASGI, threads, a command and a plain call; and none of them leaves a connection open."""
    other.run("connections.close_all()")
    answers, left = prompt.run("""
        import asyncio, io
        from asgiref.testing import ApplicationCommunicator
        from django.core.asgi import get_asgi_application
        from django.http import HttpResponse
        from django.urls import path
        import urls
        async def view(request):
            return HttpResponse(f"{lookup.get('8004', language='en').title} {await asyncio.to_thread(title, '8004')}")
        urls.urlpatterns.append(path("async/", view))
        async def ask():
            application = ApplicationCommunicator(get_asgi_application(), {
                "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http",
                "path": "/async/", "raw_path": b"/async/", "query_string": b"", "headers": [(b"host", b"host")],
                "server": ("127.0.0.1", 80),
            })
            await application.send_input({"type": "http.request", "body": b"", "more_body": False})
            status = (await application.receive_output(timeout=30))["status"]
            body = (await application.receive_output(timeout=30))["body"].decode()
            await application.wait()
            return f"{status} {body}"
        async def many():
            return await asyncio.gather(*(ask() for number in range(20)))
        def own_connections():
            if connection.vendor == "sqlite":
                names = (f"/proc/self/fd/{name}" for name in os.listdir("/proc/self/fd"))
                return sum("sqlite3" in os.readlink(name) for name in names if os.path.islink(name))
            if connection.vendor == "postgresql":
                sql = "SELECT count(*) - 1 FROM pg_stat_activity WHERE datname = current_database()"
            else:
                sql = "SELECT count(*) - 1 FROM information_schema.processlist WHERE db = DATABASE()"
            with connection.cursor() as cursor:
                cursor.execute(sql)
                return cursor.fetchone()[0]
        edit("8004", title="From everywhere")
        publishing.publish(["8004"])
        snapshot.swap(snapshot.Holder())
        connections.close_all()
        views = asyncio.run(many()) + asyncio.run(many())
        def slow(number):
            time.sleep(0.05)
            return title("8004")
        with ThreadPoolExecutor(20) as pool:
            threads = list(pool.map(slow, range(100)))
            out = io.StringIO()
            call_command("pts_explain", "8004", stdout=out)
            connections.close_all()
            left = own_connections()
        answer = [[sorted(set(views)), sorted(set(threads)), "From everywhere" in out.getvalue(), title("8004")], left]
    """)

    assert answers == [["200 From everywhere From everywhere"], ["From everywhere"], True, "From everywhere"]
    assert left == 0
    assert "SynchronousOnlyOperation" not in prompt.log
    assert "cannot be refreshed" not in prompt.log
