"""The API over HTTP, compared with a bare Django view and stock Django REST framework: `python -m benchmarks.api`."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from functools import partial

import psutil

from benchmarks import host, servers
from benchmarks.measure import Row, in_turn, ratio, report, rounds, row

LANGUAGE = {"Accept-Language": "de"}
GZIP = {**LANGUAGE, "Accept-Encoding": "gzip"}
_SECONDS = 1  # wrk only accepts whole seconds


def main() -> None:
    """Measure with both servers and report.

    One process with startproject's middleware serves all sides. A ratio compares requests for each processor second
    of the server.
    """
    if not servers.has_wrk():
        print(servers.NO_WRK)
        return
    host.migrate()
    for server in ("gunicorn", "granian"):
        report(f"api-{server}", f"The API under {server}", [*_plain(server), *_gzipped(server)])


def _plain(server: str) -> list[Row]:
    with servers.serving(server) as (address, process):
        code, bare_code, stock_code = (f"{address}/{path}" for path in _CODE)
        every, bare_list, stock_list = (f"{address}/{path}" for path in _LIST)
        _check(code, bare_code, stock_code)
        _check(every, bare_list, stock_list)
        rate = in_turn(
            {
                "code": _load(process, code),
                "bare code": _load(process, bare_code),
                "stock code": _load(process, stock_code),
                "code 304": _load(process, code, unchanged=True),
                "list": _load(process, every),
                "bare list": _load(process, bare_list),
                "stock list": _load(process, stock_list),
                "list 304": _load(process, every, unchanged=True),
            },
            rounds(7),
        )
    return [
        _ratio("errors/{code}/ / stock DRF", rate["code"], rate["stock code"], "≥ 10"),
        _ratio("errors/{code}/ / bare view", rate["code"], rate["bare code"], "≥ 1"),
        _ratio("errors/{code}/, 304 / bare view", rate["code 304"], rate["bare code"], "≥ 1"),
        _ratio("errors/ / stock DRF", rate["list"], rate["stock list"], "≥ 25"),
        _ratio("errors/ / bare view", rate["list"], rate["bare list"]),
        _ratio("errors/, 304 / bare view", rate["list 304"], rate["bare list"], "≥ 1"),
        _row("errors/{code}/", rate["code"]),
        _row("errors/", rate["list"]),
    ]


def _gzipped(server: str) -> list[Row]:
    with servers.serving(server, BENCH_GZIP="1") as (address, process):
        every, bare_list, stock_list = (f"{address}/{path}" for path in _LIST)
        _check(every, bare_list, stock_list, headers=GZIP)
        rate = in_turn(
            {
                "list": _load(process, every, GZIP),
                "bare list": _load(process, bare_list, GZIP),
                "stock list": _load(process, stock_list, GZIP),
            },
            rounds(7),
        )
    return [
        _ratio("errors/, gzip / stock DRF", rate["list"], rate["stock list"], "≥ 30"),
        _ratio("errors/, gzip / bare view", rate["list"], rate["bare list"]),
        _row("errors/, gzip", rate["list"]),
    ]


def _ratio(name: str, ours: list[servers.Load], theirs: list[servers.Load], limit: str = "") -> Row:
    one, other = ([load.a_processor_second for load in loads] for loads in (ours, theirs))
    return ratio(name, one, other, limit)


def _row(name: str, loads: list[servers.Load]) -> Row:
    return row(name, [load.a_second for load in loads], "requests/s")


_CODE = ("api/errors/1005/", "bare/code/", "stock/errors/1005/")
_LIST = ("api/errors/", "bare/list/", "stock/errors/")


def _load(
    server: psutil.Process, address: str, headers: dict[str, str] = LANGUAGE, *, unchanged: bool = False
) -> Callable[[], servers.Load]:
    if unchanged:
        etag = servers.get(address, headers)[1]["ETag"]
        headers = {**headers, "If-None-Match": etag}
        status, _headers, body = servers.get(address, headers)
        if (status, body) != (304, b""):
            raise RuntimeError(f"{address} is not answered with 304 but with {status}.")
    return partial(servers.load, address, headers, seconds=_SECONDS, server=server)


def _check(ours: str, bare: str, stock: str, *, headers: dict[str, str] = LANGUAGE) -> None:
    """Make sure that all sides do the same work."""
    bodies = []
    for address in (ours, bare, stock):
        status, answered, body = servers.get(address, headers)
        is_compressed = answered["Content-Encoding"] == "gzip"
        if status != 200 or is_compressed != ("Accept-Encoding" in headers):
            raise RuntimeError(f"{address} is answered with {status}, {answered['Content-Encoding']}.")
        bodies.append(gzip.decompress(body) if is_compressed else body)
    if bodies[0] != bodies[1]:
        raise RuntimeError(f"{bare} does not return the bytes of {ours}.")
    (our_first, stock_first) = (json.loads(body) for body in (bodies[0], bodies[2]))
    if isinstance(stock_first, list):
        our_first, stock_first = our_first["results"][0], stock_first[0]
    texts = ("code", "title", "customer_message", "merchant_action", "outcome")
    if any(our_first[name] != stock_first[name] for name in texts):
        raise RuntimeError(f"{stock} does not hold what {ours} holds.")


if __name__ == "__main__":
    main()
