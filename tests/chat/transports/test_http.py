import asyncio
import json

import pytest
from channels.db import database_sync_to_async
from django.db import OperationalError
from django.test import AsyncClient

from chat import rooms
from chat.log import store
from chat.models import Entry, ReadMark
from chat.protocol import entries
from chat.worker import current
from realtime import errors
from realtime.log import tail_registry
from realtime.rate_limit import Buckets
from tests.chat.conftest import ANN, fill
from tests.chat.log.test_store import cursor_at

pytestmark = pytest.mark.django_db(transaction=True)

EVENTS = "/api/rooms/lobby/events"
ENTRIES = "/api/rooms/lobby/entries"


async def say(browser, cid="c", body="b", **fields):
    command = {"type": "say", "room": "lobby", "cid": cid, "body": body, **fields}
    return await browser.post(ENTRIES, json.dumps(command), content_type="application/json")


def seqs(answer):
    return [entry["seq"] for entry in answer.json()["events"]]


# ---- Polling -------------------------------------------------------------------------


async def test_a_first_poll_returns_the_newest_fifty(ann, lobby):
    await fill(lobby, 60)
    answer = await ann.get(f"{ENTRIES}?wait=25")
    assert seqs(answer) == list(range(11, 61))
    rest = {name: value for name, value in answer.json().items() if name != "events"}
    cursor = await cursor_at(lobby, 60)
    assert rest == {"epoch": lobby.epoch, "cursor": cursor, "head": 60, "reset": False}


async def test_a_short_poll_returns_what_follows_the_cursor(ann, lobby):
    await fill(lobby, 3)
    answer = await ann.get(f"{ENTRIES}?cursor={await cursor_at(lobby, 1)}")
    assert seqs(answer) == [2, 3]
    answer = await ann.get(f"{ENTRIES}?cursor={answer.json()['cursor']}")
    assert seqs(answer) == []
    assert answer.json()["cursor"] == await cursor_at(lobby, 3)


async def test_a_long_poll_waits_for_the_next_entry(ann, lobby):
    cursor = await cursor_at(lobby, 0)
    polling = asyncio.ensure_future(ann.get(f"{ENTRIES}?cursor={cursor}&wait=25"))
    async with asyncio.timeout(5):
        while not current().tails.tails:
            await asyncio.sleep(0)
        assert not polling.done()
        await say(ann)
        assert seqs(await polling) == [1]
    assert current().tails.tails == {}


@pytest.mark.parametrize("cursor", [False, True])
async def test_a_poll_has_what_another_worker_has_acknowledged(
    ann, lobby, cursor, monkeypatch, until_subscribed
):
    monkeypatch.setattr(tail_registry, "CHECK_SECONDS", 3_600)
    reader = await current().tails.open(lobby.pk)
    await until_subscribed(reader)
    try:
        await fill(lobby, 2)  # without a notification
        assert reader.tail.head == 0
        answer = await ann.get(ENTRIES + (f"?cursor={lobby.epoch}:0" if cursor else ""))
        assert (seqs(answer), answer.json()["head"]) == ([1, 2], 2)
    finally:
        reader.close()


async def test_a_poll_is_refused_while_the_newest_entries_cannot_be_read(
    ann, lobby, monkeypatch, until_subscribed
):
    async def fail(*_):
        raise OperationalError

    monkeypatch.setattr(tail_registry, "CHECK_SECONDS", 3_600)
    reader = await current().tails.open(lobby.pk)
    await until_subscribed(reader)
    try:
        await fill(lobby, 2)
        monkeypatch.setattr(store, "after", fail)
        answer = await ann.get(ENTRIES)
        assert (answer.status_code, answer.json()["code"]) == (503, "internal")
    finally:
        reader.close()
    assert current().tails.tails == {}


async def test_a_long_poll_without_entries_returns_an_empty_list(ann, lobby):
    cursor = await cursor_at(lobby, 0)
    answer = await ann.get(f"{ENTRIES}?cursor={cursor}&wait=1")
    assert (seqs(answer), answer.json()["cursor"]) == ([], cursor)


async def test_a_poll_with_an_unknown_cursor_is_reset(ann, lobby):
    await fill(lobby, 60)
    answer = await ann.get(f"{ENTRIES}?cursor=feed:3&wait=25")
    assert answer.json()["reset"] is True
    assert seqs(answer) == list(range(11, 61))


async def test_a_large_backlog_is_split_into_several_polls(ann, lobby, monkeypatch):
    monkeypatch.setattr(entries, "MAX_FRAME_CHARACTERS", 1_000)
    await fill(lobby, 50)
    cursor, found = await cursor_at(lobby, 0), []
    while len(found) < 50:
        answer = await ann.get(f"{ENTRIES}?cursor={cursor}")
        cursor = answer.json()["cursor"]
        found += seqs(answer)
    assert found == list(range(1, 51))


async def test_history_returns_a_page_of_older_entries(ann, lobby):
    await fill(lobby, 8)
    answer = await ann.get(f"{ENTRIES}?before=8&limit=3")
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
async def test_a_number_out_of_range_is_refused(ann, lobby, query):
    answer = await ann.get(f"{ENTRIES}{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_frame")


# ---- Commands ------------------------------------------------------------------------


async def test_a_command_has_the_same_answer_as_on_a_socket(ann, lobby):
    answer = await say(ann)
    ack = {"type": "ack", "room": "lobby", "cid": "c", "seq": 1, "duplicate": False}
    assert answer.json() == ack
    assert (await say(ann)).json() == ack | {"duplicate": True}
    entry = await Entry.objects.aget()
    assert (entry.author_key, entry.author_name) == (ANN.key, "Ann")


