"""The site's own end: what is open is closed politely, by whoever opened it."""

import logging
from typing import Any

from chat.worker import current
from realtime.extensions import DRAIN

logger = logging.getLogger(__name__)


def is_draining() -> bool:
    """Whether this worker sees everybody off, and is to be given nobody new."""
    return current().streams.draining


async def lifespan(scope: Any, receive: Any, send: Any) -> None:
    """An ASGI application for the scope `lifespan`."""
    await receive()
    current()
    await send({"type": "lifespan.startup.complete"})
    while (await receive())["type"] == DRAIN:
        begin_drain()
    await current().stop()
    await send({"type": "lifespan.shutdown.complete"})


def begin_drain() -> None:
    """Says farewell to readers and to sockets; to the ones even if it fails with the others."""
    for step in (current().streams.drain, current().drain):
        try:
            step()
        except Exception:
            logger.exception("Drain step failed.")
