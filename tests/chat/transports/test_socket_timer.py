import asyncio
from time import monotonic

import pytest

from chat.transports import socket_timer
from chat.transports.socket_timer import SocketTimer
from realtime.tasks import Tasks


class Timed:
    def __init__(self, next_check):
        self.next_check = next_check
        self.calls = 0
        self.called = asyncio.Event()

    def on_timer(self, now):
        self.calls += 1
        self.next_check = now + 1000
        self.called.set()


class Failing(Timed):
    def on_timer(self, now):
        super().on_timer(now)
        raise RuntimeError


@pytest.fixture(autouse=True)
def short_ticks(monkeypatch):
    monkeypatch.setattr(socket_timer, "TICK_SECONDS", 0.001)


@pytest.fixture
async def timer():
    return SocketTimer(Tasks())


async def called(timed):
    async with asyncio.timeout(5):
        await timed.called.wait()


async def test_only_a_passed_deadline_is_called(timer):
    due, later = Timed(0), Timed(monotonic() + 1000)
    timer.add(later)
    timer.add(due)
    await called(due)
    assert (due.calls, later.calls) == (1, 0)
    for timed in (due, later):
        timer.discard(timed)
    await asyncio.wait([timer.running], timeout=5)
    assert timer.running.done()


async def test_it_starts_again_after_it_was_empty(timer):
    for _ in range(2):
        timed = Timed(0)
        timer.add(timed)
        await called(timed)
        timer.discard(timed)
        await asyncio.wait([timer.running], timeout=5)


async def test_a_failure_does_not_affect_the_others(timer):
    first, second = Failing(0), Failing(0)
    timer.add(first)
    timer.add(second)
    await asyncio.gather(called(first), called(second))
    timer.discard(first)
    timer.discard(second)
