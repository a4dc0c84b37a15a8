"""Sites of real processes, and clients that speak to them over the loopback address."""

import json

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from chat.models import Entry


class Socket:
    """A client of the JSON socket, over the wire."""

    def __init__(self, socket):
        self.socket = socket
        self.entries = []
        self.cursor = None
        self.acks = {}

    async def send(self, type, **fields):
        await self.socket.send(json.dumps({"type": type, **fields}))

    async def take(self):
        """Takes one frame."""
        frame = json.loads(await self.socket.recv())
        if frame["type"] == "events":
            self.entries += frame["events"]
            self.cursor = frame["cursor"]
        elif frame["type"] == "ack":
            self.acks[frame["cid"]] = frame
        elif frame["type"] == "ping":
            await self.send("pong", ts=frame["ts"])
        return frame

    async def until(self, type):
        """The next frame of a type."""
        while (frame := await self.take())["type"] != type:
            pass
        return frame

    async def until_head(self, head):
        """Takes frames until the entry `head` has come."""
        while not self.entries or self.entries[-1]["seq"] < head:
            await self.take()

    async def join(self, room="lobby", **fields):
        await self.send("join", room=room, **fields)
        return await self.until("joined")

    async def say(self, cid, body="b"):
        await self.send("say", room="lobby", cid=cid, body=body)

    async def acknowledged(self, cid):
        while cid not in self.acks:
            await self.take()
        return self.acks[cid]

    @property
    def seqs(self):
        return [entry["seq"] for entry in self.entries]


@pytest.fixture
async def client():
    """A client of HTTP."""
    async with httpx.AsyncClient(timeout=30) as client:
        yield client


@pytest.fixture
async def open_socket():
    """Opens sockets, and closes them after the test."""
    opened = []

    async def open_one(worker, path="/ws/chat/", **options):
        socket = await connect(f"{worker.ws}{path}", subprotocols=["twinstream.v1"], **options)
        opened.append(socket)
        return Socket(socket)

    yield open_one
    for socket in opened:
        await socket.close()


@pytest.fixture
async def open_line():
    """Opens plain-text sockets, and closes them after the test."""
    opened = []

    async def open_one(worker, path="/ws/chat/lobby/", **options):
        opened.append(await connect(f"{worker.ws}{path}", **options))
        return opened[-1]

    yield open_one
    for socket in opened:
        await socket.close()


def the_log(site):
    """The seq and the cid of each entry of a site, in the order of the log."""
    return site.query(lambda: list(Entry.objects.order_by("seq").values_list("seq", "cid")))


async def close_code(socket):
    """The code with which the server closes a socket."""
    try:
        while True:
            await socket.recv()
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd else 1006
