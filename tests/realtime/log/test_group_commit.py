import asyncio
import threading

import pytest
from channels.db import database_sync_to_async
from django.db import DataError, OperationalError

from chat.log import store
from chat.log.store import Appended
from chat.worker import current
from realtime.errors import Refused
from realtime.log import group_commit as module
from realtime.log.group_commit import GroupCommit, Unavailable
from realtime.log.store import Written
from realtime.tasks import Tasks
from tests.chat.log.test_store import draft, seqs

pytestmark = pytest.mark.django_db(transaction=True)


async def test_waiting_items_are_written_in_one_transaction(lobby, monkeypatch):
    sizes, write = [], store.write

    def counted(drafts):
        sizes.append(len(drafts))
        return write(drafts)

    monkeypatch.setattr(store, "write", counted)
    drafts = [draft(lobby, str(number)) for number in range(50)]
    receipts = await asyncio.gather(*map(current().writer.add, drafts))
    assert [receipt.seq for receipt in receipts] == list(range(1, 51))
    assert sizes == [50]


async def test_a_batch_has_a_limit(lobby, monkeypatch):
    monkeypatch.setattr(module, "BATCH_LENGTH", 20)
    drafts = [draft(lobby, str(number)) for number in range(50)]
    receipts = await asyncio.gather(*map(current().writer.add, drafts))
    assert [receipt.seq for receipt in receipts] == list(range(1, 51))


async def test_the_sender_is_answered_before_the_listeners_are_called(lobby):
    heard = []
    ours = current().writer
    ours.listeners.append(lambda span: heard.append(asking.done()))
    asking = asyncio.ensure_future(ours.add(draft(lobby)))
    ours.listeners.append(lambda span: heard.append("room"))
    await asking
    assert heard == [False, "room"]  # its answer is set, and its task runs before any reader's
    assert asking.result() == Appended(1, duplicate=False)


async def write_two(commit):
    """The futures of an item that is being written, and of one that waits."""
    first = asyncio.ensure_future(commit.add(1))
    while not commit.writing:
        await asyncio.sleep(0)
    await asyncio.sleep(0)
    second = asyncio.ensure_future(commit.add(2))
    await asyncio.sleep(0)
    return first, second


async def test_results_are_sent_while_the_next_batch_waits_for_a_lock(monkeypatch):
    monkeypatch.setattr(module, "BATCH_WINDOW", 0.2)
    both_wait, goes_on = threading.Event(), threading.Event()

    def write(items):
        (both_wait if items == [1] else goes_on).wait(30)
        return Written([0], [])

    commit = GroupCommit(write, Tasks())
    first, second = await write_two(commit)
    both_wait.set()
    try:
        async with asyncio.timeout(10):
            await first
        assert not second.done()
    finally:
        goes_on.set()
    await second


async def test_a_failing_listener_does_not_affect_the_others(lobby, caplog):
    heard = []
    ours = current().writer
    ours.listeners.insert(0, lambda span: 1 / 0)
    ours.listeners.append(heard.append)
    await ours.add(draft(lobby, "a"))
    await ours.add(draft(lobby, "b"))
    assert [span.first for span in heard] == [1, 2]
    assert "Log listener failed" in caplog.text


@pytest.mark.parametrize(
    ("seconds", "order"),
    [
        (60, ["stored 1", "stored 2", "announced 1", "announced 2"]),
        (0, ["stored 1", "announced 1", "stored 2", "announced 2"]),
    ],
)
async def test_batches_within_the_window_are_announced_together(monkeypatch, seconds, order):
    monkeypatch.setattr(module, "BATCH_WINDOW", seconds)
    both_wait, happened = threading.Event(), []

    def write(items):
        both_wait.wait(10)
        happened.append(f"stored {items[0]}")
        return Written([0], items)

    commit = GroupCommit(write, Tasks())
    commit.listeners.append(lambda item: happened.append(f"announced {item}"))
    first, second = await write_two(commit)
    both_wait.set()
    await asyncio.gather(first, second)
    assert happened == order


async def test_results_do_not_wait_for_the_minimum_interval():
    commit = GroupCommit(lambda items: Written(items), Tasks(), min_interval=60)
    async with asyncio.timeout(10):
        assert await commit.add(1) == 1


async def test_each_item_gets_its_own_refusal(lobby):
    await current().writer.add(draft(lobby))
    with pytest.raises(Refused) as caught:
        await current().writer.add(draft(lobby, body="other"))
    assert caught.value.code == "cid_conflict"


async def test_a_database_that_is_away_loses_nothing(lobby, monkeypatch, caplog):
    def locked(drafts):
        raise OperationalError("database is locked: secret body")

    with monkeypatch.context() as patch:
        patch.setattr(store, "write", locked)
        with pytest.raises(Unavailable):
            await current().writer.add(draft(lobby))
    assert (await current().writer.add(draft(lobby))).seq == 1
    assert "Batch of 1 items not written: OperationalError" in caplog.text
    assert "secret" not in caplog.text


async def test_a_draft_that_cannot_be_stored_does_not_affect_the_others(lobby, monkeypatch, caplog):
    write = store._write

    def strict(drafts, **options):
        if any(draft.body == "secret" for draft in drafts):
            raise DataError("value too long: secret")
        return write(drafts, **options)

    monkeypatch.setattr(store, "_write", strict)
    bodies = ["a", "secret", "b"]
    asked = [current().writer.add(draft(lobby, body, body)) for body in bodies]
    first, refused, last = await asyncio.gather(*asked, return_exceptions=True)
    assert (first.seq, last.seq) == (1, 2)
    assert refused.code == "bad_frame"
    assert "secret" not in caplog.text


async def test_a_cancelled_caller_does_not_affect_the_others(lobby):
    asking = asyncio.ensure_future(current().writer.add(draft(lobby, "1")))
    await asyncio.sleep(0)
    asking.cancel()
    assert (await current().writer.add(draft(lobby, "2"))).seq == 2
    assert await database_sync_to_async(seqs)(lobby) == [1, 2]
