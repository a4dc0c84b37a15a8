"""Group commit: what many say at once is written in one transaction, and each is answered."""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from channels.db import database_sync_to_async
from django.db import Error as DatabaseError
from django.db import InterfaceError, OperationalError

from chat import log
from chat.log import Draft, Receipt, Refusal, Span
from chat.loops import PerLoop, background

logger = logging.getLogger(__name__)

# One thread, so that batches follow each other; and its own, as those of the readers are.
WRITER = ThreadPoolExecutor(1, thread_name_prefix="log-writer")
in_writer = partial(database_sync_to_async, thread_sensitive=False, executor=WRITER)

# Drafts in one transaction: enough that its cost does not count, few enough that the first
# does not wait for the last.
BATCH = 256


class Unavailable(Exception):
    """The database did not answer. Nothing was written; the same draft may come again."""


class Appender:
    """Group commit: writes all that is waiting in one transaction, then answers each."""

    def __init__(self) -> None:
        self.waiting: list[tuple[Draft, asyncio.Future[Receipt]]] = []
        self.writing: asyncio.Task[None] | None = None
        self.listeners: list[Callable[[Span], None]] = []

    async def append(self, draft: Draft) -> Receipt:
        """The draft's place in the log, once it is committed. Refusal or Unavailable if not."""
        future = asyncio.get_running_loop().create_future()
        self.waiting.append((draft, future))
        if self.writing is None or self.writing.done():
            self.writing = background(self._write_waiting())
        receipt: Receipt = await future
        return receipt

    async def _write_waiting(self) -> None:
        while self.waiting:
            batch, self.waiting = self.waiting[:BATCH], self.waiting[BATCH:]
            await self._write(batch)

    async def _write(self, batch: list[tuple[Draft, asyncio.Future[Receipt]]]) -> None:
        try:
            written = await in_writer(log.write)([draft for draft, _ in batch])
        except Exception as error:
            await self._failed(batch, error)
            return
        # Answers first: a sender hears of its own message before the room does.
        for (_, future), result in zip(batch, written.results, strict=True):
            _answer(future, result)
        for span in written.spans:
            for listener in self.listeners:
                listener(span)

    async def _failed(
        self, batch: list[tuple[Draft, asyncio.Future[Receipt]]], error: Exception
    ) -> None:
        away = isinstance(error, OperationalError | InterfaceError)
        if not away and len(batch) > 1:
            # One of them cannot be stored; alone, it harms no other.
            for one in batch:
                await self._write([one])
            return
        _log_failure(error, len(batch))
        refusal = Refusal("bad_frame", "This message cannot be stored.")
        for _, future in batch:
            _answer(future, Unavailable() if away else refusal)


def _log_failure(error: Exception, count: int) -> None:
    if isinstance(error, DatabaseError):
        logger.error("%d entries were not written: %s", count, type(error).__name__)
    else:
        logger.exception("%d entries were not written", count)


def _answer(future: asyncio.Future[Receipt], result: Receipt | Exception) -> None:
    if future.done():  # whoever asked is gone
        return
    if isinstance(result, Exception):
        future.set_exception(result)
    else:
        future.set_result(result)


appender = PerLoop(Appender)
