import asyncio

import pytest

from realtime.tasks import Tasks


@pytest.fixture
async def tasks():
    return Tasks()


async def test_an_endless_task_is_cancelled_at_once(tasks):
    task = tasks.start_endless(asyncio.Event().wait())
    async with asyncio.timeout(5):
        await tasks.stop(60)
    assert task.cancelled()
    assert not tasks.endless


async def test_a_finite_task_may_end_by_itself(tasks):
    go_on = asyncio.Event()
    task = tasks.start(go_on.wait())
    asyncio.get_running_loop().call_later(0.1, go_on.set)
    await tasks.stop(60)
    assert task.result()


async def test_a_finite_task_that_takes_too_long_is_cancelled(tasks):
    task = tasks.start(asyncio.Event().wait())
    await tasks.stop(0.05)
    assert task.cancelled()
    assert not tasks.finite


async def test_a_task_that_swallows_the_cancellation_is_cancelled_again(tasks):
    async def swallow():
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await asyncio.Event().wait()

    task = tasks.start_endless(swallow())
    await asyncio.sleep(0)  # The task begins.
    async with asyncio.timeout(5):
        await tasks.stop(0)
    assert task.cancelled()
