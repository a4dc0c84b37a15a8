"""The response to a request that Django's CSRF protection refuses."""

from django.http import HttpRequest, HttpResponse
from django.views.csrf import csrf_failure as page

from realtime.error_response import error_response
from realtime.errors import Refused


def refused(request: HttpRequest, reason: str = "") -> HttpResponse:
    """An `error` in JSON under /api/; Django's page elsewhere."""
    if not request.path.startswith("/api/"):
        return page(request, reason)
    return error_response(Refused("forbidden", reason))
