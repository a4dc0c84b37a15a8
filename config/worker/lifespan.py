"""What the application does when its worker starts, drains and stops."""

import logging
from typing import Any

from chat.worker import current
from realtime.extensions import DRAIN

logger = logging.getLogger(__name__)


def is_draining() -> bool:
    """Whether this worker is about to stop, and closes its connections."""
    return current().streams.draining


async def lifespan(scope: Any, receive: Any, send: Any) -> None:
    """The ASGI application for the scope `lifespan`."""
    await receive()
    current()  # builds the parts of the worker
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
