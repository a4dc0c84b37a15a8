"""The event loop that the server runs on."""

import asyncio

try:
    import uvloop
except ImportError:  # It does not exist for Windows.
    uvloop = None  # type: ignore[assignment]


def prefer_uvloop() -> None:
    """Makes every event loop that is created from now on one of uvloop, if it is installed."""
    if uvloop is not None:
        asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
