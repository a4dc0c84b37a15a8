"""The one clock of all sockets of a worker. Tasks and timers of their own took 3 KB of each."""

import asyncio
import logging
from time import monotonic
from typing import Protocol

from realtime.tasks import PerLoop, forever

logger = logging.getLogger(__name__)

# To look through ten thousand takes half a millisecond.
TICK_SECONDS = 0.5


class Beating(Protocol):
    """What has to look after itself at a moment of the monotonic clock, which it sets anew."""

    due: float

    def beat(self, now: float) -> None:
        """Looks after itself, and does not wait."""


class Pulse:
    """Those that beat on this loop."""

    def __init__(self) -> None:
        self.beating: set[Beating] = set()
        self.task: asyncio.Task[None] | None = None

    def add(self, one: Beating) -> None:
        """Lets one beat, until it is discarded."""
        self.beating.add(one)
        if self.task is None or self.task.done():
            self.task = forever(self._beat())

    def discard(self, one: Beating) -> None:
        """Leaves one in peace."""
        self.beating.discard(one)

    async def _beat(self) -> None:
        while self.beating:
            await asyncio.sleep(TICK_SECONDS)
            now = monotonic()
            for one in [one for one in self.beating if one.due <= now]:
                try:
                    one.beat(now)
                except Exception:
                    logger.exception("A socket was not looked after.")


pulse = PerLoop(Pulse)
