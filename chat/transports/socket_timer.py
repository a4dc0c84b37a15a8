"""One timer for all sockets of a worker. A task and timers for each socket took 3 KB per socket."""

import asyncio
import logging
from time import monotonic
from typing import Protocol

from realtime.tasks import Tasks

logger = logging.getLogger(__name__)

# Seconds. One pass over ten thousand sockets takes half a millisecond.
TICK_SECONDS = 0.5


class Timed(Protocol):
    """Something with a deadline on the monotonic clock. It sets the next deadline itself."""

    next_check: float

    def on_timer(self, now: float) -> None:
        """The deadline has passed. Must not wait."""


class SocketTimer:
    """Calls `on_timer` of everything whose deadline has passed."""

    def __init__(self, tasks: Tasks) -> None:
        self.tasks = tasks
        self.timed: set[Timed] = set()
        self.running: asyncio.Task[None] | None = None

    def add(self, timed: Timed) -> None:
        """Calls `on_timer` from now on."""
        self.timed.add(timed)
        if self.running is None or self.running.done():
            self.running = self.tasks.start_endless(self._run())

    def discard(self, timed: Timed) -> None:
        """Calls `on_timer` no longer."""
        self.timed.discard(timed)

    async def _run(self) -> None:
        while self.timed:
            await asyncio.sleep(TICK_SECONDS)
            now = monotonic()
            for timed in [timed for timed in self.timed if timed.next_check <= now]:
                try:
                    timed.on_timer(now)
                except Exception:
                    logger.exception("Socket timer failed.")
