import asyncio
from time import monotonic

import pytest

from chat.transports import socket_timer
from chat.transports.socket_timer import Pulse


class Beating:
    def __init__(self, due):
        self.due = due
        self.beats = 0
        self.beaten = asyncio.Event()

    def beat(self, now):
        self.beats += 1
        self.due = now + 1000
        self.beaten.set()


class Broken(Beating):
    def beat(self, now):
        super().beat(now)
        raise RuntimeError


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(socket_timer, "TICK_SECONDS", 0.001)


async def beaten(one):
    async with asyncio.timeout(5):
        await one.beaten.wait()


async def test_who_is_due_beats_and_nobody_else():
    ticking, due, later = Pulse(), Beating(0), Beating(monotonic() + 1000)
    ticking.add(later)
    ticking.add(due)
    await beaten(due)
    assert (due.beats, later.beats) == (1, 0)
    for one in (due, later):
        ticking.discard(one)
    await asyncio.wait([ticking.task], timeout=5)
    assert ticking.task.done()


async def test_it_goes_on_for_who_comes_when_nobody_was_there():
    ticking = Pulse()
    for _ in range(2):
        one = Beating(0)
        ticking.add(one)
        await beaten(one)
        ticking.discard(one)
        await asyncio.wait([ticking.task], timeout=5)


async def test_one_that_fails_keeps_no_other_from_beating():
    ticking, first, second = Pulse(), Broken(0), Broken(0)
    ticking.add(first)
    ticking.add(second)
    await asyncio.gather(beaten(first), beaten(second))
    ticking.discard(first)
    ticking.discard(second)
