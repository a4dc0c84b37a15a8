"""Which changes revoke connections at once. The periodic checks do not run in these tests."""

import asyncio
from functools import partial

import pytest
from channels.db import database_sync_to_async
from django.contrib.auth import alogin, alogout
from django.db import transaction
from django.http import HttpRequest
from django.test import Client as Browser

from chat.models import Room
from chat.worker import current
from config.sessions import SessionStore
from realtime.errors import CloseCode
from realtime.log import tail_registry as tails_module
from realtime.revocation import ROOMS, member_subject, room_subject
from tests.chat.conftest import session_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def no_check(monkeypatch):
    monkeypatch.setattr(tails_module, "CHECK_SECONDS", 1000)


@pytest.fixture
async def revocations():
    """Returns a list that receives the revoked ones of these subjects."""
    revoked = []

    def watch(*subjects):
        for subject in subjects:
            current().revocation.watch_always(subject, partial(revoked.append, subject))
        return revoked

    return watch


@database_sync_to_async
def save(row, **fields):
    for name, value in fields.items():
        setattr(row, name, value)
    row.save()


async def test_a_room_that_becomes_private_removes_guests_at_once(connect, lobby, alice):
    await database_sync_to_async(lobby.members.add)(alice)
    guest, line = await connect(), await connect("/ws/chat/lobby/")
    member = await connect(headers=[await session_of(alice)])
    for client in (guest, member):
        await client.join()
    await save(lobby, is_public=False)
    assert (await guest.until("error"))["code"] == "forbidden"
    assert await line.closed() == CloseCode.FORBIDDEN
    assert (await member.until("joined"))["reset"] is False


async def test_readers_of_a_deleted_room_are_told_at_once(connect, lobby):
    client = await connect()
    await client.join()
    await lobby.adelete()
    assert (await client.until("error"))["code"] == "not_found"


async def test_a_user_who_is_no_longer_staff_leaves_private_rooms_and_stays_connected(
    connect, backroom, boss
):
    client = await connect(headers=[await session_of(boss)])
    await client.join("backroom")
    await save(boss, is_staff=False)
    assert (await client.until("error"))["code"] == "forbidden"
    await client.send("ping", ts=1)
    await client.until("pong")


@pytest.mark.parametrize("from_the_user", [False, True])
@pytest.mark.parametrize("how", ["remove", "clear", "set"])
async def test_a_member_removed_from_a_room_is_revoked(
    backroom, alice, boss, revocations, how, from_the_user
):
    await database_sync_to_async(backroom.members.add)(boss)
    revoked = revocations(member_subject(f"u-{alice.pk}"), member_subject(f"u-{boss.pk}"))
    people, rows = (alice.chat_rooms, [backroom]) if from_the_user else (backroom.members, [alice])
    if how == "remove":
        await database_sync_to_async(people.remove)(*rows)
    elif how == "clear":
        await database_sync_to_async(people.clear)()
    else:
        await database_sync_to_async(people.set)([])
    expected = {member_subject(f"u-{alice.pk}")}
    if how != "remove" and not from_the_user:
        expected.add(member_subject(f"u-{boss.pk}"))
    assert set(revoked) == expected


async def test_a_change_that_takes_no_right_away_revokes_nothing(
    lobby, backroom, alice, boss, revocations
):
    revoked = revocations(ROOMS, member_subject(f"u-{alice.pk}"), member_subject(f"u-{boss.pk}"))
    await database_sync_to_async(backroom.members.add)(boss)
    await alice.asave(update_fields=["last_login"])
    await lobby.asave(update_fields=["topic"])
    await Room.objects.acreate(slug="new", name="New")
    assert revoked == []


async def test_a_change_that_is_rolled_back_revokes_nothing(alice, revocations):
    revoked = revocations(member_subject(f"u-{alice.pk}"))

    @database_sync_to_async
    def fail():
        with transaction.atomic():
            alice.delete()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert revoked == []


async def test_the_subject_of_a_session_does_not_contain_its_key(connect, alice):
    browser = Browser()
    await database_sync_to_async(browser.force_login)(alice)
    key = browser.cookies["sessionid"].value
    await connect(headers=[(b"cookie", f"sessionid={key}".encode())])
    assert any(whom.startswith("session ") for whom in current().revocation.watches)
    assert not any(key in whom for whom in current().revocation.watches)


async def test_an_asynchronous_logout_closes_the_socket(connect, alice):
    request = HttpRequest()
    request.session = SessionStore()
    await alogin(request, alice, "django.contrib.auth.backends.ModelBackend")
    await request.session.asave()
    header = (b"cookie", f"sessionid={request.session.session_key}".encode())
    client = await connect(headers=[header])
    await client.until("welcome")
    await alogout(request)
    assert await client.closed() == CloseCode.SESSION_ENDED


async def test_a_socket_that_ends_removes_its_watches(connect, lobby, alice):
    client = await connect(headers=[await session_of(alice)])
    line = await connect("/ws/chat/lobby/")
    await client.join()
    await client.join()
    assert len(current().revocation.watches[room_subject(lobby.pk)]) == 2
    for one in (client, line):
        await one.close()
    assert set(current().revocation.watches) <= {ROOMS}


async def test_a_callback_that_fails_does_not_stop_the_others(revocations):
    def fail():
        raise ZeroDivisionError

    current().revocation.watch_always("x", fail)
    revoked = revocations("x")
    current().revocation.revoke(["x"])
    await asyncio.sleep(0)
    assert revoked == ["x"]
