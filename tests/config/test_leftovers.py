"""What still runs when all should have ended is named."""

import asyncio
import threading

from config import leftovers


async def test_a_task_is_named():
    async def endless():
        await asyncio.Event().wait()

    before = leftovers.tasks()
    task = asyncio.create_task(endless())
    assert [name for name in leftovers.tasks() if name not in before] == [endless.__qualname__]
    task.cancel()


def test_a_thread_is_named_unless_it_ends_in_time():
    done = threading.Event()
    thread = threading.Thread(target=done.wait, name="mine")
    before = leftovers.threads(0)
    thread.start()
    assert set(leftovers.threads(0)) - set(before) == {"mine"}
    threading.Timer(0.1, done.set).start()
    assert "mine" not in leftovers.threads(20)
