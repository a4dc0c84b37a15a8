"""Ephemeral events within one worker. tests/live has tests with two workers."""

import asyncio

import pytest
from django.db import OperationalError
from django.test import AsyncClient

from chat.identity import members
from chat.identity.members import Member
from chat.log import read_receipts
from chat.models import ReadMark
from chat.presence import sync
from chat.presence.ephemeral import EphemeralEvent, EphemeralEvents, Subscriber
from chat.worker import current
from tests.chat.conftest import ANN, cookie, fill
from tests.chat.log.test_store import cursor_at

pytestmark = pytest.mark.django_db(transaction=True)
BOB = Member("g-000000000000000b", "Bob", guest=True)


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    monkeypatch.setattr(sync, "PAUSE_SECONDS", 0.01)


@pytest.fixture
def enter(connect):
    """Opens a socket that has joined the lobby."""

    async def enter(member):
        client = await connect(headers=[cookie(member)])
        client.joined = await client.join()
        return client

    return enter


async def nothing_but(client, *types):
    """The types of what a client has been sent, up to the answer to a ping."""
    await client.send("ping", ts=1)
    while (frame := await client.take())["type"] != "pong":
        assert frame["type"] in types, frame


async def online(client, count):
    """The names in the first list of so many."""
    while len(names := (await client.until("presence"))["online"]) != count:
        pass
    return [member["name"] for member in names]


# ---- Presence ----


async def test_the_room_is_told_who_arrives_and_leaves(enter, lobby):
    ann = await enter(ANN)
    assert ann.joined["online"] == [ANN.public()]
    bob = await enter(BOB)
    assert bob.joined["online"] == [ANN.public(), BOB.public()]
    assert await online(ann, 2) == ["Ann", "Bob"]
    await bob.close()
    assert await online(ann, 1) == ["Ann"]


async def test_a_second_tab_changes_no_list(enter, lobby):
    ann, bob = await enter(ANN), await enter(BOB)
    await online(ann, 2)
    await enter(ANN)
    await asyncio.sleep(0.05)  # several lists would be sent by then
    await nothing_but(ann)
    await bob.close()
    assert await online(ann, 1) == ["Ann"]


async def test_a_member_who_arrives_during_a_reload_receives_the_final_list(
    enter, lobby, monkeypatch
):
    """What a reader is told on coming may be true for a moment alone."""
    monkeypatch.setattr(sync, "PAUSE_SECONDS", 0.3)
    ann, bob = await enter(ANN), await enter(BOB)
    await online(ann, 2)
    await bob.close()
    late = await enter(ANN)
    assert late.joined["online"] == [ANN.public()]
    await enter(BOB)
    assert await online(late, 2) == ["Ann", "Bob"]


async def test_polls_without_a_cookie_are_not_listed(enter, lobby):
    bob = await enter(BOB)
    query = {"cursor": bob.joined["cursor"], "wait": "5"}
    poll = asyncio.ensure_future(AsyncClient().get("/api/rooms/lobby/entries", query))
    async with asyncio.timeout(5):
        while current().tails.tails[lobby.pk].readers < 2:
            await asyncio.sleep(0)
    await asyncio.sleep(0)  # it has come to where it would enter
    assert current().presence.online(lobby.pk) == [BOB]
    await bob.send("say", room="lobby", cid="c", body="b")
    assert (await poll).status_code == 200


async def test_a_reader_over_http_is_listed(enter, lobby):
    bob = await enter(BOB)
    browser = AsyncClient()
    browser.cookies["guest"] = members.guest_cookie(ANN)
    stream = aiter(await browser.get("/api/rooms/lobby/events"))
    await anext(stream)  # the first bytes leave before anything else is done
    entry = asyncio.ensure_future(anext(stream))
    assert await online(bob, 2) == ["Bob", "Ann"]
    await bob.send("say", room="lobby", cid="c", body="b")
    assert b"event: say" in await entry
    await stream.aclose()
    assert await online(bob, 1) == ["Bob"]
    cursor = await cursor_at(lobby, 1)
    poll = asyncio.ensure_future(
        browser.get("/api/rooms/lobby/entries", {"cursor": cursor, "wait": "5"})
    )
    assert await online(bob, 2) == ["Bob", "Ann"]
    await bob.send("say", room="lobby", cid="d", body="b")
    assert (await poll).status_code == 200
    assert await online(bob, 1) == ["Bob"]


# ---- Typing ----


async def test_typing_is_sent_to_the_others(enter, lobby):
    ann, other_tab, bob = await enter(ANN), await enter(ANN), await enter(BOB)
    await ann.send("typing", room="lobby")
    assert await bob.until("typing") == {
        "type": "typing",
        "room": "lobby",
        "member": ANN.public(),
    }
    for tab in (ann, other_tab):
        await nothing_but(tab, "presence")


