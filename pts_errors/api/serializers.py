"""What each audience's JSON holds, field by field. ``ref_name`` is how OpenAPI documents call it."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from rest_framework import serializers

from pts_errors.models import Revision
from pts_errors.values import markdown
from pts_errors.values.catalog import LocalizedError
from pts_errors.values.entry import Category, Entry, Origin, Outcome, ResponsibleParty, RetryAdvice, Severity


class Direction(StrEnum):
    """The values of HTML's ``dir``."""

    LTR = "ltr"
    RTL = "rtl"


class EnumField(serializers.ChoiceField):
    """One value of an enumeration."""

    def __init__(self, kind: type[StrEnum], **kwargs: Any) -> None:
        """Take the enumeration."""
        super().__init__(choices=list(kind), **kwargs)
        self.kind = kind


class ErrorSerializer(serializers.Serializer[LocalizedError]):
    """One code for integrators. Nothing of it is for staff only."""

    code = serializers.CharField(help_text="The gateway's number, as text.")
    name = serializers.CharField(help_text="The constant to compare with.")
    category = serializers.CharField(help_text="Slug of the category.")
    provider_message = serializers.CharField(help_text="The gateway's own English, to the letter.")
    title = serializers.CharField(help_text="A short noun phrase for integrators.")
    customer_message = serializers.CharField(help_text="What an end customer may read, as plain text.")
    merchant_action = serializers.CharField(help_text="What the merchant does about it.")
    resolution = serializers.CharField(help_text="Likely causes and what to do, in Markdown, or empty.")
    resolution_html = serializers.SerializerMethodField(help_text="The same as safe HTML.")
    outcome = EnumField(Outcome, help_text="What became of this request.")
    retry_advice = EnumField(RetryAdvice, help_text="What the calling system may do next.")
    retry_after = serializers.IntegerField(allow_null=True, help_text="Seconds, only with the advice retry_later.")
    responsible_party = EnumField(ResponsibleParty, help_text="Who can remove the cause.")
    http_status = serializers.IntegerField(help_text="The status that a host is advised to answer with.")
    is_retired = serializers.BooleanField(help_text="Whether the gateway no longer sends it. Old orders carry it.")
    replaced_by = serializers.CharField(help_text="The code sent instead of a retired one, or empty.")
    similar = serializers.ListField(
        child=serializers.CharField(), help_text="Codes that are easily taken for this one."
    )
    language = serializers.CharField(help_text="The language in which the customer message was found.")
    direction = EnumField(Direction, help_text="Of that language.")
    text_languages = serializers.DictField(
        child=serializers.CharField(), help_text="By field, the language in which its text was found."
    )
    revision = serializers.IntegerField(help_text="Number of the publish that made this state.")

    class Meta:
        ref_name = "PTSError"

    def get_resolution_html(self, error: LocalizedError) -> str:
        """Return the resolution as HTML."""
        return markdown.render(error.resolution)


class ErrorListSerializer(serializers.Serializer[Any]):
    """The codes that were asked for, all of them in one answer."""

    revision = serializers.IntegerField(help_text="Number of the newest publish: what to send as since next time.")
    language = serializers.CharField(help_text="The language of the catalog that answers the request.")
    count = serializers.IntegerField(help_text="How many codes there are in the results.")
    results = ErrorSerializer(many=True)

    class Meta:
        ref_name = "PTSErrorList"


class CategorySerializer(serializers.Serializer[Category]):
    """One category, without the owner and the escalation, which are for staff."""

    slug = serializers.CharField(help_text="How programs name it.")
    name = serializers.CharField(help_text="How people read it, in the source language.")
    position = serializers.IntegerField(help_text="Order of the categories, smallest first.")

    class Meta:
        ref_name = "PTSCategory"


class RunbookSerializer(serializers.Serializer[Entry]):
    """One published runbook, for staff. Sections are Markdown."""

    code = serializers.CharField(help_text="The gateway's number, as text.")
    name = serializers.CharField(help_text="The constant to compare with.")
    severity = EnumField(Severity, help_text="How urgent the code is.")
    outcome = EnumField(Outcome, help_text="What became of the request.")
    retry_advice = EnumField(RetryAdvice, help_text="What the calling system may do next.")
    revision = serializers.IntegerField(help_text="Number of the publish that made this state.")
    owner = serializers.SerializerMethodField(help_text="The runbook's own, or its category's.")
    meaning = serializers.CharField(source="runbook.meaning", help_text="What happened, and where the money stands.")
    impact = serializers.CharField(source="runbook.impact", help_text="Who is hurt, and how badly.")
    diagnosis = serializers.CharField(source="runbook.diagnosis", help_text="Numbered steps with what to expect.")
    mitigation = serializers.CharField(source="runbook.mitigation", help_text="What to change, and how to undo it.")
    verification = serializers.CharField(source="runbook.verification", help_text="Proof that it works again.")
    escalation = serializers.SerializerMethodField(help_text="The runbook's own, or its category's.")

    class Meta:
        ref_name = "PTSRunbook"

    def get_owner(self, entry: Entry) -> str:
        """Return who owns the runbook."""
        return (entry.runbook.owner if entry.runbook else "") or entry.category.owner

    def get_escalation(self, entry: Entry) -> str:
        """Return whom to call."""
        return (entry.runbook.escalation if entry.runbook else "") or entry.category.escalation


class RevisionSerializer(serializers.ModelSerializer[Revision]):
    """One entry of the log, for staff."""

    code = serializers.CharField(source="error.code", help_text="The code that was published.")
    origin = EnumField(Origin, help_text="Where the state comes from.")
    note = serializers.CharField(help_text="Why it was published.")
    author_name = serializers.CharField(help_text="Who published it, or empty for a process.")
    process = serializers.CharField(help_text="Which process published it, where no person did.")
    created_at = serializers.DateTimeField(help_text="When. It only decorates: the order is that of the numbers.")
    digest = serializers.CharField(help_text="SHA-256 of this entry and the one before it.")

    class Meta:
        model = Revision
        fields = ["number", "code", "origin", "note", "author_name", "process", "created_at", "digest"]
        ref_name = "PTSRevision"


class RevisionListSerializer(serializers.Serializer[Any]):
    """One page of the log."""

    head = serializers.IntegerField(help_text="Number of the newest publish.")
    results = RevisionSerializer(many=True)

    class Meta:
        ref_name = "PTSRevisionList"


class RevisionDetailSerializer(RevisionSerializer):
    """One entry of the log with the state that it published."""

    snapshot = serializers.DictField(help_text="Category, code, messages and runbook, as they were published.")

    class Meta(RevisionSerializer.Meta):
        fields = [*RevisionSerializer.Meta.fields, "snapshot"]
        ref_name = "PTSRevisionDetail"


class ProblemSerializer(serializers.Serializer[Any]):
    """Why there is no other answer (RFC 9457)."""

    type = serializers.CharField(help_text="Always about:blank: the status says it all.")
    title = serializers.CharField(help_text="The status in words.")
    status = serializers.IntegerField(help_text="The status of the response.")
    detail = serializers.CharField(help_text="One sentence for a person.")

    class Meta:
        ref_name = "PTSProblem"


class ParameterProblemSerializer(ProblemSerializer):
    """Which parameter is wrong."""

    parameter = serializers.CharField(required=False, help_text="The name of the parameter that is wrong.")
    legal = serializers.CharField(required=False, help_text="What it may be, for a person.")

    class Meta:
        ref_name = "PTSParameterProblem"
