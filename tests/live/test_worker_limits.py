"""A full worker asks further streams and sockets to retry later."""

import asyncio
import re

import pytest

FULL = 3


@pytest.fixture
def worker(make_site):
    return make_site(STREAMS_PER_WORKER=str(FULL), SOCKETS_PER_WORKER=str(FULL)).worker()


def between_10_and_30_s(milliseconds):
    return 10_000 <= milliseconds <= 30_000


async def listen(worker, path):
    """Opens a stream; returns its `retry` in ms, and the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", worker.port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200")  # EventSource does not reconnect after another status
    assert b"text/event-stream" in head
    first = await reader.readuntil(b"\n\n")
    return int(re.search(rb"retry: (\d+)\n\n", first)[1]), reader, writer


@pytest.mark.parametrize("path", ["/api/sse?interval=10000", "/api/rooms/lobby/events"])
async def test_a_stream_above_the_limit_is_asked_to_retry_later(worker, path):
    async with asyncio.timeout(90):
        opened = [await listen(worker, path) for _ in range(FULL)]
        assert all(1_000 <= wait <= 3_000 for wait, _, _ in opened)
        waits = set()
        for _ in range(5):
            wait, reader, writer = await listen(worker, path)
            assert await reader.readuntil(b"0\r\n\r\n")  # the body ends
            waits.add(wait)
            writer.close()
        assert all(map(between_10_and_30_s, waits))
        assert len(waits) > 1
        opened.pop()[2].close()
        while True:  # a closed stream makes room for another
            wait, _, writer = await listen(worker, path)
            writer.close()
            if wait < 10_000:
                break
        for _, _, writer in opened:
            writer.close()


async def test_a_socket_above_the_limit_is_asked_to_retry_later(
    worker, open_socket, open_text_socket
):
    opened = [await open_socket(worker) for _ in range(FULL)]
    for socket in opened:
        await socket.until("welcome")
    refused = await open_socket(worker)
    bye = await refused.until("bye")
    assert bye["reason"] == "busy"
    assert between_10_and_30_s(bye["retry_after_ms"])
    assert await refused.closed() == 4429
    text_socket = await open_text_socket(worker)
    assert (await text_socket.receive()).startswith("! The server is busy. Come again in ")
    assert await text_socket.closed() == 4429
    await opened.pop().close()
    async with asyncio.timeout(30):
        while (await (await open_socket(worker)).take())["type"] != "welcome":
            await asyncio.sleep(0.05)
