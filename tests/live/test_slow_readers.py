"""Readers that take nothing: what they cost the worker, and those who read beside them."""

import asyncio
import json
import re
import statistics
import time

import httpx
import pytest
from websockets.asyncio.client import connect

from tests.live.hostile.raw import TEXT, deaf, frame, handshake, memory
from tests.live.test_operators import Figures
from tests.servers import Worker

pytestmark = pytest.mark.apart

PASSED = 200_000_000  # bytes, on the stream and on the socket
BODY = "👨‍👩‍👧‍👦" * 3_990  # a character of 25 bytes
GROWTH = 16 * 1024 * 1024
WARM = 400  # messages, after which the room's tail has grown as far as it grows
AT_ONCE = 8

ROOM = "/api/rooms/lobby/events"
JOIN = {"type": "join", "room": "lobby"}
# It would be closed after a minute; a test must not pass because of that.
PATIENT = (
    "import runpy, config.server.backpressure; config.server.backpressure.STUCK_SECONDS = 3600.0;"
    "runpy.run_module('config.server', run_name='__main__', alter_sys=True)"
)


@pytest.fixture
def worker(make_site):
    """One worker without limits on those who talk, and with endless patience."""
    many = {"CHAT_MESSAGES_PER_SECOND": "100000", "CHAT_BURST": "100000"}
    site = make_site(CHAT_FRAME_BYTES="200000", SILENCE_SECONDS="3600", **many)
    worker = Worker(site, "worker", site.server)
    worker.command[1:3] = ["-c", PATIENT]
    site.processes.append(worker)
    return worker.start()


async def both_deaf(worker):
    """A stream and a socket whose clients ask, and then take nothing."""
    stream = deaf(worker, ROOM)
    socket = await handshake(worker)
    socket.writer.transport.pause_reading()
    socket.send(frame(TEXT, json.dumps(JOIN).encode()))
    return stream, socket


class Ears:
    """A healthy stream or socket: how much it has heard, and what when."""

    def __init__(self):
        self.bytes = 0
        self.heard = {}

    def take(self, data):
        self.bytes += len(data)
        for cid in re.findall(rb'"cid": ?"([^"]+)"', data):
            self.heard[cid.decode()] = time.perf_counter()

    async def stream(self, worker):
        reader, writer = await asyncio.open_connection("127.0.0.1", worker.port, limit=1 << 22)
        writer.write(f"GET {ROOM} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        try:
            while True:
                self.take(await reader.readuntil(b"\n\n"))
        finally:
            writer.transport.abort()

    async def socket(self, worker):
        options = {"ping_interval": None, "max_size": None, "compression": None}
        async with connect(f"{worker.ws}/ws/chat/", **options) as ws:
            await ws.send(json.dumps(JOIN))
            while True:
                self.take((await ws.recv()).encode())


@pytest.fixture
async def listen(worker):
    """Begins streams and sockets that read all that comes, as many of each as asked."""
    tasks = []

    def begin(count):
        everybody = [Ears() for _ in range(2 * count)]
        for ears in everybody[:count]:
            tasks.append(asyncio.ensure_future(ears.stream(worker)))
        for ears in everybody[count:]:
            tasks.append(asyncio.ensure_future(ears.socket(worker)))
        return everybody

    yield begin
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


@pytest.fixture
async def talker(worker, open_socket):
    """Somebody who talks and does not listen."""
    talker = await open_socket(worker, ping_interval=None, max_queue=None)
    await talker.until("welcome")
    return talker


async def say(talker, numbers, body):
    """Says much, a little at once."""
    for number in numbers:
        command = {"type": "say", "room": "lobby", "cid": f"c-{number}", "body": body}
        await talker.send_text(json.dumps(command, ensure_ascii=False))
        if number >= AT_ONCE:
            await talker.acknowledged(f"c-{number - AT_ONCE}")


@pytest.mark.timeout(400)
async def test_readers_that_take_nothing_cost_no_memory(worker, listen, talker):
    healthy = listen(1)
    stream, socket = await both_deaf(worker)
    await say(talker, range(WARM), BODY)
    before = memory(worker)
    heard = [ears.bytes for ears in healthy]
    number = WARM
    grown = 0
    while min(ears.bytes - had for ears, had in zip(healthy, heard, strict=True)) < PASSED:
        await say(talker, range(number, number + AT_ONCE), BODY)
        number += AT_ONCE
        grown = max(grown, memory(worker) - before)
    print(f"{grown / 1e6:.1f} MB more while {PASSED / 1e6:.0f} MB passed")
    assert grown < GROWTH
    async with httpx.AsyncClient(timeout=30) as client:
        assert (await Figures(client, worker).all())["slow_readers",] == 2  # they are still there
    for one in (stream, socket):
        one.close()


# ---- What others notice of them ----

HEALTHY = 4  # streams, and sockets
PERIOD = 120  # messages
PERIODS = 6  # with and without them, in turn
GAP_SECONDS = 0.02
TRIES = 3  # a machine that does other things beside decides nothing


@pytest.mark.timeout(400)
async def test_readers_that_take_nothing_are_noticed_by_nobody(worker, listen, talker):
    healthy = listen(HEALTHY)
    await say(talker, range(WARM), "你" * 3_990)
    ratios = []
    for attempt in range(TRIES):
        late = {False: [], True: []}
        for period in range(PERIODS):
            stuck = period % 2 == 1
            readers = await both_deaf(worker) if stuck else ()
            late[stuck] += await latencies(talker, healthy, f"{attempt}-{period}")
            for one in readers:
                one.close()
        ratios.append(percentile(late[True]) / percentile(late[False]))
        print(f"p99 {percentile(late[True]) * 1e3:.1f} ms, {ratios[-1]:.2f} times the same without")
        if ratios[-1] <= 2:
            break
    assert min(ratios) <= 2


async def latencies(talker, healthy, name):
    """From the sending of each message to its arrival at each reader, in seconds."""
    sent = {}
    for number in range(PERIOD):
        cid = f"{name}-{number}"
        sent[cid] = time.perf_counter()
        await talker.say(cid, "你" * 3_990)
        await talker.acknowledged(cid)
        await asyncio.sleep(GAP_SECONDS)
    while any(cid not in ears.heard for ears in healthy):  # the last of them
        await asyncio.sleep(0.02)
    return [ears.heard[cid] - at for cid, at in sent.items() for ears in healthy]


def percentile(values):
    return statistics.quantiles(values, n=100)[98]
