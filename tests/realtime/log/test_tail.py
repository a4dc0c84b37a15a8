import asyncio
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.log import store
from chat.protocol import entries
from realtime.counters import ConnectionCounters, Counters
from realtime.log.store import Span
from realtime.log.tail import Tail
from realtime.tasks import Tasks
from tests.chat.protocol.test_entries import entry

database = pytest.mark.django_db(transaction=True)


def span(first=1, last=3, room=1, epoch="e"):
    return Span(room, epoch, first, [entry(seq) for seq in range(first, last + 1)])


def make_tail(span):
    """A tail with parts of its own."""
    return Tail(span, store, Tasks(), Counters(ConnectionCounters()))


def seqs(batch):
    return [json.loads(encoded)["seq"] for encoded in batch.entries]


# ---- The tail itself -----------------------------------------------------------------


async def test_entries_after_the_head_are_added_once():
    one = make_tail(span(1, 3))
    assert one.apply(4, span(4, 5).encoded)
    assert one.apply(4, span(4, 5).encoded)
    assert one.apply(3, span(3, 6).encoded)
    assert one.head == 6
    assert seqs(await one.batch(0)) == [1, 2, 3, 4, 5, 6]


async def test_a_span_after_a_gap_adds_nothing():
    one = make_tail(span(1, 3))
    assert not one.apply(5, span(5, 6).encoded)
    assert one.head == 3


@given(st.lists(st.tuples(st.integers(1, 20), st.integers(0, 5)), max_size=30))
def test_the_tail_is_a_prefix_of_the_log_whatever_is_doubled_late_or_lost(published):
    async def check():
        one = make_tail(span(1, 0))
        for first, length in published:
            one.apply(first, span(first, first + length - 1).encoded)
        if one.head:
            assert seqs(await one.batch(0)) == list(range(1, one.head + 1))

    asyncio.run(check())


async def test_readers_at_one_cursor_share_a_batch_and_its_forms():
    one = make_tail(span(1, 3))
    rendered = []

    def form(batch):
        rendered.append(batch)
        return batch.cursor

    assert (await one.batch(1)) is (await one.batch(1))
    assert (await one.batch(1)).render(form) == (await one.batch(1)).render(form) == "e:3"
    assert len(rendered) == 1


async def test_a_batch_is_never_too_large_for_a_frame(monkeypatch):
    monkeypatch.setattr(entries, "MAX_FRAME_CHARACTERS", len(entry(1)) * 2)
    one = make_tail(span(1, 5))
    assert [seqs(await one.batch(after)) for after in (0, 2, 4)] == [[1, 2], [3, 4], [5]]


async def test_an_entry_larger_than_a_batch_is_sent_alone(monkeypatch):
    monkeypatch.setattr(entries, "MAX_FRAME_CHARACTERS", 1)
    assert seqs(await make_tail(span(1, 3)).batch(0)) == [1]


async def test_edits_and_deletions_are_applied_to_the_window():
    one = make_tail(Span(1, "e", 1, [entry(1, body="old"), entry(2, body="secret")]))
    one.apply(3, [entry(3, kind="edit", body="new", ref=1)])
    one.apply(4, [entry(4, kind="edit", body="secret too", ref=2)])
    one.apply(5, [entry(5, kind="delete", body="", ref=2)])
    bodies = [json.loads(encoded)["body"] for encoded in (await one.batch(0)).entries]
    assert bodies == ["new", "", "new", "", ""]


# ---- Entries that were changed in their place ----------------------------------------


class RewrittenStore:
    """A store whose log was rewritten. `during` runs while the newest entries are read."""

    def __init__(self, newest, during=lambda: None):
        self.span, self.during = newest, during

    def __getattr__(self, name):
        return getattr(store, name)

    async def newest(self, log, limit):
        self.during()
        return self.span


async def reloaded(one, newest, during=lambda: None):
    """Lets a tail read the log again."""
    one.store = RewrittenStore(newest, during)
    one.reload()
    await one.reloading
    return one


async def test_a_reloaded_tail_has_what_the_database_has_now():
    one = make_tail(span(1, 6))
    assert seqs(await one.batch(0)) == [1, 2, 3, 4, 5, 6]
    changed = [entry(4, body="changed"), *span(5, 7).encoded]
    await reloaded(one, Span(1, "e", 4, changed, rewrites=2))
    assert (one.first, one.head, one.rewrites) == (4, 7, 2)
    assert json.loads(one.window[0])["body"] == "changed"
    assert one.size == sum(map(len, one.window))
    assert seqs(await one.batch(5)) == [6, 7]


async def test_entries_that_arrive_during_a_reload_stay():
    one = make_tail(span(1, 6))
    deletion = entry(8, kind="delete", ref=6, body="")
    await reloaded(one, span(4, 6), during=lambda: one.apply(7, [*span(7, 7).encoded, deletion]))
    assert (one.first, one.head) == (4, 8)
    assert seqs(await one.batch(3)) == [4, 5, 6, 7, 8]
    assert json.loads(one.window[2])["deleted"]


async def test_a_reload_that_finds_another_log_or_none_changes_nothing():
    for newest in (None, span(1, 2, epoch="f")):
        one = make_tail(span(1, 6))
        await reloaded(one, newest)
        assert seqs(await one.batch(0)) == [1, 2, 3, 4, 5, 6]
