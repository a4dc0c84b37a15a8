"""Two thousand open streams on one worker need few threads and no database connection."""

import asyncio
from pathlib import Path

import pytest

from config.server.listen import raise_open_file_limit

EACH = 1_000
AT_ONCE = 100
TEXT, ROOM = "/api/sse?interval=10000", "/api/rooms/lobby/events"


@pytest.fixture(autouse=True)
def open_files():
    """Raises the limit of this process. The worker raises its own."""
    raise_open_file_limit()


async def listen(worker, path):
    """Opens a stream and waits for its first event; returns the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", worker.port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 ")
    assert b"text/event-stream" in head
    await reader.readuntil(b"event: meta" if path == TEXT else b"retry: ")
    return writer


async def test_2000_streams_use_few_threads_and_no_database_connection(make_site, open_socket):
    worker = make_site().worker()
    streams = []
    async with asyncio.timeout(110):
        for path in (TEXT, ROOM):
            for _ in range(EACH // AT_ONCE):
                streams += await asyncio.gather(*(listen(worker, path) for _ in range(AT_ONCE)))
        process_folder = Path("/proc") / str(worker.running.pid)
        # The slow check of the rooms opens the database every few seconds and closes it again.
        while open_databases(process_folder):
            await asyncio.sleep(0.1)
        assert len(list((process_folder / "task").iterdir())) < 20
        assert open_sockets(process_folder) >= 2 * EACH
        socket = await open_socket(worker)  # the worker still serves other clients
        await socket.join()
        await socket.say("c")
        assert (await socket.acknowledged("c"))["seq"] == 1
    for stream in streams:
        stream.transport.abort()


def descriptors(process):
    """Yields the targets of the open file descriptors of a process."""
    for link in (process / "fd").iterdir():
        try:
            yield str(link.readlink())
        except FileNotFoundError:  # closed since it was listed
            continue


def open_databases(process):
    return [name for name in descriptors(process) if "site.sqlite3" in name]


def open_sockets(process):
    return sum(name.startswith("socket:") for name in descriptors(process))
