"""The site's own end: what is open is closed politely, by whoever opened it."""

from typing import Any

from chat import leaving
from config.cycle import DRAIN
from streaming import responses


def is_draining() -> bool:
    """Whether this worker sees everybody off, and is to be given nobody new."""
    return responses.streams.draining


async def lifespan(scope: Any, receive: Any, send: Any) -> None:
    """An ASGI application for the scope `lifespan`."""
    await receive()
    await send({"type": "lifespan.startup.complete"})
    while (await receive())["type"] == DRAIN:
        responses.streams.drain()
        leaving.farewell()
    await leaving.end()
    await send({"type": "lifespan.shutdown.complete"})
