"""Lets nobody in any more while the worker leaves: who asks then is to ask another one."""

from collections.abc import Awaitable
from typing import Any

from asgiref.typing import ASGI3Application, ASGIReceiveCallable, ASGISendCallable, Scope

from chat.rooms import Refused
from chat.transports import common
from config.worker.health import Answer, respond
from config.worker.lifespan import is_draining
from realtime import event_stream, sse

WHY = "The server restarts."
RETRY_SECONDS = 1
HEADERS = [
    (b"retry-after", str(RETRY_SECONDS).encode()),
    # Else a page of another origin would take this for a refusal for good. It gives nothing away.
    (b"access-control-allow-origin", b"*"),
]


class Turnstile:
    """ASGI middleware that refuses before Django: the threads are for those who came before, and
    may be a crowd."""

    def __init__(self, application: ASGI3Application) -> None:
        self.application = application

    def __call__(
        self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> Awaitable[None]:
        # No coroutine of its own: it would be kept, with the scope, as long as a stream lasts.
        if is_draining() and may_be_repeated(scope):
            return respond(refusal(scope), send, HEADERS)
        return self.application(scope, receive, send)


def may_be_repeated(scope: Any) -> bool:
    """Whether a request does the same if it is sent again, here or elsewhere. A form does not; a
    command carries its cid."""
    return scope["type"] == "http" and (
        scope["method"] in ("GET", "HEAD") or scope["path"].startswith("/api/")
    )


def refusal(scope: Any) -> Answer:
    """The answer, in the form in which it is understood."""
    if any(name == b"accept" and sse.TYPE.encode() in value for name, value in scope["headers"]):
        return 200, sse.TYPE, event_stream.retry()  # any other status ends an EventSource for good
    if scope["path"].startswith("/api/"):
        refused = Refused("internal", WHY, RETRY_SECONDS * 1000)
        return 503, "application/json", common.refusal(refused).encode()
    return 503, "text/plain; charset=utf-8", f"{WHY}\n".encode()
