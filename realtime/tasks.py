"""What lives as long as an event loop: things, tasks, and the threads that they use."""

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context
from typing import Any, Generic, TypeVar
from weakref import WeakKeyDictionary

T = TypeVar("T")


class PerLoop(Generic[T]):
    """Makes the thing when the running loop first asks for it; it goes with its loop.

    A worker has one loop for all its life. Tests and `async_to_sync` have many, and what
    waits on one of them cannot be woken by another.
    """

    def __init__(self, make: Callable[[], T]) -> None:
        self.make = make
        self.made: WeakKeyDictionary[asyncio.AbstractEventLoop, T] = WeakKeyDictionary()

    def __call__(self) -> T:
        loop = asyncio.get_running_loop()
        if loop not in self.made:
            self.made[loop] = self.make()
        return self.made[loop]

    @property
    def is_made(self) -> bool:
        """Whether the running loop has asked for it."""
        return asyncio.get_running_loop() in self.made


def _no_tasks() -> set[asyncio.Task[Any]]:
    return set()


CANCEL_SECONDS = 0.1
finite, endless = PerLoop(_no_tasks), PerLoop(_no_tasks)
pools: list[ThreadPoolExecutor] = []


def background(job: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
    """A task in a context of its own: it outlives the connection that happens to start it, and
    must not use the thread of that one."""
    return _started(job, finite())


def forever(job: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
    """As `background`, for a task that goes on until the worker leaves."""
    return _started(job, endless())


def _started(job: Coroutine[Any, Any, T], kept: set[asyncio.Task[Any]]) -> asyncio.Task[T]:
    task = asyncio.get_running_loop().create_task(job, context=Context())
    kept.add(task)
    task.add_done_callback(kept.discard)
    return task


def threads(count: int, name: str) -> ThreadPoolExecutor:
    """Threads that end with the worker."""
    pools.append(ThreadPoolExecutor(count, thread_name_prefix=name))
    return pools[-1]


async def end(patience: float) -> None:
    """Ends the tasks of this loop; those that come to an end by themselves are given `patience`
    seconds for it."""
    if ending := list(finite()):
        await asyncio.wait(ending, timeout=patience)
    while left := [*finite(), *endless()]:
        for task in left:
            task.cancel()
        # Again, since `wait_for` of Python 3.11, which redis-py uses, may swallow the first.
        await asyncio.wait(left, timeout=CANCEL_SECONDS)


def end_threads() -> None:
    """Ends the threads, each after what it does now. There are no others afterwards."""
    for pool in pools:
        pool.shutdown(wait=False, cancel_futures=True)
