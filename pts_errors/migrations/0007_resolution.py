"""Give messages a resolution.

An empty database was seeded before this column was there, so its drafts take what their live revisions have. Revisions
of earlier releases have no resolution: there, the merge of the shipped catalog after `migrate` brings it.
"""

from __future__ import annotations

from contextlib import suppress

import django.core.validators
from django.db import migrations, models

import pts_errors.models


def fill(apps, schema_editor):
    alias = schema_editor.connection.alias
    Revision, Message = (
        apps.get_model("pts_errors", name)._default_manager.using(alias) for name in ("Revision", "Message")
    )
    newest = dict(Revision.values_list("error").annotate(number=models.Max("number")).order_by())
    for error, number in newest.items():
        # A damaged state cannot be read, and must not keep anybody from an upgrade.
        with suppress(ValueError, AttributeError, TypeError):
            snapshot = Revision.get(error=error, number=number).snapshot
            for language, texts in snapshot.get("messages", {}).items():
                if resolution := texts.get("resolution"):
                    Message.filter(error=error, language=language, resolution="").update(resolution=resolution)


class Migration(migrations.Migration):
    dependencies = [("pts_errors", "0006_whole_digests")]

    operations = [
        migrations.AddField(
            model_name="message",
            name="resolution",
            field=models.TextField(
                blank=True,
                db_default="",
                default="",
                help_text="For the merchant's people, in Markdown: a numbered list of likely causes, the most likely first, each with what to check and do. Then the fixed sentence about the order id.",
                validators=[pts_errors.models.validate_text, django.core.validators.MaxLengthValidator(4000)],
                verbose_name="resolution",
            ),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop, elidable=False, hints={"model_name": "message"}),
    ]
