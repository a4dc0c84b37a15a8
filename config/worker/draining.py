"""While the worker drains, new requests are answered with 503 and `Retry-After`, so that the proxy
or the client tries another worker."""

import json
from collections.abc import Awaitable
from typing import Any

from asgiref.typing import ASGI3Application, ASGIReceiveCallable, ASGISendCallable, Scope

from config.worker.health import Answer, respond
from config.worker.lifespan import is_draining
from realtime import event_stream, sse
from realtime.errors import ERRORS, Refused

MESSAGE = ERRORS["restart"].message
RETRY_SECONDS = 1
HEADERS = [
    (b"retry-after", str(RETRY_SECONDS).encode()),
    # Without it, a page of another origin could not read the status, and would not retry. The
    # answer contains nothing secret.
    (b"access-control-allow-origin", b"*"),
]


class DrainMiddleware:
    """ASGI middleware that answers while the worker drains. It does so before Django: the threads
    are needed by requests that are already running."""

    def __init__(self, application: ASGI3Application) -> None:
        self.application = application

    def __call__(
        self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> Awaitable[None]:
        # Not a coroutine function: its frame would keep the scope for as long as a stream lasts.
        if is_draining() and is_repeatable(scope):
            return respond(refusal(scope), send, HEADERS)
        return self.application(scope, receive, send)


def is_repeatable(scope: Any) -> bool:
    """Whether a request has the same effect if it is sent again. A form that was posted has not. A
    command of the API has, since it carries a `cid`."""
    return scope["type"] == "http" and (
        scope["method"] in ("GET", "HEAD") or scope["path"].startswith("/api/")
    )


def refusal(scope: Any) -> Answer:
    """The answer in the form that the client understands: event stream, JSON or plain text."""
    if any(name == b"accept" and sse.TYPE.encode() in value for name, value in scope["headers"]):
        # After any other status than 200, EventSource never reconnects.
        return 200, sse.TYPE, event_stream.retry()
    if scope["path"].startswith("/api/"):
        refused = Refused("internal", MESSAGE, RETRY_SECONDS * 1000)
        body = json.dumps(refused.body(), separators=(",", ":")).encode()
        return refused.error.status, "application/json", body
    return 503, "text/plain; charset=utf-8", f"{MESSAGE}\n".encode()
