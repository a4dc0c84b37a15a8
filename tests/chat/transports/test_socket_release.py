"""A socket that ends, however it ends, releases everything."""

import asyncio

import pytest

from chat.transports import json_socket
from chat.worker import current

pytestmark = pytest.mark.django_db(transaction=True)


async def test_a_disconnect_releases_presence_and_tails(connect, lobby):
    client = await connect()
    await client.join()
    line = await connect("/ws/chat/lobby/")
    assert current().presence.sockets == 2
    await client.close()
    await line.close()
    assert current().presence.sockets == 0
    assert current().presence.rooms == {}
    assert current().tails.tails == {}


async def test_a_cancelled_socket_releases_presence_and_tails(connect, lobby):
    client = await connect()
    await client.join()
    client.connection.socket.future.cancel()
    await asyncio.wait([client.connection.socket.future])
    assert current().presence.sockets == 0
    assert current().tails.tails == {}


async def test_an_error_in_a_socket_releases_presence_and_tails(connect, lobby, monkeypatch):
    client = await connect()
    await client.join()

    def broken(text):
        raise RuntimeError("broken")

    monkeypatch.setattr(json_socket.commands, "decode", broken)
    await client.send_text("x")
    await asyncio.wait([client.connection.socket.future])
    assert isinstance(client.connection.socket.future.exception(), RuntimeError)
    assert current().presence.sockets == 0
    assert current().tails.tails == {}
