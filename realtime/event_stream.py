"""Responses that are event streams: headers, limits, reconnection."""

import asyncio
import secrets
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, suppress
from typing import Any

from django.http import HttpRequest, StreamingHttpResponse

from realtime import connection_limit, sse
from realtime.detach import detach
from realtime.stream_registry import StreamRegistry
from realtime.worker import current

# Milliseconds. Random within these, so that the readers of a worker that stopped do not reconnect
# all at once.
RETRY_MS = (1_000, 3_000)
RETRY_WHEN_FULL_MS = (10_000, 30_000)


class StreamBody:
    """The body of one event stream. It counts as open from its first byte to its last."""

    __slots__ = ("kind", "source", "streams")

    def __init__(self, source: AsyncGenerator[bytes], kind: str, streams: StreamRegistry) -> None:
        self.source = source
        self.kind = kind
        self.streams = streams

    def __enter__(self) -> AsyncGenerator[bytes]:
        self.streams.kinds[self.kind] += 1
        return self.source

    def __exit__(self, *_: object) -> None:
        self.streams.kinds[self.kind] -= 1

    async def run(self, receive: Any, send: Any) -> None:
        """Sends the body until it ends, the client disconnects, or the worker drains."""
        disconnected = asyncio.ensure_future(receive())
        with suppress(TimeoutError), self:
            async with self.streams.drainable_timeout() as timeout:
                disconnected.add_done_callback(lambda _: timeout.expire())
                try:
                    await self._send_chunks(send)
                finally:
                    disconnected.cancel()
        await send({"type": "http.response.body"})

    async def _send_chunks(self, send: Any) -> None:
        async with aclosing(self.source) as chunks:
            async for chunk in chunks:
                await send({"type": "http.response.body", "body": chunk, "more_body": True})


class EventStream(StreamingHttpResponse):
    """An event stream. With `DetachMiddleware`, Django sends only its headers, and the body
    continues when Django has returned. Otherwise Django sends the body as well.

    `kind` is the label under which the stream is counted.
    """

    def __init__(
        self, source: AsyncGenerator[bytes], kind: str, request: HttpRequest | None = None
    ) -> None:
        super().__init__(source, headers=dict(sse.HEADERS))
        self.body = StreamBody(source, kind, current().streams)
        self.scope = getattr(request, "scope", {})

    async def __aiter__(self) -> AsyncIterator[bytes]:
        if detach(self.scope, self.body.run):
            return
        # Django closes this iterator when the client disconnects. It would leave the source to the
        # garbage collector.
        with self.body as source:
            async with aclosing(source) as chunks:
                async for chunk in chunks:
                    yield chunk


def at_capacity(request: HttpRequest) -> bool:
    """Whether to refuse a new stream: the worker is full, or this address opened too many
    connections. A refusal is counted."""
    worker = current()
    full = worker.streams.full
    worker.counters.refusals["full"] += full
    return full or connection_limit.exceeded(request.META.get("REMOTE_ADDR"))


def cursor(request: HttpRequest) -> str | None:
    """The cursor that the client sent. The header of EventSource takes precedence over `?cursor=`,
    which is still in the URL when EventSource reconnects."""
    return request.headers.get("Last-Event-ID") or request.GET.get("cursor") or None


def retry(between_ms: tuple[int, int] = RETRY_MS) -> bytes:
    """A `retry` field with a random time between two limits."""
    least, most = between_ms
    return sse.retry(least + secrets.randbelow(most - least + 1))


def overloaded() -> EventStream:
    """The answer when no stream can be opened: status 200, `retry` of 10 to 30 s, end of body.
    After any other status, EventSource never reconnects (HTML, section 9.2.2)."""

    async def only_retry() -> AsyncGenerator[bytes]:
        yield retry(RETRY_WHEN_FULL_MS)

    return EventStream(only_retry(), "busy")
