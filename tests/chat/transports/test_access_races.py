"""Rights that are taken away while a client connects or joins: after they were looked up, and
before the connection watches for revocations. The periodic checks do not run in these tests."""

import asyncio
from functools import partial

import pytest
from channels.db import database_sync_to_async
from django.test import AsyncClient

from chat import rooms
from chat.dashboard import views
from chat.routing import websocket
from chat.transports import admission, http, subscriptions, text_socket
from chat.worker import current
from realtime.errors import CloseCode
from realtime.log import tail_registry as tails_module
from realtime.revocation import RECENT_LENGTH
from tests.chat.log.test_store import cursor_at
from tests.clients.websocket import local_client

pytestmark = pytest.mark.django_db(transaction=True)

ENTRIES, EVENTS = "/api/rooms/backroom/entries", "/api/rooms/backroom/events"
AT_ONCE_SECONDS = 20  # Less than the 25 for which the poll would wait.


@pytest.fixture(autouse=True)
def no_check(monkeypatch):
    monkeypatch.setattr(tails_module, "CHECK_SECONDS", 1000)


class Gate:
    """Delays the callers of a function: it returns its result only when the gate is open."""

    def __init__(self, monkeypatch, module, name):
        self.delayed, self.open = asyncio.Semaphore(0), asyncio.Event()
        self.function = getattr(module, name)
        monkeypatch.setattr(module, name, self.pass_through)

    async def pass_through(self, *args):
        answer = await self.function(*args)
        self.delayed.release()
        await self.open.wait()
        return answer

    async def called(self, count):
        """Waits until this many more callers are delayed."""
        for _ in range(count):
            await self.delayed.acquire()


@pytest.fixture
def gate(monkeypatch):
    return lambda module, name: Gate(monkeypatch, module, name)


@pytest.fixture
async def browser(alice):
    browser = AsyncClient()
    await browser.aforce_login(alice)
    return browser


def header(browser):
    return (b"cookie", f"sessionid={browser.cookies['sessionid'].value}".encode())


@pytest.fixture
async def opening():
    """Starts to open sockets, and closes them after the test."""
    clients = []

    def start(path, *headers):
        clients.append(local_client(websocket, path, headers))
        return clients[-1], asyncio.ensure_future(clients[-1].open())

    yield start
    for client in clients:
        await client.close()


@pytest.mark.parametrize("path", ["/ws/chat/", "/ws/chat/backroom/"])
async def test_a_socket_that_opens_while_its_session_logs_out_is_closed(
    opening, gate, backroom, browser, path
):
    slow = gate(admission, "identify")
    client, opened = opening(path, header(browser))
    await slow.called(1)
    await browser.alogout()
    slow.open.set()
    await opened
    assert await client.closed() == CloseCode.SESSION_ENDED


async def test_a_socket_that_opens_while_its_user_is_made_inactive_is_closed(
    opening, gate, alice, browser
):
    slow = gate(admission, "identify")
    client, opened = opening("/ws/chat/", header(browser))
    await slow.called(1)
    alice.is_active = False
    await alice.asave()
    slow.open.set()
    await opened
    assert await client.closed() == CloseCode.SESSION_ENDED


async def test_a_logout_before_the_socket_watches_for_it_closes_the_socket(
    opening, gate, backroom, browser
):
    slow = gate(text_socket.rooms, "join")
    client, opened = opening("/ws/chat/backroom/", header(browser))
    await slow.called(1)
    await browser.alogout()
    slow.open.set()
    await opened
    assert await client.closed() == CloseCode.SESSION_ENDED


async def remove_member(room, user):
    await database_sync_to_async(room.members.remove)(user)


