"""Two thousand open streams on one worker: what they do not cost."""

import asyncio
from pathlib import Path

import pytest

from config.server.listen import raise_open_file_limit

EACH = 1_000
AT_ONCE = 100
TEXT, ROOM = "/api/sse?interval=10000", "/api/rooms/lobby/events"


@pytest.fixture(autouse=True)
def open_files():
    """As many as this process may have; the worker sees to its own."""
    raise_open_file_limit()


async def listen(worker, path):
    """A stream that has begun, as the connection on which it goes on."""
    reader, writer = await asyncio.open_connection("127.0.0.1", worker.port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 ")
    assert b"text/event-stream" in head
    await reader.readuntil(b"event: meta" if path == TEXT else b"retry: ")
    return writer


async def test_2000_streams_hold_few_threads_and_no_database(make_site, open_socket):
    worker = make_site().worker()
    streams = []
    async with asyncio.timeout(110):
        for path in (TEXT, ROOM):
            for _ in range(EACH // AT_ONCE):
                streams += await asyncio.gather(*(listen(worker, path) for _ in range(AT_ONCE)))
        here = Path("/proc") / str(worker.running.pid)
        # The slow check of the rooms asks every few seconds, and lets go again.
        while held(here):
            await asyncio.sleep(0.1)
        assert len(list((here / "task").iterdir())) < 20
        assert connections(here) >= 2 * EACH
        socket = await open_socket(worker)  # it serves others meanwhile
        await socket.join()
        await socket.say("c")
        assert (await socket.acknowledged("c"))["seq"] == 1
    for stream in streams:
        stream.transport.abort()


def opened(process):
    """What a process has open."""
    for link in (process / "fd").iterdir():
        try:
            yield str(link.readlink())
        except FileNotFoundError:  # closed meanwhile
            continue


def held(process):
    return [name for name in opened(process) if "site.sqlite3" in name]


def connections(process):
    return sum(name.startswith("socket:") for name in opened(process))
