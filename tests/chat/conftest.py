"""Sockets of the test's own process."""

import pytest
from channels.db import database_sync_to_async
from django.test import AsyncClient
from django.test import Client as Browser

from chat.identity import members
from chat.identity.members import Member
from chat.log import store
from chat.routing import websocket
from tests.chat.log.test_store import draft
from tests.clients.websocket import local_client

ANN = Member("g-000000000000000a", "Ann", guest=True)


def cookie(member):
    return (b"cookie", f"guest={members.guest_cookie(member)}".encode())


async def fill(room, count):
    await database_sync_to_async(store.write)([draft(room, str(n), str(n)) for n in range(count)])


async def received_seqs(client, last):
    seqs = []
    while not seqs or seqs[-1] < last:
        seqs += [entry["seq"] for entry in (await client.until("events"))["events"]]
    return seqs


async def session_of(user):
    """The header of a browser in which a user has logged in."""
    browser = Browser()
    await database_sync_to_async(browser.force_login)(user)
    return (b"cookie", f"sessionid={browser.cookies['sessionid'].value}".encode())


@pytest.fixture
async def connect(db):
    """Opens sockets, and closes them after the test."""
    opened = []

    async def open_one(*args, **kwargs):
        opened.append(local_client(websocket, *args, **kwargs))
        return await opened[-1].open()

    yield open_one
    for client in opened:
        await client.close()


@pytest.fixture
def ann():
    """The browser of a guest."""
    browser = AsyncClient()
    browser.cookies["guest"] = members.guest_cookie(ANN)
    return browser
