"""The newest entries of one log, in the memory of a worker that has readers of it."""

import asyncio
import logging
from collections import Counter, OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import takewhile
from time import monotonic
from typing import Any, TypeVar

from django.db import Error as DatabaseError

from realtime.counters import Counters
from realtime.log.cursor import Cursor
from realtime.log.store import Span, Store
from realtime.tasks import Tasks

logger = logging.getLogger(__name__)
T = TypeVar("T")

# Entries that a reader may have missed. With more, it is reset.
RESUME_MOST = 500

# The window of entries in memory. Larger than RESUME_MOST, so that every reader that resumes
# after a restart is served from memory and not by a query of its own.
WINDOW_ENTRIES = 1_000
WINDOW_SIZE = 4 * 1024 * 1024  # characters
# Readers at the head share a few cursors. A reader that catches up has a cursor of its own.
SHARED_BATCHES = 16


class LogEnded(Exception):
    """No more entries will come from this reader: its log was deleted or replaced, became public
    or private, or the reader was stopped."""


@dataclass(frozen=True)
class Batch:
    """The entries that follow a cursor, and each form in which they have been rendered."""

    epoch: str
    last: int
    entries: list[str]
    # When the first entry arrived here, on the monotonic clock. 0 if that is not known.
    arrived: float = 0.0
    forms: dict[Callable[["Batch"], Any], Any] = field(default_factory=dict)

    @property
    def cursor(self) -> str:
        """The cursor after this batch."""
        return str(Cursor(self.epoch, self.last))

    def render(self, form: Callable[["Batch"], T]) -> T:
        """The batch in a form, rendered once for all readers."""
        if (found := self.forms.get(form)) is None:
            found = self.forms[form] = form(self)
        rendered: T = found
        return rendered


