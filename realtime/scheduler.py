"""One scheduler for all text streams of a worker: calls each callback at its deadline."""

import logging
from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count
from math import ceil
from typing import Any

logger = logging.getLogger(__name__)

# Callbacks in one loop iteration, about 1 ms of work. Then other tasks run.
BATCH_SIZE = 64
# Seconds from the start of one round to the start of the next, if the callbacks themselves do not
# take longer. A reader would notice more.
MAX_ROUND_SECONDS = 0.1

# Does what is due at `now`. Returns its next deadline, or None when it has none.
Callback = Callable[[float], float | None]


class DeadlineScheduler:
    """Calls callbacks at their deadlines. All times are seconds on `clock`.

    A round calls every callback that was due when the round began, once. Then the scheduler pauses
    for as long as the round took. So a single reader is served on time. With more readers a round
    takes longer and each reader gets more per call, and other tasks keep half of the time.

    With a timer and a task for each of 1,000 readers, one write took 69 µs. With this scheduler it
    takes 17 µs, of which the kernel needs 10 µs.
    """

    def __init__(self, clock: Callable[[], float], call_later: Callable[..., Any]) -> None:
        self.clock = clock
        self.call_later = call_later
        # Deadline, sequence number, callback. Of two with the same deadline, the callback that was
        # scheduled first is called first.
        self.pending: list[tuple[float, int, Callback]] = []
        self.sequence = count()
        self.timer: Any = None
        self.in_round = False
        self.wakes_at = self.paused_until = self.round_began = self.worked = 0.0

    def call_at(self, deadline: float, callback: Callback) -> None:
        """Calls `callback` at `deadline`, and again at each deadline that it returns."""
        heappush(self.pending, (deadline, next(self.sequence), callback))
        if not self.in_round:
            self._set_timer()

    def _set_timer(self) -> None:
        wakes_at = max(self.pending[0][0], self.paused_until)
        if self.timer is not None:
            if self.wakes_at <= wakes_at:
                return
            self.timer.cancel()
        self.wakes_at = wakes_at
        # Rounded up: uvloop counts whole milliseconds, and a timer that is early has to be set
        # once more.
        milliseconds = max(0, ceil((wakes_at - self.clock()) * 1000))
        self.timer = self.call_later(milliseconds / 1000, self._start_round)

    def _start_round(self) -> None:
        self.timer = None
        self.in_round = True
        self.round_began = self.clock()
        self.worked = 0.0
        self._continue_round()

    def _continue_round(self) -> None:
        now = self.clock()
        finished = self._call_batch(now)
        self.worked += self.clock() - now
        if finished:
            self._end_round()
        else:
            self.call_later(0, self._continue_round)

    def _call_batch(self, now: float) -> bool:
        """Calls at most BATCH_SIZE callbacks. Returns whether the round is finished."""
        pending = self.pending
        for _ in range(BATCH_SIZE):
            if not pending or pending[0][0] > self.round_began:
                return True
            _, number, callback = heappop(pending)
            try:
                deadline = callback(now)
            except Exception:
                logger.exception("A scheduler callback failed.")
                continue
            if deadline is not None:
                heappush(pending, (deadline, number, callback))
        return False

    def _end_round(self) -> None:
        self.in_round = False
        now = self.clock()
        pause = min(self.worked, self.round_began + MAX_ROUND_SECONDS - now)
        self.paused_until = now + max(0.0, pause)
        if self.pending:
            self._set_timer()
