"""Clients that cost little: thousands of them must not be what a measurement waits for."""

import asyncio
import json
import struct
from typing import Any

TEXT, CLOSE, PING, PONG = 1, 8, 9, 10
NO_MASK = b"\0\0\0\0"  # a mask that changes nothing
HEAD_END = b"\r\n\r\n"
HANDSHAKE = (
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: twinstream.v1\r\n"
)


class Lost(Exception):
    """Something did not come, or came twice: the run is worth nothing."""


class Client(asyncio.Protocol):
    """A connection that sends one request, and takes what comes."""

    headers = ""

    def __init__(self, path: str) -> None:
        self.path = path
        self.received = 0  # bytes after the head
        self.buffer = b""
        self.transport: Any = None
        self.response = b""
        self.begun: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        request = f"GET {self.path} HTTP/1.1\r\nHost: localhost\r\n{self.headers}\r\n"
        transport.write(request.encode())

    def data_received(self, data: bytes) -> None:
        if not self.response:
            self.buffer += data
            if HEAD_END not in self.buffer:
                return
            self.response, _, data = self.buffer.partition(HEAD_END)
            self.buffer = b""
            if not self.response.startswith((b"HTTP/1.1 101", b"HTTP/1.1 200")):
                self.begun.set_exception(Lost(self.response.decode()))
        self.received += len(data)
        self.take(data)

    def connection_lost(self, error: Exception | None) -> None:
        if not self.begun.done():
            self.begun.set_exception(Lost(f"the connection ended: {error}"))

    def close(self) -> None:
        if self.transport:
            self.transport.abort()

    def take(self, data: bytes) -> None:
        """Takes a part of the body."""
        raise NotImplementedError


class SocketClient(Client):
    """A JSON socket."""

    headers = HANDSHAKE

    def take(self, data: bytes) -> None:
        data = self.buffer + data if self.buffer else data
        start = 0
        while (found := frame_at(data, start)) is not None:
            opcode, begin, end = found
            self.take_frame(opcode, data[begin:end])
            start = end
        self.buffer = data[start:]

    def take_frame(self, opcode: int, payload: bytes) -> None:
        if opcode == TEXT:
            self.take_text(payload)
        elif opcode == PING:
            self.transport.write(frame(payload, PONG))

    def take_text(self, text: bytes) -> None:
        if text.startswith(b'{"type":"ping"'):
            self.say(type="pong", ts=0)
        elif text.startswith((b'{"type":"error"', b'{"type":"bye"')):
            raise Lost(text.decode())

    def say(self, **fields: Any) -> None:
        self.transport.write(frame(json.dumps(fields).encode()))


class StreamClient(Client):
    """An event stream. Begun with its first event; `events` counts the ids."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.events = 0
        self.last = b""

    def take(self, data: bytes) -> None:
        # Chunks begin where events do, so that only the network cuts a line.
        data = self.buffer + data
        end = data.rfind(b"\n") + 1
        data, self.buffer = data[:end], data[end:]
        self.events += data.count(b"\nid: ") + data.startswith(b"id: ")
        if (at := data.rfind(b"id: ")) >= 0:
            self.last = data[at + 4 : data.index(b"\n", at)]
        if data and not self.begun.done():
            self.begun.set_result(data)


def frame(payload: bytes, opcode: int = TEXT) -> bytes:
    """A frame of a client (RFC 6455, section 5.2)."""
    size = len(payload)
    length = struct.pack("!B", 128 | size) if size < 126 else struct.pack("!BH", 128 | 126, size)
    return bytes([128 | opcode]) + length + NO_MASK + payload


def frame_at(data: bytes, start: int) -> tuple[int, int, int] | None:
    """The opcode of the frame that begins there, and from where to where its payload goes. None
    if not all of it has come."""
    if len(data) < start + 2:
        return None
    size, begin = data[start + 1], start + 2
    if size >= 126:
        form, width = ("!H", 2) if size == 126 else ("!Q", 8)
        if len(data) < begin + width:
            return None
        (size,) = struct.unpack_from(form, data, begin)
        begin += width
    return (data[start] & 15, begin, begin + size) if len(data) >= begin + size else None


async def opened(port: int, clients: list[Any], at_once: int = 100) -> None:
    """Connects clients, so many at a time, and waits until each has begun."""
    loop = asyncio.get_running_loop()
    for first in range(0, len(clients), at_once):
        some = clients[first : first + at_once]
        await asyncio.gather(
            *(loop.create_connection(lambda one=one: one, "127.0.0.1", port) for one in some)
        )
        await asyncio.wait_for(asyncio.gather(*(one.begun for one in some)), 120)


async def until(condition: Any, seconds: float = 120) -> None:
    """Waits for what nothing tells of. Lost if it never comes."""
    try:
        async with asyncio.timeout(seconds):
            while not condition():
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise Lost("not everything came") from None
