"""A middleware for plain Django views: an uncaught PTSError becomes a proper answer."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.cache import patch_vary_headers
from django.utils.deprecation import MiddlewareMixin

from pts_errors import answers, problem
from pts_errors.exceptions import PTSError

# In order of preference. JSON comes first, because a client that accepts anything is a program.
_TYPES = [problem.CONTENT_TYPE, "application/json", "text/html"]


class PTSErrorMiddleware(MiddlewareMixin):
    """Answers a PTSError with problem details, or a browser with the page ``pts_errors/problem.html``.

    Put ``"pts_errors.middleware.PTSErrorMiddleware"`` last in ``MIDDLEWARE``, below those that choose the language.
    Views under ``ATOMIC_REQUESTS`` have been rolled back by then.
    """

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Return the answer to a PTSError, and None for any other exception."""
        if not isinstance(exception, PTSError):
            return None
        described = problem.describe(exception)
        if answers.preferred_type(request, _TYPES) == "text/html":
            # Only what may be shown, so that a host's own template cannot show more.
            context = {
                "problem": described.body,
                "language": described.error.language,
                "direction": described.error.direction,
            }
            page = render_to_string("pts_errors/problem.html", context, request)
            response = HttpResponse(page, status=described.status, headers=described.headers)
        else:
            response = problem.respond(described.status, described.body, described.headers)
        patch_vary_headers(response, ("Accept", "Accept-Language", "Cookie"))
        return response
