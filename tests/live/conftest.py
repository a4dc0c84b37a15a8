"""Clients of real workers, over the loopback address."""

from uuid import uuid4

import httpx
import pytest

from chat.models import Entry, Room
from tests.clients.websocket import PATH, WebSocketClient, open_client


@pytest.fixture
async def client():
    """An HTTP client."""
    async with httpx.AsyncClient(timeout=30) as client:
        yield client


@pytest.fixture
async def open_socket():
    """Opens sockets to workers, and closes them after the test."""
    opened = []

    async def open_one(worker, path=PATH, **options):
        opened.append(await open_client(worker.ws, path, **options))
        return opened[-1]

    yield open_one
    for client in opened:
        await client.close()


@pytest.fixture
def open_text_socket(open_socket):
    """Opens plain-text sockets, and closes them after the test."""

    async def open_one(worker, path="/ws/chat/lobby/", **options):
        return await open_socket(worker, path, **options)

    return open_one


@pytest.fixture
def own_room(monkeypatch):
    """Creates a room of a shared site, and makes it the default of this test's clients. Returns its
    slug."""

    def make(site):
        slug = f"room-{uuid4().hex[:8]}"
        site.query(lambda: Room.objects.create(slug=slug, name=slug))
        monkeypatch.setattr(WebSocketClient, "room", slug)
        return slug

    return make


def stored_log(site, room="lobby"):
    """The seq and the cid of each entry of a room, ordered by seq."""
    entries = Entry.objects.filter(room__slug=room).order_by("seq")
    return site.query(lambda: list(entries.values_list("seq", "cid")))
