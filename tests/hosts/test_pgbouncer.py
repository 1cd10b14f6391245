"""Tests of hosts whose connections a pooler gives away after each transaction: the real PgBouncer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.hosts import SITE, Host, database, pgbouncer

pytestmark = pytest.mark.host

# Fewer than readers, so that connections change hands all the time.
_CONNECTIONS = 3
_PROCESSES = 12


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """Give a migrated site behind a PgBouncer, with an edited text published."""
    path = tmp_path_factory.mktemp("pooled")
    with database("postgresql", path) as settings, pgbouncer(settings, connections=_CONNECTIONS) as pooled:
        host = Host(path, {"default": pooled}, SITE)
        host.migrate()
        with host.prompt() as publisher:
            publisher.run('edit("1005", title="Published here")\npublishing.publish(["1005"])')
        yield host


def test_every_cold_process_reads_what_was_published(host: Host) -> None:
    """Twelve begin at once and share three connections; none of them falls back to the packaged text."""
    with ExitStack() as stack:
        readers = [stack.enter_context(host.prompt()) for _number in range(_PROCESSES)]
        for reader in readers:
            reader.run("1")  # has begun, and asked nothing
        for reader in readers:
            reader.send('[title("1005"), lookup.get("1005").revision, snapshot.holder.error]')

        found = [reader.receive() for reader in readers]

        assert found == [["Published here", 2, ""]] * _PROCESSES
        assert [reader.log for reader in readers] == [""] * _PROCESSES


def test_threads_that_refresh_at_once_read_the_log_whole(host: Host) -> None:
    """What streams rows does so in one transaction: loading, verifying, the list of reviews."""
    with ExitStack() as stack:
        readers = [stack.enter_context(host.prompt()) for _number in range(_CONNECTIONS + 1)]
        for reader in readers:
            reader.send("""
                from pts_errors.publishing import reviews
                answer = set()
                for number in range(20):
                    snapshot.forget()
                    answer.add((title("1005"), publishing.verify(), len(reviews.read(["1005"], using="default"))))
                answer = sorted(answer)
            """)

        found = [reader.receive() for reader in readers]

        assert found == [[["Published here", "", 1]]] * len(readers)


@pytest.mark.parametrize(
    "work",
    [
        'title("1005")',
        "publishing.verify()",
        'snapshot.refresh().entries["1005"].messages["en"].title',
    ],
)
def test_a_cold_read_leaves_a_transaction_by_hand_as_it_was(host: Host, work: str) -> None:
    """A host that switched autocommit off, or demands the outermost transaction, commits and rolls back itself."""
    with host.prompt() as prompt:
        found = prompt.run(
            """
            transaction.set_autocommit(False)
            Message.objects.filter(error__code="1006").update(title="Never stored")
            exec(work)
            transaction.rollback()
            transaction.set_autocommit(True)
            answer = [Message.objects.filter(title="Never stored").count()]
            with transaction.atomic(durable=True):
                snapshot.forget()
                exec(work)
                answer.append(title("1005"))
                transaction.set_rollback(True)
            """,
            work=work,
        )

        assert found == [0, "Published here"]
        assert prompt.log == ""


def test_a_large_export_is_whole(host: Host, tmp_path: Path) -> None:
    """By the command, behind the pooler."""
    host.manage("pts_export", str(tmp_path))

    assert "Published here" in (tmp_path / "messages" / "en.po").read_text(encoding="utf-8")
