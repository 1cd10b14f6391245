"""The same API in stock Django REST framework, with the same tables and content."""

from __future__ import annotations

from typing import Any

from django.db.models import Prefetch, QuerySet
from django.utils.translation import get_language_from_request
from rest_framework import serializers, viewsets

from pts_errors.models import ErrorCode, Message


class StockSerializer(serializers.ModelSerializer[ErrorCode]):
    """One code, with texts in the requested language or in English."""

    category = serializers.SlugRelatedField("slug", read_only=True)
    replaced_by = serializers.SlugRelatedField("code", read_only=True)
    similar = serializers.SlugRelatedField("code", many=True, read_only=True)
    title = serializers.SerializerMethodField()
    customer_message = serializers.SerializerMethodField()
    merchant_action = serializers.SerializerMethodField()

    class Meta:
        model = ErrorCode
        fields = [
            "code",
            "name",
            "category",
            "provider_message",
            "title",
            "customer_message",
            "merchant_action",
            "outcome",
            "retry_advice",
            "retry_after",
            "responsible_party",
            "http_status",
            "is_retired",
            "replaced_by",
            "similar",
        ]

    def get_title(self, error: ErrorCode) -> str:
        return self._text(error, "title")

    def get_customer_message(self, error: ErrorCode) -> str:
        return self._text(error, "customer_message")

    def get_merchant_action(self, error: ErrorCode) -> str:
        return self._text(error, "merchant_action")

    def _text(self, error: ErrorCode, name: str) -> str:
        texts = {message.language: getattr(message, name) for message in error.messages.all()}
        return texts.get(self.context["view"].language) or texts.get("en", "")


class StockViewSet(viewsets.ReadOnlyModelViewSet[ErrorCode]):
    """All codes, and one of them."""

    serializer_class = StockSerializer
    lookup_field = "code"

    @property
    def language(self) -> str:
        """The requested language."""
        return get_language_from_request(self.request)

    def get_queryset(self) -> QuerySet[ErrorCode, Any]:
        """Return the codes with everything the serializer needs, in three queries."""
        messages = Message.objects.filter(language__in=["en", self.language])
        return ErrorCode.objects.select_related("category", "replaced_by").prefetch_related(
            "similar", Prefetch("messages", messages)
        )
