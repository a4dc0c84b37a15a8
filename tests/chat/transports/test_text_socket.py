import asyncio

import pytest

from chat import rooms
from chat.identity.members import Member
from chat.models import Entry
from chat.transports import text_socket
from realtime.errors import CloseCode
from realtime.log.group_commit import GroupCommit
from tests.chat.conftest import fill

pytestmark = pytest.mark.django_db(transaction=True)


async def test_a_message_goes_first_to_its_sender_and_then_to_everybody(connect, lobby):
    ann, bob = await connect("/ws/chat/lobby/?name=Ann"), await connect("/ws/chat/lobby/?name=Bob")
    await ann.send_text("你好\nthere")
    assert [await ann.receive(), await ann.receive()] == ["你好\nthere", "Ann: 你好\nthere"]
    assert await bob.receive() == "Ann: 你好\nthere"


async def test_text_sockets_and_json_sockets_share_a_room(connect, lobby):
    line, client = await connect("/ws/chat/lobby/?name=Mcu"), await connect("/ws/chat/?name=Web")
    await client.join()
    await line.send_text("23.5")
    assert (await client.until("events"))["events"][0]["body"] == "23.5"
    await client.send("say", room="lobby", cid="c", body="ok")
    assert [await line.receive() for _ in range(3)] == ["23.5", "Mcu: 23.5", "Web: ok"]


async def test_messages_from_before_the_connection_are_not_sent(connect, lobby):
    await fill(lobby, 3)
    line = await connect("/ws/chat/lobby/?name=Ann")
    await line.send_text("x")
    assert await line.receive() == "x"
    assert await line.receive() == "Ann: x"


async def test_the_echo_comes_first_even_if_the_reader_has_the_entry_before_the_receipt(
    connect, lobby, monkeypatch
):
    append = GroupCommit.add

    async def late(self, draft):
        receipt = await append(self, draft)
        async with asyncio.timeout(5):
            while not ann_heard:
                await asyncio.sleep(0)
        return receipt

    ann_heard = []
    rendered = text_socket.render_lines
    monkeypatch.setattr(GroupCommit, "add", late)
    monkeypatch.setattr(
        text_socket, "render_lines", lambda batch: ann_heard.append(1) or rendered(batch)
    )
    ann = await connect("/ws/chat/lobby/?name=Ann")
    await ann.send_text("x")
    assert [await ann.receive(), await ann.receive()] == ["x", "Ann: x"]
    assert await ann.connection.socket.receive_nothing(0.05)


async def test_an_error_is_a_line_that_begins_with_an_exclamation_mark(connect, lobby):
    line = await connect("/ws/chat/lobby/")
    await line.send_text("x" * 4_001)
    assert await line.receive() == "! A message has at most 4000 characters."
    await line.send_text(" ")
    assert await line.receive() == "! A message has at least one character."
    await line.send_text(b"x")
    assert await line.closed() == CloseCode.BAD_FRAME


async def test_a_room_that_the_member_may_not_enter_closes_the_socket(connect, lobby, backroom):
    nowhere = await connect("/ws/chat/nowhere/")
    assert await nowhere.receive() == "! There is no such room."
    assert await nowhere.closed() == CloseCode.NOT_FOUND
    closed = await connect("/ws/chat/backroom/")
    assert await closed.receive() == "! This room is not open to you."
    assert await closed.closed() == CloseCode.FORBIDDEN


async def test_a_guest_is_told_that_a_name_is_taken(connect, alice, lobby):
    line = await connect("/ws/chat/lobby/?name=alice")
    assert (await line.receive()).startswith("! The name alice is taken. You are called guest-")
    await line.send_text("x")
    assert await line.receive() == "x"
    assert (await line.receive()).startswith("guest-")


async def test_a_deletion_is_not_sent(connect, lobby):
    line = await connect("/ws/chat/lobby/?name=Ann")
    await line.send_text("x")
    await line.receive(), await line.receive()
    said = await Entry.objects.aget(seq=1)
    await rooms.delete(lobby, Member(said.author_key, "Ann", guest=True), "c", 1)
    await line.send_text("y")
    assert [await line.receive(), await line.receive()] == ["y", "Ann: y"]
