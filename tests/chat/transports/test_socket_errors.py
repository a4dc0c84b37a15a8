"""What the JSON socket refuses: with an error, or by closing."""

import json

import pytest
from django.db import OperationalError

from chat import rooms
from chat.transports import admission
from chat.worker import current
from realtime.errors import CloseCode
from realtime.rate_limit import Buckets
from tests.chat.conftest import session_of

pytestmark = pytest.mark.django_db(transaction=True)


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
async def test_a_bad_command_gets_an_error_and_the_socket_stays_open(
    connect, lobby, backroom, text, code
):
    client = await connect()
    await client.frame("welcome")
    await client.send_text(text)
    error = await client.frame("error")
    assert error["code"] == code
    assert error["message"]
    if '"cid"' in text:
        assert error["cid"] == "c"
    await client.send("ping", ts=1)
    await client.frame("pong")


async def test_a_frame_that_is_too_large_closes_the_socket(connect, lobby):
    client = await connect()
    await client.send_text(json.dumps({"type": "ping", "ts": 1, "x": "好" * 11_000}))
    assert await client.closed() == CloseCode.BAD_FRAME


async def test_a_binary_frame_closes_the_socket(connect, lobby):
    client = await connect()
    await client.send_text(b'{"type":"ping","ts":1}')
    assert await client.closed() == CloseCode.BAD_FRAME


async def test_too_many_messages_are_refused_with_a_retry_time(connect, lobby, monkeypatch):
    monkeypatch.setattr(rooms, "message_rate", Buckets(rate=1, burst=1))
    client = await connect()
    for cid in "ab":
        await client.send("say", room="lobby", cid=cid, body=cid)
    error = await client.until("error")
    assert (error["code"], error["cid"]) == ("rate_limited", "b")
    assert 0 < error["retry_after_ms"] <= 1_001


async def test_too_many_frames_close_the_socket(connect, lobby, settings, caplog):
    settings.CHAT_BURST, settings.CHAT_MESSAGES_PER_SECOND = 1, 1
    client = await connect()
    for _ in range(20):
        await client.send_text("secret")
    assert await client.closed() == CloseCode.TRY_LATER
    assert "too many frames" in caplog.text
    assert "secret" not in caplog.text


async def test_a_full_worker_says_when_to_reconnect(connect, lobby, settings):
    settings.SOCKETS_PER_WORKER = 1
    before = current().counters.refusals["full"]
    await connect()
    second = await connect()
    bye = await second.frame("bye")
    assert 10_000 <= bye["retry_after_ms"] <= 30_000
    assert await second.closed() == CloseCode.TRY_LATER
    third = await connect("/ws/chat/lobby/")
    assert (await third.receive()).startswith("! The server is busy")
    assert current().counters.refusals["full"] == before + 2


async def test_a_client_whose_session_cannot_be_read_is_told_to_reconnect(
    connect, alice, monkeypatch
):
    session = await session_of(alice)

    async def away(scope):
        raise OperationalError

    monkeypatch.setattr(admission, "get_user", away)
    client = await connect(headers=[session])
    assert (await client.frame("bye"))["reason"] == "internal"
    assert await client.closed() == CloseCode.TRY_LATER
