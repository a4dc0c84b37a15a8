"""The addresses that machines ask: `/healthz`, `/readyz` and `/metrics`."""

import json
from collections.abc import Awaitable, Callable, Iterable
from ipaddress import ip_address
from typing import Any

from asgiref.typing import ASGI3Application, ASGIReceiveCallable, ASGISendCallable, Scope
from prometheus_client import CONTENT_TYPE_LATEST

from config.worker.metrics import exposition
from config.worker.readiness import is_ready, readiness

# Status, content type, body.
Answer = tuple[int, str, bytes]
Headers = Iterable[tuple[bytes, bytes]]

# Headers that a proxy adds to a request.
PROXY_HEADERS = {b"x-forwarded-for", b"x-forwarded-proto", b"x-real-ip", b"forwarded", b"via"}


class HealthMiddleware:
    """ASGI middleware that answers the three addresses before Django: with any `Host`, since a load
    balancer connects to an IP address; without a session; and while all threads are busy."""

    # asgiref checks this flag, since `__call__` is not a coroutine function: its frame would keep
    # the scope for as long as a stream lasts.
    _asgi_single_callable = True

    def __init__(self, application: ASGI3Application) -> None:
        self.application = application

    def __call__(
        self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> Awaitable[None]:
        answer = find_answer(scope)
        if answer is None:
            return self.application(scope, receive, send)
        return respond_with(answer, send)


def find_answer(scope: Any) -> Callable[[], Awaitable[Answer]] | None:
    """The function that answers a request, or None if the request is for Django."""
    if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
        return None
    if scope["path"] == "/metrics" and not is_internal(scope):
        return None
    return ANSWERS.get(scope["path"])


def is_internal(scope: Any) -> bool:
    """Whether a request comes from this machine or a private network, and through no proxy. The
    metrics are not public."""
    if PROXY_HEADERS & {name.lower() for name, _ in scope["headers"]}:
        return False
    client = scope.get("client")
    try:
        return not client or not client[0] or ip_address(client[0]).is_private
    except ValueError:
        return False


async def health() -> Answer:
    """Liveness: 200 as long as the event loop runs."""
    return 200, "text/plain; charset=utf-8", b"alive\n"


async def ready() -> Answer:
    """Readiness: 200 if the worker can serve new clients, otherwise 503, with each part's state."""
    parts = await readiness()
    status = 200 if is_ready(parts) else 503
    return status, "application/json", json.dumps(parts).encode() + b"\n"


async def metrics() -> Answer:
    """The metrics of this worker for Prometheus."""
    return 200, CONTENT_TYPE_LATEST, exposition()


ANSWERS: dict[str, Callable[[], Awaitable[Answer]]] = {
    "/healthz": health,
    "/readyz": ready,
    "/metrics": metrics,
}


async def respond_with(find: Callable[[], Awaitable[Answer]], send: Any) -> None:
    """Computes an answer and sends it."""
    await respond(await find(), send)


async def respond(answer: Answer, send: Any, more: Headers = ()) -> None:
    """Sends an answer with additional headers. For HEAD, the server omits the body."""
    status, content_type, body = answer
    headers = [
        (b"content-type", content_type.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
        *more,
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
