import asyncio

import pytest
from channels.db import database_sync_to_async
from django.db import OperationalError

from chat.log import store
from chat.models import Entry, Room
from chat.protocol import entries
from chat.worker import current
from realtime.log import reader as reader_module
from realtime.log import tail
from realtime.log import tail_registry as tails_module
from realtime.log.reader import Reader
from realtime.log.store import Span
from realtime.log.tail import LogEnded
from tests.chat.log.test_store import cursor_at, draft
from tests.chat.protocol.test_entries import entry
from tests.realtime.log.test_tail import make_tail, seqs, span

database = pytest.mark.django_db(transaction=True)


# ---- Readers -------------------------------------------------------------------------


async def say(room, *cids):
    for cid in cids:
        await current().writer.add(draft(room, cid, cid))


@database
async def test_a_reader_takes_the_entries_after_its_cursor(lobby):
    await say(lobby, "before")
    reader = await current().tails.open(lobby.pk)
    taking = asyncio.ensure_future(reader.take())
    await say(lobby, "after")
    assert seqs(await taking) == [2]
    assert reader.cursor == await cursor_at(lobby, 2)
    reader.close()


@database
async def test_readers_of_a_room_share_its_tail_and_the_last_one_releases_it(lobby):
    one, other = await asyncio.gather(*(current().tails.open(lobby.pk) for _ in range(2)))
    assert one.tail is other.tail
    one.close()
    one.close()
    assert current().tails.tails == {lobby.pk: other.tail}
    other.close()
    assert current().tails.tails == {}
    assert current().bus.subscriptions == {}


@database
@pytest.mark.parametrize(
    ("cursor", "after", "reset"),
    [
        (None, 10, False),
        ("{epoch}:58:{mark}", 58, False),
        ("{epoch}:0:000000000000", 0, False),
        ("{epoch}:59:{mark}", 10, True),  # the mark of another entry
        ("{epoch}:58:000000000000", 10, True),
        ("{epoch}:0:{mark}", 10, True),
        ("{epoch}:61:{mark}", 10, True),
        ("0000:58:{mark}", 10, True),
        ("{epoch}:58", 10, True),  # as before there were marks
        ("nonsense", 10, True),
        ("", 10, True),
    ],
)
async def test_resume_moves_to_the_cursor_or_resets(lobby, cursor, after, reset):
    await database_sync_to_async(store.write)([draft(lobby, str(n)) for n in range(60)])
    reader = await current().tails.open(lobby.pk)
    mark = (await cursor_at(lobby, 58)).rpartition(":")[2]
    assert await reader.resume(cursor and cursor.format(epoch=lobby.epoch, mark=mark)) is reset
    assert reader.cursor == await cursor_at(lobby, after)
    reader.close()


@database
async def test_a_reader_that_missed_more_than_500_entries_is_reset(lobby):
    await database_sync_to_async(store.write)([draft(lobby, str(n)) for n in range(502)])
    reader = await current().tails.open(lobby.pk)
    assert await reader.resume(await cursor_at(lobby, 2)) is False
    assert await reader.resume(await cursor_at(lobby, 1)) is True
    assert reader.seq == 452
    reader.close()


@database
async def test_a_cursor_that_is_ahead_of_this_worker_is_not_reset(
    lobby, monkeypatch, until_subscribed
):
    """The client was on another worker, whose notification has not arrived here yet."""
    monkeypatch.setattr(tails_module, "CHECK_SECONDS", 3_600)
    reader = await current().tails.open(lobby.pk)
    await until_subscribed(reader)
    await database_sync_to_async(store.write)([draft(lobby, "a"), draft(lobby, "b")])
    assert reader.tail.head == 0
    assert await reader.resume(await cursor_at(lobby, 2)) is False
    assert reader.seq == 2
    reader.close()


@database
async def test_a_reader_behind_the_window_reads_the_database(lobby, monkeypatch):
    monkeypatch.setattr(tail, "WINDOW_ENTRIES", 2)
    reader = await current().tails.open(lobby.pk)
    await say(lobby, *"abcdef")
    assert len(reader.tail.window) == 2
    assert seqs(await reader.take()) == [1, 2, 3, 4, 5, 6]
    reader.close()


@database
async def test_a_gap_is_filled_from_the_database(lobby):
    reader = await current().tails.open(lobby.pk)
    written = await database_sync_to_async(store.write)([draft(lobby, str(n)) for n in range(3)])
    (whole,) = written.spans
    last = Span(whole.log, whole.epoch, 3, whole.marks[1], whole.encoded[2:], whole.marks[2:])
    current().tails.apply(last)
    assert seqs(await reader.take()) == [1, 2, 3]
    reader.close()


