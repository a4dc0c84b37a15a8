"""Event streams as responses: their headers, their number, and where their readers stand."""

import secrets
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing, contextmanager

from django.conf import settings
from django.http import HttpRequest, StreamingHttpResponse

from streaming import sse

# Milliseconds. Jittered, so that the readers of a worker that died do not return as one.
RETRY_MS = (1_000, 3_000)
RETRY_WHEN_FULL_MS = (10_000, 30_000)


class Open:
    """How many streams this worker holds."""

    def __init__(self) -> None:
        self.count = 0

    @property
    def full(self) -> bool:
        return self.count >= settings.STREAMS_PER_WORKER

    @contextmanager
    def one(self) -> Iterator[None]:
        self.count += 1
        try:
            yield
        finally:
            self.count -= 1


streams = Open()


class EventStream(StreamingHttpResponse):
    """A stream that is counted from its first byte until it ends or its reader leaves."""

    def __init__(self, source: AsyncGenerator[bytes]) -> None:
        super().__init__(source, headers=dict(sse.HEADERS))
        self.source = source

    async def __aiter__(self) -> AsyncIterator[bytes]:
        # Here and not in the source: Django closes this iterator when the reader leaves, and
        # leaves the source to the garbage collector.
        with streams.one():
            async with aclosing(self.source):
                async for piece in super().__aiter__():
                    yield piece


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

    return EventStream(come_again())
