"""The newest entries of one log, in the memory of a worker that has readers of it."""

import asyncio
import logging
from array import array
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from time import monotonic
from typing import Any, TypeVar

from django.db import Error as DatabaseError

from realtime.counters import Counters
from realtime.log.cursor import Cursor
from realtime.log.failures import describe
from realtime.log.store import Span, Store
from realtime.tasks import Tasks

logger = logging.getLogger(__name__)
T = TypeVar("T")

# Entries that a reader may have missed. With more, it is reset.
RESUME_MOST = 500

# The window of entries in memory, and the number of their marks. Larger than RESUME_MOST, so that
# every reader that resumes after a restart is served from memory and not by a query of its own.
WINDOW_ENTRIES = 1_000
WINDOW_SIZE = 4 * 1024 * 1024  # characters
# Readers at the head share a few cursors. A reader that catches up has a cursor of its own.
SHARED_BATCHES = 16


class LogEnded(Exception):
    """No more entries will come from this reader: its log was deleted or replaced, became public
    or private, or the reader was stopped."""


@dataclass(frozen=True)
class Batch:
    """The entries that follow a cursor with their marks, and each form in which they have been
    rendered."""

    epoch: str
    last: int
    entries: list[str]
    marks: Sequence[int]
    # When the first entry arrived here, on the monotonic clock. 0 if that is not known.
    arrived: float = 0.0
    forms: dict[Callable[["Batch"], Any], Any] = field(default_factory=dict)

    @property
    def cursor(self) -> str:
        """The cursor after this batch."""
        return str(Cursor(self.epoch, self.last, self.mark))

    @property
    def mark(self) -> int:
        """The mark of the last entry."""
        return self.marks[-1]

    def cursors(self) -> list[str]:
        """The cursor after each entry."""
        first = self.last - len(self.entries) + 1
        return [str(Cursor(self.epoch, seq, mark)) for seq, mark in enumerate(self.marks, first)]

    def render(self, form: Callable[["Batch"], T]) -> T:
        """The batch in a form, rendered once for all readers."""
        if (found := self.forms.get(form)) is None:
            found = self.forms[form] = form(self)
        rendered: T = found
        return rendered


