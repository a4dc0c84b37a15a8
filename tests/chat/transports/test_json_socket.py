"""The commands of the JSON socket and their answers."""

import asyncio
import json

import pytest
from django.db import OperationalError

from chat.log import store
from chat.models import Entry
from chat.protocol import entries
from realtime.log.group_commit import GroupCommit
from tests.chat.conftest import ANN, cookie, fill, received_seqs
from tests.chat.log.test_store import cursor_at

pytestmark = pytest.mark.django_db(transaction=True)


async def test_welcome_names_the_member_and_the_limits(connect, lobby):
    client = await connect(headers=[cookie(ANN)])
    assert client.subprotocol == "twinstream.v1"
    assert await client.frame("welcome") == {
        "type": "welcome",
        "version": 1,
        "member": {"key": ANN.key, "name": "Ann", "guest": True},
        "heartbeat_s": 25,
        "timeout_s": 60,
        "limits": {"body": 4000, "frame": 32768, "rate": 10},
    }


async def test_a_client_without_subprotocol_is_served(connect, lobby):
    client = await connect(subprotocols=[])
    assert client.subprotocol is None
    await client.frame("welcome")


async def test_a_message_is_acknowledged_and_sent_to_everybody_in_the_room(connect, lobby):
    ann, bob = await connect(headers=[cookie(ANN)]), await connect("/ws/chat/?name=Bob")
    joined = await ann.join()
    assert joined == {
        "type": "joined",
        "room": "lobby",
        "name": "Lobby",
        "epoch": lobby.epoch,
        "head": 0,
        "cursor": f"{lobby.epoch}:0:000000000000",
        "reset": False,
        "online": [ANN.public()],
        "read": 0,
    }
    await bob.join()
    await ann.send("say", room="lobby", cid="c-1", body="你好", reply_to=None)
    assert await ann.frame("ack") == {
        "type": "ack",
        "room": "lobby",
        "cid": "c-1",
        "seq": 1,
        "duplicate": False,
    }
    for client in (ann, bob):
        events = await client.frame("events")
        (entry,) = events["events"]
        assert (events["room"], events["cursor"]) == ("lobby", await cursor_at(lobby, 1))
        at = entry.pop("at")
        assert at.endswith("Z")
        assert entry == {
            "seq": 1,
            "kind": "say",
            "author": {"key": ANN.key, "name": "Ann"},
            "cid": "c-1",
            "body": "你好",
        }


async def test_a_retry_with_the_same_cid_gets_the_same_ack(connect, lobby):
    client = await connect()
    for duplicate in (False, True, True):
        await client.send("say", room="lobby", cid="c", body="b")
        assert (await client.until("ack"))["duplicate"] is duplicate
    assert await Entry.objects.acount() == 1


async def test_the_same_cid_with_another_body_is_a_conflict(connect, lobby):
    client = await connect()
    await client.send("say", room="lobby", cid="c", body="b")
    await client.until("ack")
    await client.send("say", room="lobby", cid="c", body="other")
    error = await client.frame("error")
    assert (error["code"], error["cid"], error["room"]) == ("cid_conflict", "c", "lobby")


async def test_edit_and_delete_are_entries_and_only_for_the_author(connect, lobby):
    ann, bob = await connect(headers=[cookie(ANN)]), await connect()
    await bob.join()
    await ann.send("say", room="lobby", cid="a", body="old")
    await ann.send("edit", room="lobby", cid="b", ref=1, body="new")
    await ann.send("delete", room="lobby", cid="c", ref=1)
    assert [(await ann.until("ack"))["seq"] for _ in range(3)] == [1, 2, 3]
    await bob.send("edit", room="lobby", cid="d", ref=1, body="mine")
    entries = []
    while len(entries) < 3:
        entries += (await bob.until("events"))["events"]
    assert [(entry["kind"], entry.get("ref")) for entry in entries] == [
        ("say", None),
        ("edit", 1),
        ("delete", 1),
    ]


async def test_history_returns_a_page_of_older_entries(connect, lobby):
    await fill(lobby, 8)
    client = await connect()
    await client.frame("welcome")
    await client.send("history", room="lobby", before=8, limit=3)
    page = await client.frame("page")
    assert [entry["seq"] for entry in page["events"]] == [5, 6, 7]
    assert (page["room"], page["before"], page["more"]) == ("lobby", 8, True)


async def test_a_ping_is_answered_with_a_pong(connect, lobby):
    client = await connect()
    await client.frame("welcome")
    await client.send("ping", ts=1_700_000_000_123)
    assert await client.frame("pong") == {"type": "pong", "ts": 1_700_000_000_123}


async def test_a_large_backlog_is_split_into_frames(connect, lobby, monkeypatch):
    monkeypatch.setattr(entries, "MAX_FRAME_CHARACTERS", 1_000)
    await fill(lobby, 50)
    client = await connect()
    await client.join()
    assert await received_seqs(client, 50) == list(range(1, 51))


async def test_a_slow_say_does_not_delay_other_commands(connect, lobby, monkeypatch):
    append, go_on = GroupCommit.add, asyncio.Event()

    async def slow(self, draft):
        await go_on.wait()
        return await append(self, draft)

    monkeypatch.setattr(GroupCommit, "add", slow)
    client = await connect()
    await client.join()
    await client.send("say", room="lobby", cid="c", body="b")
    await client.send("ping", ts=1)
    await client.frame("pong")
    go_on.set()
    await client.until("ack")


async def test_commands_behind_a_failed_one_fail_too(connect, lobby, monkeypatch):
    """Or it would stand in the log before the first, which comes again."""
    write, failures = store.write, [1]

    def failing(drafts):
        if failures:
            failures.pop()
            raise OperationalError
        return write(drafts)

    monkeypatch.setattr(store, "write", failing)
    client = await connect()
    for cid in "abc":
        await client.send("say", room="lobby", cid=cid, body=cid)
    answers = [await client.until("error")]
    for _ in range(2):
        answers.append(json.loads(await client.receive()))
    assert [(answer["cid"], answer.get("code")) for answer in answers] == [
        ("a", "internal"),
        ("b", "internal"),
        ("c", "internal"),
    ]


async def test_the_number_of_commands_that_wait_for_the_database_is_limited(
    connect, lobby, monkeypatch, settings
):
    settings.CHAT_BURST = 3
    go_on, add = asyncio.Event(), GroupCommit.add

    async def slow(self, item):
        await go_on.wait()
        return await add(self, item)

    monkeypatch.setattr(GroupCommit, "add", slow)
    client = await connect()
    await client.join()
    for number in range(6):
        await client.send("say", room="lobby", cid=f"c-{number}", body="b")
    error = await client.until("error")
    assert (error["code"], error["retry_after_ms"]) == ("rate_limited", 1_000)
    go_on.set()
    assert (await client.until("ack"))["cid"] == "c-0"


async def test_a_say_while_the_database_is_away_can_be_retried(connect, lobby, monkeypatch):
    client = await connect()
    await client.join()

    def away(drafts):
        raise OperationalError

    with monkeypatch.context() as patch:
        patch.setattr(store, "write", away)
        await client.send("say", room="lobby", cid="c", body="b")
        error = await client.until("error")
    assert (error["code"], error["retry_after_ms"], error["cid"]) == ("internal", 1_000, "c")
    await client.send("say", room="lobby", cid="c", body="b")
    assert (await client.until("ack"))["duplicate"] is False
