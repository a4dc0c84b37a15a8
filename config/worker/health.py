"""What machines ask a worker: whether it lives, whether it can serve, and its figures."""

import json
from collections.abc import Awaitable, Callable, Iterable
from ipaddress import ip_address
from typing import Any

from asgiref.typing import ASGI3Application, ASGIReceiveCallable, ASGISendCallable, Scope
from prometheus_client import CONTENT_TYPE_LATEST

from chat.worker import current
from config.worker.metrics import exposition
from config.worker.readiness import readiness

# A status, a type and a body.
Answer = tuple[int, str, bytes]
Headers = Iterable[tuple[bytes, bytes]]

# What a proxy adds to a request that it passes on.
PROXIED = {b"x-forwarded-for", b"x-forwarded-proto", b"x-real-ip", b"forwarded", b"via"}


class Probes:
    """ASGI middleware that answers before Django: whatever the Host is, since a load balancer
    asks an address; without a session and without a thread of the site's own."""

    # As asgiref asks, since this is no coroutine function: its frame would be kept, with the
    # scope, for as long as a stream lasts.
    _asgi_single_callable = True

    def __init__(self, application: ASGI3Application) -> None:
        self.application = application

    def __call__(
        self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> Awaitable[None]:
        # By which the others know this worker: as soon as the server says that it has begun, or
        # at the first connection under one that does not.
        current()
        answer = probe(scope)
        if answer is None:
            return self.application(scope, receive, send)
        return respond_with(answer, send)


def probe(scope: Any) -> Callable[[], Awaitable[Answer]] | None:
    """What answers a request, if it is one for us."""
    if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
        return None
    if scope["path"] == "/metrics" and not is_near(scope):
        return None
    return PROBES.get(scope["path"])


def is_near(scope: Any) -> bool:
    """Whether a request comes from this machine or its own network, and through no proxy: the
    figures are not for users."""
    if PROXIED & {name.lower() for name, _ in scope["headers"]}:
        return False
    client = scope.get("client")
    try:
        return not client or not client[0] or ip_address(client[0]).is_private
    except ValueError:
        return False


async def health() -> Answer:
    """The process lives, and its loop turns: that it answers says all."""
    return 200, "text/plain; charset=utf-8", b"alive\n"


async def ready() -> Answer:
    """Whether this worker can serve somebody new."""
    words = await readiness()
    status = 200 if set(words.values()) == {"ready"} else 503
    return status, "application/json", json.dumps(words).encode() + b"\n"


async def metrics() -> Answer:
    """The figures of this worker, for Prometheus."""
    return 200, CONTENT_TYPE_LATEST, exposition()


PROBES: dict[str, Callable[[], Awaitable[Answer]]] = {
    "/healthz": health,
    "/readyz": ready,
    "/metrics": metrics,
}


async def respond_with(find: Callable[[], Awaitable[Answer]], send: Any) -> None:
    """Finds an answer, and sends it."""
    await respond(await find(), send)


async def respond(answer: Answer, send: Any, more: Headers = ()) -> None:
    """Sends an answer; the server leaves its body out where only the head was asked for."""
    status, kind, body = answer
    headers = [
        (b"content-type", kind.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
        *more,
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
