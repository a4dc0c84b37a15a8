from hypothesis import given
from hypothesis import strategies as st

from realtime import sse
from streaming.texts.schedule import Pace, Reading

PACE = Pace(start=100.0, interval=0.3, offset=5, total=10)


def test_nothing_is_due_at_the_start():
    assert PACE.due(100.0) == 5
    assert PACE.due(100.29) == 5


def test_one_is_due_after_each_interval():
    assert PACE.due(100.3) == 6
    assert PACE.due(100.61) == 7


def test_a_late_reader_gets_all_that_is_due_and_no_more():
    assert PACE.due(101.25) == 9
    assert PACE.due(1_000_000.0) == 10


def test_a_clock_that_goes_back_takes_nothing_away():
    assert PACE.due(99.0) == 5


def test_moments_are_deadlines_from_the_start_and_do_not_drift():
    assert [round(PACE.moment(offset) - 100, 6) for offset in (6, 7, 10)] == [0.3, 0.6, 1.5]


@given(st.floats(0, 1e6), st.integers(1, 10_000), st.integers(0, 100), st.integers(1, 1_000))
def test_who_wakes_at_a_moment_finds_it_due(start, interval_ms, offset, ahead):
    pace = Pace(start, interval_ms / 1000, offset, total=offset + 2_000)
    assert pace.due(pace.moment(offset + ahead)) == offset + ahead


# ---- One reader ----


def reading(offset=0, total=4):
    run = sse.Run([b"%d" % number for number in range(1, total + 1)])
    return Reading(run, Pace(100.0, 0.3, offset, total), b"!", offset)


def test_each_event_when_it_is_due():
    ours = reading()
    assert [ours.take(100 + now) for now in (0, 0.29, 0.31, 0.61)] == [b"", b"", b"1", b"2"]


def test_what_is_late_comes_in_one_piece():
    assert reading().take(100.95) == b"123"


def test_the_end_comes_with_the_last_event_and_once():
    ours = reading()
    assert ours.take(100.95) == b"123"
    assert not ours.finished
    assert ours.take(107.0) == b"4!"
    assert ours.finished
    assert ours.take(108.0) == b""


def test_a_reader_that_resumes_is_sent_the_rest():
    assert reading(offset=2).take(107.0) == b"34!"


def test_the_next_moment_follows_what_was_sent():
    ours = reading()
    assert round(ours.moment, 6) == 100.3
    ours.take(100.95)
    assert round(ours.moment, 6) == 101.2


def test_a_text_without_characters_is_finished():
    assert reading(total=0).finished
