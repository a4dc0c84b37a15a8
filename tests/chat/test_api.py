import asyncio
import json

import pytest
from channels.db import database_sync_to_async
from django.db import OperationalError
from django.test import AsyncClient

from chat import api, entries, log, members, rooms, tail
from chat import tails as tails_module
from chat.members import Member
from chat.models import Entry, Room
from chat.rate import Buckets
from chat.tails import tails
from streaming import responses
from tests.chat.test_log import draft
from tests.eventsource import Parser

pytestmark = pytest.mark.django_db(transaction=True)

EVENTS = "/api/rooms/lobby/events"
ENTRIES = "/api/rooms/lobby/entries"
ANN = Member("g-000000000000000a", "Ann", guest=True)


@pytest.fixture
def client():
    client = AsyncClient()
    client.cookies["guest"] = members.guest_cookie(ANN)
    return client


async def fill(room, count):
    await database_sync_to_async(log.write)([draft(room, str(n), str(n)) for n in range(count)])


async def say(client, cid="c", body="b", **fields):
    command = {"type": "say", "room": "lobby", "cid": cid, "body": body, **fields}
    return await client.post(ENTRIES, json.dumps(command), content_type="application/json")


def seqs(answer):
    return [entry["seq"] for entry in answer.json()["events"]]


# ---- Events --------------------------------------------------------------------------


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


async def listen(client, query="", **headers):
    return Listener(await client.get(f"{EVENTS}{query}", headers=headers))


async def test_the_newest_fifty_and_then_what_comes(client, lobby):
    await fill(lobby, 60)
    listener = await listen(client)
    events = await listener.until(50)
    assert [id for id, _, _ in events] == [f"{lobby.epoch}:{seq}" for seq in range(11, 61)]
    await say(client, body="你\n好")
    id, name, data = (await listener.until(51))[-1]
    assert (id, name, json.loads(data)["body"]) == (f"{lobby.epoch}:61", "say", "你\n好")
    assert listener.response["Content-Type"] == "text/event-stream"
    await listener.close()


async def test_the_first_bytes_leave_at_once(client, lobby):
    listener = await listen(client)
    assert (await anext(listener.pieces)).startswith(b"retry: ")
    await listener.close()


async def test_the_name_of_an_event_is_the_kind_of_its_entry(client, lobby):
    await fill(lobby, 1)
    await database_sync_to_async(log.write)([draft(lobby, "x", "", kind="delete", ref=1)])
    listener = await listen(client)
    assert [name for _, name, _ in await listener.until(2)] == ["say", "delete"]
    await listener.close()


@pytest.mark.parametrize("where", ["header", "query"])
async def test_a_listener_resumes(client, lobby, where):
    await fill(lobby, 5)
    cursor = f"{lobby.epoch}:3"
    given = {"last_event_id": cursor} if where == "header" else {"query": f"?cursor={cursor}"}
    listener = await listen(client, **given)
    assert [id for id, _, _ in await listener.until(2)] == [f"{lobby.epoch}:{n}" for n in (4, 5)]
    await listener.close()


async def test_a_cursor_that_leads_nowhere_is_said_to(client, lobby):
    await fill(lobby, 60)
    listener = await listen(client, last_event_id="feed:3")
    events = await listener.until(51)
    assert events[0][:2] == (f"{lobby.epoch}:10", "reset")
    assert json.loads(events[0][2])["head"] == 60
    assert events[1][0] == f"{lobby.epoch}:11"
    await listener.close()


async def test_silence_is_broken_by_pings_that_tell_the_head(client, lobby, monkeypatch):
    monkeypatch.setattr(api, "PING_SECONDS", 0.02)
    await fill(lobby, 1)
    listener = await listen(client)
    events = await listener.until(3)
    assert [(name, data) for _, name, data in events[1:]] == [("ping", '{"heads":{"lobby":1}}')] * 2
    assert listener.parser.last_event_id == f"{lobby.epoch}:1"
    await listener.close()


async def test_who_leaves_is_no_reader_any_more(client, lobby):
    listener = await listen(client)
    await listener.until(0)
    await anext(listener.pieces)
    await fill(lobby, 1)
    waiting = asyncio.ensure_future(anext(listener.pieces))
    async with asyncio.timeout(5):
        while not tails().tails:
            await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait([waiting])
    await listener.close()
    assert tails().tails == {}
    assert responses.streams.count == 0


async def test_who_may_no_longer_enter_is_sent_away(client, lobby, monkeypatch):
    monkeypatch.setattr(api, "PING_SECONDS", 0.02)
    listener = await listen(client)
    await listener.until(1)
    await Room.objects.filter(pk=lobby.pk).aupdate(is_public=False)
    async with asyncio.timeout(5):
        async for _ in listener.pieces:
            pass
    assert (await client.get(EVENTS)).status_code == 403


