"""What lives as long as an event loop: things, and tasks."""

import asyncio
from collections.abc import Callable, Coroutine
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


def background(job: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
    """A task in a context of its own: it outlives the connection that happens to start it, and
    must not use the thread of that one."""
    return asyncio.get_running_loop().create_task(job, context=Context())
