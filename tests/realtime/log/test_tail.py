import asyncio
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.log import store
from chat.protocol import entries
from realtime.counters import ConnectionCounters, Counters
from realtime.log import tail as tail_module
from realtime.log.store import Span
from realtime.log.tail import Tail
from realtime.tasks import Tasks
from tests.chat.protocol.test_entries import entry

database = pytest.mark.django_db(transaction=True)


def mark(seq, log="a"):
    """The mark of an entry of a test log. Two logs have other marks at the same seq."""
    return seq * 1_000 + (ord(log) if seq else 0)


def span(first=1, last=3, room=1, epoch="e", log="a"):
    seqs = range(first, last + 1)
    encoded, marks = [entry(seq) for seq in seqs], [mark(seq, log) for seq in seqs]
    return Span(room, epoch, first, mark(first - 1, log), encoded, marks)


def span_of(*encoded, first=1):
    marks = [mark(first + index) for index in range(len(encoded))]
    return Span(1, "e", first, mark(first - 1), [*encoded], marks)


def make_tail(span):
    """A tail with parts of its own."""
    return Tail(span, store, Tasks(), Counters(ConnectionCounters()), lambda tail: None)


def seqs(batch):
    return [json.loads(encoded)["seq"] for encoded in batch.entries]


# ---- The tail itself -----------------------------------------------------------------


async def test_entries_after_the_head_are_added_once():
    one = make_tail(span(1, 3))
    assert one.apply(span(4, 5))
    assert one.apply(span(4, 5))
    assert one.apply(span(3, 6))
    assert one.head == 6
    assert seqs(await one.batch(0, mark(0))) == [1, 2, 3, 4, 5, 6]


async def test_a_span_after_a_gap_adds_nothing():
    one = make_tail(span(1, 3))
    assert not one.apply(span(5, 6))
    assert one.head == 3


@given(st.lists(st.tuples(st.integers(1, 20), st.integers(0, 5)), max_size=30))
def test_the_tail_is_a_prefix_of_the_log_whatever_is_doubled_late_or_lost(published):
    async def check():
        one = make_tail(span(1, 0))
        for first, length in published:
            one.apply(span(first, first + length - 1))
        if one.head:
            assert seqs(await one.batch(0, mark(0))) == list(range(1, one.head + 1))

    asyncio.run(check())


@pytest.mark.parametrize("other", [span(2, 4, log="b"), span(4, 5, log="b"), span(4, 5, epoch="f")])
async def test_a_span_of_another_log_adds_nothing(other):
    one = make_tail(span(1, 3))
    assert not one.apply(other)
    assert (one.head, one.mark) == (3, mark(3))


async def test_an_old_span_of_the_same_log_is_ignored(monkeypatch):
    monkeypatch.setattr(tail_module, "WINDOW_ENTRIES", 2)
    one = make_tail(span(1, 6))
    assert one.apply(span(4, 5))
    assert one.apply(span(1, 2))  # older than the marks that are known
    assert (one.oldest, one.head) == (4, 6)


async def test_the_marks_of_a_large_window_are_known_although_its_entries_are_trimmed(monkeypatch):
    monkeypatch.setattr(tail_module, "WINDOW_SIZE", 1)
    one = make_tail(span(8, 20))
    assert len(one.window) == 1
    assert [one.mark_at(seq) for seq in (6, 7, 8, 20, 21)] == [None, *map(mark, (7, 8, 20)), None]


async def test_the_common_part_of_two_logs_ends_where_their_marks_differ():
    old, new = make_tail(span(1, 9)), make_tail(span(1, 3))
    new.apply(Span(1, "e", 4, mark(3), span(4, 9).encoded, [mark(n, "b") for n in range(4, 10)]))
    assert new.common(old) == old.common(new) == 3
    assert make_tail(span(1, 5)).common(old) == 5
    assert make_tail(span(8, 9, log="b")).common(old) is None
    assert make_tail(span(1, 9, epoch="f")).common(old) is None


async def test_readers_at_one_cursor_share_a_batch_and_its_forms():
    one = make_tail(span(1, 3))
    rendered = []

    def form(batch):
        rendered.append(batch)
        return batch.cursor

    assert (await one.batch(1, mark(1))) is (await one.batch(1, mark(1)))
    assert (
        (await one.batch(1, mark(1))).render(form)
        == (await one.batch(1, mark(1))).render(form)
        == "e:3:000000000c19"
    )
    assert len(rendered) == 1


async def test_a_batch_is_never_too_large_for_a_frame(monkeypatch):
    monkeypatch.setattr(entries, "MAX_FRAME_CHARACTERS", len(entry(1)) * 2)
    one = make_tail(span(1, 5))
    assert [seqs(await one.batch(after, mark(after))) for after in (0, 2, 4)] == [
        [1, 2],
        [3, 4],
        [5],
    ]


async def test_an_entry_larger_than_a_batch_is_sent_alone(monkeypatch):
    monkeypatch.setattr(entries, "MAX_FRAME_CHARACTERS", 1)
    assert seqs(await make_tail(span(1, 3)).batch(0, 0)) == [1]


async def test_edits_and_deletions_are_applied_to_the_window():
    one = make_tail(span_of(entry(1, body="old"), entry(2, body="secret")))
    one.apply(span_of(entry(3, kind="edit", body="new", ref=1), first=3))
    one.apply(span_of(entry(4, kind="edit", body="secret too", ref=2), first=4))
    one.apply(span_of(entry(5, kind="delete", body="", ref=2), first=5))
    bodies = [json.loads(encoded)["body"] for encoded in (await one.batch(0, mark(0))).entries]
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
    assert seqs(await one.batch(0, mark(0))) == [1, 2, 3, 4, 5, 6]
    changed = [entry(4, body="changed"), *span(5, 7).encoded]
    await reloaded(one, replace(span_of(*changed, first=4), rewrites=2))
    assert (one.first, one.head, one.rewrites) == (4, 7, 2)
    assert json.loads(one.window[0])["body"] == "changed"
    assert one.size == sum(map(len, one.window))
    assert seqs(await one.batch(5, mark(5))) == [6, 7]
    assert [one.mark_at(seq) for seq in (2, 3, 7)] == [None, mark(3), mark(7)]


async def test_entries_that_arrive_during_a_reload_stay():
    one = make_tail(span(1, 6))
    deletion = entry(8, kind="delete", ref=6, body="")
    await reloaded(one, span(4, 6), during=lambda: one.apply(span_of(entry(7), deletion, first=7)))
    assert (one.first, one.head) == (4, 8)
    assert seqs(await one.batch(3, mark(3))) == [4, 5, 6, 7, 8]
    assert json.loads(one.window[2])["deleted"]


async def test_a_reload_that_finds_another_log_or_none_changes_nothing():
    for newest in (None, span(1, 7, epoch="f"), span(1, 7, log="b"), span(8, 9)):
        one = make_tail(span(1, 6))
        await reloaded(one, newest)
        assert seqs(await one.batch(0, mark(0))) == [1, 2, 3, 4, 5, 6]
