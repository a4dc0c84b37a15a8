"""Shutdown of the server: what still runs at the end is named."""

import asyncio
import threading

from config.server.shutdown import unfinished_tasks, unfinished_threads


async def test_an_unfinished_task_is_named():
    async def endless():
        await asyncio.Event().wait()

    before = unfinished_tasks()
    task = asyncio.create_task(endless())
    assert [name for name in unfinished_tasks() if name not in before] == [endless.__qualname__]
    task.cancel()


def test_an_unfinished_thread_is_named_unless_it_ends_in_time():
    done = threading.Event()
    thread = threading.Thread(target=done.wait, name="mine")
    before = unfinished_threads(0)
    thread.start()
    assert set(unfinished_threads(0)) - set(before) == {"mine"}
    threading.Timer(0.1, done.set).start()
    assert "mine" not in unfinished_threads(2)
