"""One of a thing for each event loop."""

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar
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
