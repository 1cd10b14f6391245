"""The JSON of each audience, field by field. ``ref_name`` is its name in OpenAPI documents."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from typing import Any

from rest_framework import serializers

from pts_errors.models import Revision
from pts_errors.next_step import Action, Call
from pts_errors.pages.runbook import addressed
from pts_errors.values import markdown
from pts_errors.values.catalog import LocalizedError
from pts_errors.values.entry import (
    Basis,
    Category,
    Entry,
    OrderId,
    Origin,
    Outcome,
    ResponsibleParty,
    RetryAdvice,
    Severity,
)


class Direction(StrEnum):
    """The values of HTML's ``dir``."""

    LTR = "ltr"
    RTL = "rtl"


class EnumField(serializers.ChoiceField):
    """One value of an enumeration."""

    def __init__(self, kind: type[StrEnum], **kwargs: Any) -> None:
        super().__init__(choices=list(kind), **kwargs)
        self.kind = kind


class ErrorSerializer(serializers.Serializer[LocalizedError]):
    """One code for integrators, without the fields that are for staff only."""

    code = serializers.CharField(help_text="The gateway's number, as text.")
    name = serializers.CharField(help_text="The constant to compare with.")
    category = serializers.CharField(help_text="Slug of the category.")
    provider_message = serializers.CharField(help_text="The gateway's own English message, verbatim.")
    title = serializers.CharField(help_text="A short noun phrase for integrators.")
    customer_message = serializers.CharField(help_text="What an end customer may read, as plain text.")
    merchant_action = serializers.CharField(help_text="What the merchant should do about it.")
    resolution = serializers.CharField(help_text="Likely causes and what to do, in Markdown, or empty.")
    resolution_html = serializers.SerializerMethodField(help_text="The same as safe HTML.")
    outcome = EnumField(Outcome, help_text="What became of this request.")
    basis = EnumField(Basis, help_text="How the outcome is known.")
    outcome_reason = serializers.CharField(help_text="Why the outcome is what it is, in the source language, or empty.")
    retry_advice = EnumField(RetryAdvice, help_text="What the calling system may do next.")
    retry_after = serializers.IntegerField(allow_null=True, help_text="Seconds to wait, only with retry_later.")
    responsible_party = EnumField(ResponsibleParty, help_text="Who can remove the cause.")
    http_status = serializers.IntegerField(help_text="The status that a host is advised to answer with.")
    is_retired = serializers.BooleanField(help_text="True if the gateway no longer sends it; old orders may carry it.")
    replaced_by = serializers.CharField(help_text="The code sent instead of a retired one, or empty.")
    similar = serializers.ListField(
        child=serializers.CharField(), help_text="Codes that are easily confused with this one."
    )
    language = serializers.CharField(help_text="The language of the customer message.")
    direction = EnumField(Direction, help_text="The text direction of that language.")
    text_languages = serializers.DictField(
        child=serializers.CharField(), help_text="The language of each text, by field."
    )
    revision = serializers.IntegerField(help_text="Number of the publish that this state comes from.")

    class Meta:
        ref_name = "PTSError"

    def get_resolution_html(self, error: LocalizedError) -> str:
        """Return the resolution as HTML."""
        return markdown.render(error.resolution)


class ErrorListSerializer(serializers.Serializer[Any]):
    """The requested codes, all of them in one answer."""

    revision = serializers.IntegerField(help_text="Number of the newest publish: send it as since next time.")
    language = serializers.CharField(help_text="The language of the answer.")
    count = serializers.IntegerField(help_text="Number of codes in the results.")
    results = ErrorSerializer(many=True)

    class Meta:
        ref_name = "PTSErrorList"


class StepInputSerializer(serializers.Serializer[Any]):
    """What is known: the newest code, and the order's status."""

    code = serializers.CharField(allow_null=True, help_text="The gateway's code, or null for a call without an answer.")
    status = serializers.CharField(
        allow_null=True, help_text="The order's status in a query's answer, or null if it was not queried."
    )
    call = EnumField(Call, help_text="What the code answered: the order itself, or a query about it.")

    class Meta:
        ref_name = "PTSStepInput"


