"""A worker stops under load. It closes its connections in order, and the clients continue on the
other worker without a lost or duplicated entry."""

import asyncio
import json
import signal
import time

import httpx
import pytest

from chat.presence.presence import FORGET_SECONDS
from chat.transports.base_socket import MAX_RESTART_MS
from streaming.models import StreamText
from tests.clients.sse import EventStream
from tests.clients.websocket import Closed, open_client
from tests.live.conftest import stored_log
from tests.live.hostile.raw import handshake

SOCKETS = 200
ROOM_STREAMS = 100
TEXT_STREAMS = 100
WRITERS = 10  # of the sockets
LEAVE_SECONDS = 10
BODY = "".join(chr(0x4E00 + n) for n in range(2_000))


@pytest.fixture
def site(make_site):
    # All clients have the same address, so their limits must be high.
    site = make_site(redis=True, CHAT_MESSAGES_PER_SECOND="100000", CHAT_BURST="100000")
    text = {"slug": "long", "title": "Long", "body": BODY, "interval_ms": 50}
    site.query(lambda: StreamText.objects.create(**text))
    return site


@pytest.fixture
async def client():
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
    async with httpx.AsyncClient(timeout=60, limits=limits) as client:
        yield client


class Stream(EventStream):
    """A reader of an event stream, through two workers."""

    ended = None

    async def read_from(self, worker):
        """Reads until the body ends, and records whether it ended between two events."""
        self.ended = None
        self.url = worker.url + self.path
        try:
            await self.read()
            self.ended = "whole" if self.parser.at_boundary else "inside an event"
        except httpx.HTTPError as error:
            self.ended = repr(error)

    @property
    def seqs(self):
        return [json.loads(data)["seq"] for data in self.data("say")]


def stream(client, path):
    made = Stream(client, "")
    made.path = path
    return made


class SocketClient:
    """A client of the JSON socket, on two workers in turn. With a name, it sends messages, and
    repeats those that were not acknowledged."""

    def __init__(self, name=None, headers=None):
        self.name = name
        self.headers = headers  # with the cookie of the person
        self.cursor = None
        self.seqs = []
        self.frames = []
        self.code = None
        self.unacknowledged = []
        self.said = 0

    async def read_from(self, worker):
        """Follows the room until the connection is closed."""
        self.code = None
        options = {"ping_interval": None, "open_timeout": 60, "additional_headers": self.headers}
        client = await open_client(worker.ws, **options)
        await client.send("join", room="lobby", **({"cursor": self.cursor} if self.cursor else {}))
        for cid in self.unacknowledged:
            await client.say(cid)
        writing = asyncio.ensure_future(self.send_messages(client)) if self.name else None
        try:
            while True:
                self.take(await client.take())
        except Closed as closed:
            self.code = closed.code
        finally:
            if writing:
                writing.cancel()
            await client.close()

    async def send_messages(self, client):
        """Sends a message each second until the connection ends."""
        while True:
            self.said += 1
            self.unacknowledged.append(f"{self.name}-{self.said}")
            await client.say(self.unacknowledged[-1])
            await asyncio.sleep(1)

    def take(self, frame):
        self.frames = [*self.frames[-1:], frame["type"]]
        match frame["type"]:
            case "joined" | "events":
                self.cursor = frame["cursor"]
                self.seqs += [entry["seq"] for entry in frame.get("events", [])]
                assert not frame.get("reset")
            case "ack":
                self.unacknowledged.remove(frame["cid"])


def start(readers, worker):
    return [asyncio.ensure_future(reader.read_from(worker)) for reader in readers]


async def until(condition):
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.05)


