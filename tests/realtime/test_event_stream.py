"""Whoever waits for something to answer, when the worker drains."""

import asyncio

from realtime.event_stream import Open


async def wait(streams, seconds):
    try:
        async with streams.patience(seconds):
            await asyncio.Event().wait()
    except TimeoutError:
        return "ran out"


async def test_a_wait_that_runs_out_in_the_same_turn_keeps_no_other_from_ending():
    streams = Open()
    waits = [asyncio.create_task(wait(streams, seconds)) for seconds in (0, None)]
    await asyncio.sleep(0)  # both wait
    await asyncio.sleep(0)  # the first has run out, and does not know it yet
    assert [waiting.expired() for waiting in streams.waiting].count(True) == 1
    streams.drain()
    async with asyncio.timeout(5):
        assert await asyncio.gather(*waits) == ["ran out"] * 2
