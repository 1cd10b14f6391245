"""Template tags: ``{% load pts_errors %}``."""

from __future__ import annotations

from typing import Any

from django.template import Library, Node
from django.template.base import Parser, Token
from django.template.context import Context

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
    return lookup.get(code, language=language)


_compile_error = register.tags["pts_error"]


class TextNode(Node):
    """Renders another node as text, because an error is an object and ``autoescape off`` leaves it one."""

    def __init__(self, node: Node) -> None:
        """Take the node."""
        self.node = node

    def render(self, context: Context) -> str:
        """Return the node's result as text."""
        return str(self.node.render(context))


@register.tag
def pts_error(parser: Parser, token: Token) -> TextNode:
    """Compile ``{% pts_error %}``: see `get_error` for its use."""
    return TextNode(_compile_error(parser, token))


@register.inclusion_tag("pts_errors/alert.html")
def pts_error_alert(code: object, reference: object = None, language: str | None = None) -> dict[str, Any]:
    """Show the customer message of a code as an alert, with the host's own reference of the order.

    {% pts_error_alert code reference=order.number %}
    """
    return {"error": lookup.get(code, language=language), "reference": reference}
