"""One clock for all readers of texts: it wakes when something is due, serves whoever it is due to,
and rests."""

import asyncio
import logging
from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count
from math import ceil
from time import monotonic
from typing import Any
from weakref import WeakKeyDictionary

logger = logging.getLogger(__name__)

# Served in one turn of the loop, which takes about a millisecond; then others have theirs.
AT_ONCE = 64
# Seconds from one lap to the next, as long as the machine can do it: later, and a reader sees it.
LAP_MOST = 0.1

# Serves somebody at a time; says when next, or None: no more.
Step = Callable[[float], float | None]


class Beat:
    """Calls steps at their moments.

    A lap serves whoever was due when it began, once, and then rests for as long as it worked. So
    a lone reader is served on time; the more there are, the longer a lap takes and the more is due
    to each of them at once, and half of the time is left to others.

    With a timer and a task for each of 1,000 readers a write took 69 µs, and with this 17, of which
    10 are the kernel's.
    """

    def __init__(self, clock: Callable[[], float], call_later: Callable[..., Any]) -> None:
        self.clock = clock
        self.call_later = call_later
        self.waiting: list[tuple[float, int, Step]] = []
        self.numbers = count()  # of two who are due at the same moment, the first is served first
        self.timer: Any = None
        self.in_lap = False
        self.wakes_at = self.rested_at = self.lap_began = self.worked = 0.0

    def at(self, moment: float, step: Step) -> None:
        """Calls a step when it is time."""
        heappush(self.waiting, (moment, next(self.numbers), step))
        if not self.in_lap:
            self._sleep()

    def _sleep(self) -> None:
        """Until something is due, but not before it has rested."""
        wakes_at = max(self.waiting[0][0], self.rested_at)
        if self.timer is not None:
            if self.wakes_at <= wakes_at:
                return
            self.timer.cancel()
        self.wakes_at = wakes_at
        # uvloop rounds to milliseconds; whoever wakes too early has to sleep once more.
        milliseconds = max(0, ceil((wakes_at - self.clock()) * 1000))
        self.timer = self.call_later(milliseconds / 1000, self._lap)

    def _lap(self) -> None:
        self.timer = None
        self.in_lap = True
        self.lap_began = self.clock()
        self.worked = 0.0
        self._serve()

    def _serve(self) -> None:
        """A part of a lap, or the last of it."""
        now = self.clock()
        over = not self._step_at_most(AT_ONCE, now)
        self.worked += self.clock() - now
        if over:
            self._rest()
        else:
            self.call_later(0, self._serve)

    def _step_at_most(self, most: int, now: float) -> bool:
        """Serves so many; whether there may be more of them in this lap."""
        waiting = self.waiting
        for _ in range(most):
            if not waiting or waiting[0][0] > self.lap_began:
                return False
            _, number, step = heappop(waiting)
            try:
                moment = step(now)
            except Exception:
                logger.exception("A text was not played on.")  # the others are
                continue
            if moment is not None:
                heappush(waiting, (moment, number, step))
        return True

    def _rest(self) -> None:
        self.in_lap = False
        now = self.clock()
        self.rested_at = now + max(0.0, min(self.worked, self.lap_began + LAP_MOST - now))
        if self.waiting:
            self._sleep()


beats: WeakKeyDictionary[asyncio.AbstractEventLoop, Beat] = WeakKeyDictionary()


def beat() -> Beat:
    """That of the running loop. A worker has one; tests have many."""
    loop = asyncio.get_running_loop()
    if loop not in beats:
        beats[loop] = Beat(monotonic, loop.call_later)
    return beats[loop]
