"""The tails of one worker: one for each log that has readers, and one check for all of them."""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable
from contextlib import suppress

from django.db import Error as DatabaseError
from django.db import OperationalError

from realtime.counters import Counters
from realtime.log.failures import describe
from realtime.log.notifier import LogNotifier
from realtime.log.reader import Reader
from realtime.log.store import Head, Span, Store
from realtime.log.tail import RESUME_MOST, LogEnded, Tail
from realtime.tasks import Tasks

logger = logging.getLogger(__name__)

# Seconds between two slow checks. With the query, a lost notification is noticed within 3 s.
CHECK_SECONDS = 2.5
# Seconds. A span of another worker waits at most this long for the batch that this worker is
# writing. Two workers with 250 readers each and 64 people writing need 1.2 to 1.4 times less
# processor time per delivery with it.
DELAY_SECONDS = 0.02


class TailRegistry:
    """Opens readers, and brings new spans to the tails.

    `is_writing` says whether this worker is writing a batch now.
    """

    def __init__(
        self,
        store: Store,
        notifier: LogNotifier,
        tasks: Tasks,
        counters: Counters,
        is_writing: Callable[[], bool],
    ) -> None:
        self.store = store
        self.notifier = notifier
        self.tasks = tasks
        self.counters = counters
        self.is_writing = is_writing
        self.tails: dict[int, Tail] = {}
        self.opening: dict[int, asyncio.Task[None]] = {}
        # Logs of which there was news while they were loaded: the load may have missed it.
        self.news_while_opening: set[int] = set()
        self.openers: Counter[int] = Counter()
        self.checking: asyncio.Task[None] | None = None
        self.check_wanted = asyncio.Event()
        self.delayed_spans: list[Span] = []
        notifier.listen(self.on_published)

    async def open(self, log: int, transport: str = "", head: int = 0) -> Reader:
        """A reader at the head of a log. `head` is one that the caller has seen in the database:
        the notification of its entry may not have arrived here yet. LogEnded if the log does not
        exist; DatabaseError."""
        self.openers[log] += 1
        try:
            tail = await self._tail(log)
            if tail.head < head:
                await asyncio.wait({tail.refresh()})
                if tail.unreadable:
                    raise OperationalError
                tail = await self._tail(log)  # The other one may have ended.
            return Reader(tail, self.release, transport)
        finally:
            # The caller may have been cancelled before the tail was loaded.
            self.openers[log] -= 1
            self._forget_unread(log)

    async def _tail(self, log: int) -> Tail:
        """The tail of a log, loaded if it is not in memory."""
        while (tail := self.tails.get(log)) is None:
            if log not in self.opening:
                self.opening[log] = self.tasks.start(self._load(log))
            await asyncio.shield(self.opening[log])
        return tail

    async def _load(self, log: int) -> None:
        # Subscribe first, then read: entries committed in between are notified or read.
        self.notifier.subscribe(log, self._on_subscribed)
        try:
            span = await self.store.newest(log, RESUME_MOST)
            if span is None:
                raise LogEnded
            tail = Tail(span, self.store, self.tasks, self.counters, self._replaced)
            self.tails[log] = tail
            if log in self.news_while_opening:
                tail.refresh()
            self._forget_unread(log)
        except BaseException:
            self.notifier.unsubscribe(log)
            raise
        finally:
            del self.opening[log]
            self.news_while_opening.discard(log)
        if self.checking is None or self.checking.done():
            self.checking = self.tasks.start_endless(self._check())

    def release(self, tail: Tail) -> None:
        """Counts one reader less. A tail without readers is forgotten."""
        tail.readers -= 1
        self._forget_unread(tail.log)

    def _forget_unread(self, log: int) -> None:
        tail = self.tails.get(log)
        if not self.openers[log]:
            del self.openers[log]
            if tail and not tail.readers:
                self._forget(tail)

    def _forget(self, tail: Tail) -> None:
        del self.tails[tail.log]
        self.notifier.unsubscribe(tail.log)

    # ---- New spans ----

    def on_committed(self, span: Span) -> None:
        """This worker committed a span. The readers on this worker receive it first; then it is
        published to the other workers."""
        self.delayed_spans.append(span)
        self._apply_delayed()
        self.notifier.publish(span)

    def on_published(self, span: Span) -> None:
        """Another worker published a span. If this worker is writing a batch, both are applied
        together: one frame per reader, and no gap if the own batch was committed first."""
        self.delayed_spans.append(span)
        if not self.is_writing():
            self._apply_delayed()
        elif len(self.delayed_spans) == 1:
            asyncio.get_running_loop().call_later(DELAY_SECONDS, self._apply_delayed)

    def _apply_delayed(self) -> None:
        spans, self.delayed_spans = self.delayed_spans, []
        for span in sorted(spans, key=lambda span: span.first):
            try:
                self.apply(span)
            except Exception:  # The sender may be a worker of another version.
                logger.exception("Span not applied (log %d).", span.log)

    def apply(self, span: Span) -> None:
        """Applies a span to its tail. If it does not continue the tail, the database decides: a
        span of another log is ignored, unless the database has that log."""
        tail = self.tails.get(span.log)
        if tail is None or not tail.apply(span):
            self._read_on(span.log)

    def _on_subscribed(self, log: int) -> None:
        # Messages that were sent before the subscription existed did not arrive here.
        self._read_on(log)

    def _read_on(self, log: int) -> None:
        """Reads what follows the head of a tail; of one that is being loaded, after the load."""
        if tail := self.tails.get(log):
            tail.refresh()
        elif log in self.opening:
            self.news_while_opening.add(log)

    def _end(self, tail: Tail) -> None:
        self._forget(tail)
        tail.end()

    def _replaced(self, tail: Tail) -> None:
        if self.tails.get(tail.log) is tail:
            logger.warning(
                "Log %d no longer has entry %d as it was read; its readers start again.",
                tail.log,
                tail.head,
            )
            self._end(tail)

    # ---- The slow check ----

    def check_soon(self) -> None:
        """Runs the slow check at once. Calls in one loop iteration share one query."""
        self.check_wanted.set()

    async def _check(self) -> None:
        """Compares every tail with the database, with one query for all: finds entries whose
        notification was lost, logs that were deleted or replaced, or became public or private, and
        logs of which entries were deleted or changed in their place."""
        while self.tails:
            with suppress(TimeoutError):
                async with asyncio.timeout(CHECK_SECONDS):
                    await self.check_wanted.wait()
            self.check_wanted.clear()
            await self._compare_all()

    async def _compare_all(self) -> None:
        before = [(tail, tail.head) for tail in self.tails.values()]
        try:
            heads = await self.store.heads(tail.log for tail, _ in before)
        except DatabaseError as error:
            logger.error("Heads not read: %s", describe(error))
            return
        for tail, head in before:
            if self.tails.get(tail.log) is tail:  # It may have ended during the query.
                self._compare(tail, head, heads.get(tail.log))

    def _compare(self, tail: Tail, before: int, found: Head | None) -> None:
        """Compares a tail with the head in the database; `before` is the head that the tail had
        before the query."""
        # When a log becomes public or private, all readers end. Those that may read it come back.
        if found is None or found.is_public != tail.is_public:
            self._end(tail)
            return
        if found.epoch != tail.epoch:
            self._replaced(tail)
            return
        if found.rewrites != tail.rewrites:
            tail.reload()
        if found.seq < before or tail.mark_at(found.seq) != found.mark:
            # Entries are missing here, or the log is another one. Or only the stored head is
            # wrong, and the next entry corrects it.
            tail.refresh()
