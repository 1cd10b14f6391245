"""Numbers in addresses: those that no database holds, and digits of other scripts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from django.urls import get_resolver

from pts_errors.models import ErrorCode
from tests.support.admin_pages import routes
from tests.support.api import client_of
from tests.support.factories import UserFactory

pytestmark = pytest.mark.django_db

NUMBERS = (2**31, 2**63, 2**64, 10**40, "٣", "1٣")
# A part of an address, as Django's routes and as regular expressions write it.
_PART = re.compile(r"<(?:\w+:)?(?P<route>\w+)>|\(\?P<(?P<regex>\w+)>[^)]*\)")
_STOCK = "object_id"


def addresses() -> Iterator[tuple[str, bool]]:
    """Yield every address of ours with one number in it that cannot be, and whether Django's own admin answers it."""

    key = ErrorCode.objects.get(code="1007").pk
    sound = {"code": "1007", "pk": key, "object_id": key, "number": 1, "flag": 1, "slug": "server", "language": "fr"}
    for route in routes(get_resolver().url_patterns, "/"):
        if route.startswith("/admin/") and "/pts_errors/" not in route:
            continue
        for part in _PART.finditer(route):
            name = part["route"] or part["regex"]
            if name == "language":
                continue
            for number in NUMBERS:
                values = {**sound, name: number}
                url = _PART.sub(lambda found: quote(str(values[found["route"] or found["regex"]])), route)  # noqa: B023
                yield url.replace("\\", ""), name == _STOCK


def test_a_number_that_no_database_holds_is_not_found() -> None:
    """In every address of the admin, the pages and the API, also of those that a later version adds."""
    client = client_of(UserFactory(is_superuser=True))
    found = list(dict.fromkeys(addresses()))

    wrong = [
        (url, method, response.status_code)
        for url, is_stock in found
        for method in ("get", "post")
        if (response := getattr(client, method)(url, {"note": "x"})).status_code
        not in ((302, 403, 404, 405) if is_stock else (404, 405))
        or (
            response.status_code == 302 and "/change/" not in response["Location"] and response["Location"] != "/admin/"
        )
    ]

    assert wrong == []
    assert len(found) > 20 * len(NUMBERS)
