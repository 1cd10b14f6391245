"""The API as one would write it with stock Django REST framework, over the same tables and with the same content."""

from __future__ import annotations

from typing import Any

from django.db.models import Prefetch, QuerySet
from django.utils.translation import get_language_from_request
from rest_framework import serializers, viewsets

from pts_errors.models import ErrorCode, Message


class StockSerializer(serializers.ModelSerializer[ErrorCode]):
    """One code, with its texts in the reader's language or in English."""

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
        """Return the title."""
        return self._text(error, "title")

    def get_customer_message(self, error: ErrorCode) -> str:
        """Return the customer message."""
        return self._text(error, "customer_message")

    def get_merchant_action(self, error: ErrorCode) -> str:
        """Return the merchant action."""
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
        """The language that the reader asked for."""
        return get_language_from_request(self.request)

    def get_queryset(self) -> QuerySet[ErrorCode, Any]:
        """Return the codes with what the serializer needs: three queries."""
        messages = Message.objects.filter(language__in=["en", self.language])
        return ErrorCode.objects.select_related("category", "replaced_by").prefetch_related(
            "similar", Prefetch("messages", messages)
        )
