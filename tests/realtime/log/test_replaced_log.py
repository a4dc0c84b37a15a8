"""A log that is replaced by an older copy, and news that comes while a log is being loaded."""

import asyncio

import pytest
from channels.db import database_sync_to_async

from chat.log import store
from chat.models import Room
from chat.worker import current
from realtime.bus import log_group
from realtime.log import tail as tail_module
from realtime.log import tail_registry as tails_module
from realtime.log.store import Span
from realtime.log.tail import LogEnded
from tests.chat.conftest import fill
from tests.chat.log.replacing import replace_log
from tests.chat.log.test_store import cursor_at, draft
from tests.chat.protocol.test_entries import entry
from tests.realtime.log.test_tail import seqs

pytestmark = pytest.mark.django_db(transaction=True)

HOUR = 3_600
REPLACED = "no longer has entry 9 as it was read"
# Of a log of nine entries: what is kept of them, and how many new ones there are.
COPIES = {"shorter": (1, 0), "empty": (0, 0), "equal": (1, 8), "longer": (1, 20)}


@pytest.fixture
def quick_check(monkeypatch):
    monkeypatch.setattr(tails_module, "CHECK_SECONDS", 0.01)


@pytest.fixture
def no_check(monkeypatch):
    """The slow check comes too late for the test."""
    monkeypatch.setattr(tails_module, "CHECK_SECONDS", HOUR)


async def subscribed(tail):
    """Waits until the tail has read the database once more, as it does when it is subscribed."""
    async with asyncio.timeout(30):
        while log_group("room", tail.log) not in current().bus.subscribed:
            await asyncio.sleep(0)
        await tail.refresh()


@pytest.mark.parametrize("copy", COPIES)
async def test_readers_end_when_their_log_is_replaced(lobby, quick_check, caplog, copy):
    await fill(lobby, 9)
    readers = [await current().tails.open(lobby.pk) for _ in range(2)]
    await subscribed(readers[0].tail)
    await replace_log(lobby, *COPIES[copy])
    for reader in readers:
        with pytest.raises(LogEnded):
            await asyncio.wait_for(reader.take(), 30)
        reader.close()
    assert caplog.text.count(REPLACED) == 1
    assert current().tails.tails == {}


@pytest.mark.parametrize("copy", COPIES)
async def test_a_cursor_of_the_replaced_log_is_reset(lobby, copy):
    await fill(lobby, 9)
    cursors = {seq: await cursor_at(lobby, seq) for seq in (0, 1, 8, 9)}
    kept, new = COPIES[copy]
    await replace_log(lobby, kept, new)
    reader = await current().tails.open(lobby.pk)
    for seq, cursor in cursors.items():
        assert await reader.resume(cursor) is (seq > kept), seq
    reader.close()


async def test_a_cursor_of_the_new_log_ends_the_readers_of_the_old_one(lobby, no_check):
    """Another worker has noticed first."""
    await fill(lobby, 9)
    reader = await current().tails.open(lobby.pk)
    await subscribed(reader.tail)
    await replace_log(lobby, 1, 8)
    with pytest.raises(LogEnded):
        await reader.resume(await cursor_at(lobby, 9))
    reader.close()
    reader = await current().tails.open(lobby.pk)
    assert await reader.resume(await cursor_at(lobby, 9)) is False
    reader.close()


async def test_an_entry_that_is_written_to_the_new_log_ends_the_readers_of_the_old_one(
    lobby, no_check, caplog
):
    await fill(lobby, 9)
    reader = await current().tails.open(lobby.pk)
    await subscribed(reader.tail)
    await replace_log(lobby, 1)
    await current().writer.add(draft(lobby, "next"))
    with pytest.raises(LogEnded):
        await asyncio.wait_for(reader.take(), 30)
    reader.close()
    assert REPLACED in caplog.text


