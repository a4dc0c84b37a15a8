from hypothesis import given
from hypothesis import strategies as st

from streaming.pace import Pace

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
