"""Group commit: items that wait at the same time are written in one transaction."""

import asyncio
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from time import monotonic
from typing import Generic, TypeVar

from django.db import DataError, InterfaceError, InternalError, OperationalError
from django.db import Error as DatabaseError

from realtime.errors import Refused
from realtime.log.failures import describe
from realtime.log.store import Span, Written
from realtime.log.writer_connection import in_writer
from realtime.tasks import Tasks

logger = logging.getLogger(__name__)
Item = TypeVar("Item")
Result = TypeVar("Result")

# Items in one transaction: enough that its cost does not count, few enough that the first item
# does not wait for the last.
BATCH_LENGTH = 256

# Seconds. Each notification wakes all readers of a room: 7 ms for 500 readers. Batches that are
# committed within this window are announced together. With 4 people writing to 500, each frame
# then carries 4 entries instead of 1.8.
BATCH_WINDOW = 0.010
# Iterations of the event loop from the arrival of a frame until its item waits here.
LOOP_YIELDS = 2


WaitingItems = list[tuple[Item, asyncio.Future[Result]]]


class Unavailable(Exception):
    """The database did not answer, or refused to write for a reason that is not the item's.
    Nothing was written; the same item may be added again."""


class GroupCommit(Generic[Item, Result]):
    """Writes the waiting items in one transaction, then resolves the future of each.

    `write` runs on the writer thread and returns one result per item; a `Refused` among them is
    raised to the caller of `add`. `min_interval` is the least time in seconds between two
    transactions. `listeners` are called with every new span.
    """

    def __init__(
        self,
        write: Callable[[list[Item]], Written[Result]],
        tasks: Tasks,
        *,
        min_interval: float = 0,
    ) -> None:
        self.write = write
        self.tasks = tasks
        self.min_interval = min_interval
        self.waiting: WaitingItems[Item, Result] = []
        self.writing: asyncio.Task[None] | None = None
        self.listeners: list[Callable[[Span], None]] = []

    @property
    def busy(self) -> bool:
        """Whether a batch is being written; the listeners are called soon."""
        return self.writing is not None and not self.writing.done()

    async def add(self, item: Item) -> Result:
        """Writes an item. Returns its result after the commit. Refused if the item cannot be
        written, Unavailable if the database does not answer."""
        future = asyncio.get_running_loop().create_future()
        self.waiting.append((item, future))
        if not self.busy:
            self.writing = self.tasks.start(self._write_waiting())
        result: Result = await future
        return result

    async def _write_waiting(self) -> None:
        while self.waiting:
            pending: PendingNotifications[Result] = PendingNotifications(self.listeners)
            until = monotonic() + (0 if self.min_interval else BATCH_WINDOW)
            # Sent at that time also while a later transaction waits for another worker's lock.
            timer = asyncio.get_running_loop().call_later(BATCH_WINDOW, pending.send)
            await self._write_batch(pending)
            while self.waiting and monotonic() < until:
                await self._write_batch(pending)
            timer.cancel()
            pending.send()
            if self.min_interval:
                await asyncio.sleep(self.min_interval)

    async def _write_batch(self, pending: "PendingNotifications[Result]") -> None:
        """Writes one transaction, then lets frames that have arrived add their items."""
        batch, self.waiting = self.waiting[:BATCH_LENGTH], self.waiting[BATCH_LENGTH:]
        await self._write(batch, pending)
        for _ in range(LOOP_YIELDS):
            await asyncio.sleep(0)

    async def _write(
        self, batch: WaitingItems[Item, Result], pending: "PendingNotifications[Result]"
    ) -> None:
        try:
            written = await in_writer(self.write)([item for item, _ in batch])
        except Exception as error:
            await self._handle_failure(batch, error, pending)
            return
        for (_, future), result in zip(batch, written.results, strict=True):
            pending.results.append((future, result))
        pending.spans.extend(written.spans)

    async def _handle_failure(
        self,
        batch: WaitingItems[Item, Result],
        error: Exception,
        pending: "PendingNotifications[Result]",
    ) -> None:
        away = isinstance(error, OperationalError | InterfaceError | InternalError)
        if not away and len(batch) > 1:
            # One item cannot be stored. Written alone, it does not affect the others.
            for waiting in batch:
                await self._write([waiting], pending)
            return
        _log_failure(error, len(batch))
        # Only a value that the database does not take is the item's own fault.
        fault = isinstance(error, DataError) or not isinstance(error, DatabaseError)
        refusal = Refused("bad_frame", "This cannot be stored.")
        for _, future in batch:
            pending.results.append((future, refusal if fault else Unavailable()))


@dataclass(frozen=True)
class PendingNotifications(Generic[Result]):
    """Results and spans that are committed and not announced yet."""

    listeners: Iterable[Callable[[Span], None]]
    results: list[tuple[asyncio.Future[Result], Result | Exception]] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)

    def send(self) -> None:
        """Resolves the futures first: a sender receives its ack before the room receives the
        entry."""
        results, spans = [*self.results], [*self.spans]
        self.results.clear()
        self.spans.clear()
        for future, result in results:
            _resolve(future, result)
        for span in spans:
            for listener in self.listeners:
                _call(listener, span)


def _call(listener: Callable[[Span], None], span: Span) -> None:
    try:
        listener(span)
    except Exception:
        # The readers receive the span by the slow check.
        logger.exception("Log listener failed (log %d).", span.log)


def _log_failure(error: Exception, count: int) -> None:
    if isinstance(error, DatabaseError):
        logger.error("Batch of %d items not written: %s", count, describe(error))
    else:
        logger.exception("Batch of %d items not written.", count)


def _resolve(future: asyncio.Future[Result], result: Result | Exception) -> None:
    if future.done():  # The caller of `add` was cancelled.
        return
    if isinstance(result, Exception):
        future.set_exception(result)
    else:
        future.set_result(result)
