import asyncio

import pytest
from channels.layers import InMemoryChannelLayer

from chat import doorbell
from chat.doorbell import Doorbell
from chat.log import Span


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
    monkeypatch.setattr(doorbell, "get_channel_layer", lambda: layer)
    monkeypatch.setattr(doorbell, "RETRY_SECONDS", 0.01)
    return layer


@pytest.fixture
def ears():
    """Two doorbells, as of two workers, and what each has heard and subscribed to."""

    def bell():
        heard, subscribed = asyncio.Queue(), asyncio.Queue()
        made = Doorbell(heard.put_nowait, subscribed.put_nowait)
        made.queue, made.subscriptions = heard, subscribed
        return made

    return bell(), bell()


def span(room=1, seq=1, body="x"):
    return Span(room, "e", seq, [body])


async def soon(queue):
    return await asyncio.wait_for(queue.get(), 5)


async def test_a_ring_is_heard_by_who_follows_the_room(layer, ears):
    ringer, ear = ears
    ear.follow(1)
    assert await soon(ear.subscriptions) == 1
    ringer.ring(span(room=2))
    ringer.ring(span(room=1, seq=7))
    assert await soon(ear.queue) == span(room=1, seq=7)


async def test_who_unfollows_hears_no_more(layer, ears):
    ringer, ear = ears
    ear.follow(1)
    ear.follow(2)
    assert {await soon(ear.subscriptions), await soon(ear.subscriptions)} == {1, 2}
    ear.unfollow(1)
    ear.follow(3)
    await soon(ear.subscriptions)
    async with asyncio.timeout(5):
        while 1 in ear.held:
            await asyncio.sleep(0)
    ringer.ring(span(room=1))
    ringer.ring(span(room=2))
    assert (await soon(ear.queue)).room == 2


async def test_rings_keep_their_order(layer, ears):
    ringer, ear = ears
    ear.follow(1)
    await soon(ear.subscriptions)
    for seq in range(1, 51):
        ringer.ring(span(seq=seq))
    assert [(await soon(ear.queue)).first for _ in range(50)] == list(range(1, 51))


async def test_an_outage_is_logged_once_and_mends_itself(layer, ears, caplog):
    caplog.set_level("INFO")
    ringer, ear = ears
    layer.away = True
    ear.follow(1)
    async with asyncio.timeout(5):
        while layer.failures < 4:
            await asyncio.sleep(0)
    layer.away = False
    assert await soon(ear.subscriptions) == 1
    ringer.ring(span())
    await soon(ear.queue)
    said = [record.getMessage() for record in caplog.records if record.name == "chat.doorbell"]
    assert said == [
        "The channel layer is away (ConnectionError); workers read the log instead.",
        "The channel layer is back.",
    ]


async def test_what_is_rung_during_an_outage_is_bounded(layer, ears):
    ringer, _ = ears
    layer.away = True
    for seq in range(1, 5_000):
        ringer.ring(span(seq=seq))
    assert len(ringer.spans) <= doorbell.WAITING_MOST


def test_a_span_that_is_too_large_goes_as_a_mere_hint(monkeypatch):
    monkeypatch.setattr(doorbell, "RING_SIZE", 10)
    large = Span(1, "e", 5, ["x" * 6, "y" * 6])
    hint = doorbell.span_of(doorbell.message(large))
    assert hint == Span(1, "e", 7, [])


def test_a_span_survives_the_layer():
    assert doorbell.span_of(doorbell.message(span())) == span()
