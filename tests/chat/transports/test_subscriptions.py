import pytest
from channels.db import database_sync_to_async

from chat import rooms
from chat.models import Entry, Room
from chat.transports import base_socket, subscriptions
from chat.worker import current
from realtime import errors
from realtime.errors import CloseCode
from realtime.log import tail_registry as tails_module
from tests.chat.conftest import fill, received_seqs, session_of
from tests.chat.log.test_store import cursor_at

pytestmark = pytest.mark.django_db(transaction=True)


async def test_a_first_join_is_followed_by_the_newest_fifty(connect, lobby):
    await fill(lobby, 60)
    client = await connect()
    joined = await client.join()
    cursor = await cursor_at(lobby, 10)
    assert (joined["head"], joined["cursor"], joined["reset"]) == (60, cursor, False)
    assert await received_seqs(client, 60) == list(range(11, 61))


async def test_a_join_with_a_cursor_is_followed_by_what_was_missed(connect, lobby):
    await fill(lobby, 60)
    client = await connect()
    cursor = await cursor_at(lobby, 57)
    joined = await client.join(cursor=cursor)
    assert (joined["cursor"], joined["reset"]) == (cursor, False)
    assert await received_seqs(client, 60) == [58, 59, 60]


@pytest.mark.parametrize(
    "cursor", ["{old}", "feed:600:0123456789ab", "{epoch}:500", "nonsense", ""]
)
async def test_a_join_with_an_unknown_cursor_is_reset(connect, lobby, cursor):
    await fill(lobby, 510)
    client = await connect()
    cursor = cursor.format(epoch=lobby.epoch, old=await cursor_at(lobby, 9))
    joined = await client.join(cursor=cursor)
    assert (joined["cursor"], joined["reset"]) == (await cursor_at(lobby, 460), True)
    assert await received_seqs(client, 510) == list(range(461, 511))


async def test_a_second_join_moves_the_cursor_and_repeats_nothing(connect, lobby):
    await fill(lobby, 3)
    client = await connect()
    await client.join()
    assert await received_seqs(client, 3) == [1, 2, 3]
    await client.join(cursor=await cursor_at(lobby, 3))
    await client.send("say", room="lobby", cid="c", body="b")
    assert await received_seqs(client, 4) == [4]
    assert (await current().tails.open(lobby.pk)).tail.readers == 2


async def test_a_client_that_leaves_receives_nothing_more(connect, lobby):
    client = await connect()
    await client.join()
    await client.send("leave", room="lobby")
    await client.send("leave", room="never joined")
    await client.send("say", room="lobby", cid="c", body="b")
    await client.until("ack")
    await client.send("ping", ts=1)
    await client.frame("pong")  # and no events before it
    assert current().tails.tails == {}


async def test_a_socket_follows_several_rooms(connect, lobby):
    other = await Room.objects.acreate(slug="other", name="Other")
    client = await connect()
    await client.join("lobby")
    await client.join("other")
    await client.send("say", room="other", cid="c", body="b")
    assert (await client.until("events"))["room"] == other.slug
    assert {member["key"] for member in (await client.join("lobby"))["online"]}


async def test_the_number_of_rooms_of_a_socket_is_limited(connect, lobby, monkeypatch):
    monkeypatch.setattr(subscriptions, "ROOMS_PER_SOCKET", 1)
    await Room.objects.acreate(slug="other", name="Other")
    client = await connect()
    await client.join()
    await client.send("join", room="other")
    assert (await client.until("error"))["code"] == "forbidden"
    await client.join()


async def test_a_new_epoch_resets_the_reader(connect, lobby, monkeypatch):
    monkeypatch.setattr(tails_module, "CHECK_SECONDS", 0.01)
    await fill(lobby, 3)
    client = await connect()
    await client.join()
    assert await received_seqs(client, 3) == [1, 2, 3]
    await Room.objects.filter(pk=lobby.pk).aupdate(epoch="f00d")
    joined = await client.until("joined")
    assert (joined["epoch"], joined["reset"], joined["cursor"]) == (
        "f00d",
        True,
        "f00d:0:000000000000",
    )
    assert await received_seqs(client, 3) == [1, 2, 3]


