import asyncio
import json

import pytest
from channels.db import database_sync_to_async
from django.db import OperationalError
from django.test import Client as Browser

from chat import rooms
from chat.log import store
from chat.models import Entry
from chat.protocol import entries
from chat.transports import base_socket, json_socket, socket_timer
from chat.transports.base_socket import FLOODING, PROTOCOL, SESSION_ENDED, SILENT
from chat.worker import current
from realtime.log.group_commit import GroupCommit
from realtime.rate_limit import Buckets
from tests.chat.conftest import ANN, cookie, fill, heard, session_of

pytestmark = pytest.mark.django_db(transaction=True)


# ---- The JSON socket -----------------------------------------------------------------


async def test_welcome(connect, lobby):
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


async def test_a_client_without_subprotocol_is_served_too(connect, lobby):
    client = await connect(subprotocols=[])
    assert client.subprotocol is None
    await client.frame("welcome")


async def test_join_say_ack_events(connect, lobby):
    ann, bob = await connect(headers=[cookie(ANN)]), await connect("/ws/chat/?name=Bob")
    joined = await ann.join()
    assert joined == {
        "type": "joined",
        "room": "lobby",
        "name": "Lobby",
        "epoch": lobby.epoch,
        "head": 0,
        "cursor": f"{lobby.epoch}:0",
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
        assert (events["room"], events["cursor"]) == ("lobby", f"{lobby.epoch}:1")
        at = entry.pop("at")
        assert at.endswith("Z")
        assert entry == {
            "seq": 1,
            "kind": "say",
            "author": {"key": ANN.key, "name": "Ann"},
            "cid": "c-1",
            "body": "你好",
        }


async def test_the_same_cid_again_gets_the_first_ack(connect, lobby):
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


async def test_edit_and_delete(connect, lobby):
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


async def test_history(connect, lobby):
    await fill(lobby, 8)
    client = await connect()
    await client.frame("welcome")
    await client.send("history", room="lobby", before=8, limit=3)
    page = await client.frame("page")
    assert [entry["seq"] for entry in page["events"]] == [5, 6, 7]
    assert (page["room"], page["before"], page["more"]) == ("lobby", 8, True)


async def test_ping_is_answered(connect, lobby):
    client = await connect()
    await client.frame("welcome")
    await client.send("ping", ts=1_700_000_000_123)
    assert await client.frame("pong") == {"type": "pong", "ts": 1_700_000_000_123}


async def test_a_large_backlog_comes_in_frames_that_fit(connect, lobby, monkeypatch):
    monkeypatch.setattr(entries, "FRAME_SIZE", 1_000)
    await fill(lobby, 50)
    client = await connect()
    await client.join()
    assert await heard(client, 50) == list(range(1, 51))


# ---- Heartbeat -----------------------------------------------------------------------


async def test_the_server_pings_with_the_heads(connect, lobby, settings):
    settings.HEARTBEAT_SECONDS = 0.02
    await fill(lobby, 3)
    client = await connect()
    await client.join()
    ping = await client.until("ping")
    assert ping["heads"] == {"lobby": 3}
    assert ping["ts"] > 1_700_000_000_000


async def test_a_silent_socket_is_closed(connect, lobby, settings):
    settings.SILENCE_SECONDS = 0.05
    client = await connect()
    assert await client.closed() == SILENT


async def test_a_socket_that_answers_lives(connect, lobby, settings, monkeypatch):
    monkeypatch.setattr(socket_timer, "TICK_SECONDS", 0.01)
    settings.HEARTBEAT_SECONDS, settings.SILENCE_SECONDS = 0.05, 0.5
    client = await connect()
    for _ in range(20):
        await client.send("pong", ts=(await client.until("ping"))["ts"])


# ---- Bad input -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("not json", "bad_frame"),
        ("[1]", "bad_frame"),
        ('{"type":"say","room":"lobby","cid":"c"}', "bad_frame"),
        ('{"type":"say","room":"lobby","cid":"c","body":7}', "bad_frame"),
        ('{"type":"say","room":"lobby","cid":"c","body":"  "}', "bad_frame"),
        ('{"type":"zap"}', "unknown_type"),
        ('{"type":"join","room":"nowhere"}', "not_found"),
        ('{"type":"say","room":"nowhere","cid":"c","body":"b"}', "not_found"),
        ('{"type":"history","room":"nowhere","before":3}', "not_found"),
        ('{"type":"join","room":"backroom"}', "forbidden"),
        ('{"type":"say","room":"backroom","cid":"c","body":"b"}', "forbidden"),
        ('{"type":"history","room":"backroom","before":3}', "forbidden"),
        ('{"type":"say","room":"lobby","cid":"c","body":"%s"}' % ("x" * 4_001), "too_long"),
        ('{"type":"say","room":"lobby","cid":"c","body":"b","reply_to":5}', "not_found"),
    ],
)
async def test_bad_input_gets_an_error_and_the_socket_lives(connect, lobby, backroom, text, code):
    client = await connect()
    await client.frame("welcome")
    await client.say_line(text)
    error = await client.frame("error")
    assert error["code"] == code
    assert error["message"]
    if '"cid"' in text:
        assert error["cid"] == "c"
    await client.send("ping", ts=1)
    await client.frame("pong")


async def test_a_frame_that_is_too_large_closes_the_socket(connect, lobby):
    client = await connect()
    await client.say_line(json.dumps({"type": "ping", "ts": 1, "x": "好" * 11_000}))
    assert await client.closed() == PROTOCOL


async def test_a_binary_frame_closes_the_socket(connect, lobby):
    client = await connect()
    await client.socket.send_to(bytes_data=b'{"type":"ping","ts":1}')
    assert await client.closed() == PROTOCOL


