"""Who is given up: a reader that takes nothing, and never one that is slow."""

import asyncio
import json
import socket
import time

import httpx
import pytest

from tests.live.hostile.raw import HANDSHAKE, TEXT, deaf, frame
from tests.live.test_operators import Figures
from tests.servers import Worker

SHORT = (
    "import runpy, config.server.backpressure; config.server.backpressure.STUCK_SECONDS = 6.0;"
    "runpy.run_module('config.server', run_name='__main__', alter_sys=True)"
)
SLOW_SECONDS = 20
SIP, GAP_SECONDS = 4_096, 0.1  # 40 KB/s


@pytest.fixture
def worker(make_site):
    """One worker without limits on those who talk, and with little patience."""
    many = {"CHAT_MESSAGES_PER_SECOND": "100000", "CHAT_BURST": "100000"}
    site = make_site(SILENCE_SECONDS="3600", **many)
    worker = Worker(site, "worker", site.server)
    worker.command[1:3] = ["-c", SHORT]
    site.processes.append(worker)
    return worker.start()


def slow_socket(worker):
    """A socket in the room, of which nothing more has been read."""
    client = socket.create_connection(("127.0.0.1", worker.port))
    client.sendall(HANDSHAKE.format(path="/ws/chat/", headers="").encode())
    assert client.recv(SIP).startswith(b"HTTP/1.1 101")
    client.sendall(frame(TEXT, json.dumps({"type": "join", "room": "lobby"}).encode()))
    return client


async def sip(reader):
    """Reads all the time, and little."""
    until = time.monotonic() + SLOW_SECONDS
    while time.monotonic() < until:
        assert await asyncio.to_thread(reader.recv, SIP)
        await asyncio.sleep(GAP_SECONDS)


async def fill(talker, figures, readers):
    """Says so much that all are paused."""
    number = 0
    while (await figures.all())["slow_readers",] < readers:
        await talker.say(f"c-{number}", "你" * 3_990)
        await talker.acknowledged(f"c-{number}")
        number += 1


async def test_who_reads_slowly_is_kept_and_who_reads_nothing_is_not(worker, open_socket):
    talker = await open_socket(worker, max_queue=None, ping_interval=None)
    await talker.until("welcome")
    with deaf(worker, "/api/rooms/lobby/events") as stream, slow_socket(worker) as socket:
        async with httpx.AsyncClient(timeout=30) as client:
            figures = Figures(client, worker)
            await figures.until(streams__room=1, readers__json=1)
            filling = asyncio.ensure_future(fill(talker, figures, 2))
            await asyncio.gather(sip(stream), sip(socket))
            await filling
            await figures.until(slow_readers=2, stuck_closed_total=0)
            await figures.until(slow_readers=0, stuck_closed_total=2)
    log = worker.log.read_text()
    assert log.count("Closed a response to") == log.count("Closed a socket to") == 1
