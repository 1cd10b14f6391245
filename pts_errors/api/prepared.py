"""The public JSON in one language: rendered once per code, and joined for lists."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.functional import cached_property

from pts_errors.answers import Answer
from pts_errors.api.generic import to_json
from pts_errors.api.serializers import ErrorSerializer
from pts_errors.values.catalog import Catalog, LocalizedError


class Prepared:
    """The JSON of the catalog in one language, rendered once per code."""

    def __init__(self, catalog: Catalog, language: str) -> None:
        self.table = catalog.table(language)
        self._catalog = catalog
        self._answers: dict[str, Answer] = {}

    def of(self, code: str) -> Answer | None:
        """Return the answer about one code, or None if it is not in the catalog."""
        answer = self._answers.get(code)
        if answer is None and code in self._catalog.entries:
            body = to_json(ErrorSerializer(self.table.find(code)).data)
            answer = self._answers[code] = Answer(body, catalog=self._catalog, language=self.table.language)
        return answer

    @cached_property
    def all(self) -> Answer:
        """The answer with all codes."""
        return self.some(self.table.errors.values())

    def some(self, errors: Iterable[LocalizedError]) -> Answer:
        """Return the answer with these codes."""
        parts = [answer.body for error in errors if (answer := self.of(error.code)) is not None]
        about = {"revision": self._catalog.number, "language": self.table.language, "count": len(parts)}
        body = b"".join((to_json(about).removesuffix(b"}"), b',"results":[', b",".join(parts), b"]}"))
        return Answer(body, catalog=self._catalog, language=self.table.language)


def prepare(catalog: Catalog, language: str) -> Prepared:
    """Return the JSON of the catalog in one of its languages, made once for each catalog."""
    key = (Prepared, language)
    prepared: Prepared | None = catalog.derived.get(key)
    if prepared is None:
        prepared = catalog.derived.setdefault(key, Prepared(catalog, language))
    return prepared
