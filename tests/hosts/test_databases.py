"""Tests of what databases do differently: collations, scripts, JSON, long texts, isolation, connections.

Those without a host project run on the database that TEST_DATABASE names.
"""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import IntegrityError, OperationalError, connection, connections, transaction
from django.db.models import F

from pts_errors import lookup, publishing, snapshot
from pts_errors.exceptions import PublishRefused
from pts_errors.models import Category, ErrorCode, Head, Message, Revision, Runbook
from pts_errors.publishing import draft, log
from tests.support.admin_pages import PUBLISH, code_url, fields, message_url, said, send
from tests.support.factories import UserFactory
from tests.support.hosts import Host, database
from tests.support.values import LANGUAGES

# Two-, three- and four-byte characters, both directions, marks that combine, and what looks like an escape of JSON.
SCRIPTS = {
    "ar": "المبلغ كبير جدًا",
    "de": "Zu große Auszahlung",
    "emoji": "Trop 😀👩🏽‍💻🇵🇭 élevé",
    "fil": "Masyadong malaki ang ₱ñ",
    "hi": "निकासी राशि बहुत बड़ी है",
    "ja": "出金額が大きすぎます𠮷",
    "ko": "출금 금액이 너무 큽니다",
    "marks": "e\u0301 and \u00e9 are two",
    "ru": "Слишком большая сумма",
    "th": "ยอดถอนสูงเกินไป",
    "vi": "Số tiền rút quá lớn",
    "zh-hant": "提款金額過大",
}


def edit(code: str, language: str = "en", **texts: str) -> None:
    """Change the draft of a message."""
    Message.objects.filter(error__code=code, language=language).update(**texts)


def another_process() -> snapshot.Holder:
    """Let the readers of this process load everything from the database, and return what loaded it."""
    holder = snapshot.Holder()
    snapshot.swap(holder)
    return holder


# ---- texts ----


@pytest.mark.django_db
def test_texts_of_all_scripts_go_from_the_form_to_every_reader(client: Any) -> None:
    """Typed in the back office, published, and read from the API, the page and the log, to the letter."""
    client.force_login(UserFactory(role="publisher"))
    typed = dict(zip([tag for tag in LANGUAGES if tag != "en"], SCRIPTS.values(), strict=False))
    impact = "\n".join(typed.values())

    titles = {f"messages-{tag}-title": text for tag, text in typed.items()}
    send(client, code_url("1005"), {**titles, "runbook-impact": impact}, button="publish")

    assert len(typed) == len(SCRIPTS)
    another_process()
    shown = fields(client.get(code_url("1005")))
    revision = Revision.objects.get(number=2)
    for tag, text in typed.items():
        assert lookup.get("1005", language=tag).title == text
        assert client.get(f"/api/errors/1005/?language={tag}").json()["title"] == text
        assert shown[f"messages-{tag}-title"] == [text]
        assert revision.snapshot["messages"][tag]["title"] == text
    assert client.get("/api/runbooks/1005/").json()["impact"] == impact
    assert publishing.unpublished() == {}
    assert publishing.verify() == ""


