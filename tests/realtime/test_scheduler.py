"""When the scheduler calls whom, on a clock that only timers and callbacks move."""

from collections import Counter

import pytest

from realtime.scheduler import BATCH_SIZE, MAX_ROUND_SECONDS
from tests.realtime.machine import Machine


class Readers(Machine):
    """A machine with readers. Serving a reader takes `cost` seconds."""

    def __init__(self, cost=0.0):
        super().__init__()
        self.cost = cost
        self.served = []

    def add(self, name, interval, first=None, times=1_000_000):
        """Adds a reader with `times` events, one each `interval`. It takes all that are due."""
        first = self.now + interval if first is None else first
        taken = 0

        def callback(now):
            nonlocal taken
            taken = int((now - first) / interval + 1e-6) + 1
            self.now += self.cost
            self.served.append((name, round(now, 3), taken))
            return first + taken * interval if taken < times else None

        self.scheduler.call_at(first, callback)


def test_a_callback_that_fails_is_logged_and_stops_no_other(caplog):
    machine = Readers()
    machine.scheduler.call_at(0.1, lambda now: 1 / 0)
    machine.add("other", 0.1, times=3)
    machine.run(1)
    assert [name for name, *_ in machine.served] == ["other"] * 3
    assert "A scheduler callback failed." in caplog.text


def test_a_single_reader_is_served_at_each_deadline():
    machine = Readers(cost=0.00002)
    machine.add("a", 0.01, times=3)
    machine.run(until=100)
    assert machine.served == [("a", 0.01, 1), ("a", 0.02, 2), ("a", 0.03, 3)]
    assert machine.timers == []


def test_an_earlier_deadline_is_served_first_though_it_was_scheduled_later():
    machine = Readers()
    machine.add("late", 10, times=1)
    machine.add("early", 0.01, times=1)
    machine.add("between", 1, times=1)
    machine.run(until=100)
    assert [name for name, _, _ in machine.served] == ["early", "between", "late"]


def test_a_reader_is_served_that_comes_when_no_other_is_left():
    machine = Readers()
    for name in ("a", "b"):
        machine.add(name, 1, times=1)
        machine.run(until=100)
    assert [name for name, _, _ in machine.served] == ["a", "b"]


def test_of_two_equal_deadlines_the_first_scheduled_is_served_first():
    machine = Readers()
    for name in ("a", "b"):
        machine.add(name, 1, first=1.0, times=2)
    machine.run(until=100)
    assert [name for name, _, _ in machine.served] == ["a", "b", "a", "b"]


def test_the_timer_is_rounded_up_to_whole_milliseconds():
    machine = Readers()
    machine.add("a", 0.0104, times=1)
    machine.run(until=100)
    assert machine.delays == [0.011]
    assert machine.served == [("a", 0.011, 1)]


def test_the_pause_after_a_round_is_as_long_as_the_round():
    machine = Readers(cost=0.001)
    for name in range(20):
        machine.add(name, 0.01, first=0.01)
    machine.run(until=0.2)
    moments = [now for name, now, _ in machine.served if name == 0]
    # 20 ms for all readers, and 20 ms for other tasks.
    assert moments == pytest.approx([0.01, 0.05, 0.09, 0.13, 0.17], abs=0.005)
    assert [taken for name, _, taken in machine.served if name == 0] == [1, 5, 9, 13, 17]


def test_all_readers_are_served_equally_often():
    machine = Readers(cost=0.0001)
    names = range(3 * BATCH_SIZE)
    for name in names:
        machine.add(name, 0.01, first=0.01 + name / 100_000)
    machine.run(until=2)
    served = Counter(name for name, now, _ in machine.served if now > 1)
    assert served.keys() == set(names)
    assert max(served.values()) - min(served.values()) <= 1


def test_the_pause_shrinks_to_nothing_as_a_round_takes_longer():
    for cost, seconds in [(0.04, 0.08), (0.07, MAX_ROUND_SECONDS), (0.2, 0.2)]:
        machine = Readers(cost=cost)
        machine.add("a", 0.01)
        machine.run(until=1)
        first, second = (now for _, now, _ in machine.served[:2])
        assert second - first == pytest.approx(seconds)


def test_a_long_round_yields_to_the_loop_after_each_batch():
    machine = Readers(cost=0.00001)
    for name in range(BATCH_SIZE + 1):
        machine.add(name, 1, first=1.0, times=1)
    machine.run(until=100)
    assert machine.delays == [1.0, 0]
    assert len(machine.served) == BATCH_SIZE + 1
