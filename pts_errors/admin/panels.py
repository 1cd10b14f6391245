"""Panels beside the fields of a form: states, sources, lint issues and the last save."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.admin.options import get_content_type_for_model
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html

from pts_errors.admin.board import Line, State
from pts_errors.admin.forms import InlineMessageForm
from pts_errors.conf import conf
from pts_errors.models import ErrorCode, Message
from pts_errors.values import diff, languages, placeholders
from pts_errors.values.entry import MESSAGE_FIELDS


def badge(state: State) -> str:
    """Return the HTML of a state: a shape and a word."""
    return format_html(
        '<span class="pts-state pts-{}"><span aria-hidden="true">{}</span> {}</span>',
        state.key,
        state.shape,
        state.word,
    )


def panel_of(line: Line | None, form: InlineMessageForm) -> dict[str, Any]:
    """Return the panel of one language: sources, state and lint issues."""
    language = form.language
    return {
        "language": language,
        "source_language": conf.SOURCE_LANGUAGE,
        "source_direction": languages.direction(conf.SOURCE_LANGUAGE),
        "name": languages.name_of(language),
        "direction": languages.direction(language),
        "is_source": language == conf.SOURCE_LANGUAGE,
        "is_locked": all(field.disabled for field in form.fields.values()),
        "state": line.translation_of(language) if line else None,
        "rows": [_row(line, form, name) if line else {"field": form[name], "source": ""} for name in MESSAGE_FIELDS],
    }


def _row(line: Line, form: InlineMessageForm, name: str) -> dict[str, Any]:
    """Return the panel of one field: its source, and how that changed since it was confirmed."""
    language, source, text = form.language, getattr(line.source, name), getattr(form.instance, name)
    confirmed = line.message(language).source_text.get(name, source)
    return {
        "field": _field(form, name),
        "source": source,
        "pieces": diff.words(confirmed, source) if confirmed != source else [],
        "issues": [issue for issue in line.issues if issue.path == (language, name)],
        "placeholders": sorted(placeholders.names(source)),
        "result": _result(text, language),
        "text": text,
    }


def log_of(row: ErrorCode) -> QuerySet[LogEntry]:
    """Return the admin's log of a code."""
    return LogEntry.objects.filter(content_type=get_content_type_for_model(row), object_id=str(row.pk))


def enter(request: HttpRequest, rows: Iterable[Any], text: str) -> None:
    """Add an entry to the admin's log of these rows; their history shows it."""
    LogEntry.objects.log_actions(
        user_id=request.user.pk,  # type: ignore[arg-type]  # the user is logged in
        queryset=rows,
        action_flag=CHANGE,
        change_message=text,
    )


def _field(form: InlineMessageForm, name: str) -> object:
    """Return a field, or its name and label where the admin leaves it out of a read-only form."""
    return (
        form[name]
        if name in form.fields
        else {"name": name, "label": getattr(Message._meta.get_field(name), "verbose_name", name)}
    )


def last_save(row: ErrorCode) -> LogEntry | None:
    """Return the log entry of the last save of a code."""
    return log_of(row).select_related("user").order_by("-action_time").first()


def _result(text: str, language: str) -> str:
    """Return the text with the site's values filled in, or an empty text if it has no placeholders."""
    filled = placeholders.fill(text, conf.CONTEXT, isolate=languages.direction(language) == "rtl")
    return filled if filled != text else ""
