"""Cheap WebSocket and event stream clients for asyncio: thousands of them in one process must not
be what limits a measurement."""

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


class DeliveryError(Exception):
    """A delivery was lost or doubled: the run is void."""


class Client(asyncio.Protocol):
    """A connection that sends one request and receives the response."""

    headers = ""

    def __init__(self, path: str) -> None:
        self.path = path
        self.received = 0  # bytes of the body
        self.reads = 0  # calls of data_received with a part of the body
        self.buffer = b""
        self.transport: Any = None
        self.response = b""  # status line and headers
        self.ready: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

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
                self.ready.set_exception(DeliveryError(self.response.decode()))
        self.received += len(data)
        self.reads += 1
        self.body_received(data)

    def connection_lost(self, error: Exception | None) -> None:
        if not self.ready.done():
            self.ready.set_exception(DeliveryError(f"the connection ended: {error}"))

    def close(self) -> None:
        if self.transport:
            self.transport.abort()

    def body_received(self, data: bytes) -> None:
        """A part of the body, cut anywhere."""
        raise NotImplementedError


class SocketClient(Client):
    """A JSON socket."""

    headers = HANDSHAKE

    def body_received(self, data: bytes) -> None:
        data = self.buffer + data if self.buffer else data
        start = 0
        while (found := frame_at(data, start)) is not None:
            opcode, begin, end = found
            self.frame_received(opcode, data[begin:end])
            start = end
        self.buffer = data[start:]

    def frame_received(self, opcode: int, payload: bytes) -> None:
        if opcode == TEXT:
            self.text_received(payload)
        elif opcode == PING:
            self.transport.write(frame(payload, PONG))

    def text_received(self, text: bytes) -> None:
        if text.startswith(b'{"type":"ping"'):
            self.send_command(type="pong", ts=0)
        elif text.startswith((b'{"type":"error"', b'{"type":"bye"')):
            raise DeliveryError(text.decode())

    def send_command(self, **fields: Any) -> None:
        self.transport.write(frame(json.dumps(fields).encode()))


class StreamClient(Client):
    """An event stream. It is ready after its first event; `events` counts the ids."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.events = 0
        self.last_id = b""

    def body_received(self, data: bytes) -> None:
        # A chunk of our server starts with an event: only the network cuts within a line.
        data = self.buffer + data
        end = data.rfind(b"\n") + 1
        data, self.buffer = data[:end], data[end:]
        self.events += data.count(b"\nid: ") + data.startswith(b"id: ")
        if (at := data.rfind(b"id: ")) >= 0:
            self.last_id = data[at + 4 : data.index(b"\n", at)]
        if data and not self.ready.done():
            self.ready.set_result(data)


def frame(payload: bytes, opcode: int = TEXT) -> bytes:
    """A client's frame (RFC 6455, section 5.2)."""
    size = len(payload)
    length = struct.pack("!B", 128 | size) if size < 126 else struct.pack("!BH", 128 | 126, size)
    return bytes([128 | opcode]) + length + NO_MASK + payload


def frame_at(data: bytes, start: int) -> tuple[int, int, int] | None:
    """Opcode, and start and end of the payload, of the server's frame at `start`. None if the
    frame is not complete."""
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


async def connect_all(port: int, clients: list[Any], at_once: int = 100) -> None:
    """Connects clients, `at_once` at a time, and waits until all are ready."""
    loop = asyncio.get_running_loop()
    for first in range(0, len(clients), at_once):
        some = clients[first : first + at_once]
        await asyncio.gather(
            *(loop.create_connection(lambda c=c: c, "127.0.0.1", port) for c in some)
        )
        await asyncio.wait_for(asyncio.gather(*(client.ready for client in some)), 120)


async def wait_until(condition: Any, seconds: float = 120) -> None:
    """Polls a condition. DeliveryError if it does not become true in time."""
    try:
        async with asyncio.timeout(seconds):
            while not condition():
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise DeliveryError("not everything arrived") from None
