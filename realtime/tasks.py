"""The background tasks of one worker."""

import asyncio
from collections.abc import Coroutine
from contextvars import Context
from typing import Any, TypeVar

T = TypeVar("T")

# Seconds between two attempts to cancel a task.
CANCEL_SECONDS = 0.1


class Tasks:
    """Starts background tasks, keeps a reference to each, and ends them with the worker.

    A task runs in an empty context: it outlives the request that starts it, and so must not use
    the database thread of that request.
    """

    def __init__(self) -> None:
        self.finite: set[asyncio.Task[Any]] = set()
        self.endless: set[asyncio.Task[Any]] = set()

    def start(self, job: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Starts a task that ends by itself."""
        return _start(job, self.finite)

    def start_endless(self, job: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Starts a task that runs until the worker stops."""
        return _start(job, self.endless)

    async def stop(self, seconds: float) -> None:
        """Gives the finite tasks this long to end, then cancels every task."""
        if ending := list(self.finite):
            await asyncio.wait(ending, timeout=seconds)
        while left := [*self.finite, *self.endless]:
            for task in left:
                task.cancel()
            # In a loop: `asyncio.wait_for` of Python 3.11, which redis-py uses, can swallow the
            # first cancellation.
            await asyncio.wait(left, timeout=CANCEL_SECONDS)


def _start(job: Coroutine[Any, Any, T], running: set[asyncio.Task[Any]]) -> asyncio.Task[T]:
    task = asyncio.get_running_loop().create_task(job, context=Context())
    running.add(task)
    task.add_done_callback(running.discard)
    return task