@pytest.mark.django_db
@pytest.mark.parametrize("letter", ["x", "é", "語", "😀"])
def test_the_longest_runbook_is_stored_whole(client: Any, letter: str) -> None:
    """Twenty thousand bytes in two of the six sections, and two thousand characters of a message, of any script."""
    client.force_login(UserFactory(role="publisher"))
    section, message = letter * (9_998 // len(letter.encode())), letter * 1_999 + "."
    names = ("meaning", "diagnosis", "mitigation", "verification", "escalation")
    typed = {f"runbook-{name}": section if name == "diagnosis" else "" for name in names}

    response = send(
        client, code_url("1005"), {**typed, "runbook-impact": section, "messages-fr-merchant_action": message}
    )
    publishing.publish(["1005"])

    assert response.status_code == 302
    entry = another_process().current().entries["1005"]
    assert entry.messages["fr"].merchant_action == message
    published = Revision.objects.get(number=2).snapshot
    assert published == draft.read(["1005"], using="default")["1005"].as_json()
    assert published["runbook"]["impact"] == section
    assert publishing.verify() == ""


@pytest.mark.django_db
def test_one_character_more_is_refused_by_the_form(client: Any) -> None:
    """And not cut by the database."""
    client.force_login(UserFactory(role="publisher"))

    response = send(client, code_url("1005"), {"runbook-impact": "x" * 10_001})

    assert response.status_code == 200
    assert "at most 10000 characters" in response.content.decode()


@pytest.mark.django_db
def test_a_state_comes_back_from_json_as_it_went_in() -> None:
    """Keys, numbers, null and lists, whatever order and form a database keeps them in."""
    before = draft.read(using="default")

    states = {row.error.code: row.snapshot for row in Revision.objects.select_related("error")}

    assert states == {code: entry.as_json() for code, entry in before.items()}
    assert {type(value) for state in states.values() for value in state["code"].values()} == {
        str,
        int,
        bool,
        type(None),
        list,
    }


@pytest.mark.django_db
@pytest.mark.parametrize("text", [r"\u0000", r"\ud800 \\", '"', "null", "1e5", "[]", "\u2028", " a \n\n", "\u00a0"])
def test_what_looks_like_json_is_text(text: str) -> None:
    """A backslash is a backslash, and spaces at the ends stay."""
    Runbook.objects.filter(error__code="1005").update(impact=f"{text}.{text}")

    publishing.publish(["1005"])

    runbook = another_process().current().entries["1005"].runbook
    assert runbook is not None
    assert runbook.impact == f"{text}.{text}"
    assert publishing.unpublished() == {}
    assert publishing.verify() == ""


# ---- keys ----


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("model", "field", "value"),
    [
        (ErrorCode, "code", "1007 "),
        (ErrorCode, "code", "１００７"),
        (ErrorCode, "name", "insufficient_balance"),
        (ErrorCode, "name", "INSUFFICIENT_BALANCE "),
        (ErrorCode, "name", "INSUFFICIENT_BÁLANCE"),
        (Message, "language", "zh-Hans"),
        (Message, "language", "zh-hans "),
        (Message, "language", "zh_hans"),
        (Category, "slug", "upstream "),
    ],
)
def test_a_key_that_some_collation_takes_for_another_is_no_key(model: Any, field: str, value: str) -> None:
    """So that no two rows are one on MariaDB and two on PostgreSQL."""
    with pytest.raises(ValidationError):
        model._meta.get_field(field).clean(value, None)


@pytest.mark.django_db
def test_a_slug_has_no_capitals(admin_client: Any) -> None:
    """The form says so, before MariaDB finds that it is there."""
    response = admin_client.post("/admin/pts_errors/category/add/", {"slug": "Bank", "name": "Bank", "position": "4"})

    assert "Use lower-case letters only." in response.content.decode()
    assert not Category.objects.filter(slug="Bank").exists()


@pytest.mark.django_db
def test_a_slug_with_capitals_is_not_imported(tmp_path: Path) -> None:
    """On MariaDB it would rename the category that is there."""
    call_command("pts_export", str(tmp_path), stdout=io.StringIO())
    for name in ("categories.csv", "codes.csv"):
        file = tmp_path / name
        text = file.read_text(encoding="utf-8").replace("\nserver,", "\nServer,").replace(",server,", ",Server,")
        file.write_text(text, encoding="utf-8", newline="")
    out = io.StringIO()

    with pytest.raises(CommandError, match="Rejected"):
        call_command("pts_import", str(tmp_path), "--yes", stdout=out)

    assert "Use lower-case letters only." in out.getvalue()
    assert [*Category.objects.values_list("slug", flat=True)] == ["transaction", "upstream", "server"]
    assert publishing.unpublished() == {}