class Tail:
    """The newest entries of one log, encoded. `head` is the seq of the last one."""

    def __init__(self, span: Span, store: Store, tasks: Tasks, counters: Counters) -> None:
        self.store = store
        self.tasks = tasks
        self.counters = counters
        self.log = span.log
        self.epoch = span.epoch
        self.is_public = span.is_public
        self.rewrites = span.rewrites
        self.head = span.first - 1
        self.window: deque[str] = deque()
        self.arrivals: deque[float] = deque()  # of the entries in the window
        self.size = 0
        self.readers = 0
        self.transports: Counter[str] = Counter()  # of the readers
        self.ended = False
        self.batches: OrderedDict[int, Batch] = OrderedDict()
        # Readers that wait at the head: what tries to push to the reader, and what wakes its task.
        self.waiting: dict[Callable[[], bool], asyncio.Future[None]] = {}
        self.waking = False
        self.refreshing: asyncio.Task[None] | None = None
        self.reloading: asyncio.Task[None] | None = None
        self.stale = False
        self.unreadable = False
        self._add(span.encoded, arrived=0.0)

    def apply(self, first: int, encoded: list[str]) -> bool:
        """Adds the entries that follow the head, and ignores those that are there already. Returns
        False if entries are missing in between."""
        if first > self.head + 1:
            return False
        fresh = encoded[self.head + 1 - first :]
        self._add(fresh, arrived=monotonic())
        if fresh:
            self.wake()
        return True

    def end(self) -> None:
        """Ends the reading of every reader with LogEnded."""
        self.ended = True
        self.wake()

    def wake(self) -> None:
        """Schedules one wake-up of all readers per loop iteration. Deferring it lets the sender's
        ack leave first."""
        self.batches.clear()
        if self.waiting and not self.waking:
            self.waking = True
            asyncio.get_running_loop().call_soon(self._wake)

    def _wake(self) -> None:
        self.waking = False
        for try_push, wake_up in list(self.waiting.items()):
            try:
                pushed = try_push()
            except Exception:
                logger.exception("Push to a reader failed (log %d).", self.log)
                pushed = False
            if not pushed and not wake_up.done():
                wake_up.set_result(None)

    def _add(self, fresh: list[str], arrived: float) -> None:
        for entry in fresh:
            if change := self.store.change_of(entry):
                self._fold(change)
            self.window.append(entry)
            self.arrivals.append(arrived)
            self.size += len(entry)
            self.head += 1
            self._trim()

    def _trim(self) -> None:
        while len(self.window) > WINDOW_ENTRIES or (
            self.size > WINDOW_SIZE and len(self.window) > 1
        ):
            self.size -= len(self.window.popleft())
            self.arrivals.popleft()

    def _fold(self, change: Any) -> None:
        """Applies an edit or a delete to the window, so that the old body is not sent again."""
        first = self.first
        for index in range(max(0, change["ref"] - first), len(self.window)):
            if self.store.may_alter(change, first + index, self.window[index]):
                self.window[index] = self.store.apply_change(self.window[index], change)

    @property
    def first(self) -> int:
        """The seq of the oldest entry in memory; one past the head if there is none."""
        return self.head - len(self.window) + 1

    async def continues(self, after: int) -> bool:
        """Whether the entry that follows `after` exists, or will be the next one. DatabaseError."""
        return after + 1 >= self.first or bool(await self.store.after(self.log, after, 1))

    async def batch(self, after: int) -> Batch:
        """The entries after `after`, as many as fit into a frame. There must be at least one.
        LogEnded, DatabaseError."""
        if batch := self.batch_in_memory(after):
            return batch
        found = await self.store.after(self.log, after, RESUME_MOST)
        if not found:  # The log was deleted, or these entries were.
            raise LogEnded
        return self._cut(after, found)

    def batch_in_memory(self, after: int) -> Batch | None:
        """As `batch`. None if the entries are not in the window any more."""
        if (batch := self.batches.get(after)) is None and after + 1 >= self.first:
            if len(self.batches) >= SHARED_BATCHES:
                self.batches.popitem(last=False)
            start = after + 1 - self.first
            found = list(self.window)[start:]
            batch = self.batches[after] = self._cut(after, found, self.arrivals[start])
        return batch

    def _cut(self, after: int, found: list[str], arrived: float = 0.0) -> Batch:
        count = self.store.count_for_frame(found)
        return Batch(self.epoch, after + count, found[:count], arrived)

    def per_minute(self, now: float) -> float:
        """Entries per minute over the last minute, or over less if the window is shorter."""
        since = max(now - 60.0, self.arrivals[0] if len(self.arrivals) == WINDOW_ENTRIES else 0.0)
        recent = takewhile(lambda arrived: arrived >= since, reversed(self.arrivals))
        return sum(1 for _ in recent) * 60.0 / max(now - since, 1.0)

    # ---- Reading the database ----

    def refresh(self) -> asyncio.Task[None]:
        """Reads the entries beyond the head from the database. One read runs at a time; a call
        during a read starts one more read after it."""
        self.stale = True
        if self.refreshing is None or self.refreshing.done():
            self.refreshing = self.tasks.start(self._read_on())
        return self.refreshing

    async def _read_on(self) -> None:
        while self.stale and not self.ended:
            self.stale = False
            head = self.head
            try:
                found = await self.store.after(self.log, head, RESUME_MOST)
            except DatabaseError as error:
                # The slow check tries again.
                logger.error("Log %d not read: %s", self.log, type(error).__name__)
                self.unreadable = True
                return
            self.unreadable = False
            before = self.head
            self.apply(head + 1, found)
            self.counters.gaps += self.head > before
            self.stale = self.stale or len(found) == RESUME_MOST

    def reload(self) -> None:
        """Reads the newest entries again: entries were deleted or changed in their place. One read
        runs at a time."""
        if self.reloading is None or self.reloading.done():
            self.reloading = self.tasks.start(self._read_again())

    async def _read_again(self) -> None:
        try:
            span = await self.store.newest(self.log, RESUME_MOST)
        except DatabaseError as error:
            # The slow check tries again.
            logger.error("Log %d not read: %s", self.log, type(error).__name__)
            return
        if span is None or span.epoch != self.epoch:
            return  # The slow check ends this tail.
        # Entries that arrived during the read stay.
        arrived = self.head - (span.first + len(span.encoded) - 1)
        if arrived > len(self.window):
            return
        newer = list(self.window)[len(self.window) - arrived :] if arrived > 0 else []
        self.window.clear()
        self.arrivals.clear()
        self.size = 0
        self.head = span.first - 1
        self.rewrites = span.rewrites
        self._add(span.encoded + newer, arrived=0.0)
        self.wake()
