"""The catalog in django-parler."""

from __future__ import annotations

from django.db import models
from parler.models import TranslatableModel, TranslatedFields


class ParlerError(TranslatableModel):
    """One code, translated by django-parler."""

    code = models.CharField(max_length=9, unique=True)
    translations = TranslatedFields(
        title=models.CharField(max_length=120, blank=True), customer_message=models.TextField(blank=True)
    )

    def __str__(self) -> str:
        return self.code
