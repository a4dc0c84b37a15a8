"""Event streams as responses: their headers, their number, and where their readers stand."""

import asyncio
import secrets
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, suppress
from typing import Any

from django.http import HttpRequest, StreamingHttpResponse

from realtime import connection_limit, detach, sse
from realtime.worker import current

# Milliseconds. Jittered, so that the readers of a worker that died do not return as one.
RETRY_MS = (1_000, 3_000)
RETRY_WHEN_FULL_MS = (10_000, 30_000)


class Stream:
    """What is sent of an event stream after its headers; counted from its first byte."""

    __slots__ = ("kind", "source")

    def __init__(self, source: AsyncGenerator[bytes], kind: str) -> None:
        self.source = source
        self.kind = kind

    def __enter__(self) -> AsyncGenerator[bytes]:
        current().streams.kinds[self.kind] += 1
        return self.source

    def __exit__(self, *_: object) -> None:
        current().streams.kinds[self.kind] -= 1

    async def run(self, receive: Any, send: Any) -> None:
        """Sends it until it ends, its reader leaves, or the worker drains."""
        left = asyncio.ensure_future(receive())
        with suppress(TimeoutError), self:
            streams = current().streams
            async with streams.drainable_timeout() as timeout:
                left.add_done_callback(lambda _: streams.expire(timeout))
                try:
                    await self._send(send)
                finally:
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
    worker = current()
    worker.counters.refusals["full"] += worker.streams.full
    return worker.streams.full or connection_limit.one_too_many(request.META.get("REMOTE_ADDR"))


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
