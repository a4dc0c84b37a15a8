"""The site's own end: what is open is closed politely, by whoever opened it."""

import logging
from typing import Any

from chat import shutdown
from config.server.lifespan_runner import DRAIN
from realtime import event_stream

logger = logging.getLogger(__name__)


def is_draining() -> bool:
    """Whether this worker sees everybody off, and is to be given nobody new."""
    return event_stream.streams.draining


async def lifespan(scope: Any, receive: Any, send: Any) -> None:
    """An ASGI application for the scope `lifespan`."""
    await receive()
    await send({"type": "lifespan.startup.complete"})
    while (await receive())["type"] == DRAIN:
        see_off()
    await shutdown.end()
    await send({"type": "lifespan.shutdown.complete"})


def see_off() -> None:
    """Says farewell to readers and to sockets; to the ones even if it fails with the others."""
    for step in (event_stream.streams.drain, shutdown.farewell):
        try:
            step()
        except Exception:
            logger.exception("Not everybody was seen off.")
