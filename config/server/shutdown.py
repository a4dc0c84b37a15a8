"""Graceful shutdown (django/daphne#177): no new connections, then up to six seconds in which the
application ends the open ones, then the rest are aborted."""

import asyncio
import logging
import threading
import time
from contextlib import suppress
from typing import Any

from config.server.transport import any_unflushed

logger = logging.getLogger(__name__)

# Seconds after the signal. Shutdown finishes within 10 s. Time that a step does not use is
# available to the next.
DRAINED_BY = 6.0  # the application has ended all connections
ABORTED_BY = 7.5  # the connections that were left are aborted
ENDED_BY = 8.5  # the application has ended
THREADS_BY = 9.0  # its threads have ended


class Shutdown:
    """The steps of one shutdown of a server, in their order."""

    def __init__(self, server: Any) -> None:
        self.server = server
        self.signalled_at: float | None = None

    def seconds_until(self, deadline: float) -> float:
        """Seconds from now until a deadline, which is given in seconds after the signal."""
        since = time.monotonic() - self.signalled_at if self.signalled_at else 0.0
        return max(0.0, deadline - since)

    async def run(self) -> None:
        """Stops listening, drains, aborts what is left, and ends the application."""
        self.signalled_at = time.monotonic()
        for port in self.server.ports:
            port.stopListening()
        self.server.lifespan.drain()
        # The application receives `lifespan.drain` first: `/readyz` must not answer "ready" on a
        # connection that this closes.
        await asyncio.sleep(0)
        self.server.draining = True
        with suppress(TimeoutError):
            async with asyncio.timeout(self.seconds_until(DRAINED_BY)):
                await self.wait_until_idle()
        await self.abort_remaining()
        with suppress(TimeoutError):
            async with asyncio.timeout(self.seconds_until(ENDED_BY)):
                await self.server.lifespan.shutdown()
        self.server.executor.shutdown(wait=False)
        if names := unfinished_tasks():
            logger.error("Tasks still running at exit: %s", ", ".join(names))

    async def wait_until_idle(self) -> None:
        """Waits until the application serves no connection and every byte was sent."""
        while running := self.server.running():
            await asyncio.wait(running.values())
        while any_unflushed():  # noqa: ASYNC110 - the kernel does not say when it has sent them
            await asyncio.sleep(0.02)

    async def abort_remaining(self) -> None:
        """Aborts the connections that are still open: of clients that do not read, or more than
        could be answered in time."""
        if running := self.server.running():
            logger.warning("Aborted %d connections that did not end in time.", len(running))
            for protocol, run in running.items():
                protocol.abort(run)
            await asyncio.wait(running.values(), timeout=self.seconds_until(ABORTED_BY))


def unfinished_tasks() -> list[str]:
    """The names of the running tasks of this event loop, without the one that asks."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    return sorted(getattr(task.get_coro(), "__qualname__", repr(task)) for task in others)


def unfinished_threads(seconds: float) -> list[str]:
    """Waits up to `seconds` for the threads that keep the process from ending. Returns the names of
    those that are still running."""
    deadline = time.monotonic() + seconds
    blocking = [
        thread
        for thread in threading.enumerate()
        if not thread.daemon and thread is not threading.main_thread()
    ]
    for thread in blocking:
        thread.join(max(0.0, deadline - time.monotonic()))
    return sorted(thread.name for thread in blocking if thread.is_alive())
