"""Plays a text: writes its events at their deadlines, on every server in the same way.

Under `config.server` the scheduler's callback writes directly to the connection, so that no task
runs for a chunk. Under another server it writes to a `ChunkBuffer`, which the response empties.
"""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

from django.http import HttpRequest

from realtime import event_stream
from realtime.extensions import BODY_WRITER, BodyWriter
from realtime.scheduler import DeadlineScheduler
from streaming.texts.playback import Playback
from streaming.texts.schedule import PlaybackPosition


class ChunkBuffer:
    """A `BodyWriter` for servers that have none: holds the chunk that the response sends next. It
    is full until the response has sent that chunk."""

    __slots__ = ("chunk",)

    def __init__(self) -> None:
        self.chunk = b""

    @property
    def full(self) -> bool:
        """Whether a chunk has not been sent yet."""
        return bool(self.chunk)

    def write_body(self, chunk: bytes) -> None:
        """Stores a chunk."""
        self.chunk += chunk

    async def drained(self) -> None:
        """Returns at once: the player continues only when the response has taken the chunk."""

    def take(self) -> bytes:
        """Returns the chunk, and empties the buffer."""
        chunk, self.chunk = self.chunk, b""
        return chunk


class Player:
    """Plays one text to one reader."""

    __slots__ = ("position", "scheduler", "stopped", "writer")

    def __init__(
        self, position: PlaybackPosition, writer: BodyWriter, scheduler: DeadlineScheduler
    ) -> None:
        self.position = position
        self.writer = writer
        self.scheduler = scheduler
        self.stopped: asyncio.Future[None]

    async def play_until_full(self) -> None:
        """Writes events until the reader has everything or the writer is full. May be cancelled
        between two events. Raises what the writer raises."""
        self.stopped = asyncio.get_running_loop().create_future()
        self.scheduler.call_at(self.position.next_deadline, self._write_due)
        await self.stopped

    def _write_due(self, now: float) -> float | None:
        if self.stopped.done():  # cancelled
            return None
        try:
            self.writer.write_body(self.position.advance(now))
        except Exception as error:
            self.stopped.set_exception(error)
            return None
        if self.position.finished or self.writer.full:
            self.stopped.set_result(None)
            return None
        return self.position.next_deadline

    def close(self) -> None:
        """Releases the writer and the text. The scheduler keeps a cancelled player until its next
        deadline, for up to 10 s."""
        del self.writer, self.position


def writer_of(request: HttpRequest) -> BodyWriter | None:
    """The body writer of a request's response, if the server has one."""
    scope: dict[str, Any] = getattr(request, "scope", {})
    writer: BodyWriter | None = (scope.get("extensions") or {}).get(BODY_WRITER)
    return writer


async def play(
    playback: Playback, writer: BodyWriter | None, scheduler: DeadlineScheduler
) -> AsyncGenerator[bytes]:
    """Plays a text. Yields the chunks that the response has to send. Where there is a `writer`,
    that is the opening alone, and the writer sends the rest."""
    # At once: Daphne sends the headers with the first chunk, and `onopen` waits for them.
    yield event_stream.retry() + playback.opening()
    # A stream may last for hours: this frame keeps only what it needs.
    position = playback.position(scheduler.clock())
    del playback
    buffer = None
    if writer is None:
        writer = buffer = ChunkBuffer()
    player = Player(position, writer, scheduler)
    del writer, scheduler
    try:
        while not position.finished:
            await player.writer.drained()
            await player.play_until_full()
            if buffer and buffer.full:
                yield buffer.take()
    finally:
        player.close()
