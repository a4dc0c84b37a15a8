"""Django middleware that counts responses and their latency by route."""

import asyncio
from collections.abc import Awaitable, Callable
from time import perf_counter

from asgiref.sync import iscoroutinefunction
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

from realtime.requests import latency
from realtime.worker import current

GetResponse = Callable[[HttpRequest], HttpResponseBase | Awaitable[HttpResponseBase]]

# The client disconnected before the response, as nginx counts it.
CLIENT_CLOSED = 499


@sync_and_async_middleware
def count_requests(get_response: GetResponse) -> GetResponse:
    """Counts each response by the pattern of its URL and its status, and the seconds until it. A
    stream and a long poll are counted without seconds: they wait on purpose."""
    if not iscoroutinefunction(
        get_response
    ):  # no server that we support, only Django's test client
        return get_response

    async def respond(request: HttpRequest) -> HttpResponseBase:
        started_at = perf_counter()
        try:
            response: HttpResponseBase = await get_response(request)
        except asyncio.CancelledError:
            current().counters.http.add(route_of(request, CLIENT_CLOSED), CLIENT_CLOSED, None)
            raise
        status = response.status_code
        waits = response.streaming or latency.is_left_out(request)
        seconds = None if waits else perf_counter() - started_at
        current().counters.http.add(route_of(request, status), status, seconds)
        return response

    return respond


def route_of(request: HttpRequest, status: int) -> str:
    """The pattern of the URL, such as `chat/<slug:slug>/`. It contains no names of people or rooms.
    Each path without a pattern is `unmatched`, so that a scanner cannot add labels."""
    if match := request.resolver_match:
        return match.route
    is_static = status < 400 and request.path.startswith(settings.STATIC_URL)
    return "static" if is_static else "unmatched"