async def test_a_room_that_is_deleted_ends_the_stream(client, lobby, monkeypatch):
    monkeypatch.setattr(tails_module, "CHECK_SECONDS", 0.01)
    listener = await listen(client)
    await anext(listener.pieces)
    await lobby.adelete()
    async with asyncio.timeout(5):
        async for _ in listener.pieces:
            pass
    assert (await client.get(EVENTS)).status_code == 404


async def test_a_failing_database_costs_a_listener_time_and_nothing_else(
    client, lobby, monkeypatch
):
    monkeypatch.setattr(api, "RETRY_SECONDS", 0.01)
    take, failures = tail.Reader.take, iter([OperationalError()])

    async def failing(self):
        for error in failures:
            raise error
        return await take(self)

    monkeypatch.setattr(tail.Reader, "take", failing)
    await fill(lobby, 2)
    listener = await listen(client)
    assert len(await listener.until(2)) == 2
    await listener.close()


# ---- Polling -------------------------------------------------------------------------


async def test_a_first_poll_brings_the_newest_fifty(client, lobby):
    await fill(lobby, 60)
    answer = await client.get(f"{ENTRIES}?wait=25")
    assert seqs(answer) == list(range(11, 61))
    rest = {name: value for name, value in answer.json().items() if name != "events"}
    cursor = f"{lobby.epoch}:60"
    assert rest == {"epoch": lobby.epoch, "cursor": cursor, "head": 60, "reset": False}


async def test_a_short_poll_brings_what_there_is(client, lobby):
    await fill(lobby, 3)
    answer = await client.get(f"{ENTRIES}?cursor={lobby.epoch}:1")
    assert seqs(answer) == [2, 3]
    answer = await client.get(f"{ENTRIES}?cursor={answer.json()['cursor']}")
    assert seqs(answer) == []
    assert answer.json()["cursor"] == f"{lobby.epoch}:3"


async def test_a_long_poll_waits_for_what_comes(client, lobby):
    polling = asyncio.ensure_future(client.get(f"{ENTRIES}?cursor={lobby.epoch}:0&wait=25"))
    async with asyncio.timeout(5):
        while not tails().tails:
            await asyncio.sleep(0)
        assert not polling.done()
        await say(client)
        assert seqs(await polling) == [1]
    assert tails().tails == {}


async def test_a_long_poll_ends_with_nothing_when_nothing_comes(client, lobby):
    answer = await client.get(f"{ENTRIES}?cursor={lobby.epoch}:0&wait=1")
    assert (seqs(answer), answer.json()["cursor"]) == ([], f"{lobby.epoch}:0")


async def test_a_poll_with_a_cursor_that_leads_nowhere_is_reset(client, lobby):
    await fill(lobby, 60)
    answer = await client.get(f"{ENTRIES}?cursor=feed:3&wait=25")
    assert answer.json()["reset"] is True
    assert seqs(answer) == list(range(11, 61))


async def test_a_large_backlog_comes_in_several_polls(client, lobby, monkeypatch):
    monkeypatch.setattr(entries, "FRAME_SIZE", 1_000)
    await fill(lobby, 50)
    cursor, found = f"{lobby.epoch}:0", []
    while len(found) < 50:
        answer = await client.get(f"{ENTRIES}?cursor={cursor}")
        cursor = answer.json()["cursor"]
        found += seqs(answer)
    assert found == list(range(1, 51))


async def test_history(client, lobby):
    await fill(lobby, 8)
    answer = await client.get(f"{ENTRIES}?before=8&limit=3")
    assert seqs(answer) == [5, 6, 7]
    assert answer.json()["more"] is True


@pytest.mark.parametrize(
    "query",
    [
        "?cursor=e:1&wait=26",
        "?cursor=e:1&wait=-1",
        "?cursor=e:1&wait=x",
        "?before=0",
        "?before=x",
        "?before=5&limit=101",
        "?before=5&limit=0",
        "?before=99999999999999999999",
    ],
)
async def test_queries_out_of_range(client, lobby, query):
    answer = await client.get(f"{ENTRIES}{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_frame")


# ---- Commands ------------------------------------------------------------------------


async def test_a_command_is_answered_as_on_a_socket(client, lobby):
    answer = await say(client)
    ack = {"type": "ack", "room": "lobby", "cid": "c", "seq": 1, "duplicate": False}
    assert answer.json() == ack
    assert (await say(client)).json() == ack | {"duplicate": True}
    entry = await Entry.objects.aget()
    assert (entry.author_key, entry.author_name) == (ANN.key, "Ann")


