"""The addresses that machines ask: `/healthz`, `/readyz` and `/metrics`."""

import json
from collections.abc import Awaitable, Callable, Iterable
from hmac import compare_digest
from typing import Any

from asgiref.typing import ASGI3Application, ASGIReceiveCallable, ASGISendCallable, Scope
from django.conf import settings
from prometheus_client import CONTENT_TYPE_LATEST

from config.worker.metrics import exposition
from config.worker.readiness import is_ready, readiness
from realtime.requests.networks import is_in, is_private, is_this_machine

# Status, content type, body.
Answer = tuple[int, str, bytes]
Headers = Iterable[tuple[bytes, bytes]]
HeaderList = list[tuple[bytes, bytes]]

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
    path = scope["path"]
    if path in ("/readyz", "/metrics") and not may_ask(scope, path):
        return not_found
    return ANSWERS.get(path)


def may_ask(scope: Any, path: str) -> bool:
    """Whether a request for `/readyz` or `/metrics` is answered: this machine always; otherwise a
    client of MONITORING_NETWORKS or with MONITORING_TOKEN. If neither is set, and no proxy is in
    between: a private network, and for `/readyz` every client."""
    headers = [(name.lower(), value) for name, value in scope["headers"]]
    peer, *_ = scope.get("client") or [None]
    here, *_ = scope.get("server") or [None]
    proxied = any(name in PROXY_HEADERS for name, _ in headers)
    if not proxied and is_this_machine(peer, here):
        return True
    if settings.MONITORING_NETWORKS or settings.MONITORING_TOKEN:
        known = not proxied or is_forwarded_client(headers, peer)
        return (known and is_in(peer, settings.MONITORING_NETWORKS)) or has_token(headers)
    return not proxied and (path == "/readyz" or is_private(peer))


def is_forwarded_client(headers: HeaderList, client: str | None) -> bool:
    """Whether the server took the address `client` from X-Forwarded-For, and it is the only one
    there. Otherwise it may be the address of a proxy, or one that the client wrote itself."""
    forwarded = [value.decode("latin1") for name, value in headers if name == b"x-forwarded-for"]
    return forwarded == [client]


def has_token(headers: HeaderList) -> bool:
    """Whether the headers contain MONITORING_TOKEN as a bearer token (RFC 6750)."""
    wanted = f"Bearer {settings.MONITORING_TOKEN}".encode()
    given = [value for name, value in headers if name == b"authorization"]
    # Compared in constant time: the duration must not say how many characters are right.
    return bool(settings.MONITORING_TOKEN) and any(compare_digest(each, wanted) for each in given)


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


async def not_found() -> Answer:
    """For those who may not ask. Django would log a warning each time."""
    return 404, "text/plain; charset=utf-8", b"Not Found\n"


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
