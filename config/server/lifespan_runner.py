"""Tells the application of its start and its end (ASGI lifespan), which Daphne does not
(django/daphne#264), and that it is to see everybody off before."""

import asyncio
import logging
from typing import Any

from realtime.extensions import DRAIN

logger = logging.getLogger(__name__)


class Cycle:
    """One run of the application for the scope `lifespan`."""

    def __init__(self, application: Any) -> None:
        self.application = application
        self.events: asyncio.Queue[dict[str, str]] = asyncio.Queue()
        self.running: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Tells the application that it begins; once, however many ports are open."""
        if self.running is None:
            self.events.put_nowait({"type": "lifespan.startup"})
            self.running = asyncio.get_running_loop().create_task(self._run())

    def drain(self) -> None:
        """Tells the application to see everybody off."""
        self.events.put_nowait({"type": DRAIN})

    async def end(self) -> None:
        """Tells the application that all have left, and waits until it has ended."""
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
    """What the application answers: it is waited for itself."""
