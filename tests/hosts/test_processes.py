"""Tests with several processes: what one publishes the others see, however it ended; and forks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.hosts import Host, Prompt, database, proxy

pytestmark = pytest.mark.host

KINDS = ["sqlite", "postgresql", "mariadb"]


@pytest.fixture(scope="module", params=KINDS)
def prompt(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prompt]:
    """Give a process that has read the catalog; what it forks publishes and dies."""
    path = tmp_path_factory.mktemp("host")
    with database(request.param, path) as settings:
        host = Host(path, {"default": settings})
        host.migrate()
        with host.prompt() as process:
            process.run("""
                def wait_for(code, new):
                    # The refresh time of the host project is 0.2 seconds; the rest is for a machine that is very busy.
                    end = time.monotonic() + 30
                    while title(code) != new and time.monotonic() < end:
                        time.sleep(0.01)
                    return title(code)
                title("1005")
            """)
            yield process


def test_other_process_sees_a_publish(prompt: Prompt) -> None:
    """It has read before, and reads again and again, without a restart."""
    done = prompt.run("""
        def publish():
            edit("1005", title="Too much at once")
            publishing.publish(["1005"])
        status = fork(publish)
        answer = [status, wait_for("1005", "Too much at once")]
    """)

    assert done == [0, "Too much at once"]


# Where a publish is killed: when it meets a statement (before or after it), or a call after the commit; and what of it
# is there then.
MOMENTS = {
    "it has the lock": ("UPDATE pts_errors_head SET number = number", False),
    "it is half-way": ("INSERT INTO pts_errors_revision", False),
    "it has not committed": ("UPDATE pts_errors_head SET number", False),
    "it has committed": ("commit", True),
    "it has told its own process": ("published", True),
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_killed_publish_leaves_all_or_nothing(prompt: Prompt, moment: str) -> None:
    """Other processes read the old state or the whole new one, and the next publish goes at once."""
    begin, is_done = MOMENTS[moment]

    status, numbers, before, titles, verdict = prompt.run(
        """
        def publish():
            def kill(*args, **kwargs):
                os.kill(os.getpid(), signal.SIGKILL)
            def execute(execute, sql, params, many, context):
                result = execute(sql, params, many, context)
                plain = sql.replace('"', "").replace("`", "").replace("pts_errors_head.", "")
                # The lock and the last statement are both updates of the head; the last one says what it becomes.
                if plain.startswith(begin) and (begin[-6:] == "number" and "digest" not in plain) == is_lock:
                    kill()
                return result
            from pts_errors.signals import published
            with connection.execute_wrapper(execute):
                with transaction.atomic():
                    if begin == "commit":
                        transaction.on_commit(kill)
                    elif begin == "published":
                        published.connect(kill, weak=False)
                    publishing.publish(["1006", "1008"])
        before = [title("1006"), title("1008")]
        edit("1006", title=new)
        edit("1008", title=new)
        numbers = [Head.objects.get().number]
        connections.close_all()
        status = fork(publish)
        numbers.append(Head.objects.get().number)
        if numbers[1] > numbers[0]:
            wait_for("1006", new)
        titles = [title("1006"), title("1008")]
        verdict = publishing.verify()
        publishing.publish()
        numbers.append(Head.objects.get().number)
        titles += [title("1006"), title("1008")]
        answer = [status, numbers, before, titles, verdict]
        """,
        begin=begin,
        is_lock=moment == "it has the lock",
        new=f"Killed when {moment}",
    )

    first, then, last = numbers
    new = f"Killed when {moment}"
    assert status == -9
    assert then - first == is_done
    assert titles == ([new] * 4 if is_done else [*before, new, new])
    assert last - first == 1
    assert verdict == ""


# ---- forks ----


def test_preloaded_process_hands_down_its_catalog_and_no_connection(prompt: Prompt) -> None:
    """As gunicorn --preload does it. The child reads without a question, and what is published later reaches it."""
    found = prompt.run("""
        def sockets():
            names = (f"/proc/self/fd/{name}" for name in os.listdir("/proc/self/fd"))
            links = [os.readlink(name) for name in names if os.path.islink(name)]
            return [link for link in links if link.startswith("socket:") or "sqlite3" in link]
        connections.close_all()
        snapshot.refresh()
        read, write = os.pipe()
        read_back, write_back = os.pipe()
        def child():
            inherited = sockets()
            asked = []
            def count(execute, sql, params, many, context):
                asked.extend([sql] * ("pts_errors" in sql))
                return execute(sql, params, many, context)
            with connection.execute_wrapper(count):
                known = snapshot.holder.catalog.number
                before = title("1011")
                probes = len(asked)
            os.write(write, b"ready")
            os.read(read_back, 2)
            os.write(write, json.dumps([inherited, known, probes, before, wait_for("1011", "New")]).encode())
        threading.Thread(target=fork, args=[child]).start()
        os.read(read, 5)
        edit("1011", title="New")
        publishing.publish(["1011"])
        number = Head.objects.get().number - 1
        os.write(write_back, b"go")
        answer = [number, *json.loads(os.read(read, 10000))]
    """)

    number, inherited, known, probes, before, after = found
    assert inherited == []
    assert known == number
    assert probes == 1
    assert before != after == "New"


@pytest.mark.parametrize("kind", ["postgresql", "mariadb"])
def test_fork_during_a_question_that_hangs(kind: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The lock is held in the parent at that moment. The child reads at once, and asks for itself."""
    path = tmp_path_factory.mktemp("host")
    with database(kind, path) as settings, proxy(kind, settings) as (between, through):
        Host(path, {"default": settings}).manage("migrate", "-v0")
        with Host(path / "far", {"default": through}).prompt() as prompt:
            prompt.run("title('1005')\ntime.sleep(0.3)")
            between.hang()
            prompt.run("""
                asking = threading.Thread(target=title, args=["1005"], daemon=True)
                asking.start()
                asking.join(timeout=1)
                assert asking.is_alive()
            """)
            prompt.send("""
                read, write = os.pipe()
                def child():
                    snapshot.holder.due = time.monotonic() + 60  # what it has is enough for now
                    os.write(write, json.dumps(title("1005")).encode() + b" ")
                    snapshot.holder.due = 0.0
                    end = time.monotonic() + 30
                    while title("1006") != "New" and time.monotonic() < end:
                        time.sleep(0.05)
                    os.write(write, title("1006").encode())
                forking = threading.Thread(target=fork, args=[child], daemon=True)
                forking.start()
                answer = json.loads(os.read(read, 1000))
            """)
            at_once: Any = prompt.receive()
            between.cut()
            between.open()
            Host(path, {"default": settings}).python("""
                from pts_errors import publishing
                from pts_errors.models import Message
                Message.objects.filter(error__code="1006", language="en").update(title="New")
                publishing.publish()
            """)
            later = prompt.run("forking.join()\nanswer = os.read(read, 1000).decode()")

    assert at_once == "Withdrawal amount too large"
    assert later == "New"
