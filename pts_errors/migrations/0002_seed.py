"""Write the shipped catalog into empty tables, and publish it as the first revision.

Frozen: the columns are those of this version of the schema, and historical models are all that is used. It never runs
`loaddata`, which would deserialise with the models of the day on which it runs.
"""

from __future__ import annotations

from django.db import migrations, transaction
from django.utils import timezone

from pts_errors.values import seed
from pts_errors.values.entry import digest

_CATEGORY = ("slug", "name", "position", "owner", "escalation")
_CODE = (
    "code",
    "name",
    "provider_message",
    "outcome",
    "retry_advice",
    "retry_after",
    "responsible_party",
    "http_status",
    "severity",
    "reveal_to_customer",
    "is_retired",
)
_MESSAGE = ("title", "customer_message", "merchant_action", "source_text")
_RUNBOOK = ("owner", "meaning", "impact", "diagnosis", "mitigation", "verification", "escalation")
_BATCH = 100


def plant(apps, schema_editor):
    alias = schema_editor.connection.alias
    # A transaction of its own: MariaDB runs migrations without one, and half a catalog is worse than none.
    with transaction.atomic(using=alias):
        _plant(apps, alias)


def _plant(apps, alias):
    def rows_of(name):
        return apps.get_model("pts_errors", name)._default_manager.using(alias)

    def pick(data, names):
        return {name: data[name] for name in names if name in data}

    if rows_of("Head").filter(number__gt=0).exists():
        return  # MariaDB committed the rows, and then the process died before the migration was recorded
    Category, ErrorCode, Message, Runbook, Revision = (
        apps.get_model("pts_errors", name) for name in ("Category", "ErrorCode", "Message", "Runbook", "Revision")
    )
    states = {entry.code: entry.as_json() for entry in seed.packaged()}
    slugs = {state["category"]["slug"]: state["category"] for state in states.values()}
    rows_of("Category").bulk_create([Category(**pick(category, _CATEGORY)) for category in slugs.values()])
    categories = {category.slug: category for category in rows_of("Category").all()}
    rows_of("ErrorCode").bulk_create(
        [
            ErrorCode(category=categories[state["category"]["slug"]], version=1, **pick(state["code"], _CODE))
            for state in states.values()
        ],
        batch_size=_BATCH,
    )
    rows = {row.code: row for row in rows_of("ErrorCode").all()}
    for code, state in states.items():
        if state["code"]["replaced_by"]:  # pragma: no cover # no code that is shipped is replaced yet
            rows_of("ErrorCode").filter(code=code).update(replaced_by=rows[state["code"]["replaced_by"]])
    Link = ErrorCode.similar.through
    pairs = {(code, other) for code, state in states.items() for other in state["code"]["similar"]}
    Link._default_manager.using(alias).bulk_create(
        [
            Link(from_errorcode_id=rows[one].pk, to_errorcode_id=rows[other].pk)
            for one, other in sorted(pairs | {(other, one) for one, other in pairs})
        ],
        batch_size=_BATCH,
    )
    rows_of("Message").bulk_create(
        [
            Message(error=rows[code], language=language, **pick(message, _MESSAGE))
            for code, state in states.items()
            for language, message in state["messages"].items()
        ],
        batch_size=_BATCH,
    )
    rows_of("Runbook").bulk_create(
        [
            Runbook(error=rows[code], **pick(state["runbook"], _RUNBOOK))
            for code, state in states.items()
            if state["runbook"]
        ],
        batch_size=_BATCH,
    )
    common = {"number": 1, "origin": "shipped", "note": seed.NOTE, "author_name": ""}
    moment, chain, revisions = timezone.now(), "", []
    for code, state in states.items():
        chain = digest(chain, snapshot=state, **common)
        revisions.append(Revision(error=rows[code], snapshot=state, created_at=moment, digest=chain, **common))
    rows_of("Revision").bulk_create(revisions, batch_size=_BATCH)
    rows_of("Head").update_or_create(pk=1, defaults={"number": 1, "digest": chain, "catalog": seed.VERSION})


class Migration(migrations.Migration):
    dependencies = [("pts_errors", "0001_initial")]

    operations = [
        # Backwards it leaves the rows: they may hold what ops staff wrote, and going forward again finds them.
        migrations.RunPython(plant, migrations.RunPython.noop, elidable=False, hints={"model_name": "errorcode"})
    ]
