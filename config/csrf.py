"""The answer to a request that Django's CSRF protection rejects."""

from django.http import HttpRequest, HttpResponse
from django.views import csrf

from realtime.error_response import error_response
from realtime.errors import Refused


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """An `error` object under /api/, and Django's page elsewhere. Status 403."""
    if request.path.startswith("/api/"):
        return error_response(Refused("forbidden", reason))
    return csrf.csrf_failure(request, reason)
