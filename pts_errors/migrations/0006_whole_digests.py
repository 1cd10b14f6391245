"""Give each revision what its digest did not cover before, and each draft a mark of the import that left it.

The digests of rows that are here stay as they are. What they leave out is sealed after `migrate`, and before the next
publish once more, because processes of the release before go on writing such rows while a deploy rolls.
"""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("pts_errors", "0005_language_limits")]

    operations = [
        migrations.AddField(
            model_name="errorcode",
            name="imported",
            field=models.CharField(blank=True, db_default="", editable=False, max_length=64, verbose_name="imported"),
        ),
        migrations.AddField(
            model_name="revision",
            name="author_key",
            field=models.CharField(blank=True, db_default="", max_length=150, verbose_name="author's key"),
        ),
        migrations.AddField(
            model_name="revision",
            name="format",
            field=models.PositiveSmallIntegerField(db_default=1, verbose_name="format"),
        ),
        migrations.AddField(
            model_name="revision",
            name="process",
            field=models.CharField(blank=True, db_default="", max_length=150, verbose_name="process"),
        ),
        migrations.AddField(
            model_name="revision",
            name="seal",
            field=models.CharField(blank=True, db_default="", max_length=64, verbose_name="seal"),
        ),
    ]