@pytest.mark.django_db
@pytest.mark.parametrize(
    "add",
    [
        lambda row: ErrorCode.objects.create(code=row.code, name="OTHER", category=row.category),
        lambda row: ErrorCode.objects.create(code="7007", name=row.name, category=row.category),
        lambda row: Message.objects.create(error=row, language="zh-hans"),
        lambda row: Runbook.objects.create(error=row),
        lambda row: Category.objects.create(slug=row.category.slug),
        lambda row: Revision.objects.bulk_create([Revision.objects.get(error=row, number=1)]),
    ],
    ids=["code", "name", "language", "runbook", "slug", "revision"],
)
def test_a_key_is_there_once(add: Any) -> None:
    """Every database sees to it, whatever its collation."""
    with pytest.raises(IntegrityError), transaction.atomic():
        add(ErrorCode.objects.select_related("category").get(code="1007"))


@pytest.mark.django_db
@pytest.mark.parametrize("code", ["1007 ", " 1007", "10\x0007", "\ud800", "１００７", "", "x" * 5000])
def test_what_is_not_quite_a_code_is_not_published(code: str) -> None:
    """It is named as one that is not there; no database is asked."""
    edit("1007", title="Changed")

    with pytest.raises(PublishRefused, match="is not in the catalog"):
        publishing.publish([code])

    assert Head.objects.get().number == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("one", "other"),
    [("Ask us.", "ask us."), ("Ask us 😀.", "Ask us 😁."), ("Ask us.", "Ask us. "), ("Résumé.", "Resume.")],
)
def test_a_hidden_text_counts_as_general_only_to_the_letter(one: str, other: str) -> None:
    """To MariaDB's usual collation these are equal; a reader could still tell the two codes apart."""
    edit("1007", customer_message=one)
    edit("1013", customer_message=other)

    with pytest.raises(PublishRefused) as caught:
        publishing.publish(["1007", "1013"])

    assert sum("M013" in reason for reason in caught.value.reasons) == 2


@pytest.mark.django_db
def test_rows_come_in_the_order_of_numbers() -> None:
    """As readers get them; categories by position, and messages by language."""
    category = Category.objects.get(slug="server")
    for code in ("10000", "999", "100000"):
        ErrorCode.objects.create(code=code, name=f"CODE_{code}", category=category)

    codes = list(ErrorCode.objects.values_list("code", flat=True))

    assert codes == sorted(codes, key=int)
    assert list(Category.objects.values_list("slug", flat=True)) == ["transaction", "upstream", "server"]


# ---- what is not checked by a form ----


@pytest.mark.django_db
@pytest.mark.parametrize("note", ["x" * 201, "a\x00b", "a\x1b[31m", "\ud800"])
def test_a_note_that_cannot_be_stored_everywhere_is_refused(note: str) -> None:
    """With a sentence; nothing is published. MariaDB would cut it where it is not strict, and break the digest."""
    edit("1005", title="Too much")

    with pytest.raises(PublishRefused, match="note: The text cannot be stored"):
        publishing.publish(note=note)
    with pytest.raises(PublishRefused, match="note: The text cannot be stored"):
        publishing.restore(Revision.objects.get(error__code="1005"), note=note, discard_edits=True)

    assert Head.objects.get().number == 1


@pytest.mark.django_db
def test_a_long_note_of_any_script_is_stored() -> None:
    """Characters count, not bytes."""
    edit("1005", title="Too much")

    (revision,) = publishing.publish(note="😀" * 200)

    revision.refresh_from_db()
    assert revision.note == "😀" * 200
    assert publishing.verify() == ""


@pytest.mark.django_db
def test_an_author_with_a_very_long_name_can_publish() -> None:
    """Hosts that swap the user model may use e-mail addresses. The name is cut before it is digested."""
    user = UserFactory()
    author: Any = SimpleNamespace(pk=user.pk, get_username=lambda: "n" * 254)
    edit("1005", title="Too much")

    (revision,) = publishing.publish(author=author)

    revision.refresh_from_db()
    assert revision.author_name == "n" * 150
    assert publishing.verify() == ""


