"""Who the member of a socket is, and what happens when the session ends."""

import pytest
from channels.db import database_sync_to_async
from django.test import Client as Browser

from chat.models import Entry
from chat.transports import base_socket
from realtime.errors import CloseCode
from tests.chat.conftest import fill, session_of

pytestmark = pytest.mark.django_db(transaction=True)


async def test_the_session_cookie_identifies_a_user(connect, alice, backroom):
    client = await connect(headers=[await session_of(alice)])
    welcome = await client.frame("welcome")
    assert welcome["member"] == {"key": f"u-{alice.pk}", "name": "alice", "guest": False}
    await client.join("backroom")


async def test_a_logout_closes_the_socket(connect, alice, lobby, monkeypatch):
    monkeypatch.setattr(base_socket, "ACCESS_CHECK_SECONDS", 0.01)
    browser = Browser()
    await database_sync_to_async(browser.force_login)(alice)
    session = browser.cookies["sessionid"].value
    client = await connect(headers=[(b"cookie", f"sessionid={session}".encode())])
    await client.join()
    await client.send("ping", ts=1)
    await client.until("pong")
    await database_sync_to_async(browser.logout)()
    assert await client.closed() == CloseCode.SESSION_ENDED


async def test_a_client_without_cookies_is_a_new_guest(connect, lobby):
    one, other = await connect(), await connect()
    first, second = (await one.frame("welcome"))["member"], (await other.frame("welcome"))["member"]
    assert first["key"] != second["key"]
    assert first["name"].startswith("guest-")


async def test_a_guest_does_not_get_a_name_that_is_taken(connect, alice, lobby):
    client = await connect("/ws/chat/?name=Alice")
    name = (await client.frame("welcome"))["member"]["name"]
    assert name.startswith("guest-")
    error = await client.frame("error")
    why = f"The name Alice is taken. You are called {name}."
    assert (error["code"], error["message"]) == ("forbidden", why)


async def test_a_delete_after_the_logout_closes_the_socket_and_deletes_nothing(
    connect, boss, lobby
):
    await fill(lobby, 1)
    browser = Browser()
    await database_sync_to_async(browser.force_login)(boss)
    value = browser.cookies["sessionid"].value
    client = await connect(headers=[(b"cookie", f"sessionid={value}".encode())])
    await client.join()
    await database_sync_to_async(browser.logout)()
    await client.send("delete", room="lobby", cid="d", ref=1)
    assert await client.closed() == CloseCode.SESSION_ENDED
    assert not await Entry.objects.filter(deleted=True).aexists()
