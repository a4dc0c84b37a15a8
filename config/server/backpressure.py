"""How bytes leave a connection, and come: at once where they can, and no more of them than the
other side takes."""

import asyncio
import socket
import sys
import termios
import time
from collections.abc import Iterable
from contextlib import suppress
from errno import ENOBUFS, EWOULDBLOCK
from fcntl import ioctl
from typing import Any
from weakref import WeakSet

from twisted.internet import tcp, unix
from twisted.internet.error import ConnectionLost
from twisted.internet.main import CONNECTION_LOST

from realtime.counters import connection_counters

# Without a byte taken, after which a reader is given up.
STUCK_SECONDS = 60.0
# Frames of a socket that the application has not taken yet.
WAITING_MOST = 64
# After which nothing comes.
LAST = {"http.disconnect", "websocket.disconnect"}


class Flow:
    """Whether a connection takes more just now (Twisted's IPushProducer). It is paused when
    64 KiB are unsent, and resumed when all of them are gone.

    Stock Daphne's `send()` never waits (django/daphne#170): one client that stopped reading
    made a worker grow by 200 MB.
    """

    __slots__ = ("__weakref__", "paused", "taken_at", "transport", "untaken", "waiting")

    def __init__(self, transport: Any) -> None:
        self.transport = transport
        self.paused = False
        self.taken_at = 0.0
        self.untaken = 0
        self.waiting: asyncio.Future[None] | None = None

    def pauseProducing(self) -> None:
        """The connection is full."""
        if not self.paused:
            self.paused = True
            self.taken_at = time.monotonic()
            connection_counters.paused.add(self)

    def resumeProducing(self) -> None:
        """The connection is empty again."""
        self.paused = False
        connection_counters.paused.discard(self)
        if self.waiting is not None:
            self.waiting.set_result(None)
            self.waiting = None

    def stopProducing(self) -> None:
        """The connection is gone; whoever waits finds that out by itself."""
        self.resumeProducing()

    async def drained(self) -> None:
        """Waits until the connection takes more."""
        if self.paused:
            if self.waiting is None:
                self.waiting = asyncio.get_running_loop().create_future()
            await asyncio.shield(self.waiting)

    def is_stuck(self) -> bool:
        """Whether nothing has been taken for STUCK_SECONDS; to be asked every so often. Whoever
        reads slowly may stay paused for far longer."""
        if not self.paused:
            return False
        before, self.untaken = self.untaken, self.transport.untaken
        if self.untaken < before:
            self.taken_at = time.monotonic()
        return time.monotonic() - self.taken_at > STUCK_SECONDS


class Inbox:
    """What the application has yet to take from a connection. Its last event, that the client has
    left, is given to everybody who asks: whoever asked before may have ended.

    In place of an asyncio.Queue, which takes 3 KB for four deques.
    """

    __slots__ = ("events", "waiting")

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.waiting: asyncio.Future[None] | None = None

    def put_nowait(self, event: dict[str, Any]) -> None:
        """Takes an event."""
        self.events.append(event)
        if self.waiting is not None and not self.waiting.done():
            self.waiting.set_result(None)

    async def get(self) -> dict[str, Any]:
        """Gives an event, as soon as there is one. Only one may wait for it."""
        while not self.events:
            self.waiting = asyncio.get_running_loop().create_future()
            await self.waiting
        if len(self.events) == 1 and self.events[0]["type"] in LAST:
            return self.events[0]
        return self.events.pop(0)


class BoundedInbox(Inbox):
    """Full, it stops reading.

    Stock Daphne's is without end: an application that waits for a client to read was sent
    100 MB by the same client meanwhile.
    """

    __slots__ = ("protocol", "reading")

    def __init__(self, protocol: Any) -> None:
        super().__init__()
        self.protocol = protocol
        self.reading = True

    def put_nowait(self, event: dict[str, Any]) -> None:
        """Takes an event, and no more of them if there are many."""
        super().put_nowait(event)
        if self.reading and len(self.events) >= WAITING_MOST:
            self._read(False)

    async def get(self) -> dict[str, Any]:
        """Gives an event, and takes more of them if it was the last."""
        event = await super().get()
        if not self.reading and not self.events:
            self._read(True)
        return event

    def _read(self, reading: bool) -> None:
        transport = getattr(self.protocol, "transport", None)
        if transport is not None and transport.connected:
            self.reading = reading
            (transport.resumeProducing if reading else transport.pauseProducing)()


class Eager:
    """A transport that writes in the same turn when nothing is queued before.

    Stock Twisted queues first, which costs two epoll_ctl calls and another turn of the loop.
    Without them a prototype sent 1.6 times the events a second, with uvloop.
    """

    connected: int
    dataBuffer: bytes
    offset: int
    _tempDataBuffer: list[bytes]
    _tempDataLen: int

    def write(self, data: bytes) -> None:
        """Sends what the socket takes, and queues the rest."""
        if data and self.connected and not self.unsent:
            sent = self.writeSomeData(data)  # type: ignore[attr-defined]
            # After an error all is queued, so that the reactor finds the same and closes.
            data = data[sent:] if isinstance(sent, int) else data
        if data:
            behind.add(self)
            super().write(data)  # type: ignore[misc]

    def writeSequence(self, pieces: Iterable[bytes]) -> None:
        """Sends pieces as one."""
        self.write(b"".join(pieces))

    @property
    def unsent(self) -> bool:
        """Whether the socket has yet to take something."""
        return bool(self.connected and (self.dataBuffer or self._tempDataBuffer))

    @property
    def untaken(self) -> int:
        """How many bytes the other side has yet to take. The kernel's are counted too: it holds
        megabytes, and asks for more only when a third of them are gone."""
        queued = len(self.dataBuffer) - self.offset + self._tempDataLen
        with suppress(OSError):  # not every system tells
            held = ioctl(self.fileno(), termios.TIOCOUTQ, bytes(4))  # type: ignore[attr-defined]
            queued += int.from_bytes(held, sys.byteorder)
        return queued


# Connections that could not send all at once, at some time.
behind: WeakSet[Eager] = WeakSet()


class EagerTCP(Eager, tcp.Server):
    """A TCP connection that writes at once."""

    def writeSomeData(self, data: bytes) -> int | ConnectionLost:
        """Sends what the kernel takes, as Twisted does with 0.8 µs more."""
        try:
            return self.socket.send(data)
        except OSError as error:
            return 0 if error.errno in (EWOULDBLOCK, ENOBUFS) else CONNECTION_LOST


class EagerUnix(Eager, unix.Server):
    """A connection over a unix socket that writes at once."""


def prepare(port: Any) -> None:
    """Makes the connections that a port accepts from now on eager, and has the kernel give up
    those whose other side has vanished without a word: it would try for a quarter of an hour."""
    if isinstance(port, unix.Port):
        port.transport = EagerUnix
    else:
        port.transport = EagerTCP
        if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux
            # Later than we give up who takes nothing, which is logged and counted.
            milliseconds = int(2 * STUCK_SECONDS * 1000)
            # Inherited by what is accepted.
            port.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, milliseconds)


def unsent() -> bool:
    """Whether something that was written is still here."""
    return any(connection.unsent for connection in behind)