async def test_a_member_who_is_removed_from_a_room_while_joining_gets_an_error(
    connect, gate, alice, backroom, browser
):
    client = await connect(headers=[header(browser)])
    slow = gate(subscriptions.rooms, "join")
    await client.send("join", room="backroom")
    await slow.called(1)
    await remove_member(backroom, alice)
    slow.open.set()
    assert (await client.until("error"))["code"] == "forbidden"
    await client.send("say", room="backroom", cid="1", body="b")
    assert (await client.until("error"))["code"] == "forbidden"


async def test_a_text_socket_closes_if_its_member_is_removed_while_it_opens(
    opening, gate, alice, backroom, browser
):
    slow = gate(text_socket.rooms, "join")
    client, opened = opening("/ws/chat/backroom/", header(browser))
    await slow.called(1)
    await remove_member(backroom, alice)
    slow.open.set()
    await opened
    assert await client.closed() == CloseCode.FORBIDDEN


async def test_a_text_socket_closes_if_its_member_is_removed_while_it_rejoins(
    connect, gate, alice, lobby, browser
):
    await database_sync_to_async(lobby.members.add)(alice)
    client = await connect("/ws/chat/lobby/", headers=[header(browser)])
    slow = gate(text_socket.rooms, "enter")
    lobby.is_public = False
    await lobby.asave()
    await slow.called(1)
    await remove_member(lobby, alice)
    assert await client.closed() == CloseCode.FORBIDDEN


async def test_a_guest_does_not_read_a_room_that_is_closed_while_the_guest_joins(
    connect, opening, gate, lobby
):
    client = await connect()
    slow = gate(rooms, "join")
    await client.send("join", room="lobby")
    line, opened = opening("/ws/chat/lobby/")
    await slow.called(2)
    lobby.is_public = False
    await lobby.asave()
    slow.open.set()
    assert (await client.until("error"))["code"] == "internal"
    await opened
    assert await line.closed() == CloseCode.TRY_LATER
    await client.send("join", room="lobby")
    assert (await client.until("error"))["code"] == "forbidden"


# ---- Over HTTP -----------------------------------------------------------------------


async def whole(answer):
    async with asyncio.timeout(AT_ONCE_SECONDS):
        return b"".join([piece async for piece in answer.streaming_content])


async def test_a_stream_that_starts_after_a_logout_ends_at_once(backroom, browser):
    answer = await browser.get(EVENTS)
    await browser.alogout()
    assert b"data:" not in await whole(answer)


async def test_a_dashboard_that_starts_after_a_logout_ends_at_once(boss):
    browser = AsyncClient()
    await browser.aforce_login(boss)
    answer = await browser.get("/admin/live/events")
    await browser.alogout()
    async with asyncio.timeout(views.ACCESS_CHECK_SECONDS / 2):
        assert b"data:" not in await whole(answer)


async def test_a_poll_that_starts_while_its_session_logs_out_is_answered_at_once(
    backroom, browser, gate
):
    slow = gate(http.common, "open_reader")
    query = {"cursor": await cursor_at(backroom, 0), "wait": 25}
    other = AsyncClient()
    other.cookies = browser.cookies.copy()
    asked = asyncio.ensure_future(other.get(ENTRIES, query))
    await slow.called(1)
    await browser.alogout()
    slow.open.set()
    async with asyncio.timeout(AT_ONCE_SECONDS):
        assert (await asked).json()["events"] == []


# ---- Recent revocations --------------------------------------------------------------


async def test_a_watch_is_called_for_revocations_since_and_for_too_many_of_them():
    called = []
    current().revocation.revoke(["a"])
    since = current().revocation.count
    current().revocation.revoke(["b"])
    for subject in ("a", "b"):
        callback = partial(called.append, subject)
        current().revocation.watch([subject], callback, since).__enter__()
    await asyncio.sleep(0)
    assert called == ["b"]
    current().revocation.revoke(str(n) for n in range(RECENT_LENGTH))
    current().revocation.watch(["c"], lambda: called.append("c"), since).__enter__()
    await asyncio.sleep(0)
    assert called == ["b", "c"]
