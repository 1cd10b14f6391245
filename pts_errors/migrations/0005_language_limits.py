"""Make the languages of a group data. Until now the group's name said them, as in ``Translators [fil, ms]``."""

from __future__ import annotations

import re

import django.db.models.deletion
from django.db import connections, migrations, models, router

import pts_errors.models

# How the releases before read a name.
_LANGUAGES = re.compile(r"\[([a-z0-9, -]+)\]\s*\Z", re.IGNORECASE)
# What was meant so, but is spelled otherwise: it limited nothing. Square brackets, or others around tags alone.
_SQUARE = re.compile(r"[\[\]［］【】](.*)", re.DOTALL)
_OTHER = re.compile(r"[({<（]([^(){}<>（）]*)[)}>）]?\W*\Z")
_TAG = re.compile(r"[a-z]{2,3}(-[a-z0-9]{2,8})*")


def limit_of(name, known):
    """Return the languages that a group is limited to by its name; None for a name that says nothing of them."""
    if found := _LANGUAGES.search(name):
        return sorted({tag.strip().lower() for tag in found[1].split(",")} - {""})
    tags = []
    if found := _SQUARE.search(name) or _OTHER.search(name):
        tags = [tag.lower().replace("_", "-") for tag in re.findall(r"[\w-]+", found[1])]
    if _SQUARE.search(name) or (tags and all(map(_TAG.fullmatch, tags))):
        return sorted({*tags} & known)
    return None


def limit(apps, schema_editor):
    alias = schema_editor.connection.alias
    Group = apps.get_model("auth", "Group")
    Limit, Message = (apps.get_model("pts_errors", name) for name in ("LanguageLimit", "Message"))
    where = router.db_for_read(Group) or alias
    if Group._meta.db_table not in connections[where].introspection.table_names():
        return  # a host whose users live elsewhere, and have not moved in yet
    known = set(Message._default_manager.using(alias).values_list("language", flat=True).distinct())
    groups = Group._default_manager.using(where).filter(
        permissions__codename="change_message", permissions__content_type__app_label="pts_errors"
    )
    for pk, name in groups.values_list("pk", "name"):
        if (languages := limit_of(name, known)) is not None:
            Limit._default_manager.using(alias).get_or_create(group_id=pk, defaults={"languages": languages})


class Migration(migrations.Migration):
    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("pts_errors", "0004_flag_column"),
    ]

    operations = [
        migrations.CreateModel(
            name="LanguageLimit",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "languages",
                    models.JSONField(
                        blank=True,
                        default=list,
                        help_text="The group's permission “Can change message” applies to these languages only.",
                        validators=[pts_errors.models.validate_languages],
                        verbose_name="languages",
                    ),
                ),
                (
                    "group",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="auth.group",
                        verbose_name="group",
                    ),
                ),
            ],
            options={"verbose_name": "language limit", "verbose_name_plural": "language limits"},
        ),
        migrations.RunPython(limit, migrations.RunPython.noop),
    ]
