"""Backpressure in both directions."""

import asyncio
from types import SimpleNamespace

from config.server import backpressure
from config.server.backpressure import (
    MAX_WAITING,
    STUCK_SECONDS,
    BoundedReceiveQueue,
    ReceiveQueue,
    WriteGate,
)

# ---- Writing ----


async def test_a_writer_waits_while_the_gate_is_paused():
    gate = WriteGate(None)
    await gate.drained()
    gate.pauseProducing()
    waiting = [asyncio.ensure_future(gate.drained()) for _ in range(2)]
    await asyncio.sleep(0)
    assert not any(task.done() for task in waiting)
    gate.resumeProducing()
    await asyncio.gather(*waiting)


async def test_a_cancelled_writer_does_not_stop_the_others():
    gate = WriteGate(None)
    gate.pauseProducing()
    cancelled, waiting = (asyncio.ensure_future(gate.drained()) for _ in range(2))
    await asyncio.sleep(0)
    cancelled.cancel()
    await asyncio.wait([cancelled])
    gate.stopProducing()
    await waiting


def test_a_client_is_stuck_when_it_reads_nothing_for_a_minute(monkeypatch):
    now = 100.0
    monkeypatch.setattr(backpressure, "time", SimpleNamespace(monotonic=lambda: now))
    connection = SimpleNamespace(bytes_in_flight=1000)
    gate = WriteGate(connection)
    assert not gate.is_stuck()
    gate.pauseProducing()
    now += STUCK_SECONDS
    assert not gate.is_stuck()
    connection.bytes_in_flight = 999  # it reads, however slowly
    now += STUCK_SECONDS
    assert not gate.is_stuck()
    now += STUCK_SECONDS + 1
    assert gate.is_stuck()


# ---- Receiving ----


class Pausing:
    """Records when the server stops and resumes reading."""

    connected = True

    def __init__(self):
        self.transport = self
        self.calls = []

    def pauseProducing(self):
        self.calls.append("pause")

    def resumeProducing(self):
        self.calls.append("resume")


def event(number):
    return {"type": "websocket.receive", "text": str(number)}


async def test_events_are_received_in_order():
    queue = ReceiveQueue()
    waiting = asyncio.ensure_future(queue.get())
    await asyncio.sleep(0)
    queue.put_nowait(event(1))
    queue.put_nowait(event(2))
    assert [await waiting, await queue.get()] == [event(1), event(2)]


async def test_a_cancelled_receive_loses_no_event():
    queue = ReceiveQueue()
    waiting = asyncio.ensure_future(queue.get())
    await asyncio.sleep(0)
    queue.put_nowait(event(1))
    waiting.cancel()
    await asyncio.wait([waiting])
    assert await queue.get() == event(1)


async def test_the_disconnect_event_is_received_by_every_later_call():
    queue = ReceiveQueue()
    queue.put_nowait(event(1))
    queue.put_nowait({"type": "websocket.disconnect", "code": 1001})
    types = [(await queue.get())["type"] for _ in range(3)]
    assert types == ["websocket.receive", "websocket.disconnect", "websocket.disconnect"]


async def test_reading_stops_while_many_messages_wait():
    connection = Pausing()
    queue = BoundedReceiveQueue(connection)
    for number in range(MAX_WAITING + 5):
        queue.put_nowait(event(number))
    assert connection.calls == ["pause"]
    for number in range(MAX_WAITING + 5):
        assert await queue.get() == event(number)
    assert connection.calls == ["pause", "resume"]
