"""Which event loop the server runs on."""

import asyncio

try:
    import uvloop
except ImportError:  # not for every system
    uvloop = None  # type: ignore[assignment]


def prefer_uvloop() -> None:
    """Makes uvloop the kind of every loop that is made from now on, where it is installed."""
    if uvloop is not None:
        asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
