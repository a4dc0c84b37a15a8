"""Event streams as responses: their headers, their number, and where their readers stand."""

import asyncio
import secrets
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager, contextmanager, suppress

from django.conf import settings
from django.http import HttpRequest, StreamingHttpResponse

from streaming import openings, sse
from streaming.refusals import refusals

# Milliseconds. Jittered, so that the readers of a worker that died do not return as one.
RETRY_MS = (1_000, 3_000)
RETRY_WHEN_FULL_MS = (10_000, 30_000)


class Open:
    """The streams that this worker holds, and whoever waits for something to answer."""

    def __init__(self) -> None:
        self.kinds: Counter[str] = Counter()
        self.draining = False
        self.waiting: set[asyncio.Timeout] = set()

    @property
    def count(self) -> int:
        return self.kinds.total()

    @property
    def full(self) -> bool:
        return self.count >= settings.STREAMS_PER_WORKER

    @contextmanager
    def one(self, kind: str) -> Iterator[None]:
        self.kinds[kind] += 1
        try:
            yield
        finally:
            self.kinds[kind] -= 1

    @asynccontextmanager
    async def patience(self, seconds: float | None = None) -> AsyncIterator[None]:
        """As asyncio.timeout, which runs out at once when the worker drains."""
        async with asyncio.timeout(0 if self.draining else seconds) as waiting:
            self.waiting.add(waiting)
            try:
                yield
            finally:
                self.waiting.discard(waiting)

    async def next_of(self, pieces: AsyncIterator[bytes]) -> bytes:
        """The next piece of a stream. StopAsyncIteration if there is none, or the worker drains."""
        try:
            async with self.patience():
                return await anext(pieces)
        except TimeoutError:
            if self.draining:
                raise StopAsyncIteration from None
            raise

    def drain(self) -> None:
        """Ends every stream between two events, and every wait."""
        self.draining = True
        for waiting in self.waiting:
            if not waiting.expired():  # in this very turn; it would raise
                waiting.reschedule(0)


streams = Open()


class EventStream(StreamingHttpResponse):
    """A stream that is counted from its first byte until it ends or its reader leaves."""

    def __init__(self, source: AsyncGenerator[bytes], kind: str) -> None:
        super().__init__(source, headers=dict(sse.HEADERS))
        self.source = source
        self.kind = kind

    async def __aiter__(self) -> AsyncIterator[bytes]:
        # Here and not in the source: Django closes this iterator when the reader leaves, and
        # leaves the source to the garbage collector.
        with streams.one(self.kind), suppress(StopAsyncIteration):
            async with aclosing(self.source):
                pieces = super().__aiter__()
                while not streams.draining:
                    yield await streams.next_of(pieces)


def no_room_for(request: HttpRequest) -> bool:
    """Whether a reader is to come another time: there are too many, or too many of theirs."""
    refusals["full"] += streams.full
    return streams.full or openings.one_too_many(request.META.get("REMOTE_ADDR"))


def cursor(request: HttpRequest) -> str | None:
    """The cursor that a reader brings; the header of EventSource wins."""
    return request.headers.get("Last-Event-ID") or request.GET.get("cursor") or None


def retry(between_ms: tuple[int, int] = RETRY_MS) -> bytes:
    """How long this reader waits before it reconnects."""
    least, most = between_ms
    return sse.retry(least + secrets.randbelow(most - least + 1))


def busy() -> EventStream:
    """The answer of a worker that is full: 200, since EventSource gives up for good on any
    other status."""

    async def come_again() -> AsyncGenerator[bytes]:
        yield retry(RETRY_WHEN_FULL_MS)

    return EventStream(come_again(), "busy")
