import asyncio

import pytest
from channels.layers import InMemoryChannelLayer

from realtime import bus as module
from realtime.bus import Bus
from realtime.tasks import Tasks


class Layer(InMemoryChannelLayer):
    """The in-memory layer, with an outage on demand."""

    away = False
    failures = 0

    async def group_send(self, group, message):
        self.fail_if_away()
        await super().group_send(group, message)

    async def group_add(self, group, channel):
        self.fail_if_away()
        await super().group_add(group, channel)

    def fail_if_away(self):
        if self.away:
            self.failures += 1
            raise ConnectionError


@pytest.fixture
def layer(monkeypatch):
    layer = Layer()
    monkeypatch.setattr(module, "get_channel_layer", lambda _name: layer)
    monkeypatch.setattr(module, "RETRY_SECONDS", 0.01)
    return layer


class Worker:
    """A bus, the messages that it received, and its subscriptions."""

    def __init__(self):
        self.bus = Bus(Tasks(), alone=False)
        self.received, self.subscribed = asyncio.Queue(), asyncio.Queue()
        self.bus.on("note", self.received.put_nowait)

    def subscribe(self, group):
        self.bus.subscribe(group, lambda: self.subscribed.put_nowait(group))

    def send(self, group, number):
        self.bus.send(group, "note", number=number)

    async def receives(self):
        return (await soon(self.received))["number"]


@pytest.fixture
def workers(layer):
    return Worker(), Worker()


async def soon(queue):
    return await asyncio.wait_for(queue.get(), 5)


async def test_a_subscriber_of_a_group_receives_its_messages(workers):
    sender, other = workers
    other.subscribe("a")
    assert await soon(other.subscribed) == "a"
    sender.send("b", 1)
    sender.send("a", 2)
    assert await other.receives() == 2


async def test_a_worker_does_not_receive_its_own_messages(workers):
    one, other = workers
    for worker in workers:
        worker.subscribe("a")
        await soon(worker.subscribed)
    one.send("a", 1)
    other.send("a", 2)
    assert (await one.receives(), await other.receives()) == (2, 1)


async def test_a_message_of_an_unknown_type_is_ignored(workers):
    sender, other = workers
    other.subscribe("a")
    await soon(other.subscribed)
    sender.bus.send("a", "unknown")
    sender.send("a", 1)
    assert await other.receives() == 1


async def test_nothing_is_received_after_unsubscribe(workers):
    sender, other = workers
    other.subscribe("a")
    other.subscribe("b")
    assert {await soon(other.subscribed), await soon(other.subscribed)} == {"a", "b"}
    other.bus.unsubscribe("a")
    other.subscribe("c")
    await soon(other.subscribed)
    async with asyncio.timeout(5):
        while "a" in other.bus.subscribed:
            await asyncio.sleep(0)
    sender.send("a", 1)
    sender.send("b", 2)
    assert await other.receives() == 2


async def test_messages_keep_their_order(workers):
    sender, other = workers
    other.subscribe("a")
    await soon(other.subscribed)
    for number in range(50):
        sender.send("a", number)
    assert [await other.receives() for _ in range(50)] == list(range(50))


async def test_an_outage_is_logged_once_and_ends_by_itself(layer, workers, caplog):
    caplog.set_level("INFO")
    sender, other = workers
    layer.away = True
    other.subscribe("a")
    async with asyncio.timeout(5):
        while layer.failures < 4:
            await asyncio.sleep(0)
    layer.away = False
    assert await soon(other.subscribed) == "a"
    sender.send("a", 1)
    await other.receives()
    said = [record.getMessage() for record in caplog.records if record.name == "realtime.bus"]
    assert said == [
        "Channel layer unreachable (ConnectionError); workers poll the database.",
        "Channel layer reachable again.",
    ]


async def test_a_failing_handler_does_not_affect_other_messages(workers, caplog):
    sender, other = workers
    other.subscribe("a")
    await soon(other.subscribed)
    other.bus.on("note", lambda message: other.received.put_nowait(message) or message["no"])
    sender.send("a", 1)
    sender.send("a", 2)
    assert [await other.receives(), await other.receives()] == [1, 2]
    assert "Message handler failed" in caplog.text


async def test_the_outbox_is_bounded_during_an_outage(layer, workers):
    sender, _ = workers
    layer.away = True
    for number in range(5_000):
        sender.send("a", number)
    assert len(sender.bus.outbox) <= module.OUTBOX_LENGTH


async def test_flush_waits_until_the_outbox_is_empty(workers):
    sender, other = workers
    other.subscribe("a")
    await soon(other.subscribed)
    sender.send("a", 1)
    await sender.bus.flush(5)
    assert await other.receives() == 1


async def test_flush_ends_in_time_while_the_layer_is_away(workers, layer):
    layer.away = True
    workers[0].send("a", 1)
    async with asyncio.timeout(5):
        await workers[0].bus.flush(0.1)