async def test_too_many_messages_are_refused_with_a_time(connect, lobby, monkeypatch):
    monkeypatch.setattr(rooms, "message_rate", Buckets(rate=1, burst=1))
    client = await connect()
    for cid in "ab":
        await client.send("say", room="lobby", cid=cid, body=cid)
    error = await client.until("error")
    assert (error["code"], error["cid"]) == ("rate_limited", "b")
    assert 0 < error["retry_after_ms"] <= 1_001


async def test_a_flood_is_closed(connect, lobby, settings, caplog):
    settings.CHAT_BURST, settings.CHAT_MESSAGES_PER_SECOND = 1, 1
    client = await connect()
    for _ in range(20):
        await client.say_line("secret")
    assert await client.closed() == FLOODING
    assert "too many frames" in caplog.text
    assert "secret" not in caplog.text


async def test_a_slow_say_keeps_nothing_else_waiting(connect, lobby, monkeypatch):
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


async def test_what_is_said_behind_a_failure_fails_with_it(connect, lobby, monkeypatch):
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
        answers.append(json.loads(await client.line()))
    assert [(answer["cid"], answer.get("code")) for answer in answers] == [
        ("a", "internal"),
        ("b", "internal"),
        ("c", "internal"),
    ]


async def test_a_session_that_cannot_be_read_is_asked_to_come_again(connect, alice, monkeypatch):
    session = await session_of(alice)

    async def away(scope):
        raise OperationalError

    monkeypatch.setattr(base_socket, "get_user", away)
    client = await connect(headers=[session])
    assert (await client.frame("bye"))["reason"] == "internal"
    assert await client.closed() == FLOODING


async def test_while_the_database_is_away(connect, lobby, monkeypatch):
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


async def test_a_worker_that_is_full_says_when_to_come_again(connect, lobby, settings):
    settings.SOCKETS_PER_WORKER = 1
    before = current().counters.refusals["full"]
    await connect()
    second = await connect()
    bye = await second.frame("bye")
    assert 10_000 <= bye["retry_after_ms"] <= 30_000
    assert await second.closed() == FLOODING
    third = await connect("/ws/chat/lobby/")
    assert (await third.line()).startswith("! The server is busy")
    assert current().counters.refusals["full"] == before + 2


# ---- Whose socket it is --------------------------------------------------------------


async def test_a_user_is_known_by_the_session(connect, alice, backroom):
    client = await connect(headers=[await session_of(alice)])
    welcome = await client.frame("welcome")
    assert welcome["member"] == {"key": f"u-{alice.pk}", "name": "alice", "guest": False}
    await client.join("backroom")


async def test_logout_ends_the_socket(connect, alice, lobby, monkeypatch):
    monkeypatch.setattr(base_socket, "ACCESS_CHECK_SECONDS", 0.01)
    browser = Browser()
    await database_sync_to_async(browser.force_login)(alice)
    session = browser.cookies["sessionid"].value
    client = await connect(headers=[(b"cookie", f"sessionid={session}".encode())])
    await client.join()
    await client.send("ping", ts=1)
    await client.until("pong")
    await database_sync_to_async(browser.logout)()
    assert await client.closed() == SESSION_ENDED


async def test_a_client_without_a_session_is_a_guest_of_its_own(connect, lobby):
    one, other = await connect(), await connect()
    first, second = (await one.frame("welcome"))["member"], (await other.frame("welcome"))["member"]
    assert first["key"] != second["key"]
    assert first["name"].startswith("guest-")


async def test_a_name_that_is_taken_is_not_given(connect, alice, lobby):
    client = await connect("/ws/chat/?name=Alice")
    name = (await client.frame("welcome"))["member"]["name"]
    assert name.startswith("guest-")
    error = await client.frame("error")
    why = f"The name Alice is taken. You are called {name}."
    assert (error["code"], error["message"]) == ("forbidden", why)


async def test_nobody_is_left_behind(connect, lobby):
    client = await connect()
    await client.join()
    line = await connect("/ws/chat/lobby/")
    assert current().presence.sockets == 2
    await client.leave()
    await line.leave()
    assert current().presence.sockets == 0
    assert current().presence.rooms == {}
    assert current().tails.tails == {}


async def test_a_worker_that_kills_a_socket_leaves_nobody_behind(connect, lobby):
    client = await connect()
    await client.join()
    client.socket.future.cancel()
    await asyncio.wait([client.socket.future])
    assert current().presence.sockets == 0
    assert current().tails.tails == {}


async def test_an_error_inside_a_socket_leaves_nobody_behind(connect, lobby, monkeypatch):
    client = await connect()
    await client.join()

    def broken(text):
        raise RuntimeError("broken")

    monkeypatch.setattr(json_socket.frames, "decode", broken)
    await client.say_line("x")
    await asyncio.wait([client.socket.future])
    assert isinstance(client.socket.future.exception(), RuntimeError)
    assert current().presence.sockets == 0
    assert current().tails.tails == {}


async def test_who_has_logged_out_changes_nothing_any_more(connect, boss, lobby):
    await fill(lobby, 1)
    browser = Browser()
    await database_sync_to_async(browser.force_login)(boss)
    value = browser.cookies["sessionid"].value
    client = await connect(headers=[(b"cookie", f"sessionid={value}".encode())])
    await client.join()
    await database_sync_to_async(browser.logout)()
    await client.send("delete", room="lobby", cid="d", ref=1)
    assert await client.closed() == SESSION_ENDED
    assert not await Entry.objects.filter(deleted=True).aexists()


async def test_while_the_database_is_locked_no_more_wait_than_may_be_said_at_once(
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
