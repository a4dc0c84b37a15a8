"""What a connection takes of a worker's memory while nothing happens on it."""

import asyncio
from pathlib import Path

import pytest

pytestmark = pytest.mark.apart

FEW, MANY = 200, 600
AT_ONCE = 50
# As browsers send them; of the connections that last, nothing of it is kept.
BROWSER = (
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/130.0.0.0 Safari/537.36\r\n"
    "Accept-Language: en-GB,en;q=0.9,de;q=0.8\r\nCache-Control: no-cache\r\nPragma: no-cache\r\n"
    'sec-ch-ua: "Chromium";v="130", "Not?A_Brand";v="99"\r\nsec-ch-ua-mobile: ?0\r\n'
    'sec-ch-ua-platform: "Linux"\r\nSec-Fetch-Site: same-origin\r\nSec-Fetch-Mode: cors\r\n'
    "Accept-Encoding: gzip, deflate, br, zstd\r\n"
)
HANDSHAKE = (
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: twinstream.v1\r\n"
)
JOIN = b'{"type":"join","room":"lobby"}'


async def listen(port, path, begins, headers=""):
    """A connection of a browser on which something has begun."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{BROWSER}{headers}\r\n".encode())
    await reader.readuntil(begins)
    return reader, writer


async def text_stream(port):
    return await listen(port, "/api/sse?interval=10000", b"event: meta")


async def room_stream(port):
    return await listen(port, "/api/rooms/lobby/events", b"retry: ")


async def socket(port):
    reader, writer = await listen(port, "/ws/chat/", b"welcome", HANDSHAKE)
    # One frame, masked with nothing (RFC 6455, section 5.2).
    writer.write(bytes([0x81, 0x80 | len(JOIN), 0, 0, 0, 0]) + JOIN)
    await reader.readuntil(b"joined")
    return reader, writer


def private_bytes(pid):
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Private_"))


@pytest.mark.parametrize(
    ("open_one", "most"), [(socket, 30_000), (room_stream, 30_000), (text_stream, 25_000)]
)
async def test_a_connection_that_is_only_held_takes_little(make_site, open_one, most):
    worker = make_site().worker()
    kept, memory = [], []
    async with asyncio.timeout(110):
        for count in (FEW, MANY):
            for _ in range(count // AT_ONCE):
                kept += await asyncio.gather(*(open_one(worker.port) for _ in range(AT_ONCE)))
            await asyncio.sleep(3)  # until those who are there are told of those who came
            memory.append(private_bytes(worker.running.pid))
    assert (memory[1] - memory[0]) / MANY < most
    for _, writer in kept:
        writer.transport.abort()
