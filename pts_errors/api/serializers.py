"""What each audience's JSON holds, field by field."""

from __future__ import annotations

from rest_framework import serializers

from pts_errors.catalog import LocalizedError
from pts_errors.entry import Category, Entry, Outcome, ResponsibleParty, RetryAdvice, Severity
from pts_errors.models import Revision


class ErrorSerializer(serializers.Serializer[LocalizedError]):
    """One code for integrators. Nothing of it is for staff only."""

    code = serializers.CharField(help_text="The gateway's number, as text.")
    name = serializers.CharField(help_text="The constant to compare with.")
    category = serializers.CharField(help_text="Slug of the category.")
    provider_message = serializers.CharField(help_text="The gateway's own English, to the letter.")
    title = serializers.CharField()
    customer_message = serializers.CharField(help_text="What an end customer may read, as plain text.")
    merchant_action = serializers.CharField(help_text="What the merchant does about it.")
    outcome = serializers.ChoiceField(choices=list(Outcome), help_text="What became of this request.")
    retry_advice = serializers.ChoiceField(choices=list(RetryAdvice), help_text="What the calling system may do next.")
    retry_after = serializers.IntegerField(allow_null=True, help_text="Seconds, only with the advice retry_later.")
    responsible_party = serializers.ChoiceField(choices=list(ResponsibleParty), help_text="Who can remove the cause.")
    http_status = serializers.IntegerField(help_text="The status that a host is advised to answer with.")
    is_retired = serializers.BooleanField()
    replaced_by = serializers.CharField(help_text="The code sent instead of a retired one, or empty.")
    similar = serializers.ListField(
        child=serializers.CharField(), help_text="Codes that are easily taken for this one."
    )
    language = serializers.CharField(help_text="The language in which the customer message was found.")
    direction = serializers.ChoiceField(choices=["ltr", "rtl"])
    text_languages = serializers.DictField(
        child=serializers.CharField(), help_text="By field, the language in which its text was found."
    )
    revision = serializers.IntegerField(help_text="Number of the publish that made this state.")


class CategorySerializer(serializers.Serializer[Category]):
    """One category, without the owner and the escalation, which are for staff."""

    slug = serializers.CharField()
    name = serializers.CharField()
    position = serializers.IntegerField()


class RunbookSerializer(serializers.Serializer[Entry]):
    """One published runbook, for staff. Sections are Markdown."""

    code = serializers.CharField()
    name = serializers.CharField()
    severity = serializers.ChoiceField(choices=list(Severity))
    outcome = serializers.ChoiceField(choices=list(Outcome))
    retry_advice = serializers.ChoiceField(choices=list(RetryAdvice))
    revision = serializers.IntegerField()
    owner = serializers.SerializerMethodField(help_text="The runbook's own, or its category's.")
    meaning = serializers.CharField(source="runbook.meaning")
    impact = serializers.CharField(source="runbook.impact")
    diagnosis = serializers.CharField(source="runbook.diagnosis")
    mitigation = serializers.CharField(source="runbook.mitigation")
    verification = serializers.CharField(source="runbook.verification")
    escalation = serializers.SerializerMethodField(help_text="The runbook's own, or its category's.")

    def get_owner(self, entry: Entry) -> str:
        """Return who owns the runbook."""
        return (entry.runbook.owner if entry.runbook else "") or entry.category.owner

    def get_escalation(self, entry: Entry) -> str:
        """Return whom to call."""
        return (entry.runbook.escalation if entry.runbook else "") or entry.category.escalation


class RevisionSerializer(serializers.ModelSerializer[Revision]):
    """One entry of the log, for staff."""

    code = serializers.CharField(source="error.code")

    class Meta:
        model = Revision
        fields = ["number", "code", "origin", "note", "author_name", "created_at", "digest"]


class RevisionDetailSerializer(RevisionSerializer):
    """One entry of the log with the state that it published."""

    class Meta(RevisionSerializer.Meta):
        fields = [*RevisionSerializer.Meta.fields, "snapshot"]
