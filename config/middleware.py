"""What a browser is told that a page of ours may do."""

from collections.abc import Awaitable, Callable
from typing import cast

from asgiref.sync import iscoroutinefunction
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

Answer = Callable[[HttpRequest], HttpResponseBase | Awaitable[HttpResponseBase]]

# Nothing but what the site itself serves, as a file: a script or style within a page is what an
# attacker would write there. 'self' names the sockets of this host, too.
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


# Django 6 has a middleware for the policy. That of django-csp takes two turns of a thread for each
# request, and builds the same policy every time.
@sync_and_async_middleware
def page_policy(get_response: Answer) -> Answer:
    """Adds the headers to pages; event streams and JSON have no use for them."""
    if iscoroutinefunction(get_response):

        async def answer_async(request: HttpRequest) -> HttpResponseBase:
            return _with_policy(await get_response(request))

        return answer_async

    def answer(request: HttpRequest) -> HttpResponseBase:
        return _with_policy(cast(HttpResponseBase, get_response(request)))

    return answer


def _with_policy(response: HttpResponseBase) -> HttpResponseBase:
    # Django's own pages that explain an error to a developer are styled from within.
    explains = settings.DEBUG and response.status_code >= 400
    if response.get("Content-Type", "").startswith("text/html") and not explains:
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
    return response
