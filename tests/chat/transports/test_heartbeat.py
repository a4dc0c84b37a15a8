"""The heartbeat of the JSON socket."""

import pytest

from chat.transports import socket_timer
from realtime.errors import CloseCode
from tests.chat.conftest import fill

pytestmark = pytest.mark.django_db(transaction=True)


async def test_a_ping_of_the_server_has_the_heads(connect, lobby, settings):
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
    assert await client.closed() == CloseCode.SILENT


async def test_a_socket_that_answers_pings_stays_open(connect, lobby, settings, monkeypatch):
    monkeypatch.setattr(socket_timer, "TICK_SECONDS", 0.01)
    settings.HEARTBEAT_SECONDS, settings.SILENCE_SECONDS = 0.05, 0.5
    client = await connect()
    for _ in range(20):
        await client.send("pong", ts=(await client.until("ping"))["ts"])