@pytest.mark.parametrize(
    ("first", "previous", "epoch"), [(10, 7, None), (9, 7, None), (10, None, "f00d")]
)
async def test_a_notification_of_another_log_is_ignored(
    lobby, no_check, caplog, first, previous, epoch
):
    await fill(lobby, 9)
    reader = await current().tails.open(lobby.pk)
    await subscribed(reader.tail)
    previous = reader.tail.mark if previous is None else previous
    epoch = epoch or lobby.epoch
    current().tails.on_published(Span(lobby.pk, epoch, first, previous, [entry(first)], [8]))
    await asyncio.wait({reader.tail.refreshing}, timeout=30)
    assert (reader.tail.head, reader.tail.ended, caplog.text) == (9, False, "")
    await fill_more(lobby, 10)
    assert seqs(await asyncio.wait_for(reader.take(), 30)) == [10]
    reader.close()


async def fill_more(room, *numbers):
    for number in numbers:
        await current().writer.add(draft(room, f"more-{number}"))


async def test_a_reader_behind_the_window_takes_nothing_of_another_log(
    lobby, monkeypatch, no_check
):
    monkeypatch.setattr(tail_module, "WINDOW_ENTRIES", 1)
    reader = await current().tails.open(lobby.pk)
    await fill_more(lobby, *range(1, 6))
    assert len(reader.tail.window) == 1
    reader.seq, reader.mark = 2, 99  # its entry 2 was another one
    with pytest.raises(LogEnded):
        await reader.take()
    reader.close()


@pytest.mark.parametrize("head", [0, 5, 900])
async def test_a_wrong_stored_head_does_not_end_readers(lobby, quick_check, caplog, head):
    await fill(lobby, 9)
    reader = await current().tails.open(lobby.pk)
    await Room.objects.filter(pk=lobby.pk).aupdate(head=head)
    checks, heads = asyncio.Semaphore(0), store.heads

    async def counted(rooms):
        found = await heads(rooms)
        checks.release()
        return found

    current().tails.store = type("Counted", (), {"heads": staticmethod(counted)})
    for _ in range(3):
        await asyncio.wait_for(checks.acquire(), 30)
    current().tails.store = store
    assert (reader.tail.ended, caplog.text) == (False, "")
    await current().writer.add(draft(lobby, "next"))
    assert seqs(await asyncio.wait_for(reader.take(), 30)) == [10]
    assert f"had the head {head}; its newest entry is 9." in caplog.text
    reader.close()


# ---- News during a load --------------------------------------------------------------


@pytest.fixture
def during_load(monkeypatch, no_check):
    """Runs a step after the database was read for a tail, and before the tail exists."""

    def run(step):
        newest = store.newest

        async def read(*args):
            span = await newest(*args)
            await step()
            return span

        monkeypatch.setattr(store, "newest", read)

    return run


async def first_entry(room):
    reader = await current().tails.open(room.pk)
    try:
        return seqs(await asyncio.wait_for(reader.take(), 30))
    finally:
        reader.close()


async def test_an_entry_that_this_worker_commits_during_a_load_comes_at_once(lobby, during_load):
    during_load(lambda: current().writer.add(draft(lobby)))
    assert await first_entry(lobby) == [1]


async def test_an_entry_that_is_published_during_a_load_comes_at_once(lobby, during_load):
    async def another_worker_writes():
        written = await database_sync_to_async(store.write)([draft(lobby)])
        current().tails.on_published(written.spans[0])

    during_load(another_worker_writes)
    assert await first_entry(lobby) == [1]


async def test_an_entry_from_before_the_subscription_comes_at_once(lobby, during_load):
    """Another worker published it while this one was not subscribed yet."""

    async def another_worker_writes():
        bus, group = current().bus, log_group("room", lobby.pk)
        bus.unsubscribe(group)
        async with asyncio.timeout(30):
            while group in bus.subscribed:
                await asyncio.sleep(0)
            await database_sync_to_async(store.write)([draft(lobby)])
            current().tails.notifier.subscribe(lobby.pk, current().tails._on_subscribed)
            while group not in bus.subscribed:
                await asyncio.sleep(0)

    during_load(another_worker_writes)
    assert await first_entry(lobby) == [1]
    assert current().tails.news_while_opening == set()