@database
async def test_a_published_span_is_applied_together_with_the_batch_being_written(
    lobby, monkeypatch
):
    monkeypatch.setattr(store.secrets, "randbits", lambda _: 7)
    # On PostgreSQL the first batch opens a connection, which may take longer than the delay.
    monkeypatch.setattr(tails_module, "DELAY_SECONDS", 60)
    reader = await current().tails.open(lobby.pk)
    saying = asyncio.ensure_future(say(lobby, "ours"))
    await asyncio.sleep(0)
    assert current().writer.busy
    current().tails.on_published(Span(lobby.pk, lobby.epoch, 2, 7, [entry(2)], [8]))
    batch = await reader.take()
    assert seqs(batch) == [1, 2]
    await saying
    reader.close()


@database
async def test_a_published_span_waits_only_delay_seconds_for_the_batch_being_written(
    lobby, monkeypatch
):
    reader = await current().tails.open(lobby.pk)
    monkeypatch.setattr(type(current().writer), "busy", True)
    current().tails.on_published(Span(lobby.pk, lobby.epoch, 1, 0, [entry(1)], [7]))
    assert reader.tail.head == 0
    async with asyncio.timeout(5):
        assert seqs(await reader.take()) == [1]
    reader.close()


@database
async def test_the_slow_check_finds_entries_whose_notification_was_lost(lobby, monkeypatch):
    monkeypatch.setattr(tails_module, "CHECK_SECONDS", 0.01)
    reader = await current().tails.open(lobby.pk)
    await database_sync_to_async(store.write)([draft(lobby)])
    async with asyncio.timeout(5):
        assert seqs(await reader.take()) == [1]
    reader.close()


@database
async def test_the_slow_check_ends_when_no_tail_is_left(lobby, monkeypatch):
    monkeypatch.setattr(tails_module, "CHECK_SECONDS", 0.01)
    (await current().tails.open(lobby.pk)).close()
    await asyncio.wait_for(current().tails.checking, 5)


@database
async def test_the_slow_check_does_not_end_a_tail_that_was_opened_during_its_query(
    lobby, backroom, monkeypatch
):
    monkeypatch.setattr(tails_module, "CHECK_SECONDS", 0.01)
    opened, heads = [], store.heads

    async def slowly(rooms):
        found = await heads(rooms)
        opened.append(await current().tails.open(backroom.pk))
        return found

    monkeypatch.setattr(store, "heads", slowly)
    reader = await current().tails.open(lobby.pk)
    async with asyncio.timeout(5):
        while len(opened) < 2:  # until the result of the first query has been handled
            await asyncio.sleep(0.01)
    assert not opened[0].tail.ended
    for one in [reader, *opened]:
        one.close()


@database
@pytest.mark.parametrize("how", ["new epoch", "deleted", "made private"])
async def test_readers_end_when_their_log_ends(lobby, monkeypatch, how):
    monkeypatch.setattr(tails_module, "CHECK_SECONDS", 0.01)
    reader = await current().tails.open(lobby.pk)
    if how == "deleted":
        await lobby.adelete()
    elif how == "made private":
        await Room.objects.filter(pk=lobby.pk).aupdate(is_public=False)
    else:
        await Room.objects.filter(pk=lobby.pk).aupdate(epoch="f00d")
    with pytest.raises(LogEnded):
        await asyncio.wait_for(reader.take(), 5)
    reader.close()
    assert lobby.pk not in current().tails.tails


@database
async def test_a_reader_behind_the_window_ends_when_its_room_was_deleted(lobby, monkeypatch):
    monkeypatch.setattr(tail, "WINDOW_ENTRIES", 1)
    reader = await current().tails.open(lobby.pk)
    await say(lobby, *"abc")
    await lobby.adelete()
    with pytest.raises(LogEnded):
        await reader.take()
    reader.close()


@database
async def test_a_deleted_room_cannot_be_opened():
    with pytest.raises(LogEnded):
        await current().tails.open(999_999)
    assert current().tails.opening == {}
    assert current().bus.subscriptions == {}


@database
async def test_a_reader_cancelled_during_opening_leaves_no_tail(lobby):
    opening = [asyncio.ensure_future(current().tails.open(lobby.pk)) for _ in range(2)]
    await asyncio.sleep(0)
    loading = current().tails.opening[lobby.pk]
    for asked in opening:
        asked.cancel()
    await asyncio.wait([*opening, loading])
    assert current().tails.tails == {}
    assert current().bus.subscriptions == {}
    assert not current().tails.openers


@database
async def test_a_reader_cancelled_during_opening_does_not_affect_another(lobby):
    leaves, stays = [asyncio.ensure_future(current().tails.open(lobby.pk)) for _ in range(2)]
    await asyncio.sleep(0)
    leaves.cancel()
    reader = await stays
    assert current().tails.tails == {lobby.pk: reader.tail}
    reader.close()
    assert current().tails.tails == {}


