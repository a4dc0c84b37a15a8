"""The Content-Security-Policy and Permissions-Policy of our pages."""

from collections.abc import Awaitable, Callable
from typing import cast

from asgiref.sync import iscoroutinefunction
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

GetResponse = Callable[[HttpRequest], HttpResponseBase | Awaitable[HttpResponseBase]]

# Only files that the site itself serves. Inline scripts and styles are refused: an attacker could
# inject them. 'self' includes WebSockets of this host.
CONTENT_SECURITY_POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ]
)
UNUSED = ["camera", "display-capture", "geolocation", "microphone", "payment", "usb"]
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Permissions-Policy": ", ".join(f"{feature}=()" for feature in UNUSED),
}


# Django 6 has a middleware for the policy. The one of django-csp switches threads twice for each
# request, and builds the same policy each time.
@sync_and_async_middleware
def page_policy(get_response: GetResponse) -> GetResponse:
    """Adds the headers to HTML pages. Event streams and JSON do not need them."""
    if iscoroutinefunction(get_response):

        async def respond_async(request: HttpRequest) -> HttpResponseBase:
            return _with_policy(await get_response(request))

        return respond_async

    def respond(request: HttpRequest) -> HttpResponseBase:
        return _with_policy(cast(HttpResponseBase, get_response(request)))

    return respond


def _with_policy(response: HttpResponseBase) -> HttpResponseBase:
    # Django's error pages for developers have inline styles.
    is_debug_page = settings.DEBUG and response.status_code >= 400
    if response.get("Content-Type", "").startswith("text/html") and not is_debug_page:
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
    return response
