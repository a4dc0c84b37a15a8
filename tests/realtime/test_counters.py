import asyncio
from time import monotonic

import pytest

from chat.worker import current
from realtime.counters import Histogram, quantile
from tests.chat.conftest import fill
from tests.chat.log.test_store import cursor_at
from tests.realtime.log.test_tail import make_tail, span

BOUNDS = (1.0, 2.0, 4.0)
database = pytest.mark.django_db(transaction=True)


@pytest.fixture
async def counted():
    """The counters of the worker, which has just been built."""
    return current().counters


def test_a_value_on_a_bound_is_below_it():
    histogram = Histogram(BOUNDS)
    for value in (0.5, 1.0, 1.5, 4.0, 9.0):
        histogram.add(value)
    assert histogram.counts == [2, 1, 1, 1]
    assert histogram.sum == 16.0


@pytest.mark.parametrize(
    ("counts", "share", "value"),
    [
        ([0, 0, 0, 0], 0.5, None),
        ([4, 0, 0, 0], 0.5, 0.5),
        ([2, 2, 0, 0], 0.5, 1.0),
        ([0, 0, 4, 0], 0.75, 3.5),
        ([1, 0, 0, 99], 0.99, 4.0),  # above the last bound
    ],
)
def test_a_quantile_lies_in_its_bucket(counts, share, value):
    assert quantile(BOUNDS, counts, share) == value


@database
async def test_deliveries_are_counted(lobby, counted):
    reader = await current().tails.open(lobby.pk, "json")
    other = await current().tails.open(lobby.pk, "poll")
    assert reader.tail.transports == {"json": 1, "poll": 1}
    waiting = [asyncio.ensure_future(each.take()) for each in (reader, other)]
    await asyncio.sleep(0)
    reader.tail.apply(span(1, 3, epoch=lobby.epoch))
    await asyncio.gather(*waiting)
    assert counted.deliveries == 6
    assert sum(counted.delivery_seconds.counts) == 2
    other.close()
    assert reader.tail.transports == {"json": 1, "poll": 0}


@database
async def test_catching_up_does_not_count_as_a_delay(lobby, counted):
    await fill(lobby, 3)
    reader = await current().tails.open(lobby.pk)
    await reader.resume(await cursor_at(lobby, 1))
    await reader.take()
    assert counted.deliveries == 2
    assert sum(counted.delivery_seconds.counts) == 0


@database
async def test_resumes_and_resets_are_counted(lobby, counted):
    await fill(lobby, 3)
    reader = await current().tails.open(lobby.pk, "stream")
    for cursor in (None, await cursor_at(lobby, 1), "other:1"):
        await reader.resume(cursor)
    assert (counted.resumes, counted.resets) == ({"stream": 2}, {"stream": 1})


@database
async def test_a_lost_notification_is_counted_once(lobby, counted):
    reader = await current().tails.open(lobby.pk)
    await fill(lobby, 3)
    for _ in range(2):
        await reader.tail.refresh()
    assert counted.gaps == 1


async def test_entries_of_the_last_minute_are_counted():
    tail = make_tail(span(1, 3))
    assert tail.per_minute(monotonic()) == 0  # their arrival is not known
    tail.apply(span(4, 5))
    assert round(tail.per_minute(monotonic())) == 2
    assert tail.per_minute(monotonic() + 61) == 0
    tail.apply(span(6, 2_005))
    assert tail.per_minute(monotonic() + 1) > 10_000  # what was dropped counts as well
