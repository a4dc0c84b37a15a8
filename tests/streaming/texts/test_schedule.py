from hypothesis import given
from hypothesis import strategies as st

from realtime import sse
from streaming.texts.schedule import PlaybackPosition, Schedule

SCHEDULE = Schedule(start=100.0, interval=0.3, offset=5, total=10)


def test_nothing_is_due_at_the_start():
    assert SCHEDULE.due(100.0) == 5
    assert SCHEDULE.due(100.29) == 5


def test_one_grapheme_is_due_after_each_interval():
    assert SCHEDULE.due(100.3) == 6
    assert SCHEDULE.due(100.61) == 7


def test_a_late_reader_gets_all_that_is_due_up_to_the_end():
    assert SCHEDULE.due(101.25) == 9
    assert SCHEDULE.due(1_000_000.0) == 10


def test_a_clock_that_goes_back_takes_nothing_away():
    assert SCHEDULE.due(99.0) == 5


def test_deadlines_count_from_the_start_and_do_not_drift():
    assert [round(SCHEDULE.deadline(offset) - 100, 6) for offset in (6, 7, 10)] == [0.3, 0.6, 1.5]


@given(st.floats(0, 1e6), st.integers(1, 10_000), st.integers(0, 100), st.integers(1, 1_000))
def test_at_a_deadline_its_grapheme_is_due(start, interval_ms, offset, ahead):
    schedule = Schedule(start, interval_ms / 1000, offset, total=offset + 2_000)
    assert schedule.due(schedule.deadline(offset + ahead)) == offset + ahead


# ---- The position of one reader ----


def position(offset=0, total=4):
    events = sse.EncodedEvents([b"%d" % number for number in range(1, total + 1)])
    return PlaybackPosition(events, Schedule(100.0, 0.3, offset, total), b"!", offset)


def test_advance_returns_each_event_when_it_is_due():
    reader = position()
    assert [reader.advance(100 + now) for now in (0, 0.29, 0.31, 0.61)] == [b"", b"", b"1", b"2"]


def test_late_events_are_one_chunk():
    assert position().advance(100.95) == b"123"


def test_the_end_comes_once_with_the_last_event():
    reader = position()
    assert reader.advance(100.95) == b"123"
    assert not reader.finished
    assert reader.advance(107.0) == b"4!"
    assert reader.finished
    assert reader.advance(108.0) == b""


def test_a_resumed_reader_gets_the_rest():
    assert position(offset=2).advance(107.0) == b"34!"


def test_the_next_deadline_follows_what_was_sent():
    reader = position()
    assert round(reader.next_deadline, 6) == 100.3
    reader.advance(100.95)
    assert round(reader.next_deadline, 6) == 101.2


def test_an_empty_text_is_finished():
    assert position(total=0).finished
