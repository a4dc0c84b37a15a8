"""A worker is ended under load: whoever is there is seen off, and goes on elsewhere with nothing
lost or doubled."""

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
from tests.live.conftest import the_log
from tests.live.hostile.raw import handshake

pytestmark = pytest.mark.apart

SOCKETS = 200
ROOM_STREAMS = 100
TEXT_STREAMS = 100
TALKERS = 10  # of the sockets
LEAVE_SECONDS = 10
BODY = "".join(chr(0x4E00 + n) for n in range(2_000))


@pytest.fixture
def site(make_site):
    # Talkers and readers share one member's address and rate.
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
        """Reads until the body ends, and sees whether it ended as a whole."""
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


class Listener:
    """A JSON socket, through two workers. A talker says what was not acknowledged again."""

    def __init__(self, name=None, headers=None):
        self.name = name
        self.headers = headers  # by which it is the same person on the other worker
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
        talking = asyncio.ensure_future(self.talk(client)) if self.name else None
        try:
            while True:
                self.take(await client.take())
        except Closed as closed:
            self.code = closed.code
        finally:
            if talking:
                talking.cancel()
            await client.close()

    async def talk(self, client):
        """Says something ever again, until the connection is gone."""
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


async def test_200_streams_and_200_sockets_go_on_elsewhere(site, client):
    leaving, staying = site.worker("one"), site.worker("two")
    talkers = [Listener(f"t{n}", await guest(leaving)) for n in range(TALKERS)]
    sockets = [*talkers, *(Listener() for _ in range(SOCKETS - TALKERS))]
    rooms = [stream(client, "/api/rooms/lobby/events") for _ in range(ROOM_STREAMS)]
    texts = [stream(client, "/api/sse?text=long") for _ in range(TEXT_STREAMS)]
    everybody = [*sockets, *rooms, *texts]

    running = start(everybody, leaving)
    polling = asyncio.ensure_future(long_poll(client, leaving))
    await until(
        lambda: all(s.seqs for s in [*sockets, *rooms]) and all(t.data("message") for t in texts)
    )
    started = time.monotonic()
    leaving.running.send_signal(signal.SIGTERM)
    assert await asyncio.to_thread(leaving.running.wait, LEAVE_SECONDS) == 0
    took = time.monotonic() - started
    await asyncio.wait(running, timeout=30)
    assert took < LEAVE_SECONDS
    assert {(s.code, s.frames[-1]) for s in sockets} == {(1012, "bye")}
    assert {s.ended for s in [*rooms, *texts]} == {"whole"}
    assert await polling in ({200}, {200, 503})
    log = leaving.log.read_text()
    assert "still running at exit" not in log
    assert "cut off" not in log
    assert "Traceback" not in log

    running = start(everybody, staying)
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
    assert_said_once(site, talkers)


async def long_poll(client, worker):
    """Polls until the worker is gone, or says that it goes; returns the statuses of the answers."""
    url, cursor, statuses = f"{worker.url}/api/rooms/lobby/entries", None, set()
    while True:
        asked = {"cursor": cursor, "wait": 25} if cursor else {}
        try:
            answer = await client.get(url, params=asked)
        except httpx.ConnectError:
            return statuses
        statuses.add(answer.status_code)
        if answer.status_code == 503:
            return statuses
        cursor = answer.json()["cursor"]


def assert_said_once(site, talkers):
    """What was acknowledged is in the log, and nothing twice."""
    cids = [cid for _, cid in the_log(site)]
    assert len(cids) == len(set(cids))
    for talker in talkers:
        said = {f"{talker.name}-{n}" for n in range(1, talker.said + 1)}
        assert said - set(talker.unacknowledged) <= set(cids)


async def test_who_is_told_to_come_again_is_not_seen_to_leave(site, open_socket):
    """Nor is who left with the worker taken to be there for long."""
    leaving, staying = site.worker("one"), site.worker("two")
    observer = await open_socket(staying, "/ws/chat/?name=Bob", ping_interval=None)
    await observer.join()
    cookie = await guest(leaving)
    ann = await open_socket(leaving, "/ws/chat/?name=Ann", additional_headers=cookie)
    cyd = await open_socket(leaving, "/ws/chat/?name=Cyd")
    for socket in (ann, cyd):
        await socket.join()
    seen = []
    async with asyncio.timeout(60):
        while len(seen := await online(observer)) < 3:
            pass
        me = next(name for name in seen if name not in ("Bob", "Cyd"))
        slow = await handshake(leaving)  # never closes, and so makes the worker linger
        leaving.running.send_signal(signal.SIGTERM)
        left_at = time.monotonic()
        await ann.until("bye")
        await asyncio.sleep(MAX_RESTART_MS / 1000)  # as late as `bye` may say
        back = await open_socket(staying, "/ws/chat/", additional_headers=cookie)
        await back.join()
        await asyncio.to_thread(leaving.running.wait, LEAVE_SECONDS)
        slow.close()
        while "Cyd" in await shown_to_who_comes(open_socket, staying):
            await asyncio.sleep(0.5)
        while "Cyd" in (seen := await online(observer)):  # also of what was shown meanwhile
            pass
        assert me in seen
    # Its people were told of just before it left, and would be kept for as long from then on.
    assert time.monotonic() - left_at < FORGET_SECONDS - 3


async def shown_to_who_comes(open_socket, worker):
    """Who is there; whoever asks has the worker look at once for who is not."""
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
