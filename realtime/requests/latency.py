"""Requests that wait on purpose. Their duration is no latency."""

from django.http import HttpRequest

KEY = "twinstream.waits"


def leave_out(request: HttpRequest) -> None:
    """Leaves the duration of this request out of the latencies: a long poll waits for news."""
    request.META[KEY] = True


def is_left_out(request: HttpRequest) -> bool:
    """Whether `leave_out` was called for this request."""
    return KEY in request.META