class StepSerializer(serializers.Serializer[Any]):
    """What to do next."""

    action = EnumField(Action, help_text="What the calling system does next.")
    order_id = EnumField(OrderId, allow_null=True, help_text="Which order id that carries; null if nothing is sent.")
    not_before = serializers.IntegerField(allow_null=True, help_text="Seconds to wait first, or null.")
    is_final = serializers.BooleanField(help_text="True if the order's state is final: after status 2000 and 3000.")

    class Meta:
        ref_name = "PTSStep"


class StepVectorSerializer(serializers.Serializer[Any]):
    """One test vector: what is known, and what to do next."""

    input = StepInputSerializer(help_text="What is known.")
    expected = StepSerializer(help_text="What to do next.")

    class Meta:
        ref_name = "PTSStepVector"


class StepListSerializer(serializers.Serializer[Any]):
    """The rule for the next step, case by case."""

    revision = serializers.IntegerField(help_text="Number of the newest publish.")
    count = serializers.IntegerField(help_text="Number of test vectors in the results.")
    results = StepVectorSerializer(many=True)

    class Meta:
        ref_name = "PTSStepList"


class CategorySerializer(serializers.Serializer[Category]):
    """One category, without the owner and the escalation, which are for staff."""

    slug = serializers.CharField(help_text="The identifier that programs use.")
    name = serializers.CharField(help_text="The name that people read, in the source language.")
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
    revision = serializers.IntegerField(help_text="Number of the publish that this state comes from.")
    owner = serializers.CharField(
        source="runbook.owner", help_text="The runbook's own owner, or that of its category, with the site's rota."
    )
    meaning = serializers.CharField(source="runbook.meaning", help_text="What happened, and where the money stands.")
    impact = serializers.CharField(source="runbook.impact", help_text="Who is affected, and how badly.")
    diagnosis = serializers.CharField(source="runbook.diagnosis", help_text="Numbered steps with expected results.")
    mitigation = serializers.CharField(source="runbook.mitigation", help_text="What to change, and how to undo it.")
    verification = serializers.CharField(source="runbook.verification", help_text="Proof that it works again.")
    escalation = serializers.CharField(
        source="runbook.escalation", help_text="The runbook's own escalation, or its category's."
    )

    class Meta:
        ref_name = "PTSRunbook"

    def to_representation(self, instance: Entry) -> dict[str, Any]:
        """Return the runbook with what it inherits, and with the site's rotas beside the roles."""
        return super().to_representation(replace(instance, runbook=addressed(instance)))


class RevisionSerializer(serializers.ModelSerializer[Revision]):
    """One entry of the log, for staff."""

    code = serializers.CharField(source="error.code", help_text="The code that was published.")
    origin = EnumField(Origin, help_text="Where the state comes from.")
    note = serializers.CharField(help_text="Why it was published.")
    author_name = serializers.CharField(help_text="Who published it; empty for a process.")
    process = serializers.CharField(help_text="Which process published it, if no person did.")
    created_at = serializers.DateTimeField(help_text="When it was published. The order is by number, not by time.")
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
    """An error response (RFC 9457)."""

    type = serializers.CharField(help_text="Always about:blank: the status says what happened.")
    title = serializers.CharField(help_text="The status in words.")
    status = serializers.IntegerField(help_text="The status of the response.")
    detail = serializers.CharField(help_text="One sentence for people to read.")

    class Meta:
        ref_name = "PTSProblem"


class ParameterProblemSerializer(ProblemSerializer):
    """An error response that names the invalid parameter."""

    parameter = serializers.CharField(required=False, help_text="The name of the invalid parameter.")
    legal = serializers.CharField(required=False, help_text="What it must be, for people to read.")

    class Meta:
        ref_name = "PTSParameterProblem"
