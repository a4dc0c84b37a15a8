"""The memory of a worker for each idle connection."""

import asyncio
from pathlib import Path

import pytest

FEW, MANY = 200, 600
AT_ONCE = 50
# Headers as browsers send them. A long connection must not keep them in memory.
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
    """Opens a connection with the headers of a browser, and waits for the bytes `begins`."""
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
    # A frame with a masking key of zeros (RFC 6455, section 5.2).
    writer.write(bytes([0x81, 0x80 | len(JOIN), 0, 0, 0, 0]) + JOIN)
    await reader.readuntil(b"joined")
    return reader, writer


def private_bytes(pid):
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Private_"))


@pytest.mark.parametrize(
    ("open_one", "limit"), [(socket, 30_000), (room_stream, 30_000), (text_stream, 25_000)]
)
async def test_an_idle_connection_takes_little_memory(make_site, open_one, limit):
    worker = make_site().worker()
    connections, memory = [], []
    async with asyncio.timeout(110):
        for count in (FEW, MANY):
            for _ in range(count // AT_ONCE):
                connections += await asyncio.gather(
                    *(open_one(worker.port) for _ in range(AT_ONCE))
                )
            await asyncio.sleep(3)  # until presence events about the new connections are sent
            memory.append(private_bytes(worker.running.pid))
    assert (memory[1] - memory[0]) / MANY < limit
    for _, writer in connections:
        writer.transport.abort()
