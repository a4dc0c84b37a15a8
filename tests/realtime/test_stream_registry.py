"""Waits of a worker that end when it drains."""

import asyncio

import pytest

from realtime.stream_registry import StreamRegistry


async def wait(streams, seconds):
    try:
        async with streams.drainable_timeout(seconds):
            await asyncio.Event().wait()
    except TimeoutError:
        return "timeout"


async def test_draining_ends_every_wait():
    streams = StreamRegistry()
    waits = [asyncio.create_task(wait(streams, seconds)) for seconds in (None, 60)]
    await asyncio.sleep(0)
    streams.drain()
    async with asyncio.timeout(5):
        assert await asyncio.gather(*waits) == ["timeout"] * 2
    assert streams.timeouts == set()


async def test_draining_ends_the_other_waits_though_one_has_just_expired():
    streams = StreamRegistry()
    waits = [asyncio.create_task(wait(streams, seconds)) for seconds in (0, None)]
    await asyncio.sleep(0)  # both wait
    await asyncio.sleep(0)  # the first has expired, and its task has not run yet
    assert [each.timeout.expired() for each in streams.timeouts].count(True) == 1
    streams.drain()
    async with asyncio.timeout(5):
        assert await asyncio.gather(*waits) == ["timeout"] * 2


async def test_a_wait_that_begins_while_the_worker_drains_ends_at_once():
    streams = StreamRegistry()
    streams.drain()
    async with asyncio.timeout(5):
        assert await wait(streams, None) == "timeout"


async def test_a_wait_that_has_ended_does_not_expire():
    async with asyncio.timeout(5):
        async with StreamRegistry().drainable_timeout(60) as timeout:
            pass
        timeout.expire()
        await asyncio.sleep(0.01)


@pytest.mark.parametrize(("limit", "full"), [(2, False), (1, True)])
def test_a_registry_is_full_at_the_limit_of_the_settings(settings, limit, full):
    settings.STREAMS_PER_WORKER = limit
    streams = StreamRegistry()
    streams.kinds["text"] += 1
    assert (streams.count, streams.full) == (1, full)