async def test_a_command_need_not_repeat_the_room(client, lobby):
    command = '{"type":"say","cid":"c","body":"b"}'
    answer = await client.post(ENTRIES, command, content_type="application/json")
    assert answer.json()["seq"] == 1


async def test_edit_and_delete(client, lobby):
    await say(client)
    for seq, command in enumerate(
        [
            {"type": "edit", "cid": "d", "ref": 1, "body": "new"},
            {"type": "delete", "cid": "e", "ref": 1},
        ],
        start=2,
    ):
        answer = await client.post(ENTRIES, command, content_type="application/json")
        assert answer.json()["seq"] == seq


@pytest.mark.parametrize(
    ("command", "status", "code"),
    [
        ("nonsense", 400, "bad_frame"),
        (b"\xff", 400, "bad_frame"),
        ('{"type":"say","cid":"c"}', 400, "bad_frame"),
        ('{"type":"say","cid":"c","body":" "}', 400, "bad_frame"),
        ('{"type":"say","room":"other","cid":"c","body":"b"}', 400, "bad_frame"),
        ('{"type":"zap"}', 400, "unknown_type"),
        ('{"type":"join"}', 400, "unknown_type"),
        ('{"type":"delete","cid":"c","ref":9}', 404, "not_found"),
        ('{"type":"say","cid":"c","body":"%s"}' % ("x" * 4_001), 413, "too_long"),
        ('{"type":"say","cid":"c","body":"%s"}' % ("x" * 40_000), 413, "too_long"),
    ],
)
async def test_bad_commands(client, lobby, command, status, code):
    answer = await client.post(ENTRIES, command, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert not await Entry.objects.aexists()


async def test_a_cid_for_something_else_is_a_conflict(client, lobby):
    await say(client)
    answer = await say(client, body="other")
    assert (answer.status_code, answer.json()["code"]) == (409, "cid_conflict")


async def test_too_many_messages(client, lobby, monkeypatch):
    monkeypatch.setattr(rooms, "message_rate", Buckets(rate=0.1, burst=1))
    await say(client, "a")
    answer = await say(client, "b")
    assert (answer.status_code, answer.json()["code"]) == (429, "rate_limited")
    assert answer["Retry-After"] == "10"


async def test_while_the_database_is_away(client, lobby, monkeypatch):
    def away(drafts):
        raise OperationalError

    monkeypatch.setattr(log, "write", away)
    answer = await say(client)
    assert (answer.status_code, answer.json()["code"]) == (503, "internal")
    assert answer["Retry-After"] == "1"


async def test_a_listener_who_comes_while_the_database_is_away_is_asked_to_come_again(
    client, lobby, monkeypatch
):
    async def away(slug, member):
        raise rooms.unavailable()

    monkeypatch.setattr(rooms, "enter", away)
    answer = await client.get(EVENTS)
    assert answer.status_code == 200  # an EventSource gives up on any other
    pieces = [piece async for piece in answer]
    assert [piece.startswith(b"retry: ") for piece in pieces] == [True]


@pytest.mark.parametrize("path", [EVENTS, ENTRIES, f"{ENTRIES}?before=3"])
async def test_rooms_that_cannot_be_entered(client, lobby, backroom, path):
    nowhere = await client.get(path.replace("lobby", "nowhere"))
    assert (nowhere.status_code, nowhere.json()["code"]) == (404, "not_found")
    closed = await client.get(path.replace("lobby", "backroom"))
    assert (closed.status_code, closed.json()["code"]) == (403, "forbidden")


async def test_other_methods(client, lobby):
    strict = AsyncClient(enforce_csrf_checks=True)  # no token: there is nothing to be allowed
    assert (await strict.post(EVENTS)).status_code == 405
    assert (await client.delete(ENTRIES)).status_code == 405


async def test_a_command_needs_djangos_token(lobby):
    strict = AsyncClient(enforce_csrf_checks=True)
    answer = await say(strict)
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert not await Entry.objects.aexists()


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("http://testserver", 200),
        ("https://friend.example", 200),
        ("https://foe.example", 403),
        ("null", 403),
        (None, 200),
    ],
)
async def test_whose_pages_may_post(lobby, origin, status):
    strict = AsyncClient(enforce_csrf_checks=True)
    await strict.get("/chat/lobby/")
    command = {"type": "say", "room": "lobby", "cid": "c", "body": "b"}
    headers = {"x-csrftoken": strict.cookies["csrftoken"].value} | (
        {"origin": origin} if origin else {}
    )
    answer = await strict.post(ENTRIES, command, content_type="application/json", headers=headers)
    assert answer.status_code == status
