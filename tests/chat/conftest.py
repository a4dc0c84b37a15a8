"""Sockets of the test's own process."""

import json

import pytest
from channels.db import database_sync_to_async
from channels.testing import WebsocketCommunicator
from django.test import AsyncClient
from django.test import Client as Browser

from chat.identity import members
from chat.identity.members import Member
from chat.log import store
from chat.routing import websocket
from tests.chat.log.test_store import draft

ANN = Member("g-000000000000000a", "Ann", guest=True)


class Client:
    """A client of a socket that speaks JSON, or lines."""

    def __init__(self, path="/ws/chat/", headers=(), subprotocols=("twinstream.v1",)):
        headers = [(b"host", b"testserver"), *headers]
        self.socket = WebsocketCommunicator(websocket, path, headers, list(subprotocols))

    async def open(self):
        connected, self.subprotocol = await self.socket.connect(timeout=5)
        assert connected
        return self

    async def send(self, type, **fields):
        await self.socket.send_to(text_data=json.dumps({"type": type, **fields}))

    async def say_line(self, text):
        await self.socket.send_to(text_data=text)

    async def line(self):
        return await self.socket.receive_from(timeout=5)

    async def frame(self, type):
        """The next frame, which is of this type."""
        frame = json.loads(await self.line())
        assert frame["type"] == type, frame
        return frame

    async def until_any(self):
        """The next frame."""
        return json.loads(await self.line())

    async def until(self, type):
        """The next frame of this type; others are passed over."""
        while (frame := await self.until_any())["type"] != type:
            pass
        return frame

    async def closed(self):
        """The code with which the server closes, after whatever it still says."""
        while (message := await self.socket.receive_output(timeout=5))["type"] != "websocket.close":
            pass
        return message["code"]

    async def join(self, room="lobby", **fields):
        await self.send("join", room=room, **fields)
        return await self.until("joined")

    async def leave(self):
        if not self.socket.future.done():
            await self.socket.disconnect(timeout=5)


def cookie(member):
    return (b"cookie", f"guest={members.guest_cookie(member)}".encode())


async def fill(room, count):
    await database_sync_to_async(store.write)([draft(room, str(n), str(n)) for n in range(count)])


async def heard(client, last):
    seqs = []
    while not seqs or seqs[-1] < last:
        seqs += [entry["seq"] for entry in (await client.until("events"))["events"]]
    return seqs


async def session_of(user):
    """The header of a browser in which a user has logged in."""
    browser = Browser()
    await database_sync_to_async(browser.force_login)(user)
    return (b"cookie", f"sessionid={browser.cookies['sessionid'].value}".encode())


@pytest.fixture
async def connect(db):
    """Opens sockets, and closes them after the test."""
    opened = []

    async def open_one(*args, **kwargs):
        opened.append(await Client(*args, **kwargs).open())
        return opened[-1]

    yield open_one
    for client in opened:
        await client.leave()


@pytest.fixture
def ann():
    """The browser of a guest."""
    browser = AsyncClient()
    browser.cookies["guest"] = members.guest_cookie(ANN)
    return browser
