"""Group commit: what many want written at once is one transaction, and each is answered."""

import asyncio
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from time import monotonic
from typing import Generic, TypeVar

from django.db import Error as DatabaseError
from django.db import InterfaceError, InternalError, OperationalError

from chat.log.store import Refusal, Span, Written
from realtime.log import writer_connection
from realtime.tasks import background, threads

logger = logging.getLogger(__name__)
Item = TypeVar("Item")
Result = TypeVar("Result")

# One thread, so that batches follow each other and never wait for each other's locks; and its
# own, as those of the readers are.
WRITER = threads(1, "log-writer")
in_writer = writer_connection.on(WRITER)

# Items in one transaction: enough that its cost does not count, few enough that the first
# does not wait for the last.
BATCH = 256

# Each time that a room is told, all of its readers are woken, 500 of them for 7 ms. So what comes
# while one transaction is written is written as well before anybody is told, for so long: of 4
# who talk to 500, each frame carries 4 entries in place of 1.8.
GATHER_SECONDS = 0.010
TURNS = 2  # of the loop, from a frame that has arrived to an item that waits


Batch = list[tuple[Item, asyncio.Future[Result]]]


class Unavailable(Exception):
    """The database did not answer. Nothing was written; the same item may come again."""


class GroupCommit(Generic[Item, Result]):
    """Writes all that is waiting in one transaction, then answers each.

    `store` writes items and says what became of each; a `Refusal` among its results is raised
    to who asked. `gap` is the least time in seconds between two transactions. `listeners` get
    the spans that are new in a log.
    """

    def __init__(self, store: Callable[[list[Item]], Written[Result]], *, gap: float = 0) -> None:
        self.store = store
        self.gap = gap
        self.waiting: Batch[Item, Result] = []
        self.writing: asyncio.Task[None] | None = None
        self.listeners: list[Callable[[Span], None]] = []

    @property
    def busy(self) -> bool:
        """Whether something is being written, and the listeners are told of it soon."""
        return self.writing is not None and not self.writing.done()

    async def add(self, item: Item) -> Result:
        """What became of the item, once it is committed. Refusal or Unavailable if nothing."""
        future = asyncio.get_running_loop().create_future()
        self.waiting.append((item, future))
        if not self.busy:
            self.writing = background(self._write_waiting())
        result: Result = await future
        return result

    async def _write_waiting(self) -> None:
        while self.waiting:
            news: _News[Result] = _News(self.listeners)
            until = monotonic() + (0 if self.gap else GATHER_SECONDS)
            # Not later, though a transaction after the first may wait for somebody's lock.
            bell = asyncio.get_running_loop().call_later(GATHER_SECONDS, news.tell)
            await self._write_some(news)
            while self.waiting and monotonic() < until:
                await self._write_some(news)
            bell.cancel()
            news.tell()
            if self.gap:
                await asyncio.sleep(self.gap)

    async def _write_some(self, news: "_News[Result]") -> None:
        """Writes what fits into one transaction, and lets arrive what is under way."""
        batch, self.waiting = self.waiting[:BATCH], self.waiting[BATCH:]
        await self._write(batch, news)
        for _ in range(TURNS):
            await asyncio.sleep(0)

    async def _write(self, batch: Batch[Item, Result], news: "_News[Result]") -> None:
        try:
            written = await in_writer(self.store)([item for item, _ in batch])
        except Exception as error:
            await self._failed(batch, error, news)
            return
        for (_, future), result in zip(batch, written.results, strict=True):
            news.answers.append((future, result))
        news.spans.extend(written.spans)

    async def _failed(
        self, batch: Batch[Item, Result], error: Exception, news: "_News[Result]"
    ) -> None:
        away = isinstance(error, OperationalError | InterfaceError | InternalError)
        if not away and len(batch) > 1:
            # One of them cannot be stored; alone, it harms no other.
            for one in batch:
                await self._write([one], news)
            return
        _log_failure(error, len(batch))
        refusal = Refusal("bad_frame", "This cannot be stored.")
        for _, future in batch:
            news.answers.append((future, Unavailable() if away else refusal))


@dataclass(frozen=True)
class _News(Generic[Result]):
    """What has been written, and nobody has been told."""

    listeners: Iterable[Callable[[Span], None]]
    answers: list[tuple[asyncio.Future[Result], Result | Exception]] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)

    def tell(self) -> None:
        """Answers first: a sender hears of its own message before the room does."""
        answers, spans = [*self.answers], [*self.spans]
        self.answers.clear()
        self.spans.clear()
        for future, result in answers:
            _answer(future, result)
        for span in spans:
            for listener in self.listeners:
                _tell(listener, span)


def _tell(listener: Callable[[Span], None], span: Span) -> None:
    try:
        listener(span)
    except Exception:
        logger.exception("A span of room %d was not told.", span.room)  # the slow check will


def _log_failure(error: Exception, count: int) -> None:
    if isinstance(error, DatabaseError):
        logger.error("%d items were not written: %s", count, type(error).__name__)
    else:
        logger.exception("%d items were not written", count)


def _answer(future: asyncio.Future[Result], result: Result | Exception) -> None:
    if future.done():  # whoever asked is gone
        return
    if isinstance(result, Exception):
        future.set_exception(result)
    else:
        future.set_result(result)
