"""Take the old column of flags out of the models, and leave it in the table: the release before still writes it.

While a deploy rolls, its processes go on reading and writing the column; from now on the database fills it for others.
"""

from __future__ import annotations

import django.core.validators
from django.db import migrations, models

import pts_errors.models


class Migration(migrations.Migration):
    dependencies = [("pts_errors", "0003_flags")]

    operations = [
        migrations.AlterField(
            model_name="runbook",
            name="flag",
            field=models.CharField(
                blank=True,
                db_default="",
                help_text="What a reader found wrong. It is cleared by the next review.",
                max_length=200,
                validators=[pts_errors.models.validate_text],
                verbose_name="flag",
            ),
        ),
        migrations.SeparateDatabaseAndState(
            state_operations=[migrations.RemoveField(model_name="runbook", name="flag")]
        ),
        migrations.AlterField(
            model_name="errorcode",
            name="outcome",
            field=models.CharField(
                choices=[
                    ("accepted", "Accepted: the final state comes later"),
                    ("rejected", "Rejected: the request was refused"),
                    ("declined", "Declined: refused by the upstream, and final"),
                    ("unknown", "Unknown: money may have moved"),
                ],
                default="unknown",
                help_text="What became of the request. Choose Unknown whenever money may have moved.",
                max_length=16,
                verbose_name="outcome",
            ),
        ),
        migrations.AlterField(
            model_name="runbook",
            name="diagnosis",
            field=models.TextField(
                blank=True,
                help_text="A numbered list. Every step says what to expect and where to go otherwise. What the first step asks to do is shown at the top of the page.",
                validators=[pts_errors.models.validate_text, django.core.validators.MaxLengthValidator(10000)],
                verbose_name="diagnosis",
            ),
        ),
        migrations.AlterField(
            model_name="runbook",
            name="escalation",
            field=models.TextField(
                blank=True,
                help_text="Whom to call and when. The first item is shown at the top of the page. Blank: the escalation of the category.",
                validators=[pts_errors.models.validate_text, django.core.validators.MaxLengthValidator(10000)],
                verbose_name="escalation",
            ),
        ),
    ]
