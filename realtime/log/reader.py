"""A reader is a cursor. It waits until its room has come further, and takes all that follows."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from time import monotonic

from django.db import Error as DatabaseError
from django.db import OperationalError

from chat.protocol.entries import Cursor
from realtime.counters import figures
from realtime.log.tail import RESUME_MOST, Batch, LogEnded, Tail

logger = logging.getLogger(__name__)

NEWEST = 50  # entries for a reader without a cursor
RETRY_SECONDS = 1.0


class Reader:
    """A cursor in a room, read through a tap. Close it when it is no longer read."""

    def __init__(self, tail: Tail, release: Callable[[Tail], None], tap: str) -> None:
        self.tail = tail
        self.release = release
        self.tap = tap
        self.seq = tail.head
        # Takes a batch now, or says that it does not: whoever reads is to wait for that.
        self.at_once: Callable[[Batch], bool] | None = None
        self.stopped = False
        self.closed = False
        tail.readers += 1
        tail.taps[tap] += 1

    @property
    def cursor(self) -> str:
        """Where the reader stands."""
        return str(Cursor(self.tail.epoch, self.seq))

    async def resume(self, cursor: str | None) -> bool:
        """Goes to a cursor, or to where the newest entries begin. Returns whether the reader
        was reset: it asked for a cursor that leads nowhere, or too far back. DatabaseError if
        the log cannot be read, and so nobody knows where the cursor leads."""
        if cursor is not None:
            figures.resumes[self.tap] += 1
        place = Cursor.parse(cursor) if cursor is not None else None
        if place and place.epoch == self.tail.epoch:
            if place.seq > self.tail.head:  # another worker may be ahead of this one
                await asyncio.wait({self.tail.refresh()})
                if self.tail.unreadable:
                    raise OperationalError
            if self.tail.head - RESUME_MOST <= place.seq <= self.tail.head:
                self.seq = place.seq
                return False
        self.seq = max(0, self.tail.head - NEWEST)
        if cursor is not None:
            figures.resets[self.tap] += 1
        return cursor is not None

    async def take(self) -> Batch:
        """All that follows the cursor, as soon as there is something. LogEnded if there will
        be nothing more; DatabaseError if the log could not be read."""
        waited = False
        while self.tail.head <= self.seq or self.over:
            if self.over:
                raise LogEnded
            waited = True
            await self._news()
        batch = await self.tail.batch(self.seq)
        self._took(batch, waited=waited)
        return batch

    async def _news(self) -> None:
        """Waits until there is something that was not handed over."""
        news = asyncio.get_running_loop().create_future()
        self.tail.waiting[self.hand_over] = news
        try:
            await news
        finally:
            del self.tail.waiting[self.hand_over]

    def hand_over(self) -> bool:
        """Gives what is new to who takes it `at_once`: no task is woken for it, which costs as
        much as the frame itself. Whether there is nothing left that this reader would take."""
        while not self.over and self.seq < self.tail.head:
            batch = self.tail.held(self.seq) if self.at_once else None
            if not (batch and self.at_once and self.at_once(batch)):
                return False
            self._took(batch, waited=True)
        return not self.over

    def _took(self, batch: Batch, *, waited: bool) -> None:
        self.seq = batch.last
        figures.deliveries += len(batch.entries)
        if waited and batch.arrived:
            figures.delivery_seconds.add(monotonic() - batch.arrived)

    async def __aiter__(self) -> AsyncIterator[Batch]:
        """Batches until the log ends, through failures of the database."""
        while True:
            try:
                yield await self.take()
            except LogEnded:
                return
            except DatabaseError as error:
                logger.error("A reader waits for the log: %s", type(error).__name__)
                await asyncio.sleep(RETRY_SECONDS)

    @property
    def over(self) -> bool:
        """Whether there will be nothing more."""
        return self.stopped or self.tail.ended

    def stop(self) -> None:
        """Sends this reader away with LogEnded, whatever else it might take."""
        self.stopped = True
        self.tail.wake()

    def __enter__(self) -> None:
        """Reads, until the context ends."""

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Lets the tail go when its last reader does."""
        if not self.closed:
            self.closed = True
            self.tail.taps[self.tap] -= 1
            self.release(self.tail)
