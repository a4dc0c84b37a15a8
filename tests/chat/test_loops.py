"""What goes on beside ends with its worker."""

import asyncio

from chat import loops


async def test_what_goes_on_for_ever_ends_at_once():
    task = loops.forever(asyncio.Event().wait())
    async with asyncio.timeout(5):
        await loops.end(60)
    assert task.cancelled()
    assert not loops.endless()


async def test_what_is_half_done_may_be_done():
    go_on = asyncio.Event()
    task = loops.background(go_on.wait())
    asyncio.get_running_loop().call_later(0.1, go_on.set)
    await loops.end(60)
    assert task.result()


async def test_what_is_not_done_in_time_ends_as_well():
    task = loops.background(asyncio.Event().wait())
    await loops.end(0.05)
    assert task.cancelled()
    assert not loops.finite()
