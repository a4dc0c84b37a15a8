"""What the application does when its worker starts, drains and stops."""

import logging
from collections.abc import Awaitable
from typing import Any

from asgiref.typing import (
    ASGI3Application,
    ASGIReceiveCallable,
    ASGISendCallable,
    Scope,
)

from chat.worker import current, start
from realtime.extensions import DRAIN

logger = logging.getLogger(__name__)


def is_draining() -> bool:
    """Whether this worker is about to stop, and closes its connections."""
    return current().streams.draining


class StartMiddleware:
    """ASGI middleware that starts the worker before the first request. A server with lifespan has
    started it already."""

    # asgiref checks this flag, since `__call__` is not a coroutine function: its frame would keep
    # the scope for as long as a stream lasts.
    _asgi_single_callable = True

    def __init__(self, application: ASGI3Application) -> None:
        self.application = application

    def __call__(
        self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> Awaitable[None]:
        start()
        return self.application(scope, receive, send)


async def lifespan(scope: Any, receive: Any, send: Any) -> None:
    """The ASGI application for the scope `lifespan`."""
    await receive()
    start()
    await send({"type": "lifespan.startup.complete"})
    while (await receive())["type"] == DRAIN:
        begin_drain()
    await current().stop()
    await send({"type": "lifespan.shutdown.complete"})


def begin_drain() -> None:
    """Ends the event streams and closes the sockets, with a time to reconnect. A step that fails
    is logged, and the others still run."""
    worker = current()
    for step in (worker.streams.drain, worker.drain):
        try:
            step()
        except Exception:
            logger.exception("A drain step failed.")
