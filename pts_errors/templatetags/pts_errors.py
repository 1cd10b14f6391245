"""Template tags: ``{% load pts_errors %}``."""

from __future__ import annotations

import inspect
from typing import Any

from django.template import Library, Node
from django.template.base import FilterExpression, Parser, Token
from django.template.context import Context
from django.utils.html import escape

from pts_errors import lookup
from pts_errors.catalog import LocalizedError

register = Library()


@register.simple_tag(name="pts_error")
def get_error(code: object, language: str | None = None) -> LocalizedError:
    """Print the customer message of a code, escaped, or store its error.

    {% pts_error code %}
    {% pts_error code language="fr" %}
    {% pts_error code as error %}{{ error.title }}
    """
    return lookup.get(code, language=language)  # pragma: no cover # only its arguments are looked at, below


_compile_error = register.tags["pts_error"]


class ErrorNode(Node):
    """Looks the error up, and prints its customer message or stores it."""

    def __init__(self, code: FilterExpression, language: FilterExpression | None, target: str | None) -> None:
        """Take the tag's arguments, not yet resolved, and the name after ``as``."""
        self.code = code
        self.language = language
        self.target = target

    def render(self, context: Context) -> str:
        """Return the customer message, escaped where the template escapes, or nothing when the error is stored."""
        language = self.language.resolve(context) if self.language else None
        error = lookup.get(self.code.resolve(context), language=language)
        if self.target is not None:
            context[self.target] = error
            return ""
        text = error.customer_message
        return escape(text) if context.autoescape else text


@register.tag
def pts_error(parser: Parser, token: Token) -> ErrorNode:
    """Compile ``{% pts_error %}``: see `get_error` for its use."""
    # Django's own compiler of simple tags reads the arguments. Its node would print the error as an object, which
    # "autoescape off" leaves one.
    node = _compile_error(parser, token)
    arguments = inspect.signature(get_error).bind(*node.args, **node.kwargs).arguments
    return ErrorNode(arguments["code"], arguments.get("language"), node.target_var)


@register.inclusion_tag("pts_errors/alert.html")
def pts_error_alert(code: object, reference: object = None, language: str | None = None) -> dict[str, Any]:
    """Show the customer message of a code as an alert, with the host's own reference of the order.

    {% pts_error_alert code reference=order.number %}
    """
    return {"error": lookup.get(code, language=language), "reference": reference}
