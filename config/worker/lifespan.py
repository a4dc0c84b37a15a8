"""What the application does when its worker starts, drains and stops."""

import logging
from typing import Any

from chat import shutdown
from config.server.lifespan_runner import DRAIN
from realtime import event_stream

logger = logging.getLogger(__name__)


def is_draining() -> bool:
    """Whether this worker is about to stop, and closes its connections."""
    return event_stream.streams.draining


async def lifespan(scope: Any, receive: Any, send: Any) -> None:
    """The ASGI application for the scope `lifespan`."""
    await receive()
    await send({"type": "lifespan.startup.complete"})
    while (await receive())["type"] == DRAIN:
        begin_drain()
    await shutdown.end()
    await send({"type": "lifespan.shutdown.complete"})


def begin_drain() -> None:
    """Ends the event streams and closes the sockets, with a time to reconnect. A step that fails
    is logged, and the others still run."""
    for step in (event_stream.streams.drain, shutdown.farewell):
        try:
            step()
        except Exception:
            logger.exception("A drain step failed: %s", step.__qualname__)
