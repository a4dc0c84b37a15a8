"""Each transport resets its readers when the database is replaced by an older copy."""

import asyncio
import json

import pytest

from chat.worker import current
from realtime.log import tail_registry as tails_module
from tests.chat.conftest import fill, received_seqs
from tests.chat.log.replacing import replace_log
from tests.chat.log.test_store import cursor_at
from tests.chat.transports.test_event_stream import listen
from tests.chat.transports.test_http import ENTRIES, seqs

pytestmark = pytest.mark.django_db(transaction=True)

# Of nine entries one is kept. Then the log has as many as before, but other ones.
KEPT, NEW = 1, 8


@pytest.fixture(autouse=True)
def quick_check(monkeypatch):
    monkeypatch.setattr(tails_module, "CHECK_SECONDS", 0.01)


async def test_a_json_socket_gets_another_joined_and_the_log_as_it_is(connect, lobby):
    await fill(lobby, 9)
    client = await connect()
    await client.join()
    assert await received_seqs(client, 9) == list(range(1, 10))
    await replace_log(lobby, KEPT, NEW)
    joined = await client.until("joined")
    start = await cursor_at(lobby, 0)
    assert (joined["reset"], joined["head"], joined["cursor"]) == (True, 9, start)
    events = await client.until("events")
    assert [entry["body"] for entry in events["events"]] == ["0", *(f"new {n}" for n in range(8))]
    assert events["cursor"] == await cursor_at(lobby, 9)


async def test_a_text_socket_continues_where_the_old_and_the_new_log_part(connect, lobby):
    await fill(lobby, 9)
    client = await connect("/ws/chat/lobby/?name=Mcu")
    await client.send_text("ten")
    assert [await client.receive() for _ in range(2)] == ["ten", "Mcu: ten"]
    await replace_log(lobby, 9, 2)
    assert [await client.receive() for _ in range(2)] == ["Ann: new 0", "Ann: new 1"]
    await client.send_text("last")
    assert [await client.receive() for _ in range(2)] == ["last", "Mcu: last"]


async def test_an_event_stream_ends_and_the_next_one_begins_with_a_reset(ann, lobby):
    await fill(lobby, 9)
    listener = await listen(ann)
    await listener.until(9)
    last = listener.parser.last_event_id
    await replace_log(lobby, KEPT, NEW)
    async with asyncio.timeout(30):
        assert [piece async for piece in listener.pieces] == []
    again = await listen(ann, last_event_id=last)
    reset, first, second, *_ = await again.until(10)
    assert (reset[0], reset[1]) == (await cursor_at(lobby, 0), "reset")
    assert [json.loads(event[2])["body"] for event in (first, second)] == ["0", "new 0"]
    await again.close()


async def test_a_long_poll_ends_and_the_next_one_is_reset(ann, lobby):
    await fill(lobby, 9)
    cursor = await cursor_at(lobby, 9)
    polling = asyncio.ensure_future(ann.get(f"{ENTRIES}?cursor={cursor}&wait=25"))
    async with asyncio.timeout(30):
        while not current().tails.tails:
            await asyncio.sleep(0)
        await replace_log(lobby, KEPT, NEW)
        ended = await polling
    assert (seqs(ended), ended.json()["cursor"]) == ([], cursor)
    answer = (await ann.get(f"{ENTRIES}?cursor={cursor}&wait=25")).json()
    assert (answer["reset"], answer["head"], len(answer["events"])) == (True, 9, 9)


@pytest.mark.parametrize("wait", [0, 25])
async def test_a_poll_with_a_cursor_of_the_replaced_log_is_reset(ann, lobby, wait):
    await fill(lobby, 9)
    cursor = (await ann.get(ENTRIES)).json()["cursor"]
    await replace_log(lobby, KEPT, NEW)
    answer = (await ann.get(f"{ENTRIES}?cursor={cursor}&wait={wait}")).json()
    assert (answer["reset"], len(answer["events"])) == (True, 9)
