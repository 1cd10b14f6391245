"""Keep every flag of a runbook as a row of its own: who, when, what, and whether somebody closed it."""

from __future__ import annotations

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.utils import timezone

import pts_errors.models

# How the release before wrote a flag into the admin's log.
_FLAGGED = "Flagged the runbook as wrong: "


def move(apps, schema_editor):
    alias = schema_editor.connection.alias
    Runbook, Flag = (apps.get_model("pts_errors", name) for name in ("Runbook", "Flag"))
    try:
        log = apps.get_model("admin", "LogEntry")._default_manager.using(alias)
    except LookupError:  # a host without the admin never knew who it was
        log = None
    flagged = Runbook._default_manager.using(alias).exclude(flag="")
    for runbook in flagged.exclude(flags__isnull=False):  # MariaDB may have committed them before the process died
        said = log and (
            log.filter(
                object_id=str(runbook.error_id),
                change_message=_FLAGGED + runbook.flag,
                content_type__app_label="pts_errors",
                content_type__model="errorcode",
            )
            .order_by("-action_time")
            .first()
        )
        Flag._default_manager.using(alias).create(
            runbook=runbook,
            text=runbook.flag,
            author_id=said.user_id if said else None,
            created_at=said.action_time if said else timezone.now(),
        )


def move_back(apps, schema_editor):
    alias = schema_editor.connection.alias
    Flag = apps.get_model("pts_errors", "Flag")
    for flag in Flag._default_manager.using(alias).filter(closed_at=None).order_by("created_at"):
        runbook = flag.runbook
        runbook.flag = flag.text
        runbook.save(using=alias, update_fields=["flag"])


class Migration(migrations.Migration):
    dependencies = [
        ("pts_errors", "0002_seed"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Flag",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "text",
                    models.CharField(
                        help_text="What the reader found wrong.",
                        max_length=200,
                        validators=[pts_errors.models.validate_text],
                        verbose_name="text",
                    ),
                ),
                (
                    "reference",
                    models.CharField(
                        blank=True,
                        help_text="What the reader had filled in at the time, such as order_id=A-77.",
                        max_length=300,
                        verbose_name="reference",
                    ),
                ),
                ("author_name", models.CharField(blank=True, max_length=150, verbose_name="author's name")),
                ("created_at", models.DateTimeField(verbose_name="created at")),
                ("closed_at", models.DateTimeField(blank=True, null=True, verbose_name="closed at")),
                (
                    "author",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="author",
                    ),
                ),
                (
                    "closed_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="closed by",
                    ),
                ),
                (
                    "runbook",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="flags",
                        to="pts_errors.runbook",
                        verbose_name="runbook",
                    ),
                ),
            ],
            options={
                "verbose_name": "flag",
                "verbose_name_plural": "flags",
                "ordering": ["created_at", "pk"],
                "default_permissions": (),
            },
        ),
        migrations.RunPython(move, move_back, elidable=True, hints={"model_name": "flag"}),
    ]