class Tail:
    """The newest entries of one log, encoded. `head` is the seq of the last one.

    `on_replaced` is called when the database turns out to have another log in place of this one.
    """

    def __init__(
        self,
        span: Span,
        store: Store,
        tasks: Tasks,
        counters: Counters,
        on_replaced: Callable[["Tail"], None],
    ) -> None:
        self.store = store
        self.tasks = tasks
        self.counters = counters
        self.on_replaced = on_replaced
        self.log = span.log
        self.epoch = span.epoch
        self.is_public = span.is_public
        self.rewrites = span.rewrites
        self.head = span.first - 1
        # Of the entry before the first, then of each entry up to the head. Trimmed by count only.
        self.marks = array("Q", [span.previous])
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
        self._add(span.encoded, span.marks, arrived=0.0)

    @property
    def mark(self) -> int:
        """The mark of the head."""
        return self.marks[-1]

    def mark_at(self, seq: int) -> int | None:
        """The mark of an entry. None if there is no such entry, or it is too old to be known."""
        return self.marks[seq - self.oldest] if self.oldest <= seq <= self.head else None

    @property
    def oldest(self) -> int:
        """The lowest seq whose mark is known."""
        return self.head - len(self.marks) + 1

    def common(self, other: "Tail") -> int | None:
        """The newest seq up to which this log and another one are the same. None if that is not
        known."""
        newest = min(self.head, other.head) if self.epoch == other.epoch else -1
        for seq in range(newest, max(self.oldest, other.oldest) - 1, -1):
            if self.mark_at(seq) == other.mark_at(seq):
                return seq
        return None

    def apply(self, span: Span) -> bool:
        """Adds the entries that follow the head, and ignores those that are there already. Returns
        False, and adds nothing, if entries are missing in between or the span is of another
        log."""
        if span.epoch != self.epoch or span.first > self.head + 1:
            return False
        if not self._agrees(span):
            return False
        shared = min(self.head, span.last)
        new = shared + 1 - span.first
        self._add(span.encoded[new:], span.marks[new:], arrived=monotonic())
        if span.last > shared:
            self.wake()
        return True

    def _agrees(self, span: Span) -> bool:
        """Whether the newest entry that this log and a span have in common is the same, or is not
        known any more."""
        shared = min(self.head, span.last)
        return self.mark_at(shared) in (None, span.mark_at(shared))

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

    def _add(self, fresh: list[str], marks: list[int], arrived: float) -> None:
        for entry, mark in zip(fresh, marks, strict=True):
            if change := self.store.change_of(entry):
                self._fold(change)
            self.window.append(entry)
            self.marks.append(mark)
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
        if len(self.marks) > WINDOW_ENTRIES + 1:
            del self.marks[0]

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

    async def batch(self, after: int, mark: int) -> Batch:
        """The entries after the entry `after`, which has this mark: as many as fit into a frame.
        There must be at least one. LogEnded, DatabaseError."""
        if batch := self.batch_in_memory(after):
            return batch
        span = await self.store.after(self.log, after, RESUME_MOST)
        if span is None or not (self._continues(span, mark) and span.encoded):
            self.refresh()  # If the log was replaced, this ends the other readers too.
            raise LogEnded
        return self._cut(after, span.encoded, span.marks)

    def batch_in_memory(self, after: int) -> Batch | None:
        """As `batch`. None if the entries are not in the window any more."""
        if (batch := self.batches.get(after)) is None and after + 1 >= self.first:
            if len(self.batches) >= SHARED_BATCHES:
                self.batches.popitem(last=False)
            start = after + 1 - self.first
            found = list(self.window)[start:]
            marks = self.marks[len(self.marks) - len(found) :]
            batch = self.batches[after] = self._cut(after, found, marks, self.arrivals[start])
        return batch

    def _cut(
        self, after: int, found: list[str], marks: Sequence[int], arrived: float = 0.0
    ) -> Batch:
        count = self.store.count_for_frame(found)
        return Batch(self.epoch, after + count, found[:count], marks[:count], arrived)

    def per_minute(self, now: float) -> float:
        """Entries per minute over the last minute, or over less if the window is shorter."""
        since = max(now - 60.0, self.arrivals[0] if len(self.arrivals) == WINDOW_ENTRIES else 0.0)
        recent = takewhile(lambda arrived: arrived >= since, reversed(self.arrivals))
        return sum(1 for _ in recent) * 60.0 / max(now - since, 1.0)

    # ---- Reading the database ----

    def refresh(self) -> asyncio.Task[None]:
        """Reads the entries beyond the head from the database, and calls `on_replaced` if the head
        is another one there. One read runs at a time; a call during a read starts one more read
        after it."""
        self.stale = True
        if self.refreshing is None or self.refreshing.done():
            self.refreshing = self.tasks.start(self._read_on())
        return self.refreshing

    async def _read_on(self) -> None:
        while self.stale and not self.ended:
            self.stale = False
            mark = self.mark
            try:
                span = await self.store.after(self.log, self.head, RESUME_MOST)
            except DatabaseError as error:
                # The slow check tries again.
                logger.error("Log %d not read: %s", self.log, describe(error))
                self.unreadable = True
                return
            self.unreadable = False
            if span is None or not self._continues(span, mark):
                self.on_replaced(self)
                return
            before = self.head
            applied = self.apply(span)
            self.counters.gaps += self.head > before
            self.stale = self.stale or not applied or len(span.encoded) == RESUME_MOST

    def _continues(self, span: Span, mark: int) -> bool:
        """Whether a span of the database follows the entry of this log that has this mark."""
        return (span.epoch, span.previous) == (self.epoch, mark)

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
            logger.error("Log %d not read: %s", self.log, describe(error))
            return
        if span is None or span.epoch != self.epoch:
            return  # The slow check ends this tail.
        # Entries that arrived during the read stay.
        newer = self.head - span.last
        if newer > len(self.window) or self.head < span.first - 1:
            return  # Too far apart. The slow check reads on, and calls again.
        if not self._agrees(span):
            self.on_replaced(self)
            return
        entries, marks = [*span.encoded], [*span.marks]
        if newer > 0:
            entries += list(self.window)[-newer:]
            marks += self.marks[-newer:]
        self.window.clear()
        self.arrivals.clear()
        self.marks = array("Q", [span.previous])
        self.size = 0
        self.head = span.first - 1
        self.rewrites = span.rewrites
        self._add(entries, marks, arrived=0.0)
        self.wake()
