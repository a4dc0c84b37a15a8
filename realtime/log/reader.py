"""A reader of a log: a cursor that waits for new entries and advances over them."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from time import monotonic

from django.db import Error as DatabaseError
from django.db import OperationalError

from realtime.log.cursor import Cursor
from realtime.log.failures import describe
from realtime.log.tail import RESUME_MOST, Batch, LogEnded, Tail

logger = logging.getLogger(__name__)

NEWEST = 50  # entries for a reader without a cursor
RETRY_SECONDS = 1.0


class Reader:
    """A cursor in a log, read through a transport. A context manager that closes itself."""

    def __init__(self, tail: Tail, release: Callable[[Tail], None], transport: str) -> None:
        self.tail = tail
        self.release = release
        self.transport = transport
        self.seq, self.mark = tail.head, tail.mark
        # Sends a batch to the client now, and returns whether the client could take it. None if
        # the transport cannot do that.
        self.push_now: Callable[[Batch], bool] | None = None
        self.stopped = False
        self.closed = False
        tail.readers += 1
        tail.transports[transport] += 1

    @property
    def cursor(self) -> str:
        """The cursor after everything that this reader has received."""
        return str(Cursor(self.tail.epoch, self.seq, self.mark))

    async def resume(self, cursor: str | None) -> bool:
        """Moves to a cursor, or to the beginning of the newest entries. Returns whether the reader
        was reset: its cursor is of another log, beyond the head or too far back, or its entry was
        deleted.
        DatabaseError if the log cannot be read, so that this is not known; LogEnded if the log of
        this reader is no longer in the database."""
        counters = self.tail.counters
        if cursor is not None:
            counters.resumes[self.transport] += 1
        place = Cursor.parse(cursor) if cursor is not None else None
        if place and not self._can_resume(place):  # This worker may be behind another one.
            await asyncio.wait({self.tail.refresh()})
            if self.tail.unreadable:
                raise OperationalError
            if self.tail.ended:
                raise LogEnded
        if place and self._can_resume(place):
            self.seq, self.mark = place.seq, place.mark
            return False
        self._move_to(max(self.tail.oldest, self.tail.head - NEWEST))
        if cursor is not None:
            counters.resets[self.transport] += 1
        return cursor is not None

    def _can_resume(self, place: Cursor) -> bool:
        """Whether the log has the entry of a cursor, and it is not too far back."""
        tail = self.tail
        near = place.seq >= tail.head - RESUME_MOST
        return near and (place.epoch, place.mark) == (tail.epoch, tail.mark_at(place.seq))

    def continue_after(self, ended: Tail) -> None:
        """Moves to the newest entry that this log has in common with the log of another tail. To
        the head if there is none."""
        common = self.tail.common(ended)
        self._move_to(self.tail.head if common is None else common)

    def _move_to(self, seq: int) -> None:
        self.seq, self.mark = seq, self.tail.marks[seq - self.tail.oldest]

    async def take(self) -> Batch:
        """Waits for entries after the cursor, and returns them. LogEnded if no more will come;
        DatabaseError if the log could not be read."""
        waited = False
        while self.tail.head <= self.seq or self.finished:
            if self.finished:
                raise LogEnded
            waited = True
            await self._wait()
        batch = await self.tail.batch(self.seq, self.mark)
        self._advance(batch, waited=waited)
        return batch

    async def _wait(self) -> None:
        """Waits for entries that `try_push` could not push."""
        wake_up = asyncio.get_running_loop().create_future()
        self.tail.waiting[self.try_push] = wake_up
        try:
            await wake_up
        finally:
            del self.tail.waiting[self.try_push]

    def try_push(self) -> bool:
        """Pushes the new entries with `push_now`. No task is woken for it: that costs as much as
        the frame itself. Returns False if the reader's task has to take something."""
        while not self.finished and self.seq < self.tail.head:
            batch = self.tail.batch_in_memory(self.seq) if self.push_now else None
            if not (batch and self.push_now and self.push_now(batch)):
                return False
            self._advance(batch, waited=True)
        return not self.finished

    def _advance(self, batch: Batch, *, waited: bool) -> None:
        self.seq, self.mark = batch.last, batch.mark
        counters = self.tail.counters
        counters.deliveries += len(batch.entries)
        if waited and batch.arrived:
            counters.delivery_seconds.add(monotonic() - batch.arrived)

    async def __aiter__(self) -> AsyncIterator[Batch]:
        """Batches until the log ends. Continues after a failure of the database."""
        while True:
            try:
                yield await self.take()
            except LogEnded:
                return
            except DatabaseError as error:
                logger.error("Reader waits for the database: %s", describe(error))
                await asyncio.sleep(RETRY_SECONDS)

    @property
    def finished(self) -> bool:
        """Whether no more entries will come."""
        return self.stopped or self.tail.ended

    def stop(self) -> None:
        """Ends this reading with LogEnded, also if entries are left."""
        self.stopped = True
        self.tail.wake()

    def __enter__(self) -> None:
        """Keeps the reader open for the duration of the context."""

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Releases the tail."""
        if not self.closed:
            self.closed = True
            self.tail.transports[self.transport] -= 1
            self.release(self.tail)