# ---- isolation ----

LEVELS = ["REPEATABLE READ", "SERIALIZABLE"]  # the default one is what all the other tests have


@pytest.fixture(params=LEVELS)
def level(request: pytest.FixtureRequest, transactional_db: None) -> Iterator[str]:
    """Let this process's connection have one isolation level after the other."""
    if connection.vendor == "sqlite":
        pytest.skip("SQLite has one writer, and no levels.")
    prefix = "SET SESSION CHARACTERISTICS AS" if connection.vendor == "postgresql" else "SET SESSION"
    with connection.cursor() as cursor:
        cursor.execute(f"{prefix} TRANSACTION ISOLATION LEVEL {request.param}")
    yield request.param
    connection.close()


@contextmanager
def somebody_else(before: Callable[[], object], after: Callable[[], object]) -> Iterator[None]:
    """Do something in a transaction of another connection, and the rest of it once this one waits for its locks."""
    ready, errors = threading.Event(), []

    def work() -> None:
        try:
            with closing(connection), transaction.atomic():
                before()
                ready.set()
                deadline = time.monotonic() + 20
                while not _somebody_waits() and time.monotonic() < deadline:
                    time.sleep(0.01)
                after()
        except Exception as error:
            errors.append(error)
            ready.set()

    thread = threading.Thread(target=work)
    thread.start()
    ready.wait(20)
    try:
        yield
    finally:
        thread.join(30)
    assert errors == []


def _somebody_waits() -> bool:
    waiting = {
        "postgresql": "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
        # What InnoDB tells of its locks is renewed only when nobody has asked for a while; statements here are short.
        "mysql": "SELECT count(*) FROM information_schema.processlist WHERE db = database() AND command = 'Query'"
        " AND id <> connection_id() AND time_ms > 200",
    }
    with connection.cursor() as cursor:
        cursor.execute(waiting[connection.vendor])
        return bool(cursor.fetchone()[0])


def change(code: str, **texts: str) -> None:
    """Change a draft as the back office does: the code's row is locked, and its version raised."""
    ErrorCode.objects.filter(code=code).update(version=F("version") + 1)
    edit(code, **texts)


def test_who_waits_for_another_publish_publishes_next(level: str) -> None:
    """What the other one changed meanwhile is kept, and both numbers are used."""
    edit("1006", title="Theirs")
    edit("1005", title="Mine")

    with somebody_else(lambda: publishing.publish(["1006"]), lambda: None):
        (mine,) = publishing.publish(["1005"])

    assert mine.number == 3
    assert {code: entry.revision for code, entry in log.live(using="default").items() if entry.revision > 1} == {
        "1006": 2,
        "1005": 3,
    }
    assert publishing.verify() == ""


def test_a_publish_takes_what_was_saved_while_it_waited(level: str) -> None:
    """Not what was there when it began."""
    edit("1005", title="Half")

    with somebody_else(lambda: log.lock(using="default"), lambda: change("1005", title="Whole")):
        (revision,) = publishing.publish(["1005"])

    assert revision.snapshot["messages"]["en"]["title"] == "Whole"
    assert publishing.unpublished() == {}


def test_who_saves_a_moment_later_is_told(level: str, client: Any) -> None:
    """And sees what the other one did; nothing of either is lost."""
    client.force_login(UserFactory(role="editor"))
    url = code_url("1005")
    typed = {**fields(client.get(url)), "messages-fr-title": "Le mien", "_save": "draft"}

    with somebody_else(lambda: change("1005", title="Theirs"), lambda: None):
        response = client.post(url, typed)

    assert response.status_code == 200
    assert "Somebody else saved this code" in response.content.decode()
    assert fields(response)["messages-fr-title"] == ["Le mien"]
    assert fields(response)["messages-en-title"] == ["Theirs"]


