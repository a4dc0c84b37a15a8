import asyncio

from realtime.bus import Bus
from realtime.log import notifier
from realtime.log.notifier import LogNotifier
from realtime.log.store import Span
from realtime.tasks import Tasks


def span(log=1, seq=1, body="x"):
    return Span(log, "e", seq, 3, [body], [4])


def make_notifier(on_published):
    made = LogNotifier(Bus(Tasks(), alone=False), "room")
    made.listen(on_published)
    return made


async def test_a_span_reaches_the_workers_that_subscribed_to_its_log():
    received, subscribed = asyncio.Queue(), asyncio.Queue()
    publisher = make_notifier(received.put_nowait)
    subscriber = make_notifier(received.put_nowait)
    subscriber.subscribe(1, subscribed.put_nowait)
    async with asyncio.timeout(5):
        assert await subscribed.get() == 1
        publisher.publish(span(log=2))
        publisher.publish(span(log=1, seq=7))
        assert await received.get() == span(log=1, seq=7)
        subscriber.subscribe(2, subscribed.put_nowait)
        await subscribed.get()
        subscriber.unsubscribe(1)
        publisher.publish(span(log=2))
        assert (await received.get()).log == 2


def test_a_span_that_is_too_large_is_sent_without_entries(monkeypatch):
    monkeypatch.setattr(notifier, "MESSAGE_SIZE", 10)
    large = Span(1, "e", 5, 4, ["x" * 6, "y" * 6], [5, 6])
    assert notifier.decode(notifier.encode(large)) == Span(1, "e", 7, 6)


def test_a_span_is_the_same_after_encoding_and_decoding():
    assert notifier.decode(notifier.encode(span())) == span()
