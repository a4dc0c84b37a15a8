"""The order and times of the calls, on a clock that only timers and callbacks move."""

from collections import Counter

import pytest

from realtime.scheduler import CALLS_PER_ITERATION, ROUND_SECONDS, DeadlineScheduler


class Machine:
    """A loop with one timer at a time. `cost`: seconds that one callback takes."""

    def __init__(self, cost=0.0):
        self.now = 0.0
        self.cost = cost
        self.timers = []
        self.slept = []
        self.served = []
        self.scheduler = DeadlineScheduler(lambda: self.now, self.call_later)

    def call_later(self, seconds, call):
        self.timers.append(Timer(self, self.now + seconds, call))
        self.slept.append(round(seconds, 6))
        return self.timers[-1]

    def run(self, until):
        """Fires timers until a time."""
        while self.timers and self.timers[0].moment <= until:
            (timer,) = self.timers
            self.timers.clear()
            self.now = max(self.now, timer.moment)
            timer.call()

    def plays(self, name, interval, first=None, times=1_000_000):
        """A reader that is due every `interval`, `times` times, and takes all that is due."""
        first = self.now + interval if first is None else first
        taken = 0

        def step(now):
            nonlocal taken
            taken = int((now - first) / interval + 1e-6) + 1
            self.now += self.cost
            self.served.append((name, round(now, 3), taken))
            return first + taken * interval if taken < times else None

        self.scheduler.call_at(first, step)


class Timer:
    def __init__(self, machine, moment, call):
        self.machine = machine
        self.moment = moment
        self.call = call

    def cancel(self):
        self.machine.timers.remove(self)


def test_a_failing_callback_does_not_delay_the_others(caplog):
    machine = Machine()
    machine.scheduler.call_at(0.1, lambda now: 1 / 0)
    machine.plays("other", 0.1, times=3)
    machine.run(1)
    assert [name for name, *_ in machine.served] == ["other"] * 3
    assert "Scheduler callback failed" in caplog.text


def test_a_single_reader_is_served_on_time():
    machine = Machine(cost=0.00002)
    machine.plays("a", 0.01, times=3)
    machine.run(until=100)
    assert machine.served == [("a", 0.01, 1), ("a", 0.02, 2), ("a", 0.03, 3)]
    assert machine.timers == []


def test_an_earlier_deadline_is_served_first():
    machine = Machine()
    machine.plays("late", 10, times=1)
    machine.plays("early", 0.01, times=1)
    machine.plays("between", 1, times=1)
    machine.run(until=100)
    assert [name for name, _, _ in machine.served] == ["early", "between", "late"]


def test_a_callback_is_served_after_all_others_have_ended():
    machine = Machine()
    for name in ("a", "b"):
        machine.plays(name, 1, times=1)
        machine.run(until=100)
    assert [name for name, _, _ in machine.served] == ["a", "b"]


def test_equal_deadlines_are_served_in_the_order_of_scheduling():
    machine = Machine()
    for name in ("a", "b"):
        machine.plays(name, 1, first=1.0, times=2)
    machine.run(until=100)
    assert [name for name, _, _ in machine.served] == ["a", "b", "a", "b"]


def test_timers_are_rounded_up_to_milliseconds():
    machine = Machine()
    machine.plays("a", 0.0104, times=1)
    machine.run(until=100)
    assert machine.slept == [0.011]
    assert machine.served == [("a", 0.011, 1)]


def test_a_pause_is_as_long_as_the_round():
    machine = Machine(cost=0.001)
    for name in range(20):
        machine.plays(name, 0.01, first=0.01)
    machine.run(until=0.2)
    moments = [now for name, now, _ in machine.served if name == 0]
    # 20 ms for all of them, and 20 ms for others.
    assert moments == pytest.approx([0.01, 0.05, 0.09, 0.13, 0.17], abs=0.005)
    assert [taken for name, _, taken in machine.served if name == 0] == [1, 5, 9, 13, 17]


def test_all_readers_are_served_equally_often():
    machine = Machine(cost=0.0001)
    names = range(3 * CALLS_PER_ITERATION)
    for name in names:
        machine.plays(name, 0.01, first=0.01 + name / 100_000)
    machine.run(until=2)
    served = Counter(name for name, now, _ in machine.served if now > 1)
    assert served.keys() == set(names)
    assert max(served.values()) - min(served.values()) <= 1


def test_a_long_round_shortens_the_pause():
    for cost, lap in [(0.04, 0.08), (0.07, ROUND_SECONDS), (0.2, 0.2)]:
        machine = Machine(cost=cost)
        machine.plays("a", 0.01)
        machine.run(until=1)
        first, second = (now for _, now, _ in machine.served[:2])
        assert second - first == pytest.approx(lap)


def test_the_loop_gets_a_turn_within_a_round():
    machine = Machine(cost=0.00001)
    for name in range(CALLS_PER_ITERATION + 1):
        machine.plays(name, 1, first=1.0, times=1)
    machine.run(until=100)
    assert machine.slept == [1.0, 0]
    assert len(machine.served) == CALLS_PER_ITERATION + 1