async def test_200_streams_and_200_sockets_continue_on_the_other_worker(site, client):
    stopping_worker, other_worker = site.worker("one"), site.worker("two")
    writers = [SocketClient(f"t{n}", await guest(stopping_worker)) for n in range(WRITERS)]
    sockets = [*writers, *(SocketClient() for _ in range(SOCKETS - WRITERS))]
    rooms = [stream(client, "/api/rooms/lobby/events") for _ in range(ROOM_STREAMS)]
    texts = [stream(client, "/api/sse?text=long") for _ in range(TEXT_STREAMS)]
    clients = [*sockets, *rooms, *texts]

    running = start(clients, stopping_worker)
    polling = asyncio.ensure_future(long_poll(client, stopping_worker))
    await until(
        lambda: all(s.seqs for s in [*sockets, *rooms]) and all(t.data("message") for t in texts)
    )
    started = time.monotonic()
    stopping_worker.running.send_signal(signal.SIGTERM)
    assert await asyncio.to_thread(stopping_worker.running.wait, LEAVE_SECONDS) == 0
    took = time.monotonic() - started
    await asyncio.wait(running, timeout=30)
    assert took < LEAVE_SECONDS
    assert {(s.code, s.frames[-1]) for s in sockets} == {(1012, "bye")}
    assert {s.ended for s in [*rooms, *texts]} == {"whole"}
    assert await polling in ({200}, {200, 503})
    log = stopping_worker.log.read_text()
    assert "still running at exit" not in log
    assert "did not end in time" not in log
    assert "Traceback" not in log

    running = start(clients, other_worker)
    await until(lambda: all(s.frames[-1] != "bye" for s in sockets))
    assert {t.ended for t in texts} == {None}
    head = max(s.seqs[-1] for s in sockets)
    await until(lambda: all(s.seqs[-1] > head for s in [*sockets, *rooms]))
    await until(lambda: all(len(t.data("message")) > 400 for t in texts))
    for task in running:
        task.cancel()
    await asyncio.wait(running)
    for reader in [*sockets, *rooms]:
        assert reader.seqs == list(range(reader.seqs[0], reader.seqs[-1] + 1))
    for text in texts:
        said = "".join(text.data("message"))
        assert said == BODY[: len(said)]
    assert_stored_once(site, writers)


async def long_poll(client, worker):
    """Polls until the worker is gone or answers 503; returns the statuses of the answers."""
    url, cursor, statuses = f"{worker.url}/api/rooms/lobby/entries", None, set()
    while True:
        query = {"cursor": cursor, "wait": 25} if cursor else {}
        try:
            answer = await client.get(url, params=query)
        except httpx.ConnectError:
            return statuses
        statuses.add(answer.status_code)
        if answer.status_code == 503:
            return statuses
        cursor = answer.json()["cursor"]


def assert_stored_once(site, writers):
    """The log has every acknowledged entry, and no entry twice."""
    cids = [cid for _, cid in stored_log(site)]
    assert len(cids) == len(set(cids))
    for talker in writers:
        said = {f"{talker.name}-{n}" for n in range(1, talker.said + 1)}
        assert said - set(talker.unacknowledged) <= set(cids)


async def test_a_person_who_reconnects_after_bye_is_not_shown_as_leaving(site, open_socket):
    """A person who does not reconnect disappears soon."""
    stopping_worker, other_worker = site.worker("one"), site.worker("two")
    observer = await open_socket(other_worker, "/ws/chat/?name=Bob", ping_interval=None)
    await observer.join()
    cookie = await guest(stopping_worker)
    ann = await open_socket(stopping_worker, "/ws/chat/?name=Ann", additional_headers=cookie)
    cyd = await open_socket(stopping_worker, "/ws/chat/?name=Cyd")
    for socket in (ann, cyd):
        await socket.join()
    seen = []
    async with asyncio.timeout(60):
        while len(seen := await online(observer)) < 3:
            pass
        me = next(name for name in seen if name not in ("Bob", "Cyd"))
        slow = await handshake(stopping_worker)  # never closes, so that the worker exits late
        stopping_worker.running.send_signal(signal.SIGTERM)
        left_at = time.monotonic()
        await ann.until("bye")
        await asyncio.sleep(MAX_RESTART_MS / 1000)  # the longest delay that `bye` may request
        back = await open_socket(other_worker, "/ws/chat/", additional_headers=cookie)
        await back.join()
        await asyncio.to_thread(stopping_worker.running.wait, LEAVE_SECONDS)
        slow.close()
        while "Cyd" in await online_for_new_client(open_socket, other_worker):
            await asyncio.sleep(0.5)
        while "Cyd" in (seen := await online(observer)):  # reads older presence events as well
            pass
        assert me in seen
    # Without the event of the stop, they would stay for FORGET_SECONDS.
    assert time.monotonic() - left_at < FORGET_SECONDS - 3


async def online_for_new_client(open_socket, worker):
    """The names of the people online for a new client, whose join makes the worker check them."""
    socket = await open_socket(worker)
    joined = await socket.join()
    await socket.close()
    return {member["name"] for member in joined["online"]}


async def guest(worker):
    """The cookie of a new guest."""
    async with httpx.AsyncClient(timeout=60) as client:
        await client.get(f"{worker.url}/chat/lobby/")
        return {"Cookie": f"guest={client.cookies['guest']}"}


async def online(socket):
    return {member["name"] for member in (await socket.until("presence"))["online"]}