def test_a_message_saved_a_moment_later_is_told(level: str, client: Any) -> None:
    """The form of one message is a form on its code, too."""
    client.force_login(UserFactory(role="translator"))
    url = message_url("1005", "fr")
    typed = {**fields(client.get(url)), "title": "Le mien", "_save": "draft"}

    with somebody_else(lambda: change("1005", title="Theirs"), lambda: None):
        response = client.post(url, typed)

    assert "Somebody else saved this code" in response.content.decode()


def test_what_was_edited_while_the_button_waited_is_not_published_unseen(level: str, client: Any) -> None:
    """The tick stands for what was on the screen."""
    client.force_login(UserFactory(role="publisher"))
    change("1005", title="Seen")
    tick = f"1005:{ErrorCode.objects.get(code='1005').version}"

    with somebody_else(lambda: log.lock(using="default"), lambda: change("1005", title="Unseen")):
        response = client.post(PUBLISH, {"tick": tick})

    assert "somebody edited 1005 in the meantime" in said(response)
    assert Head.objects.get().number == 1


# MariaDB's strictest level makes every read a lock, and locks read what is newest.
_REFUSED = [("postgresql", "REPEATABLE READ"), ("postgresql", "SERIALIZABLE"), ("mysql", "REPEATABLE READ")]


def test_a_transaction_of_the_host_keeps_its_level(level: str) -> None:
    """One that has read before may be refused by a strict database, as a whole; then running it again publishes."""
    edit("1005", title="Mine")
    edit("1006", title="Theirs")

    def host() -> list[Revision]:
        with transaction.atomic():
            ErrorCode.objects.count()
            with somebody_else(lambda: publishing.publish(["1006"]), lambda: None):
                return publishing.publish(["1005"])

    if (connection.vendor, level) in _REFUSED:
        with pytest.raises(OperationalError):
            host()
        assert Head.objects.get().number == 2
        assert list(publishing.unpublished()) == ["1005"]
        publishing.publish(["1005"])
    else:
        assert len(host()) == 1

    assert Head.objects.get().number == 3
    assert publishing.unpublished() == {}
    assert publishing.verify() == ""


# ---- one transaction a request ----


@pytest.fixture
def atomic_requests(monkeypatch: pytest.MonkeyPatch, transactional_db: None) -> None:
    """Be a host that sets ATOMIC_REQUESTS."""
    monkeypatch.setitem(connections.settings["default"], "ATOMIC_REQUESTS", True)


def test_a_request_that_is_a_transaction_saves_and_publishes(atomic_requests: None, client: Any) -> None:
    """Readers see it once the request is over."""
    client.force_login(UserFactory(role="publisher"))

    response = send(client, code_url("1005"), {"messages-fr-title": "Trop"}, button="publish")

    assert response.status_code == 302
    assert client.get("/api/errors/1005/?language=fr").json()["title"] == "Trop"
    assert Head.objects.get().number == 2


def test_a_refused_publish_keeps_the_save_of_its_request(atomic_requests: None, client: Any) -> None:
    """Only the publish is taken back."""
    client.force_login(UserFactory(role="publisher"))

    send(client, code_url("1005"), {"messages-en-title": ""}, button="publish")

    assert Message.objects.get(error__code="1005", language="en").title == ""
    assert Head.objects.get().number == 1


def test_a_request_that_fails_publishes_nothing(atomic_requests: None, client: Any) -> None:
    """The host rolls back, and no reader ever saw it."""
    edit("1005", title="Too much")
    before = lookup.get("1005").title

    with pytest.raises(ZeroDivisionError), transaction.atomic():
        publishing.publish()
        assert lookup.get("1005").title == before
        raise ZeroDivisionError

    assert lookup.get("1005").title == before
    assert Head.objects.get().number == 1


