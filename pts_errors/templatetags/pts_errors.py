"""The tags of ``{% load pts_errors %}``."""

from __future__ import annotations

from typing import Any

from django.template import Library
from django.template.base import Parser, Token
from django.template.context import Context
from django.template.library import SimpleNode
from django.utils.html import escape

from pts_errors import lookup
from pts_errors.values.catalog import LocalizedError

register = Library()


@register.simple_tag
def pts_error(code: object, language: str | None = None) -> LocalizedError:
    """Print the customer message of a code, escaped, or store its error.

    {% pts_error code %}
    {% pts_error code language="fr" %}
    {% pts_error code as error %}{{ error.title }}
    """
    return lookup.get(code, language=language)


_compile_simple = register.tags["pts_error"]


class ErrorNode(SimpleNode):
    """Prints text even under ``autoescape off``, where Django's own node returns the error as an object."""

    def render(self, context: Context) -> str:
        """Return the customer message, or nothing when the error is stored."""
        args, kwargs = self.get_resolved_arguments(context)
        error = self.func(*args, **kwargs)
        if self.target_var is not None:
            context[self.target_var] = error
            return ""
        return escape(str(error)) if context.autoescape else str(error)


@register.tag("pts_error")
def compile_error(parser: Parser, token: Token) -> ErrorNode:
    """Compile ``{% pts_error %}`` as a simple tag with our own node."""
    node = _compile_simple(parser, token)
    return ErrorNode(node.func, node.takes_context, node.args, node.kwargs, node.target_var)


@register.inclusion_tag("pts_errors/alert.html")
def pts_error_alert(code: object, reference: object = None, language: str | None = None) -> dict[str, Any]:
    """Show the customer message of a code as an alert, with the host's own reference of the order.

    {% pts_error_alert code reference=order.number %}
    """
    return {"error": lookup.get(code, language=language), "reference": reference}
