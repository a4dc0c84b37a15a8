"""What goes on beside ends with its worker."""

import asyncio

from realtime import tasks


async def test_what_goes_on_for_ever_ends_at_once():
    task = tasks.forever(asyncio.Event().wait())
    async with asyncio.timeout(5):
        await tasks.end(60)
    assert task.cancelled()
    assert not tasks.endless()


async def test_what_is_half_done_may_be_done():
    go_on = asyncio.Event()
    task = tasks.background(go_on.wait())
    asyncio.get_running_loop().call_later(0.1, go_on.set)
    await tasks.end(60)
    assert task.result()


async def test_what_is_not_done_in_time_ends_as_well():
    task = tasks.background(asyncio.Event().wait())
    await tasks.end(0.05)
    assert task.cancelled()
    assert not tasks.finite()


async def test_a_task_that_swallows_its_end_is_ended_again():
    async def deaf():
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await asyncio.Event().wait()

    task = tasks.forever(deaf())
    await asyncio.sleep(0)  # it begins
    async with asyncio.timeout(5):
        await tasks.end(0)
    assert task.cancelled()