async def test_a_client_that_joins_while_the_socket_rejoins_receives_everything_once(
    connect, lobby, monkeypatch
):
    monkeypatch.setattr(tails_module, "CHECK_SECONDS", 0.01)
    client = await connect()
    await client.join()
    for number in range(5):
        await Room.objects.filter(pk=lobby.pk).aupdate(epoch=f"{number:04x}")
        for _ in range(3):
            await client.send("join", room="lobby")
            await client.until("joined")
    while (await client.join())["epoch"] != "0004":
        pass
    await client.send("say", room="lobby", cid="c", body="b")
    await client.until("ack")
    await client.send("ping", ts=1)
    came = []
    while (frame := await client.take())["type"] != "pong":
        came += [entry["seq"] for entry in frame.get("events", [])]
    assert came.count(1) <= 1
    assert current().tails.tails[lobby.pk].readers == 1


async def test_a_member_removed_from_a_room_cannot_write_in_it(connect, backroom, alice):
    client = await connect(headers=[await session_of(alice)])
    await client.join("backroom")
    await database_sync_to_async(backroom.members.clear)()
    await client.send("say", room="backroom", cid="c", body="b")
    assert (await client.until("error"))["code"] == "forbidden"
    assert not await Entry.objects.aexists()


async def test_the_sockets_of_a_deleted_room_are_told(connect, lobby, monkeypatch):
    monkeypatch.setattr(tails_module, "CHECK_SECONDS", 0.01)
    client, line = await connect(), await connect("/ws/chat/lobby/")
    await client.join()
    await lobby.adelete()
    error = await client.until("error")
    assert (error["code"], error["room"]) == ("not_found", "lobby")
    assert (await line.receive()) == "! There is no such room."
    assert await line.closed() == CloseCode.NOT_FOUND
    await line.close()
    assert current().presence.rooms == {}
    await Room.objects.acreate(slug="lobby", name="Lobby again")
    await client.send("say", room="lobby", cid="c", body="b")
    assert (await client.until("ack"))["seq"] == 1


async def test_a_room_that_becomes_private_removes_guests_and_keeps_members(
    connect, lobby, alice, monkeypatch
):
    monkeypatch.setattr(tails_module, "CHECK_SECONDS", 0.01)
    await database_sync_to_async(lobby.members.add)(alice)
    guest, line = await connect(), await connect("/ws/chat/lobby/")
    member = await connect(headers=[await session_of(alice)])
    for client in (guest, member):
        await client.join()
    await Room.objects.filter(pk=lobby.pk).aupdate(is_public=False)
    assert (await guest.until("error"))["code"] == "forbidden"
    assert await line.closed() == CloseCode.FORBIDDEN
    joined = await member.until("joined")
    assert joined["reset"] is False
    for type, fields in [("say", {"cid": "c", "body": "b"}), ("history", {"before": 9})]:
        await guest.send(type, room="lobby", **fields)
        assert (await guest.until("error"))["code"] == "forbidden"
    await member.send("say", room="lobby", cid="c", body="b")
    await member.until("events")


async def test_a_member_removed_from_a_room_leaves_it_at_the_next_check(
    connect, backroom, alice, monkeypatch
):
    monkeypatch.setattr(base_socket, "ACCESS_CHECK_SECONDS", 0.01)
    session = await session_of(alice)
    client = await connect(headers=[session])
    line = await connect("/ws/chat/backroom/", headers=[session])
    await client.join("backroom")
    await database_sync_to_async(backroom.members.clear)()
    assert (await client.until("error"))["code"] == "forbidden"
    assert await line.closed() == CloseCode.FORBIDDEN
    await line.close()
    assert current().presence.rooms == {}


async def test_a_reader_rejoins_a_room_when_the_database_is_back(connect, lobby, monkeypatch):
    monkeypatch.setattr(tails_module, "CHECK_SECONDS", 0.01)
    monkeypatch.setattr(errors, "RETRY_MS", 10)
    client, line = await connect(), await connect("/ws/chat/lobby/?name=Ann")
    await client.join()
    enter, failures = rooms.enter, [1, 2, 3, 4]

    async def failing(*args):
        if failures:
            failures.pop()
            raise errors.unavailable()
        return await enter(*args)

    monkeypatch.setattr(rooms, "enter", failing)
    await Room.objects.filter(pk=lobby.pk).aupdate(epoch="f00d")
    assert (await client.until("joined"))["epoch"] == "f00d"
    await line.send_text("x")
    assert [await line.receive(), await line.receive()] == ["x", "Ann: x"]
