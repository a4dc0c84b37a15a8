"""The newest entries of a room that somebody here reads."""

import asyncio
import logging
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import takewhile
from time import monotonic
from typing import Any, TypeVar

from django.db import Error as DatabaseError

from chat.log import store
from chat.log.store import Span
from chat.protocol import entries
from chat.protocol.entries import Cursor
from realtime.counters import figures
from realtime.tasks import background

logger = logging.getLogger(__name__)
T = TypeVar("T")

RESUME_MOST = 500  # entries that a reader may have missed

# Kept in memory a room. More than RESUME_MOST, so that every reader who resumes after a
# restart is served from here and not by a query of its own.
WINDOW_ENTRIES = 1_000
WINDOW_SIZE = 4 * 1024 * 1024  # characters
# Readers at the live edge share a few cursors; those that catch up have each their own.
BATCHES_SHARED = 16


class LogEnded(Exception):
    """This reading is over: the room is gone, has a new epoch, or is open to others now; or the
    reader was stopped."""


@dataclass(frozen=True)
class Batch:
    """What follows a cursor, and each form in which it has been rendered."""

    epoch: str
    last: int
    entries: list[str]
    # When the first of them was here, on the monotonic clock; 0 if nobody knows.
    arrived: float = 0.0
    forms: dict[Callable[["Batch"], Any], Any] = field(default_factory=dict)

    @property
    def cursor(self) -> str:
        """Where a reader stands who has this batch."""
        return str(Cursor(self.epoch, self.last))

    def render(self, form: Callable[["Batch"], T]) -> T:
        """The batch in a form, made once for all of its readers."""
        if (found := self.forms.get(form)) is None:
            found = self.forms[form] = form(self)
        rendered: T = found
        return rendered


class Tail:
    """The newest entries of one room, encoded; `head` is the seq of the last."""

    def __init__(self, span: Span) -> None:
        self.room = span.room
        self.epoch = span.epoch
        self.is_public = span.is_public
        self.head = span.first - 1
        self.window: deque[str] = deque()
        self.arrivals: deque[float] = deque()  # of the entries in the window
        self.size = 0
        self.readers = 0
        self.taps: Counter[str] = Counter()  # through which they read
        self.ended = False
        self.batches: OrderedDict[int, Batch] = OrderedDict()
        # Who waits at the head: what to ask whether it has taken what is new, and what to wake.
        self.waiting: dict[Callable[[], bool], asyncio.Future[None]] = {}
        self.waking = False
        self.refreshing: asyncio.Task[None] | None = None
        self.stale = False
        self.unreadable = False
        self._add(span.encoded, arrived=0.0)

    def apply(self, first: int, encoded: list[str]) -> bool:
        """Adds what continues the head, and ignores what is there. False on a hole."""
        if first > self.head + 1:
            return False
        fresh = encoded[self.head + 1 - first :]
        self._add(fresh, arrived=monotonic())
        if fresh:
            self.wake()
        return True

    def end(self) -> None:
        """Sends every reader away with LogEnded."""
        self.ended = True
        self.wake()

    def wake(self) -> None:
        """Lets every reader look whether there is anything for it, once for all that comes in
        this turn: a sender hears of its own message before the room does."""
        self.batches.clear()
        if self.waiting and not self.waking:
            self.waking = True
            asyncio.get_running_loop().call_soon(self._wake)

    def _wake(self) -> None:
        self.waking = False
        for has_taken, news in list(self.waiting.items()):
            try:
                taken = has_taken()
            except Exception:
                logger.exception("A reader failed.")  # which keeps nothing from the others
                taken = False
            if not taken and not news.done():
                news.set_result(None)

    def _add(self, fresh: list[str], arrived: float) -> None:
        for entry in fresh:
            if change := entries.change(entry):
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

    def _fold(self, change: Mapping[str, Any]) -> None:
        """Carries out an edit or a delete, so that nobody is sent the old body any more."""
        first = self._first
        for index in range(max(0, change["ref"] - first), len(self.window)):
            if entries.may_concern(change, first + index, self.window[index]):
                self.window[index] = entries.folded(self.window[index], change)

    @property
    def _first(self) -> int:
        return self.head - len(self.window) + 1

    async def batch(self, after: int) -> Batch:
        """What follows `after`, of which there must be something: as much as fits into a frame.
        LogEnded, DatabaseError."""
        if batch := self.held(after):
            return batch
        found = await store.after(self.room, after, RESUME_MOST)
        if not found:  # they went with their room
            raise LogEnded
        return self._cut(after, found)

    def held(self, after: int) -> Batch | None:
        """As `batch`; None of what is no longer in memory."""
        if (batch := self.batches.get(after)) is None and after + 1 >= self._first:
            if len(self.batches) >= BATCHES_SHARED:
                self.batches.popitem(last=False)
            start = after + 1 - self._first
            found = list(self.window)[start:]
            batch = self.batches[after] = self._cut(after, found, self.arrivals[start])
        return batch

    def _cut(self, after: int, found: list[str], arrived: float = 0.0) -> Batch:
        kept = entries.fitting(found)
        return Batch(self.epoch, after + kept, found[:kept], arrived)

    def per_minute(self, now: float) -> float:
        """Entries a minute, of the last minute; of less where that does not fit into the window."""
        since = max(now - 60.0, self.arrivals[0] if len(self.arrivals) == WINDOW_ENTRIES else 0.0)
        recent = takewhile(lambda arrived: arrived >= since, reversed(self.arrivals))
        return sum(1 for _ in recent) * 60.0 / max(now - since, 1.0)

    # ---- Catching up with the log ----

    def refresh(self) -> asyncio.Task[None]:
        """Reads what the log has beyond the head. One reading at a time; a call during one
        makes it look once more."""
        self.stale = True
        if self.refreshing is None or self.refreshing.done():
            self.refreshing = background(self._read_on())
        return self.refreshing

    async def _read_on(self) -> None:
        while self.stale and not self.ended:
            self.stale = False
            head = self.head
            try:
                found = await store.after(self.room, head, RESUME_MOST)
            except DatabaseError as error:
                # The slow check will ask again.
                logger.error("Room %d was not read: %s", self.room, type(error).__name__)
                self.unreadable = True
                return
            self.unreadable = False
            before = self.head
            self.apply(head + 1, found)
            figures.gaps += self.head > before
            self.stale = self.stale or len(found) == RESUME_MOST
