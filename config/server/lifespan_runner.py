"""Drives ASGI lifespan, which Daphne lacks (django/daphne#264), plus one event of ours,
`lifespan.drain`, before shutdown."""

import asyncio
import logging
from typing import Any

from realtime.extensions import DRAIN

logger = logging.getLogger(__name__)


class LifespanRunner:
    """One run of the application for the scope `lifespan`."""

    def __init__(self, application: Any) -> None:
        self.application = application
        self.events: asyncio.Queue[dict[str, str]] = asyncio.Queue()
        self.running: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Sends `lifespan.startup`. Only the first call does, however many ports are open."""
        if self.running is None:
            self.events.put_nowait({"type": "lifespan.startup"})
            self.running = asyncio.get_running_loop().create_task(self._run())

    def drain(self) -> None:
        """Sends `lifespan.drain`."""
        self.events.put_nowait({"type": DRAIN})

    async def shutdown(self) -> None:
        """Sends `lifespan.shutdown` and waits until the application has returned."""
        if self.running is not None:
            self.events.put_nowait({"type": "lifespan.shutdown"})
            await self.running

    async def _run(self) -> None:
        scope = {"type": "lifespan", "asgi": {"version": "3.0"}}
        try:
            await self.application(scope, self.events.get, _ignore)
        except Exception:
            logger.exception("The lifespan of the application failed.")


async def _ignore(message: dict[str, str]) -> None:
    """The ASGI `send`. The answers are not needed: `shutdown` waits for the application itself."""
