"""The event streams that a worker has open, and the waits that end when it drains."""

import asyncio
from collections import Counter
from types import TracebackType

from django.conf import settings


class DrainableTimeout:
    """As `asyncio.timeout(seconds)`, and expires at once when the worker drains.

    A class and not @asynccontextmanager: every open stream has one, and a generator takes 1 KB.
    """

    __slots__ = ("streams", "timeout")

    def __init__(self, streams: "StreamRegistry", seconds: float | None) -> None:
        self.streams = streams
        self.timeout = asyncio.timeout(0 if streams.draining else seconds)

    async def __aenter__(self) -> "DrainableTimeout":
        await self.timeout.__aenter__()
        self.streams.timeouts.add(self)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.streams.timeouts.discard(self)
        await self.timeout.__aexit__(kind, error, traceback)

    def expire(self) -> None:
        """Makes the timeout expire now. Does nothing when its block has ended."""
        # An expired timeout cannot be rescheduled: RuntimeError.
        if self in self.streams.timeouts and not self.timeout.expired():
            self.timeout.reschedule(0)


class StreamRegistry:
    """The event streams of one worker, counted by kind."""

    def __init__(self) -> None:
        self.kinds: Counter[str] = Counter()
        self.draining = False
        self.timeouts: set[DrainableTimeout] = set()

    @property
    def count(self) -> int:
        """The number of open streams."""
        return self.kinds.total()

    @property
    def full(self) -> bool:
        """Whether the worker has as many streams as STREAMS_PER_WORKER allows."""
        return self.count >= settings.STREAMS_PER_WORKER

    def drainable_timeout(self, seconds: float | None = None) -> DrainableTimeout:
        """A context manager that raises TimeoutError after `seconds`, or when the worker drains.
        Without `seconds`, only when the worker drains."""
        return DrainableTimeout(self, seconds)

    def drain(self) -> None:
        """Ends every stream between two events, and every wait."""
        self.draining = True
        for timeout in self.timeouts:
            timeout.expire()
