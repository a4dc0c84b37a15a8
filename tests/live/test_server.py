"""`python -m config.server`: it drains before it leaves, and waits for those who read slowly."""

import asyncio
import json
import signal
import socket
import time
from pathlib import Path

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from tests.eventsource import Parser

EACH = 60  # streams of the text, of the room, and sockets
LEAVE_SECONDS = 10
PASSED = 3_000  # messages of 12 KB: what one reader does not take
WINDOW = 1_000
GROWTH = 16 * 1024 * 1024


@pytest.fixture
def site(make_site):
    return make_site(
        redis=True,
        CHAT_MESSAGES_PER_SECOND="100000",
        CHAT_BURST="100000",
    )


class Stream:
    """What one event stream has sent, and whether it ended as a whole."""

    def __init__(self, url):
        self.url = url
        self.parser = Parser()
        self.whole = None

    async def run(self):
        try:
            async with (
                httpx.AsyncClient(timeout=60) as client,
                client.stream("GET", self.url) as answer,
            ):
                last = b""
                async for piece in answer.aiter_raw():
                    last = piece
                    self.parser.feed(piece)
            self.whole = last.endswith(b"\n\n")
        except httpx.HTTPError:
            self.whole = False

    @property
    def texts(self):
        return [data for _, name, data in self.parser.events if name == "message"]

    @property
    def cursor(self):
        return self.parser.last_event_id


class Listener:
    """A JSON socket that listens until it is closed, and how it was."""

    def __init__(self, worker):
        self.worker = worker
        self.seqs = []
        self.cursor = None
        self.last = None
        self.code = None

    async def run(self):
        where = f"{self.worker.ws}/ws/chat/"
        async with connect(where, subprotocols=["twinstream.v1"], ping_interval=None) as ws:
            await ws.send(json.dumps({"type": "join", "room": "lobby"}))
            try:
                while True:
                    self.take(json.loads(await ws.recv()))
            except ConnectionClosed as closed:
                self.code = closed.rcvd.code if closed.rcvd else 1006

    def take(self, frame):
        self.last = frame
        self.cursor = frame.get("cursor", self.cursor)
        self.seqs += [entry["seq"] for entry in frame.get("events", [])]


async def test_whoever_is_there_is_seen_off_and_goes_on_elsewhere(site, open_socket):
    leaving, staying = site.worker("one"), site.worker("two")
    sockets = [Listener(leaving) for _ in range(EACH)]
    rooms = [Stream(f"{leaving.url}/api/rooms/lobby/events") for _ in range(EACH)]
    texts = [Stream(f"{leaving.url}/api/sse?interval=100") for _ in range(EACH)]
    everybody = [asyncio.ensure_future(each.run()) for each in [*sockets, *rooms, *texts]]
    poll = asyncio.ensure_future(long_poll(leaving))
    talker = await open_socket(staying)
    async with asyncio.timeout(60):
        while not all(listener.cursor for listener in sockets) or not all(t.texts for t in texts):
            await talker.say(f"c-{time.monotonic_ns()}")
            await asyncio.sleep(0.1)
    started = time.monotonic()
    leaving.running.send_signal(signal.SIGTERM)
    assert await asyncio.to_thread(leaving.running.wait, LEAVE_SECONDS) == 0
    assert time.monotonic() - started < LEAVE_SECONDS
    await asyncio.wait(everybody, timeout=10)

    assert {listener.code for listener in sockets} == {1012}
    assert {listener.last["type"] for listener in sockets} == {"bye"}
    assert [stream.whole for stream in [*rooms, *texts]] == [True] * 2 * EACH
    assert set(await poll) == {200}
    assert "Traceback" not in leaving.log.read_text()
    await resumed(staying, sockets[0], rooms[0], texts[0], talker)


async def long_poll(worker):
    """Polls until nobody listens any more; returns the status of every answer."""
    statuses = []
    async with httpx.AsyncClient(timeout=60) as client:
        url = f"{worker.url}/api/rooms/lobby/entries"
        cursor = (await client.get(url)).json()["cursor"]
        try:
            while True:
                answer = await client.get(url, params={"cursor": cursor, "wait": 25})
                statuses.append(answer.status_code)
                cursor = answer.json()["cursor"]
        except httpx.ConnectError:
            return statuses


async def resumed(worker, listener, room, text, talker):
    """Each goes on at its cursor, and misses nothing."""
    async with httpx.AsyncClient(timeout=30) as client:
        url = f"{worker.url}/api/rooms/lobby/entries"
        for cursor in (listener.cursor, room.cursor):
            seq = int(cursor.split(":")[1])
            found = (await client.get(url, params={"cursor": cursor})).json()
            assert found["reset"] is False
            assert [e["seq"] for e in found["events"]] == list(range(seq + 1, found["head"] + 1))
    assert listener.seqs == list(range(listener.seqs[0], listener.seqs[-1] + 1))
    rest = Stream(f"{worker.url}/api/sse?interval=1&cursor={text.cursor}")
    await rest.run()
    total = json.loads(rest.parser.events[0][2])["total"]
    assert len(text.texts) + len(rest.texts) == total


def memory(worker):
    """Bytes of a worker that are in memory."""
    return int(Path(f"/proc/{worker.running.pid}/statm").read_text().split()[1]) * 4096


def deaf(worker, request):
    """A client that asks, and then takes nothing."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(("127.0.0.1", worker.port))
    client.sendall(f"GET {request} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    return client


async def test_a_reader_that_takes_nothing_costs_no_memory(site, open_socket):
    worker = site.worker()
    # Their own pings would not be answered in time on a busy machine.
    talker = await open_socket(worker, max_queue=None, ping_interval=None)
    await talker.until("welcome")
    reader = await open_socket(worker, ping_interval=None)
    await reader.join()
    reading = asyncio.ensure_future(reader.until_head(PASSED))
    stream = deaf(worker, "/api/rooms/lobby/events")
    quiet = await open_socket(worker, max_queue=1, ping_interval=None)
    await quiet.join()
    quiet.socket.transport.pause_reading()
    await say(talker, range(WINDOW))  # so that the tail has grown as far as it grows
    before = memory(worker)
    await say(talker, range(WINDOW, PASSED))
    assert memory(worker) - before < GROWTH
    stream.close()
    async with asyncio.timeout(30):  # whoever reads has it all
        await reading


async def say(talker, numbers):
    for number in numbers:
        await talker.say(f"c-{number}", "你" * 3_990)
        await talker.acknowledged(f"c-{number}")
