"""Backpressure in both directions: the application waits for a client that reads slowly, and the
server stops reading from a client that sends faster than the application receives."""

import asyncio
import time
from typing import Any

from realtime.counters import connection_counters

# Without a byte read by the client, after which a paused connection counts as stuck.
STUCK_SECONDS = 60.0
# Messages of a WebSocket that wait for the application.
MAX_WAITING = 64
# The last event of a connection.
DISCONNECT = {"http.disconnect", "websocket.disconnect"}


class WriteGate:
    """Whether a connection is writable (Twisted's IPushProducer): Twisted pauses it when 64 KiB are
    buffered, and resumes it when the buffer is empty.

    Stock Daphne's `send()` never waits (django/daphne#170): one client that stopped reading made a
    worker grow by 200 MB.
    """

    __slots__ = ("__weakref__", "bytes_in_flight", "paused", "progress_at", "transport", "waiter")

    def __init__(self, transport: Any) -> None:
        self.transport = transport
        self.paused = False
        self.progress_at = 0.0  # when the client last read something, or the gate was paused
        self.bytes_in_flight = 0
        self.waiter: asyncio.Future[None] | None = None

    def pauseProducing(self) -> None:
        """The write buffer is full."""
        if not self.paused:
            self.paused = True
            self.progress_at = time.monotonic()
            connection_counters.paused.add(self)

    def resumeProducing(self) -> None:
        """The write buffer is empty again."""
        self.paused = False
        connection_counters.paused.discard(self)
        if self.waiter is not None:
            self.waiter.set_result(None)
            self.waiter = None

    def stopProducing(self) -> None:
        """The connection is closed. A waiting application goes on, and receives a disconnect."""
        self.resumeProducing()

    async def drained(self) -> None:
        """Waits until the write buffer is empty, if it is full."""
        if self.paused:
            if self.waiter is None:
                self.waiter = asyncio.get_running_loop().create_future()
            await asyncio.shield(self.waiter)

    def is_stuck(self) -> bool:
        """Whether the client has read nothing for STUCK_SECONDS. To be called regularly. A client
        that reads slowly may keep the gate paused for far longer."""
        if not self.paused:
            return False
        before, self.bytes_in_flight = self.bytes_in_flight, self.transport.bytes_in_flight
        if self.bytes_in_flight < before:
            self.progress_at = time.monotonic()
        return time.monotonic() - self.progress_at > STUCK_SECONDS


class ReceiveQueue:
    """ASGI events that the application has yet to receive. The disconnect event stays, and every
    later call receives it again: Django receives in more than one task.

    Replaces asyncio.Queue, which needs 3 KB for four deques.
    """

    __slots__ = ("events", "waiter")

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.waiter: asyncio.Future[None] | None = None

    def put_nowait(self, event: dict[str, Any]) -> None:
        """Adds an event."""
        self.events.append(event)
        if self.waiter is not None and not self.waiter.done():
            self.waiter.set_result(None)

    async def get(self) -> dict[str, Any]:
        """The ASGI `receive`: waits for the next event. Only one task may wait at a time."""
        while not self.events:
            self.waiter = asyncio.get_running_loop().create_future()
            await self.waiter
        if len(self.events) == 1 and self.events[0]["type"] in DISCONNECT:
            return self.events[0]
        return self.events.pop(0)


class BoundedReceiveQueue(ReceiveQueue):
    """A queue that stops reading from its connection while it is full.

    Stock Daphne's has no limit: while an application waited for a client to read, the same client
    sent it 100 MB.
    """

    __slots__ = ("protocol", "reading")

    def __init__(self, protocol: Any) -> None:
        super().__init__()
        self.protocol = protocol
        self.reading = True

    def put_nowait(self, event: dict[str, Any]) -> None:
        """Adds an event. Stops reading when MAX_WAITING events wait."""
        super().put_nowait(event)
        if self.reading and len(self.events) >= MAX_WAITING:
            self._set_reading(False)

    async def get(self) -> dict[str, Any]:
        """Waits for the next event. Reads again when it was the last that waited."""
        event = await super().get()
        if not self.reading and not self.events:
            self._set_reading(True)
        return event

    def _set_reading(self, reading: bool) -> None:
        transport = getattr(self.protocol, "transport", None)
        if transport is not None and transport.connected:
            self.reading = reading
            (transport.resumeProducing if reading else transport.pauseProducing)()
