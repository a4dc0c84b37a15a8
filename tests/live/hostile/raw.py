"""Clients that can break the protocol: any bytes over TCP, and any WebSocket frame."""

import asyncio
import contextlib
import os
import socket
import struct
from pathlib import Path

HANDSHAKE = (
    "GET {path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    "Sec-WebSocket-Protocol: twinstream.v1\r\n{headers}\r\n"
)
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
WAIT_SECONDS = 60


class RawClient:
    """A TCP connection to a worker."""

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer

    def send(self, data):
        with contextlib.suppress(OSError):
            self.writer.write(data)

    async def drain(self):
        with contextlib.suppress(OSError):
            await self.writer.drain()

    async def rest(self):
        """All bytes until the server closes the connection. Closes it as well."""
        received = b""
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                with contextlib.suppress(OSError):
                    while piece := await self.reader.read(65_536):
                        received += piece
        finally:
            self.close()
        return received

    async def until(self, mark):
        async with asyncio.timeout(WAIT_SECONDS):
            return await self.reader.readuntil(mark)

    def close(self):
        self.writer.transport.abort()


async def connect(worker):
    return RawClient(*await asyncio.open_connection("127.0.0.1", worker.port))


async def ask(worker, request):
    """Sends bytes on a new connection; returns all bytes of the answer."""
    raw = await connect(worker)
    raw.send(request)
    return await raw.rest()


async def handshake(worker, path="/ws/chat/", headers=""):
    """Opens a WebSocket; `answer` is the head of the handshake's answer."""
    raw = await connect(worker)
    raw.send(HANDSHAKE.format(path=path, headers=headers).encode())
    raw.answer = await raw.until(b"\r\n\r\n")
    assert raw.answer.startswith(b"HTTP/1.1 101")
    return raw


def open_without_reading(worker, path):
    """Sends a GET request and never reads the answer. Returns the socket."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(("127.0.0.1", worker.port))
    client.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    return client


def frame(opcode, payload=b"", *, fin=True, reserved=0, masked=True, length=None):
    """A WebSocket frame, possibly invalid. `length` replaces the length in its header."""
    stated_length = len(payload) if length is None else length
    first = (0x80 if fin else 0) | reserved << 4 | opcode
    bit = 0x80 if masked else 0
    if stated_length < 126:
        head = struct.pack("!BB", first, bit | stated_length)
    elif stated_length < 65_536:
        head = struct.pack("!BBH", first, bit | 126, stated_length)
    else:
        head = struct.pack("!BBQ", first, bit | 127, stated_length)
    if not masked:
        return head + payload
    mask = os.urandom(4)
    return head + mask + bytes(byte ^ mask[n % 4] for n, byte in enumerate(payload))


def memory(worker):
    """The resident memory of a worker in bytes."""
    return int(Path(f"/proc/{worker.running.pid}/statm").read_text().split()[1]) * 4096
