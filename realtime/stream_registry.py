"""The open event streams of one worker, and the waits that end when the worker drains."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from django.conf import settings


class StreamRegistry:
    """Counts the open event streams by kind, and ends every wait when the worker drains."""

    def __init__(self) -> None:
        self.kinds: Counter[str] = Counter()
        self.draining = False
        self.timeouts: set[asyncio.Timeout] = set()

    @property
    def count(self) -> int:
        """How many event streams are open."""
        return self.kinds.total()

    @property
    def full(self) -> bool:
        """Whether this worker has as many event streams as it may have."""
        return self.count >= settings.STREAMS_PER_WORKER

    @asynccontextmanager
    async def drainable_timeout(
        self, seconds: float | None = None
    ) -> AsyncIterator[asyncio.Timeout]:
        """As `asyncio.timeout`, and expires at once when the worker drains."""
        async with asyncio.timeout(0 if self.draining else seconds) as timeout:
            self.timeouts.add(timeout)
            try:
                yield timeout
            finally:
                self.timeouts.discard(timeout)

    def drain(self) -> None:
        """Ends every stream between two events, and every wait."""
        self.draining = True
        for timeout in self.timeouts:
            self.expire(timeout)

    def expire(self, timeout: asyncio.Timeout) -> None:
        """Lets a timeout expire now, if it is still running."""
        # `reschedule` raises for a timeout that has expired in this turn of the loop.
        if timeout in self.timeouts and not timeout.expired():
            timeout.reschedule(0)
