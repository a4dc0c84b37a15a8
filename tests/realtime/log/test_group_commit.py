import asyncio
import threading

import pytest
from channels.db import database_sync_to_async
from django.db import DataError, OperationalError

from chat.log import store as log
from chat.log.store import Receipt, Refusal, Written
from chat.log.writer import appender
from realtime.log import group_commit as module
from realtime.log.group_commit import GroupCommit, Unavailable
from tests.chat.log.test_store import draft, seqs

pytestmark = pytest.mark.django_db(transaction=True)


async def test_all_that_waits_is_written_in_one_transaction(lobby, monkeypatch):
    sizes, write = [], log.write

    def counted(drafts):
        sizes.append(len(drafts))
        return write(drafts)

    monkeypatch.setattr(log, "write", counted)
    drafts = [draft(lobby, str(number)) for number in range(50)]
    receipts = await asyncio.gather(*map(appender().add, drafts))
    assert [receipt.seq for receipt in receipts] == list(range(1, 51))
    assert sizes == [50]


async def test_a_batch_has_a_limit(lobby, monkeypatch):
    monkeypatch.setattr(module, "BATCH", 20)
    drafts = [draft(lobby, str(number)) for number in range(50)]
    receipts = await asyncio.gather(*map(appender().add, drafts))
    assert [receipt.seq for receipt in receipts] == list(range(1, 51))


async def test_who_asks_hears_before_the_room_does(lobby):
    heard = []
    ours = appender()
    ours.listeners.append(lambda span: heard.append(asking.done()))
    asking = asyncio.ensure_future(ours.add(draft(lobby)))
    ours.listeners.append(lambda span: heard.append("room"))
    await asking
    assert heard == [False, "room"]  # its answer is set, and its task runs before any reader's
    assert asking.result() == Receipt(1, duplicate=False)


async def one_while_another(commit):
    """The one that is being written, and the one that waits for it."""
    first = asyncio.ensure_future(commit.add(1))
    while not commit.writing:
        await asyncio.sleep(0)
    await asyncio.sleep(0)
    second = asyncio.ensure_future(commit.add(2))
    await asyncio.sleep(0)
    return first, second


async def test_what_is_written_is_told_though_what_follows_has_to_wait(monkeypatch):
    monkeypatch.setattr(module, "GATHER_SECONDS", 0.2)
    both_wait, goes_on = threading.Event(), threading.Event()

    def store(items):
        (both_wait if items == [1] else goes_on).wait(30)
        return Written([0], [])

    commit = GroupCommit(store)
    first, second = await one_while_another(commit)
    both_wait.set()
    try:
        async with asyncio.timeout(10):
            await first
        assert not second.done()
    finally:
        goes_on.set()
    await second


async def test_a_listener_that_fails_keeps_nothing_from_the_others(lobby, caplog):
    heard = []
    ours = appender()
    ours.listeners.insert(0, lambda span: 1 / 0)
    ours.listeners.append(heard.append)
    await ours.add(draft(lobby, "a"))
    await ours.add(draft(lobby, "b"))
    assert [span.first for span in heard] == [1, 2]
    assert "was not told" in caplog.text


@pytest.mark.parametrize(
    ("seconds", "order"),
    [
        (60, ["stored 1", "stored 2", "told 1", "told 2"]),
        (0, ["stored 1", "told 1", "stored 2", "told 2"]),
    ],
)
async def test_what_comes_meanwhile_is_told_together(monkeypatch, seconds, order):
    monkeypatch.setattr(module, "GATHER_SECONDS", seconds)
    both_wait, happened = threading.Event(), []

    def store(items):
        both_wait.wait(10)
        happened.append(f"stored {items[0]}")
        return Written([0], items)

    commit = GroupCommit(store)
    commit.listeners.append(lambda item: happened.append(f"told {item}"))
    first, second = await one_while_another(commit)
    both_wait.set()
    await asyncio.gather(first, second)
    assert happened == order


async def test_answers_do_not_wait_for_the_gap():
    commit = GroupCommit(lambda items: Written(items), gap=60)
    async with asyncio.timeout(10):
        assert await commit.add(1) == 1


async def test_each_gets_its_own_refusal(lobby):
    await appender().add(draft(lobby))
    with pytest.raises(Refusal) as caught:
        await appender().add(draft(lobby, body="other"))
    assert caught.value.code == "cid_conflict"


async def test_a_database_that_is_away_loses_nothing(lobby, monkeypatch, caplog):
    def locked(drafts):
        raise OperationalError("database is locked: secret body")

    with monkeypatch.context() as patch:
        patch.setattr(log, "write", locked)
        with pytest.raises(Unavailable):
            await appender().add(draft(lobby))
    assert (await appender().add(draft(lobby))).seq == 1
    assert "1 items were not written: OperationalError" in caplog.text
    assert "secret" not in caplog.text


async def test_a_draft_that_cannot_be_stored_harms_no_other(lobby, monkeypatch, caplog):
    store = log._write

    def strict(drafts):
        if any(draft.body == "secret" for draft in drafts):
            raise DataError("value too long: secret")
        return store(drafts)

    monkeypatch.setattr(log, "_write", strict)
    bodies = ["a", "secret", "b"]
    asked = [appender().add(draft(lobby, body, body)) for body in bodies]
    first, refused, last = await asyncio.gather(*asked, return_exceptions=True)
    assert (first.seq, last.seq) == (1, 2)
    assert refused.code == "bad_frame"
    assert "secret" not in caplog.text


async def test_who_has_left_is_no_trouble(lobby):
    asking = asyncio.ensure_future(appender().add(draft(lobby, "1")))
    await asyncio.sleep(0)
    asking.cancel()
    assert (await appender().add(draft(lobby, "2"))).seq == 2
    assert await database_sync_to_async(seqs)(lobby) == [1, 2]
