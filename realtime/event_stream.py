"""Event streams as responses: their headers, their number, and where their readers stand."""

import asyncio
import secrets
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager, suppress
from typing import Any

from django.conf import settings
from django.http import HttpRequest, StreamingHttpResponse

from realtime import connection_limit, detach, sse
from realtime.refusals import refusals

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

    @asynccontextmanager
    async def patience(self, seconds: float | None = None) -> AsyncIterator[None]:
        """As asyncio.timeout, which runs out at once when the worker drains."""
        async with asyncio.timeout(0 if self.draining else seconds) as waiting:
            self.waiting.add(waiting)
            try:
                yield
            finally:
                self.waiting.discard(waiting)

    def drain(self) -> None:
        """Ends every stream between two events, and every wait."""
        self.draining = True
        for waiting in self.waiting:
            self.end(waiting)

    def end(self, waiting: asyncio.Timeout) -> None:
        """Ends a wait, if it goes on."""
        if waiting in self.waiting and not waiting.expired():  # in this very turn; it would raise
            waiting.reschedule(0)


streams = Open()


class Stream:
    """What is sent of an event stream after its headers; counted from its first byte."""

    __slots__ = ("kind", "source")

    def __init__(self, source: AsyncGenerator[bytes], kind: str) -> None:
        self.source = source
        self.kind = kind

    def __enter__(self) -> AsyncGenerator[bytes]:
        streams.kinds[self.kind] += 1
        return self.source

    def __exit__(self, *_: object) -> None:
        streams.kinds[self.kind] -= 1

    async def run(self, receive: Any, send: Any) -> None:
        """Sends it until it ends, its reader leaves, or the worker drains."""
        left = asyncio.ensure_future(receive())
        with suppress(TimeoutError), self:
            async with asyncio.timeout(0 if streams.draining else None) as ending:
                streams.waiting.add(ending)
                left.add_done_callback(lambda _: streams.end(ending))
                try:
                    await self._send(send)
                finally:
                    streams.waiting.discard(ending)
                    left.cancel()
        await send({"type": "http.response.body"})

    async def _send(self, send: Any) -> None:
        async with aclosing(self.source) as pieces:
            async for piece in pieces:
                await send({"type": "http.response.body", "body": piece, "more_body": True})


class EventStream(StreamingHttpResponse):
    """A stream of which Django sends the headers alone, where the rest may be handed over."""

    def __init__(
        self, source: AsyncGenerator[bytes], kind: str, request: HttpRequest | None = None
    ) -> None:
        super().__init__(source, headers=dict(sse.HEADERS))
        self.stream = Stream(source, kind)
        self.scope = getattr(request, "scope", {})

    async def __aiter__(self) -> AsyncIterator[bytes]:
        if detach.accepts(self.scope, self.stream.run):
            return
        # Django closes this iterator when the reader leaves, and leaves the source to the garbage
        # collector.
        with self.stream as source:
            async with aclosing(source) as pieces:
                async for piece in pieces:
                    yield piece


def no_room_for(request: HttpRequest) -> bool:
    """Whether a reader is to come another time: there are too many, or too many of theirs."""
    refusals["full"] += streams.full
    return streams.full or connection_limit.one_too_many(request.META.get("REMOTE_ADDR"))


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