async def test_a_command_without_a_room_is_for_the_room_of_the_address(ann, lobby):
    command = '{"type":"say","cid":"c","body":"b"}'
    answer = await ann.post(ENTRIES, command, content_type="application/json")
    assert answer.json()["seq"] == 1


async def test_edit_and_delete_are_entries(ann, lobby):
    await say(ann)
    for seq, command in enumerate(
        [
            {"type": "edit", "cid": "d", "ref": 1, "body": "new"},
            {"type": "delete", "cid": "e", "ref": 1},
        ],
        start=2,
    ):
        answer = await ann.post(ENTRIES, command, content_type="application/json")
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
async def test_a_bad_command_is_refused_with_its_status(ann, lobby, command, status, code):
    answer = await ann.post(ENTRIES, command, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert not await Entry.objects.aexists()


async def test_the_same_cid_with_another_body_is_a_conflict(ann, lobby):
    await say(ann)
    answer = await say(ann, body="other")
    assert (answer.status_code, answer.json()["code"]) == (409, "cid_conflict")


async def test_too_many_messages_are_refused_with_retry_after(ann, lobby, monkeypatch):
    monkeypatch.setattr(rooms, "message_rate", Buckets(rate=0.1, burst=1))
    await say(ann, "a")
    answer = await say(ann, "b")
    assert (answer.status_code, answer.json()["code"]) == (429, "rate_limited")
    assert answer["Retry-After"] == "10"


async def test_a_say_while_the_database_is_away_is_refused_with_retry_after(
    ann, lobby, monkeypatch
):
    def away(drafts):
        raise OperationalError

    monkeypatch.setattr(store, "write", away)
    answer = await say(ann)
    assert (answer.status_code, answer.json()["code"]) == (503, "internal")
    assert answer["Retry-After"] == "1"


async def test_a_stream_while_the_database_is_away_is_told_to_reconnect(ann, lobby, monkeypatch):
    async def away(slug, member):
        raise errors.unavailable()

    monkeypatch.setattr(rooms, "enter", away)
    answer = await ann.get(EVENTS)
    assert answer.status_code == 200  # an EventSource gives up on any other
    pieces = [piece async for piece in answer]
    assert [piece.startswith(b"retry: ") for piece in pieces] == [True]


@pytest.mark.parametrize("path", [EVENTS, ENTRIES, f"{ENTRIES}?before=3"])
async def test_a_room_that_the_member_may_not_enter_is_refused(ann, lobby, backroom, path):
    nowhere = await ann.get(path.replace("lobby", "nowhere"))
    assert (nowhere.status_code, nowhere.json()["code"]) == (404, "not_found")
    closed = await ann.get(path.replace("lobby", "backroom"))
    assert (closed.status_code, closed.json()["code"]) == (403, "forbidden")


async def test_other_methods_are_not_allowed(ann, lobby):
    strict = AsyncClient(enforce_csrf_checks=True)  # no token: there is nothing to be allowed
    assert (await strict.post(EVENTS)).status_code == 405
    assert (await ann.delete(ENTRIES)).status_code == 405


@pytest.mark.parametrize("path", [EVENTS, ENTRIES, f"{ENTRIES}?before=3"])
async def test_a_page_whose_user_has_logged_out_gets_401(ann, alice, lobby, path):
    mark = "&" if "?" in path else "?"
    assert (await ann.get(f"{path}{mark}as=u-{alice.pk}")).status_code == 401
    assert (await ann.get(f"{path}{mark}as={ANN.key}")).status_code == 200
    assert (await ann.get(f"{path}{mark}as=g-000000000000000b")).status_code == 200


async def test_a_message_is_not_written_under_the_name_of_another_member(ann, client, alice, lobby):
    """A page that lost the answer sends the message again, after its session has ended."""
    await database_sync_to_async(client.force_login)(alice)
    browser = AsyncClient()
    browser.cookies = client.cookies
    command = json.dumps({"type": "say", "cid": "c", "body": "b"})
    address = f"{ENTRIES}?as=u-{alice.pk}"
    kind = "application/json"
    assert (await browser.post(address, command, content_type=kind)).status_code == 200
    for other in (ann, AsyncClient()):
        answer = await other.post(address, command, content_type=kind)
        assert (answer.status_code, answer.json()["code"]) == (401, "forbidden")
    answer = await browser.post(f"{ENTRIES}?as={ANN.key}", command, content_type=kind)
    assert answer.status_code == 401
    assert await Entry.objects.acount() == 1


async def test_the_receipt_of_a_guest_without_a_cookie_is_not_stored(lobby):
    await fill(lobby, 3)
    command = {"type": "read", "seq": 2}
    answer = await AsyncClient().post(ENTRIES, command, content_type="application/json")
    assert answer.json() == {"type": "read", "room": "lobby", "seq": 2, "unread": 1}
    assert not await ReadMark.objects.aexists()


async def test_a_command_needs_a_csrf_token(lobby):
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
async def test_only_pages_of_allowed_origins_may_post(lobby, origin, status):
    strict = AsyncClient(enforce_csrf_checks=True)
    await strict.get("/chat/lobby/")
    command = {"type": "say", "room": "lobby", "cid": "c", "body": "b"}
    headers = {"x-csrftoken": strict.cookies["csrftoken"].value} | (
        {"origin": origin} if origin else {}
    )
    answer = await strict.post(ENTRIES, command, content_type="application/json", headers=headers)
    assert answer.status_code == status
