"""Record how each outcome is known.

A database that this release seeded takes it from its live revisions. In others, a refusal whose advice is not to check
the status first counts as confirmed by the person who last published the code: the merge of the shipped catalog after
`migrate` replaces that wherever nobody edited the advice, and leaves the rest to be looked at.
"""

from __future__ import annotations

from contextlib import suppress

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import pts_errors.models

_OLD_CONFIRMED = ~models.Q(retry_advice="check_status_first") & models.Q(outcome__in=["rejected", "declined"])


def fill(apps, schema_editor):
    alias = schema_editor.connection.alias
    Revision, ErrorCode = (
        apps.get_model("pts_errors", name)._default_manager.using(alias) for name in ("Revision", "ErrorCode")
    )
    ErrorCode.filter(_OLD_CONFIRMED).update(outcome_basis="confirmed")
    newest = dict(Revision.values_list("error").annotate(number=models.Max("number")).order_by())
    for error, number in newest.items():
        # A damaged state cannot be read, and must not keep anybody from an upgrade.
        with suppress(ValueError, AttributeError, TypeError, KeyError):
            code = Revision.get(error=error, number=number).snapshot["code"]
            ErrorCode.filter(pk=error).update(
                outcome_basis=code["outcome_basis"], outcome_reason=code["outcome_reason"]
            )
    for row in ErrorCode.filter(_OLD_CONFIRMED, outcome_basis="confirmed"):
        revisions = Revision.filter(error=row).order_by("-number")
        shipped = revisions.filter(origin="shipped").first()
        with suppress(ValueError, AttributeError, TypeError, KeyError):
            if shipped is None or shipped.snapshot["code"]["retry_advice"] != row.retry_advice:
                author = revisions.filter(author__isnull=False).values_list("author", flat=True).first()
                ErrorCode.filter(pk=row.pk).update(confirmed_by=author)
    if schema_editor.connection.vendor == "postgresql":  # which alters no table while it has foreign keys to check
        schema_editor.connection.check_constraints()


class Migration(migrations.Migration):
    dependencies = [
        ("pts_errors", "0007_resolution"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="errorcode",
            name="confirmed_at",
            field=models.DateTimeField(blank=True, editable=False, null=True, verbose_name="confirmed at"),
        ),
        migrations.AddField(
            model_name="errorcode",
            name="confirmed_by",
            field=models.ForeignKey(
                blank=True,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="confirmed by",
            ),
        ),
        migrations.AddField(
            model_name="errorcode",
            name="outcome_basis",
            field=models.CharField(
                choices=[
                    ("documented", "Documented by the gateway"),
                    ("derived", "Follows from what is documented"),
                    ("assumed", "Assumed: our reading"),
                    ("confirmed", "Confirmed by this site"),
                ],
                db_default="assumed",
                default="assumed",
                help_text="How the outcome is known. While a refusal is only assumed, the advice must be to check the status first. “Confirmed” is set by confirming the outcome.",
                max_length=16,
                verbose_name="basis of the outcome",
            ),
        ),
        migrations.AddField(
            model_name="errorcode",
            name="outcome_reason",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="One sentence for integrators: why the outcome is what it is, or how it was confirmed.",
                max_length=200,
                validators=[pts_errors.models.validate_text],
                verbose_name="reason for the outcome",
            ),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop, elidable=False, hints={"model_name": "errorcode"}),
        migrations.AddConstraint(
            model_name="errorcode",
            constraint=models.CheckConstraint(
                condition=models.Q(("outcome_basis__in", ["documented", "derived", "assumed", "confirmed"])),
                name="pts_errors_outcome_basis_known",
                violation_error_message="Choose one of the offered values.",
            ),
        ),
        migrations.AddConstraint(
            model_name="errorcode",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("outcome__in", ["rejected", "declined"]), ("outcome_basis", "assumed"), _negated=True),
                    ("retry_advice", "check_status_first"),
                    _connector="OR",
                ),
                name="pts_errors_assumed_is_checked_first",
                violation_error_message="This refusal is only assumed, so money may have moved: the retry advice must be to check the status first. Confirm the outcome before you give other advice.",
            ),
        ),
    ]
