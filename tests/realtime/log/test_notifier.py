import asyncio

from chat.log.store import Span
from realtime.bus import Relay
from realtime.log import notifier
from realtime.log.notifier import Doorbell


def span(room=1, seq=1, body="x"):
    return Span(room, "e", seq, [body])


async def test_a_ring_is_heard_by_who_follows_the_room():
    heard, subscribed = asyncio.Queue(), asyncio.Queue()
    ringer = Doorbell(Relay(), heard.put_nowait, subscribed.put_nowait)
    ear = Doorbell(Relay(), heard.put_nowait, subscribed.put_nowait)
    ear.follow(1)
    async with asyncio.timeout(5):
        assert await subscribed.get() == 1
        ringer.ring(span(room=2))
        ringer.ring(span(room=1, seq=7))
        assert await heard.get() == span(room=1, seq=7)
        ear.follow(2)
        await subscribed.get()
        ear.unfollow(1)
        ringer.ring(span(room=2))
        assert (await heard.get()).room == 2


def test_a_span_that_is_too_large_goes_as_a_mere_hint(monkeypatch):
    monkeypatch.setattr(notifier, "RING_SIZE", 10)
    large = Span(1, "e", 5, ["x" * 6, "y" * 6])
    hint = notifier.span_of(notifier.fields(large))
    assert hint == Span(1, "e", 7, [])


def test_a_span_survives_the_relay():
    assert notifier.span_of(notifier.fields(span())) == span()
