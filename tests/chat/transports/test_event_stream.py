import asyncio
import itertools
import json

import pytest
from channels.db import database_sync_to_async
from django.db import OperationalError
from django.test import AsyncClient

from chat.log import store
from chat.models import Room
from chat.transports import event_stream
from chat.worker import current
from realtime.log import tail_registry as tails_module
from realtime.log.reader import Reader
from tests.chat.conftest import fill
from tests.chat.log.test_store import cursor_at, draft
from tests.chat.transports.test_http import EVENTS, say
from tests.clients.sse import Parser

pytestmark = pytest.mark.django_db(transaction=True)


class Listener:
    """A reader of the event stream."""

    def __init__(self, response):
        self.response = response
        self.pieces = aiter(response)
        self.parser = Parser()

    async def until(self, count):
        async with asyncio.timeout(5):
            while len(self.parser.events) < count:
                self.parser.feed(await anext(self.pieces))
        return self.parser.events

    async def close(self):
        await self.pieces.aclose()


async def listen(ann, query="", **headers):
    return Listener(await ann.get(f"{EVENTS}{query}", headers=headers))


async def test_a_stream_starts_with_the_newest_fifty_and_continues_live(ann, lobby):
    await fill(lobby, 60)
    listener = await listen(ann)
    events = await listener.until(50)
    assert [id for id, _, _ in events] == [await cursor_at(lobby, seq) for seq in range(11, 61)]
    await say(ann, body="你\n好")
    id, name, data = (await listener.until(51))[-1]
    assert (id, name, json.loads(data)["body"]) == (
        await cursor_at(lobby, 61),
        "say",
        "你\n好",
    )
    assert listener.response["Content-Type"] == "text/event-stream"
    await listener.close()


async def test_the_first_bytes_are_sent_at_once(ann, lobby):
    listener = await listen(ann)
    assert (await anext(listener.pieces)).startswith(b"retry: ")
    await listener.close()


async def test_the_name_of_an_event_is_the_kind_of_its_entry(ann, lobby):
    await fill(lobby, 1)
    await database_sync_to_async(store.write)([draft(lobby, "x", "", kind="delete", ref=1)])
    listener = await listen(ann)
    assert [name for _, name, _ in await listener.until(2)] == ["say", "delete"]
    await listener.close()


@pytest.mark.parametrize("where", ["header", "query"])
async def test_a_stream_resumes_from_a_cursor(ann, lobby, where):
    await fill(lobby, 5)
    cursor = await cursor_at(lobby, 3)
    given = {"last_event_id": cursor} if where == "header" else {"query": f"?cursor={cursor}"}
    listener = await listen(ann, **given)
    assert [id for id, _, _ in await listener.until(2)] == [
        await cursor_at(lobby, n) for n in (4, 5)
    ]
    await listener.close()


async def test_an_unknown_cursor_is_answered_with_reset(ann, lobby):
    await fill(lobby, 60)
    listener = await listen(ann, last_event_id="feed:3")
    events = await listener.until(51)
    assert events[0][:2] == (await cursor_at(lobby, 10), "reset")
    assert json.loads(events[0][2])["head"] == 60
    assert events[1][0] == await cursor_at(lobby, 11)
    await listener.close()


async def test_a_ping_with_the_head_is_sent_when_nothing_else_is(ann, lobby, monkeypatch):
    monkeypatch.setattr(event_stream, "PING_SECONDS", 0.02)
    await fill(lobby, 1)
    listener = await listen(ann)
    events = await listener.until(3)
    assert [(name, data) for _, name, data in events[1:]] == [("ping", '{"heads":{"lobby":1}}')] * 2
    assert listener.parser.last_event_id == await cursor_at(lobby, 1)
    await listener.close()


async def test_a_client_that_disconnects_releases_its_reader(ann, lobby):
    listener = await listen(ann)
    await listener.until(0)
    await anext(listener.pieces)
    await fill(lobby, 1)
    waiting = asyncio.ensure_future(anext(listener.pieces))
    async with asyncio.timeout(5):
        while not current().tails.tails:
            await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait([waiting])
    await listener.close()
    assert current().tails.tails == {}
    assert current().streams.count == 0


async def test_a_stream_ends_when_the_member_may_no_longer_enter_the_room(ann, lobby, monkeypatch):
    monkeypatch.setattr(event_stream, "PING_SECONDS", 0.02)
    listener = await listen(ann)
    await listener.until(1)
    await Room.objects.filter(pk=lobby.pk).aupdate(is_public=False)
    async with asyncio.timeout(5):
        async for _ in listener.pieces:
            pass
    assert (await ann.get(EVENTS)).status_code == 403


async def test_a_busy_stream_ends_when_the_member_is_removed_from_the_room(
    client, alice, backroom, monkeypatch
):
    await database_sync_to_async(client.force_login)(alice)
    browser = AsyncClient()
    browser.cookies = client.cookies
    monkeypatch.setattr(event_stream, "ACCESS_CHECK_SECONDS", 0.05)
    listener = Listener(await browser.get(EVENTS.replace("lobby", "backroom")))
    await anext(listener.pieces)

    async def talk():
        for number in itertools.count():
            await current().writer.add(draft(backroom, str(number)))

    talking = asyncio.ensure_future(talk())
    try:
        await listener.until(3)
        await database_sync_to_async(backroom.members.clear)()
        async with asyncio.timeout(5):
            async for _ in listener.pieces:
                pass
    finally:
        talking.cancel()


async def test_a_stream_ends_when_the_member_logs_out(client, alice, lobby, monkeypatch):
    await database_sync_to_async(client.force_login)(alice)
    browser = AsyncClient()
    browser.cookies = client.cookies
    monkeypatch.setattr(event_stream, "ACCESS_CHECK_SECONDS", 0)
    monkeypatch.setattr(event_stream, "PING_SECONDS", 0.02)
    listener = Listener(await browser.get(EVENTS))
    await listener.until(1)
    await database_sync_to_async(client.logout)()
    async with asyncio.timeout(5):
        async for _ in listener.pieces:
            pass


async def test_a_stream_ends_when_the_room_is_deleted(ann, lobby, monkeypatch):
    monkeypatch.setattr(tails_module, "CHECK_SECONDS", 0.01)
    listener = await listen(ann)
    await anext(listener.pieces)
    await lobby.adelete()
    async with asyncio.timeout(5):
        async for _ in listener.pieces:
            pass
    assert (await ann.get(EVENTS)).status_code == 404


async def test_a_failure_of_the_database_delays_a_stream_and_loses_nothing(ann, lobby, monkeypatch):
    monkeypatch.setattr(event_stream, "RETRY_SECONDS", 0.01)
    take, failures = Reader.take, iter([OperationalError()])

    async def failing(self):
        for error in failures:
            raise error
        return await take(self)

    monkeypatch.setattr(Reader, "take", failing)
    await fill(lobby, 2)
    listener = await listen(ann)
    assert len(await listener.until(2)) == 2
    await listener.close()