@database
async def test_a_reader_continues_after_a_failure_of_the_database(lobby, monkeypatch):
    monkeypatch.setattr(reader_module, "RETRY_SECONDS", 0.01)
    monkeypatch.setattr(tail, "WINDOW_ENTRIES", 1)
    reader = await current().tails.open(lobby.pk)
    await say(lobby, *"abc")
    after, failures = store.after, iter([OperationalError(), OperationalError()])

    async def failing(*args):
        for error in failures:
            raise error
        return await after(*args)

    monkeypatch.setattr(store, "after", failing)
    async with asyncio.timeout(5):
        assert seqs(await anext(aiter(reader))) == [1, 2, 3]
    reader.close()


@database
async def test_opening_fails_while_the_database_is_away_and_works_again(lobby, monkeypatch):
    async def away(*args):
        raise OperationalError

    with monkeypatch.context() as patch:
        patch.setattr(store, "newest", away)
        with pytest.raises(OperationalError):
            await current().tails.open(lobby.pk)
    reader = await current().tails.open(lobby.pk)
    reader.close()


@database
async def test_every_entry_reaches_every_reader_once_in_order(lobby):
    async def read(count):
        reader, found = await current().tails.open(lobby.pk), []
        await reader.resume(await cursor_at(lobby, 0))
        while len(found) < count:
            found += seqs(await reader.take())
        reader.close()
        return found

    readers = [asyncio.ensure_future(read(200)) for _ in range(20)]
    await asyncio.gather(*(say(lobby, *(f"{w}-{n}" for n in range(20))) for w in range(10)))
    async with asyncio.timeout(20):
        for found in await asyncio.gather(*readers):
            assert found == list(range(1, 201))
    assert await Entry.objects.acount() == 200


# ---- Pushing -----------------------------------------------------------------------


def pushing_reader(one, answers):
    """A reader, and the batches that were pushed to it. `answers`: the result of each push."""
    reader, pushed = Reader(one, lambda _: None, "json"), []

    def take(batch):
        pushed.append(seqs(batch))
        return answers.pop(0)

    reader.push_now = take
    return reader, pushed


async def test_a_pushing_reader_gets_one_batch_per_loop_iteration_and_its_task_sleeps():
    one = make_tail(span(1, 3))
    reader, pushed = pushing_reader(one, [True, True])
    taking = asyncio.ensure_future(reader.take())
    await asyncio.sleep(0)
    one.apply(span(4, 4))
    one.apply(span(5, 6))
    assert pushed == []  # an ack that waits to be sent leaves first
    await asyncio.sleep(0)
    one.apply(span(7, 7))
    await asyncio.sleep(0)
    assert pushed == [[4, 5, 6], [7]]
    assert (reader.seq, taking.done()) == (7, False)
    one.end()
    with pytest.raises(LogEnded):
        await taking


async def test_a_reader_whose_push_fails_takes_the_same_batch():
    one = make_tail(span(1, 3))
    reader, pushed = pushing_reader(one, [False])
    taking = asyncio.ensure_future(reader.take())
    await asyncio.sleep(0)
    one.apply(span(4, 5))
    assert seqs(await taking) == pushed[0] == [4, 5]
    assert not one.waiting


async def test_an_error_in_one_push_does_not_affect_other_readers(caplog):
    one = make_tail(span(1, 3))
    failing, _ = pushing_reader(one, [])
    reader, pushed = pushing_reader(one, [True])
    tasks = [asyncio.ensure_future(each.take()) for each in (failing, reader)]
    await asyncio.sleep(0)
    one.apply(span(4, 4))
    assert seqs(await tasks[0]) == [4]
    assert pushed == [[4]]
    assert "Push to a reader failed" in caplog.text
    tasks[1].cancel()


async def test_entries_for_several_frames_are_pushed_in_several_batches(monkeypatch):
    monkeypatch.setattr(entries, "MAX_FRAME_CHARACTERS", 2 * len(entry(1)))
    one = make_tail(span(1, 3))
    reader, pushed = pushing_reader(one, [True, True])
    taking = asyncio.ensure_future(reader.take())
    await asyncio.sleep(0)
    one.apply(span(4, 6))
    await asyncio.sleep(0)
    assert pushed == [[4, 5], [6]]
    taking.cancel()


async def test_nothing_is_pushed_to_a_cancelled_reader():
    one = make_tail(span(1, 3))
    reader, pushed = pushing_reader(one, [True])
    taking = asyncio.ensure_future(reader.take())
    await asyncio.sleep(0)
    one.apply(span(4, 4))
    taking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await taking
    await asyncio.sleep(0)
    assert pushed in ([], [[4]])
    assert not one.waiting
    one.apply(span(5, 5))
    await asyncio.sleep(0)
    assert [5] not in pushed
