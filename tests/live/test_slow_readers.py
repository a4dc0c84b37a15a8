"""Clients that do not read: their cost in memory, and in latency of other readers."""

import asyncio
import json
import re
import statistics
import time

import httpx
import pytest
from websockets.asyncio.client import connect

from tests.live.hostile.raw import TEXT, frame, handshake, memory, open_without_reading
from tests.live.test_health_and_metrics import Metrics
from tests.servers import Worker

PASSED = 200_000_000  # bytes, on the stream and on the socket
BODY = "👨‍👩‍👧‍👦" * 3_990  # a character of 25 bytes
GROWTH = 16 * 1024 * 1024
WARM_UP = 400  # messages; then the tail of the room has its full size
AT_ONCE = 8

ROOM = "/api/rooms/lobby/events"
JOIN = {"type": "join", "room": "lobby"}
# The worker would close these clients after a minute, and the tests would pass because of that.
START_WITHOUT_TIMEOUT = (
    "import runpy, config.server.backpressure; config.server.backpressure.STUCK_SECONDS = 3600.0;"
    "runpy.run_module('config.server', run_name='__main__', alter_sys=True)"
)


@pytest.fixture
def worker(make_site):
    """A worker without message limits that never closes stuck connections."""
    many = {"CHAT_MESSAGES_PER_SECOND": "100000", "CHAT_BURST": "100000"}
    site = make_site(CHAT_FRAME_BYTES="200000", SILENCE_SECONDS="3600", **many)
    worker = Worker(site, "worker", site.server)
    worker.command[1:3] = ["-c", START_WITHOUT_TIMEOUT]
    site.processes.append(worker)
    return worker.start()


async def open_stuck_clients(worker):
    """A stream and a socket whose clients never read."""
    stream = open_without_reading(worker, ROOM)
    socket = await handshake(worker)
    socket.writer.transport.pause_reading()
    socket.send(frame(TEXT, json.dumps(JOIN).encode()))
    return stream, socket


class NormalReader:
    """A normal reader: the number of received bytes, and the moment of each received cid."""

    def __init__(self):
        self.bytes = 0
        self.received = {}

    def record(self, data):
        self.bytes += len(data)
        for cid in re.findall(rb'"cid": ?"([^"]+)"', data):
            self.received[cid.decode()] = time.perf_counter()

    async def stream(self, worker):
        stream_reader, stream_writer = await asyncio.open_connection(
            "127.0.0.1", worker.port, limit=1 << 22
        )
        stream_writer.write(f"GET {ROOM} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        try:
            while True:
                self.record(await stream_reader.readuntil(b"\n\n"))
        finally:
            stream_writer.transport.abort()

    async def socket(self, worker):
        options = {"ping_interval": None, "max_size": None, "compression": None}
        async with connect(f"{worker.ws}/ws/chat/", **options) as ws:
            await ws.send(json.dumps(JOIN))
            while True:
                self.record((await ws.recv()).encode())


@pytest.fixture
async def listen(worker):
    """Starts `count` streams and `count` sockets that read everything."""
    tasks = []

    def start_readers(count):
        readers = [NormalReader() for _ in range(2 * count)]
        for reader in readers[:count]:
            tasks.append(asyncio.ensure_future(reader.stream(worker)))
        for reader in readers[count:]:
            tasks.append(asyncio.ensure_future(reader.socket(worker)))
        return readers

    yield start_readers
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


@pytest.fixture
async def writer(worker, open_socket):
    """A client that writes to the room without joining it."""
    writer = await open_socket(worker, ping_interval=None, max_queue=None)
    await writer.until("welcome")
    return writer


async def say(writer, numbers, body):
    """Sends messages, with at most AT_ONCE of them unacknowledged."""
    for number in numbers:
        command = {"type": "say", "room": "lobby", "cid": f"c-{number}", "body": body}
        await writer.send_text(json.dumps(command, ensure_ascii=False))
        if number >= AT_ONCE:
            await writer.acknowledged(f"c-{number - AT_ONCE}")


@pytest.mark.timeout(400)
async def test_clients_that_do_not_read_cost_no_memory(worker, listen, writer):
    normal_readers = listen(1)
    stream, socket = await open_stuck_clients(worker)
    await say(writer, range(WARM_UP), BODY)
    before = memory(worker)
    received = [reader.bytes for reader in normal_readers]
    number = WARM_UP
    grown = 0
    while (
        min(reader.bytes - had for reader, had in zip(normal_readers, received, strict=True))
        < PASSED
    ):
        await say(writer, range(number, number + AT_ONCE), BODY)
        number += AT_ONCE
        grown = max(grown, memory(worker) - before)
    print(f"{grown / 1e6:.1f} MB more while {PASSED / 1e6:.0f} MB passed")
    assert grown < GROWTH
    async with httpx.AsyncClient(timeout=30) as client:
        assert (await Metrics(client, worker).all())[
            "slow_readers",
        ] == 2  # the stuck clients are still connected
    for client in (stream, socket):
        client.close()


# ---- Latency of other readers ----

READERS = 4  # streams, and sockets
PERIOD = 120  # messages
PERIODS = 6  # alternately without and with stuck clients
GAP_SECONDS = 0.02
TRIES = 3  # other load on the machine can spoil an attempt


@pytest.mark.timeout(400)
async def test_clients_that_do_not_read_do_not_slow_down_other_readers(worker, listen, writer):
    normal_readers = listen(READERS)
    await say(writer, range(WARM_UP), "你" * 3_990)
    ratios = []
    for attempt in range(TRIES):
        late = {False: [], True: []}
        for period in range(PERIODS):
            stuck = period % 2 == 1
            readers = await open_stuck_clients(worker) if stuck else ()
            late[stuck] += await latencies(writer, normal_readers, f"{attempt}-{period}")
            for client in readers:
                client.close()
        ratios.append(percentile(late[True]) / percentile(late[False]))
        print(f"p99 {percentile(late[True]) * 1e3:.1f} ms, {ratios[-1]:.2f} times the same without")
        if ratios[-1] <= 2:
            break
    assert min(ratios) <= 2


async def latencies(writer, normal_readers, name):
    """Seconds from the sending of each message to its arrival at each reader."""
    sent = {}
    for number in range(PERIOD):
        cid = f"{name}-{number}"
        sent[cid] = time.perf_counter()
        await writer.say(cid, "你" * 3_990)
        await writer.acknowledged(cid)
        await asyncio.sleep(GAP_SECONDS)
    while any(
        cid not in reader.received for reader in normal_readers
    ):  # until the last message has arrived
        await asyncio.sleep(0.02)
    return [reader.received[cid] - at for cid, at in sent.items() for reader in normal_readers]


def percentile(values):
    return statistics.quantiles(values, n=100)[98]