async def test_typing_too_often_is_dropped_without_an_error(enter, lobby, monkeypatch):
    sent, send = [], EphemeralEvents.send

    def counted(self, event, but=None):
        sent.append(event)
        send(self, event, but)

    monkeypatch.setattr(EphemeralEvents, "send", counted)
    ann = await enter(ANN)
    for _ in range(20):
        await ann.send("typing", room="lobby")
    await nothing_but(ann, "presence")
    assert 1 <= len(sent) <= 3


async def test_typing_in_a_forbidden_room_is_an_error(enter, lobby, backroom):
    ann = await enter(ANN)
    await ann.send("typing", room="backroom")
    assert (await ann.until("error"))["code"] == "forbidden"


# ---- Read ----


async def test_a_read_receipt_is_sent_to_the_other_tabs_only(enter, lobby):
    await fill(lobby, 5)
    ann, other_tab, bob = await enter(ANN), await enter(ANN), await enter(BOB)
    assert ann.joined["read"] == 0
    await ann.send("read", room="lobby", seq=3)
    read = {"type": "read", "room": "lobby", "seq": 3, "unread": 2}
    assert await other_tab.until("read") == read
    for client in (ann, bob):
        await nothing_but(client, "presence", "events")
    assert (await enter(ANN)).joined["read"] == 3
    assert (await enter(BOB)).joined["read"] == 0


async def test_read_never_goes_back_nor_beyond_the_log(enter, lobby):
    await fill(lobby, 5)
    ann, other_tab = await enter(ANN), await enter(ANN)
    for seq, kept in [(4, 4), (2, 4), (99, 5)]:
        await ann.send("read", room="lobby", seq=seq)
        assert (await other_tab.until("read"))["seq"] == kept
    assert (await enter(ANN)).joined["read"] == 5


async def test_a_receipt_of_an_older_log_is_within_the_new_one(enter, lobby):
    await fill(lobby, 5)
    ann, other_tab = await enter(ANN), await enter(ANN)
    await ann.send("read", room="lobby", seq=5)
    await other_tab.until("read")
    for tab in (ann, other_tab):
        await tab.close()
    await lobby.entries.all().adelete()
    await type(lobby).objects.filter(pk=lobby.pk).aupdate(epoch="f00d", head=0)
    assert (await enter(ANN)).joined["read"] == 0


async def test_receipts_of_a_guest_without_a_cookie_are_deleted_with_the_socket(connect, lobby):
    await fill(lobby, 5)
    client = await connect()
    await client.join()
    await client.send("read", room="lobby", seq=3)
    async with asyncio.timeout(5):
        while not await ReadMark.objects.aexists():
            await asyncio.sleep(0.01)
    await client.close()
    async with asyncio.timeout(5):
        while await ReadMark.objects.aexists():
            await asyncio.sleep(0.01)


async def test_a_receipt_while_the_database_is_away_is_an_error(enter, lobby, monkeypatch):
    def locked(asked):
        raise OperationalError

    monkeypatch.setattr(read_receipts, "write", locked)
    ann = await enter(ANN)
    await ann.send("read", room="lobby", seq=1)
    error = await ann.until("error")
    assert (error["code"], error["room"], error["retry_after_ms"]) == ("internal", "lobby", 1_000)


# ---- Subscribers ----


async def test_a_closed_socket_leaves_no_subscriber(enter, lobby):
    ann, bob = await enter(ANN), await enter(BOB)
    await ann.close()
    assert list(current().ephemeral.rooms[lobby.pk]) == [BOB.key]
    await bob.close()
    assert current().ephemeral.rooms == {}


async def test_the_newest_unsent_event_on_a_topic_replaces_the_others(connect, lobby):
    """A client that does not read costs one frame a topic, however many events are sent."""
    events, received = current().ephemeral, {}
    with events.subscribe(1, Subscriber("lobby", "g-1", received.__setitem__)):
        for number in range(100):
            events.send_here(EphemeralEvent(1, "presence", {"online": [number]}))
            events.send_here(EphemeralEvent(1, "typing", {"member": number}, not_to="g-2"))
            events.send_here(EphemeralEvent(1, "typing", {"member": number}, not_to="g-1"))
            events.send_here(EphemeralEvent(2, "presence", {"online": [number]}))
    assert sorted(received.values()) == [
        '{"type":"presence","room":"lobby","online":[99]}',
        '{"type":"typing","room":"lobby","member":99}',
    ]
