"""Limits of joins and of the size of every input."""

import json

import pytest

from chat import rooms
from chat.models import Entry, Room
from realtime.errors import CloseCode
from realtime.log import tail_registry as tails_module
from realtime.rate_limit import Buckets
from tests.chat.conftest import cookie
from tests.chat.log.test_store import cursor_at
from tests.chat.transports.test_http import ANN, ENTRIES, EVENTS

pytestmark = pytest.mark.django_db(transaction=True)

LONG = "x" * 5_000  # what is one line of a request for Daphne; more never comes here


@pytest.fixture
def two_joins(monkeypatch):
    monkeypatch.setattr(rooms, "join_rate", Buckets(rate=0.01, burst=2))


# ---- Joins ---------------------------------------------------------------------------


async def test_too_many_joins_are_refused_and_the_subscription_stays(connect, lobby, two_joins):
    client = await connect()
    for _ in range(2):
        await client.join()
    await client.send("join", room="lobby")
    error = await client.until("error")
    assert (error["code"], error["room"]) == ("rate_limited", "lobby")
    assert error["retry_after_ms"] > 1_000
    await client.send("say", room="lobby", cid="c", body="b")
    assert (await client.until("events"))["cursor"] == await cursor_at(lobby, 1)


async def test_joins_are_counted_by_member_and_not_by_socket(connect, lobby, two_joins):
    tabs = [await connect(headers=[cookie(ANN)]) for _ in range(3)]
    for tab in tabs[:2]:
        await tab.join()
    await tabs[2].send("join", room="lobby")
    assert (await tabs[2].until("error"))["code"] == "rate_limited"
    await (await connect()).join()


async def test_a_rejoin_by_the_server_does_not_count_as_a_join(
    connect, lobby, monkeypatch, two_joins
):
    monkeypatch.setattr(tails_module, "CHECK_SECONDS", 0.01)
    client = await connect()
    await client.join()
    for number in range(3):
        await Room.objects.filter(pk=lobby.pk).aupdate(epoch=f"{number:04x}")
        assert (await client.until("joined"))["epoch"] == f"{number:04x}"


async def test_too_many_text_sockets_are_refused(connect, lobby, two_joins):
    for _ in range(2):
        await connect("/ws/chat/lobby/", headers=[cookie(ANN)])
    line = await connect("/ws/chat/lobby/", headers=[cookie(ANN)])
    assert (await line.receive()).startswith("! Too many joins at once.")
    assert await line.closed() == CloseCode.TRY_LATER


async def test_too_many_streams_are_told_to_reconnect_later(ann, lobby, two_joins):
    for _ in range(2):
        await ann.get(EVENTS)
    answer = await ann.get(EVENTS)
    assert answer.status_code == 200  # any other would end an EventSource for good
    body = b"".join([piece async for piece in answer])
    assert 10_000 <= int(body.removeprefix(b"retry: ")) <= 30_000


# ---- Sizes ---------------------------------------------------------------------------

QUERIES = ["cursor", "wait", "before", "limit", "as", "name"]


@pytest.mark.parametrize("name", QUERIES)
async def test_a_long_value_in_the_query_has_a_short_answer(ann, lobby, name):
    query = f"{name}={LONG}" if name != "limit" else f"before=1&limit={LONG}"
    answer = await ann.get(f"{ENTRIES}?cursor={await cursor_at(lobby, 0)}&{query}")
    assert answer.status_code in (200, 400, 401)
    assert len(answer.content) < 1_000


@pytest.mark.parametrize("path", ["/chat/{}/", "/api/rooms/{}/entries", "/api/rooms/{}/events"])
async def test_a_long_name_of_a_room_is_not_found(ann, lobby, path):
    assert (await ann.get(path.format(LONG))).status_code == 404


@pytest.mark.parametrize("name", ["guest", "sessionid", "csrftoken", "other"])
async def test_a_long_cookie_is_ignored(ann, lobby, name):
    ann.cookies[name] = LONG
    assert (await ann.get(ENTRIES)).status_code == 200


COMMANDS = {
    "cid": {"type": "say", "room": "lobby", "cid": LONG, "body": "b"},
    "body": {"type": "say", "room": "lobby", "cid": "c", "body": LONG},
    "room": {"type": "say", "room": LONG, "cid": "c", "body": "b"},
    "type": {"type": LONG},
    "number": {"type": "read", "room": "lobby", "seq": 10**4_000},
    "cursor": {"type": "join", "room": "lobby", "cursor": LONG},
}


@pytest.mark.parametrize("field", COMMANDS)
async def test_a_long_field_of_a_frame_is_refused_and_not_repeated(connect, lobby, field):
    client = await connect()
    await client.send(**COMMANDS[field])
    while (answer := await client.take())["type"] in ("welcome", "presence"):
        pass
    assert answer["type"] == ("joined" if field == "cursor" else "error")
    assert field == "room" or len(json.dumps(answer)) < 1_000
    assert not await Entry.objects.aexists()


async def test_a_frame_that_is_too_long_closes_the_socket(connect, lobby, settings):
    client = await connect()
    await client.send_text("x" * (settings.CHAT_FRAME_BYTES + 1))
    assert await client.closed() == CloseCode.BAD_FRAME


@pytest.mark.parametrize("name", [LONG, "👨‍👩‍👧‍👦" * 40, "e" + "\u0301" * 300])
async def test_a_guest_does_not_get_a_long_name(connect, lobby, name):
    client = await connect(f"/ws/chat/?name={name}")
    welcome = await client.until("welcome")
    assert welcome["member"]["name"].startswith("guest-")
    assert len(welcome["member"]["name"]) < 32


async def test_a_long_body_over_http_is_refused(ann, lobby, settings):
    body = "x" * (settings.CHAT_FRAME_BYTES + 1)
    answer = await ann.post(ENTRIES, body, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (413, "too_long")
