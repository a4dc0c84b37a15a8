"""What is said to a request that Django's CSRF protection refuses."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.csrf import csrf_failure as page


def refused(request: HttpRequest, reason: str = "") -> HttpResponse:
    """An `error` where programs ask, and Django's page where people do."""
    if not request.path.startswith("/api/"):
        return page(request, reason)
    error = {"type": "error", "code": "forbidden", "message": reason}
    return JsonResponse(error, status=403)
