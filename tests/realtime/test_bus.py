import asyncio

import pytest
from channels.layers import InMemoryChannelLayer

from realtime import bus as module
from realtime.bus import Relay


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
    monkeypatch.setattr(module, "get_channel_layer", lambda: layer)
    monkeypatch.setattr(module, "RETRY_SECONDS", 0.01)
    return layer


class Worker:
    """A relay, and what it has heard and subscribed to."""

    def __init__(self):
        self.relay = Relay()
        self.heard, self.subscribed = asyncio.Queue(), asyncio.Queue()
        self.relay.listen("note", self.heard.put_nowait)

    def follow(self, group):
        self.relay.follow(group, lambda: self.subscribed.put_nowait(group))

    def send(self, group, number):
        self.relay.send(group, "note", number=number)

    async def hears(self):
        return (await soon(self.heard))["number"]


@pytest.fixture
def workers(layer):
    return Worker(), Worker()


async def soon(queue):
    return await asyncio.wait_for(queue.get(), 5)


async def test_a_message_is_heard_by_who_follows_its_group(workers):
    sender, other = workers
    other.follow("a")
    assert await soon(other.subscribed) == "a"
    sender.send("b", 1)
    sender.send("a", 2)
    assert await other.hears() == 2


async def test_a_worker_does_not_hear_itself(workers):
    one, other = workers
    for worker in workers:
        worker.follow("a")
        await soon(worker.subscribed)
    one.send("a", 1)
    other.send("a", 2)
    assert (await one.hears(), await other.hears()) == (2, 1)


async def test_a_message_of_another_type_is_nobodys(workers):
    sender, other = workers
    other.follow("a")
    await soon(other.subscribed)
    sender.relay.send("a", "unknown")
    sender.send("a", 1)
    assert await other.hears() == 1


async def test_who_unfollows_hears_no_more(workers):
    sender, other = workers
    other.follow("a")
    other.follow("b")
    assert {await soon(other.subscribed), await soon(other.subscribed)} == {"a", "b"}
    other.relay.unfollow("a")
    other.follow("c")
    await soon(other.subscribed)
    async with asyncio.timeout(5):
        while "a" in other.relay.held:
            await asyncio.sleep(0)
    sender.send("a", 1)
    sender.send("b", 2)
    assert await other.hears() == 2


async def test_messages_keep_their_order(workers):
    sender, other = workers
    other.follow("a")
    await soon(other.subscribed)
    for number in range(50):
        sender.send("a", number)
    assert [await other.hears() for _ in range(50)] == list(range(50))


async def test_an_outage_is_logged_once_and_mends_itself(layer, workers, caplog):
    caplog.set_level("INFO")
    sender, other = workers
    layer.away = True
    other.follow("a")
    async with asyncio.timeout(5):
        while layer.failures < 4:
            await asyncio.sleep(0)
    layer.away = False
    assert await soon(other.subscribed) == "a"
    sender.send("a", 1)
    await other.hears()
    said = [record.getMessage() for record in caplog.records if record.name == "realtime.bus"]
    assert said == [
        "The channel layer is away (ConnectionError); workers read the log instead.",
        "The channel layer is back.",
    ]


async def test_a_message_that_is_not_understood_harms_no_other(workers, caplog):
    sender, other = workers
    other.follow("a")
    await soon(other.subscribed)
    other.relay.listen("note", lambda message: other.heard.put_nowait(message) or message["no"])
    sender.send("a", 1)
    sender.send("a", 2)
    assert [await other.hears(), await other.hears()] == [1, 2]
    assert "was not understood" in caplog.text


async def test_what_is_sent_during_an_outage_is_bounded(layer, workers):
    sender, _ = workers
    layer.away = True
    for number in range(5_000):
        sender.send("a", number)
    assert len(sender.relay.waiting) <= module.WAITING_MOST


async def test_what_was_to_be_sent_is_waited_for(workers):
    sender, other = workers
    other.follow("a")
    await soon(other.subscribed)
    sender.send("a", 1)
    await sender.relay.sent(5)
    assert await other.hears() == 1


async def test_nobody_waits_for_long_while_the_layer_is_away(workers, layer):
    layer.away = True
    workers[0].send("a", 1)
    async with asyncio.timeout(5):
        await workers[0].relay.sent(0.1)