def test_saving_and_publishing_in_one_transaction_is_no_deadlock(atomic_requests: None, client: Any) -> None:
    """The head is locked before any code, by everybody."""
    if connection.vendor == "sqlite":
        pytest.skip("SQLite has one lock.")
    client.force_login(UserFactory(role="publisher"))
    edit("1006", title="Theirs")
    url = code_url("1005")
    typed = {**fields(client.get(url)), "messages-fr-title": "Trop", "_save": "publish"}
    row = ErrorCode.objects.filter(code="1005").select_for_update()

    with somebody_else(lambda: publishing.publish(["1006"]), lambda: list(row)):
        response = client.post(url, typed)

    assert response.status_code == 302
    assert Head.objects.get().number == 3


# ---- hosts ----

ALL = ["sqlite", "postgresql", "mariadb"]

STATE = """
import json
from pts_errors import lookup, publishing
from pts_errors.publishing import draft, log
from pts_errors.models import Category, ErrorCode, Head, Message, Revision, Runbook
new = ErrorCode.objects.create(code="10000", name="CODE_10000", category=Category.objects.get(slug="server"))
Message.objects.create(error=new, language="en", title="A 😀", customer_message="Ask us.", merchant_action="Ask.")
Runbook.objects.filter(error__code="1005").update(impact="Nobody 😀. مرحبا")
ErrorCode.objects.filter(code="10000").update(
    outcome="rejected", outcome_basis="derived", retry_advice="do_not_retry", severity="info", reveal_to_customer=True
)
publishing.publish(note="😀" * 200)
print(Head.objects.get().number, publishing.verify() or "whole")
print([*ErrorCode.objects.values_list("code", flat=True)], [*Category.objects.values_list("slug", flat=True)])
print([*Message.objects.filter(error__code="1005").order_by("language").values_list("language", flat=True)])
print([error.code for error in lookup.get_all(language="zh-Hans")], lookup.get("1005", language="zh_HANS").language)
for entry in (draft.read(using="default")["1005"], log.live(using="default")["10000"]):
    print(json.dumps(entry.as_json(), sort_keys=True))
"""


def state_of(kind: str, path: Path, how: str = "", options: dict[str, Any] | None = None, extra: str = "") -> str:
    """Return what a host with a database of a kind has after some edits and a publish."""
    path.mkdir()
    with database(kind, path, how) as settings:
        settings = {**settings, "OPTIONS": {**settings.get("OPTIONS", {}), **(options or {})}}
        host = Host(path, {"default": settings}, extra)
        if "search_path" in str(options):
            settings.pop("OPTIONS")
            Host(path, {"default": settings}).python(
                "from django.db import connection; connection.cursor().execute('CREATE SCHEMA shop')"
            )
            host = Host(path, {"default": {**settings, "OPTIONS": options}}, extra)
        host.manage("migrate", "-v0")
        return host.python(STATE).stdout


