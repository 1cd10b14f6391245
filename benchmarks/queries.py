"""Count the queries of all warm reads, which must be zero: `python -m benchmarks.queries`."""

from __future__ import annotations

import os
from collections.abc import Callable

# A read is warm until the next refresh, and counting may take longer than the default of one second.
os.environ["BENCH_REFRESH_SECONDS"] = "3600"

from django.db import connection
from django.template import Context, Template
from django.test import Client
from django.test.utils import CaptureQueriesContext

from benchmarks import host
from benchmarks.measure import report, row
from pts_errors import lookup

LANGUAGES = ("en", "de", "zh-hans", "ar")


def main() -> None:
    """Read everything once to warm up, then count."""
    host.migrate()
    client = Client()
    tags = Template("{% load pts_errors %}{% pts_error '1005' %}{% pts_error_alert '4001' reference='A-1' %}")
    etag = client.get("/api/errors/").headers["ETag"]

    def get(path: str, status: int = 200, **headers: str) -> Callable[[], None]:
        def read() -> None:
            for language in LANGUAGES:
                answer = client.get(path, headers={"accept-language": language, **headers})
                if answer.status_code != status:
                    raise RuntimeError(f"{path} is answered with {answer.status_code}.")

        return read

    reads: dict[str, Callable[[], object]] = {
        "lookup.get(): a code that is there, and one that is not": lambda: [
            lookup.get(code, language=language) for code in ("1005", "7777") for language in LANGUAGES
        ],
        "lookup.get_all()": lambda: [lookup.get_all(language=language) for language in LANGUAGES],
        "{% pts_error %} and {% pts_error_alert %}": lambda: tags.render(Context()),
        "api/errors/": get("/api/errors/"),
        "api/errors/ with parameters": get("/api/errors/?outcome=unknown&search=order&since=0"),
        "api/errors/, gzip": get("/api/errors/", **{"accept-encoding": "gzip"}),
        "api/errors/, 304": get("/api/errors/?language=en", 304, **{"if-none-match": etag}),
        "api/errors/{code}/": get("/api/errors/1005/"),
        "api/errors/{code}/, 404": get("/api/errors/7777/", 404),
        "api/categories/": get("/api/categories/"),
        "errors/": get("/errors/"),
        "errors/{code}/": get("/errors/1005/"),
    }
    rows = []
    for name, read in reads.items():
        read()
        with CaptureQueriesContext(connection) as queries:
            read()
        rows.append(row(name, [len(queries)], "queries", "≤ 0"))
    report("queries", "Queries of warm reads, in four languages", rows)


if __name__ == "__main__":
    main()
