"""Waits that end when the worker drains."""

import asyncio

from realtime.stream_registry import StreamRegistry


async def wait(streams, seconds):
    try:
        async with streams.drainable_timeout(seconds):
            await asyncio.Event().wait()
    except TimeoutError:
        return "timed out"


async def test_a_timeout_that_expires_in_the_same_iteration_does_not_stop_the_drain():
    streams = StreamRegistry()
    waits = [asyncio.create_task(wait(streams, seconds)) for seconds in (0, None)]
    await asyncio.sleep(0)  # Both wait.
    await asyncio.sleep(0)  # The first has expired, and its task has not run yet.
    assert [timeout.expired() for timeout in streams.timeouts].count(True) == 1
    streams.drain()
    async with asyncio.timeout(5):
        assert await asyncio.gather(*waits) == ["timed out"] * 2