@pytest.fixture(scope="session")
def usual_state(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return what a host with SQLite has."""
    return state_of("sqlite", tmp_path_factory.mktemp("usual") / "host")


@pytest.mark.host
@pytest.mark.parametrize(
    ("kind", "how", "options"),
    [
        ("postgresql", "LOCALE_PROVIDER icu ICU_LOCALE 'sv-SE' TEMPLATE template0", {}),
        ("postgresql", "LOCALE_PROVIDER icu ICU_LOCALE 'en-u-kn-true-ka-shifted' TEMPLATE template0", {}),
        ("postgresql", "LOCALE 'C' ENCODING 'UTF8' TEMPLATE template0", {"options": "-c search_path=shop"}),
        ("mariadb", "CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci", {}),
        ("mariadb", "CHARACTER SET utf8mb4 COLLATE utf8mb4_turkish_ci", {}),
        ("mariadb", "CHARACTER SET utf8mb4 COLLATE utf8mb4_bin", {}),
        ("mariadb", "CHARACTER SET utf8mb4", {"init_command": "SET sql_mode = ''"}),
    ],
    ids=["icu", "icu-numeric", "schema", "general", "turkish", "binary", "not-strict"],
)
def test_every_database_holds_the_same_catalog(
    kind: str, how: str, options: dict[str, str], usual_state: str, tmp_path: Path
) -> None:
    """Whatever its collation, locale, schema and strictness: rows, order and texts, and the log reads back as it was digested."""
    assert state_of(kind, tmp_path / "host", how, options) == usual_state
    assert "whole" in usual_state


PEOPLE = """
import uuid
from django.contrib.auth.models import AbstractUser
from django.db import models

class Person(AbstractUser):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    username = models.CharField(max_length=254, unique=True)
"""


@pytest.mark.host
@pytest.mark.parametrize("kind", ["postgresql", "mariadb"])
def test_a_host_without_time_zones_and_with_its_own_users(kind: str, tmp_path: Path) -> None:
    """Their keys are UUIDs and their names long; dates have no zone; every table has another prefix's neighbours."""
    app = tmp_path / "people"
    app.mkdir()
    (app / "__init__.py").touch()
    (app / "models.py").write_text(PEOPLE)
    extra = """
        INSTALLED_APPS = ["people", "django.contrib.admin", "django.contrib.messages", "django.contrib.sessions",
                          *INSTALLED_APPS]
        MIDDLEWARE = ["django.contrib.sessions.middleware.SessionMiddleware",
                      "django.contrib.auth.middleware.AuthenticationMiddleware",
                      "django.contrib.messages.middleware.MessageMiddleware"]
        TEMPLATES[0]["OPTIONS"] = {"context_processors": [
            "django.template.context_processors.request", "django.contrib.auth.context_processors.auth",
            "django.contrib.messages.context_processors.messages"]}
        ALLOWED_HOSTS = ["testserver"]
        STATIC_URL = "static/"
        AUTH_USER_MODEL = "people.Person"
        USE_TZ = False
    """
    with database(kind, tmp_path) as settings:
        host = Host(tmp_path, {"default": settings}, extra)
        (tmp_path / "urls.py").write_text(
            "from django.contrib import admin\n"
            "from django.urls import include, path\n"
            "urlpatterns = [path('admin/', admin.site.urls), path('errors/', include('pts_errors.urls')),"
            " path('api/', include('pts_errors.api.urls'))]\n"
        )
        host.manage("makemigrations", "people", "-v0")
        host.manage("migrate", "-v0")

        done = host.python("""
            from django.test import Client
            from people.models import Person
            from pts_errors import publishing
            from pts_errors.publishing import reviews
            from pts_errors.models import Message, Runbook
            person = Person.objects.create_superuser("n" * 250)
            Message.objects.filter(error__code="1005", language="en").update(title="Too much")
            (revision,) = publishing.publish(author=person)
            reviews.flag("1005", "Old", user=person, using="default")
            revision.refresh_from_db()
            Runbook.objects.filter(error__code="1005").update(reviewed_by=person, reviewed_at=revision.created_at)
            client = Client()
            client.force_login(person)
            date = f"{revision.created_at:%Y-%m-%d}"
            pages = [f"/admin/pts_errors/revision/?date={date}", f"/admin/pts_errors/errorcode/{revision.error_id}/change/",
                     f"/admin/pts_errors/errorcode/{revision.error_id}/history/", "/api/revisions/?since=1",
                     "/errors/runbooks/1005/", "/errors/1005/"]
            print([client.get(page).status_code for page in pages])
            print(len(revision.author_name), revision.author == person, publishing.as_of(revision.created_at).number)
            person.delete()
            revision.refresh_from_db()
            print(revision.author, publishing.verify() or "whole")
        """)

    assert done.stdout == f"{[200] * 6}\n150 True 2\nNone whole\n"


@pytest.mark.host
@pytest.mark.parametrize("kind", ["postgresql", "mariadb"])
def test_the_catalog_may_live_beside_the_users_on_another_alias(kind: str, tmp_path: Path) -> None:
    """The router sends both there; what else the host has stays where it is."""
    other = tmp_path / "other"
    other.mkdir()
    with database("sqlite", tmp_path) as default, database(kind, other) as elsewhere:
        host = Host(
            tmp_path,
            {"default": default, "other": elsewhere},
            """
            class Router:
                def alias_of(self, label):
                    return "default" if label == "sessions" else "other"
                def db_for_read(self, model, **hints):
                    return self.alias_of(model._meta.app_label)
                db_for_write = db_for_read
                def allow_migrate(self, db, app_label, model_name=None, **hints):
                    return db == self.alias_of(app_label)
            DATABASE_ROUTERS = ["settings.Router"]
            """,
        )
        host.manage("migrate", "-v0")
        host.manage("migrate", "--database=other", "-v0")

        done = host.python("""
            from django.db import connections
            from pts_errors import lookup, publishing
            from pts_errors.models import Message
            Message.objects.filter(error__code="1005", language="en").update(title="Too much")
            print([revision.number for revision in publishing.publish()], lookup.get("1005").title)
            print(connections["default"].introspection.table_names().count("pts_errors_head"))
        """)

    assert done.stdout == "[2] Too much\n0\n"


CONNECTIONS = """
import threading
from django.db import connection, connections
from pts_errors import lookup, publishing, snapshot
from pts_errors.models import Message

def read():
    snapshot.refresh()
    titles.append(lookup.get("1005").title)

titles = []
for number in range(5):
    Message.objects.filter(error__code="1005", language="en").update(title="Change " + "x" * (number + 1))
    publishing.publish(["1005"])
    connection.close()
    threads = [threading.Thread(target=read) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
print(len(titles), titles.count("Change xxxxx"))
with connection.cursor() as cursor:
    cursor.execute(OPEN)
    print(cursor.fetchone()[0])
"""
OPEN = {
    "postgresql": "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()",
    "mariadb": "SELECT count(*) FROM information_schema.processlist WHERE db = database()",
}


@pytest.mark.host
@pytest.mark.parametrize(
    ("kind", "settings", "options"),
    [
        ("postgresql", {"CONN_MAX_AGE": None, "CONN_HEALTH_CHECKS": True}, {}),
        ("mariadb", {"CONN_MAX_AGE": None, "CONN_HEALTH_CHECKS": True}, {}),
        ("postgresql", {}, {"pool": {"min_size": 1, "max_size": 1, "timeout": 30}}),
    ],
    ids=["postgresql", "mariadb", "pool"],
)
def test_readers_keep_no_connection(
    kind: str, settings: dict[str, Any], options: dict[str, Any], tmp_path: Path
) -> None:
    """Forty threads that nobody manages read with persistent connections, or share the one of a pool."""
    if options:
        pytest.importorskip("psycopg_pool")
    with database(kind, tmp_path) as found:
        host = Host(tmp_path, {"default": {**found, **settings, "OPTIONS": {**found.get("OPTIONS", {}), **options}}})
        host.manage("migrate", "-v0")

        done = host.python(f"OPEN = {OPEN[kind]!r}\n" + CONNECTIONS)

    assert done.stdout == "40 8\n1\n"


@pytest.mark.django_db
def test_half_of_an_edit_is_never_read() -> None:
    """Somebody saves between two queries of a reader: the reader begins again."""
    saved: list[int] = []

    def save(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        result = execute(sql, params, many, context)
        if "pts_errors_message" in sql and not saved:  # the texts are read, and the version is not yet
            saved.append(1)
            edit("1005", title="Saved meanwhile")
            ErrorCode.objects.filter(code="1005").update(version=F("version") + 1)
        return result

    with connection.execute_wrapper(save):
        drafts = draft.read(using="default")

    assert drafts["1005"].messages["en"].title == "Saved meanwhile"
