"""The worker closes a connection whose client does not read, and never a slow one."""

import asyncio
import json
import socket
from itertools import count

import httpx
import pytest

from tests.live.hostile.raw import HANDSHAKE, TEXT, frame, open_without_reading
from tests.live.test_health_and_metrics import Metrics
from tests.servers import Worker

START_WITH_SHORT_TIMEOUT = (
    "import runpy, config.server.backpressure; config.server.backpressure.STUCK_SECONDS = 6.0;"
    "runpy.run_module('config.server', run_name='__main__', alter_sys=True)"
)
SLOW_SECONDS = 12
CHUNK_BYTES, GAP_SECONDS = 4_096, 0.1  # 40 KB/s


@pytest.fixture
def worker(make_site):
    """A worker without message limits that closes stuck connections after 6 seconds."""
    many = {"CHAT_MESSAGES_PER_SECOND": "100000", "CHAT_BURST": "100000"}
    site = make_site(SILENCE_SECONDS="3600", **many)
    worker = Worker(site, "worker", site.server)
    worker.command[1:3] = ["-c", START_WITH_SHORT_TIMEOUT]
    site.processes.append(worker)
    return worker.start()


def socket_that_joined(worker):
    """A socket that has joined the room and reads nothing yet."""
    client = socket.create_connection(("127.0.0.1", worker.port))
    client.sendall(HANDSHAKE.format(path="/ws/chat/", headers="").encode())
    assert client.recv(CHUNK_BYTES).startswith(b"HTTP/1.1 101")
    client.sendall(frame(TEXT, json.dumps({"type": "join", "room": "lobby"}).encode()))
    return client


async def read_slowly(reader, stop):
    """Reads slowly, 40 KB/s, until it is told to stop."""
    while not stop.is_set():
        assert await asyncio.to_thread(reader.recv, CHUNK_BYTES)
        await asyncio.sleep(GAP_SECONDS)


numbers = count()


async def send_until(writer, metrics, name, readers):
    """Sends messages until a metric of the worker has counted this number of readers."""
    async with asyncio.timeout(120):
        while (await metrics.all())[name,] < readers:
            cid = f"c-{next(numbers)}"
            await writer.say(cid, "你" * 3_990)
            await writer.acknowledged(cid)


async def test_a_slow_reader_stays_connected_and_a_stuck_reader_is_closed(worker, open_socket):
    writer = await open_socket(worker, max_queue=None, ping_interval=None)
    await writer.until("welcome")
    with (
        open_without_reading(worker, "/api/rooms/lobby/events") as stream,
        socket_that_joined(worker) as socket,
    ):
        async with httpx.AsyncClient(timeout=30) as client:
            metrics = Metrics(client, worker)
            await metrics.until(streams__room=1, readers__json=1)
            stop = asyncio.Event()
            reading = asyncio.gather(read_slowly(stream, stop), read_slowly(socket, stop))
            await send_until(writer, metrics, "slow_readers", 2)
            await asyncio.sleep(SLOW_SECONDS)  # longer than the timeout of a stuck reader
            await metrics.until(slow_readers=2, stuck_closed_total=0)
            stop.set()
            await reading
            # What the worker has sent by now may all be in the buffers of the kernel.
            await send_until(writer, metrics, "stuck_closed_total", 2)
            await metrics.until(slow_readers=0, stuck_closed_total=2)
    log = worker.log.read_text()
    assert log.count("Closed a response to") == log.count("Closed a socket to") == 1
