"""Warm look-ups in Python and templates, compared with Django and django-parler: `python -m benchmarks.lookup`."""

from __future__ import annotations

from django.template import Context, Template
from django.utils import translation
from django.utils.translation import get_language, gettext

from benchmarks import host
from benchmarks.measure import in_turn, ratio, report, rounds, row, seconds_per_call
from benchmarks.project.models import ParlerError
from pts_errors import lookup

CODES = ("1001", "1005", "1006", "1008", "1010", "1015", "4001", "8005", "8101", "9007")
# Texts that Django itself translates.
WORDS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday", "January", "February", "March")


def main() -> None:
    """Measure and report, with ten codes and ten texts in German."""
    host.migrate()
    _fill_parler()
    held = [ParlerError.objects.get(code=code) for code in CODES]
    errors = {error.code: error.customer_message for error in lookup.get_all(language="de")}
    ours = "{% load pts_errors %}" + "".join(f'{{% pts_error "{code}" %}}' for code in CODES)
    theirs = "{% load i18n %}" + "".join(f'{{% translate "{word}" %}}' for word in WORDS)
    names = {
        "errors": errors,
        "lookup": lookup,
        "gettext": gettext,
        "get_language": get_language,
        "held": held,
        "ParlerError": ParlerError,
        "ours": Template(ours),
        "theirs": Template(theirs),
        "context": Context(),
    }
    statements = {
        "dict": [f"errors.get({code!r})" for code in CODES],
        "language": [f"lookup.get({code!r}, language='de')" for code in CODES],
        "active": [f"lookup.get({code!r})" for code in CODES],
        "gettext": [f"gettext({word!r})" for word in WORDS],
        "get_language": ["get_language()"] * len(CODES),
        "tag": ["ours.render(context)"],
        "translate": ["theirs.render(context)"],
        "parler held": [f"held[{number}].customer_message" for number in range(len(CODES))],
        # A model instance without its query, to measure only parler and its cache.
        "parler cache": [
            f"ParlerError.from_db('default', ('id', 'code'), ({error.pk}, {error.code!r})).customer_message"
            for error in held
        ],
    }
    with translation.override("de"):
        measures = {name: seconds_per_call(lines, names) for name, lines in statements.items()}
        took = in_turn(measures, rounds(25))
    report(
        "lookup",
        "Look-ups, warm",
        [
            ratio("lookup.get(code, language=…) / dict.get", took["language"], took["dict"], "≤ 15"),
            ratio("lookup.get(code) / gettext()", took["active"], took["gettext"], "≤ 1"),
            ratio("{% pts_error %} / {% translate %}", took["tag"], took["translate"], "≤ 0.65"),
            ratio("lookup.get(code) / dict.get", took["active"], took["dict"]),
            ratio("get_language() / dict.get", took["get_language"], took["dict"]),
            ratio("gettext() / dict.get", took["gettext"], took["dict"]),
            ratio("lookup.get(code) / django-parler, text of a held object", took["active"], took["parler held"]),
            ratio("lookup.get(code) / django-parler, text from its cache", took["active"], took["parler cache"]),
            row("lookup.get(code, language=…)", [value * 1e9 for value in took["language"]], "ns"),
            row("lookup.get(code)", [value * 1e9 for value in took["active"]], "ns"),
        ],
    )


def _fill_parler() -> None:
    for code in CODES:
        error = ParlerError.objects.create(code=code)
        for language in ("en", "de"):
            text = lookup.get(code, language=language)
            error.create_translation(language, title=text.title, customer_message=text.customer_message)


if __name__ == "__main__":
    main()
