"""What is saved in the admin is compared with the newest rows, whichever isolation level the host has."""

from __future__ import annotations

from typing import Any

from django.db import router, transaction
from django.http import HttpRequest

from pts_errors import log
from pts_errors.admin.lists import ListAdmin


class SavingAdmin(ListAdmin):
    """An admin whose saves see what somebody else has saved a moment ago."""

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """Show the form, or save what was sent."""
        if request.method != "POST":
            return super().changeform_view(request, object_id, form_url, extra_context)
        alias = router.db_for_write(self.model)
        with transaction.atomic(using=alias):
            log.read_committed(using=alias)
            return super().changeform_view(request, object_id, form_url, extra_context)
