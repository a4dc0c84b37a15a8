"""What still runs when all should have ended is named."""

import asyncio
import threading

from config.server import leak_report


async def test_a_task_is_named():
    async def endless():
        await asyncio.Event().wait()

    before = leak_report.tasks()
    task = asyncio.create_task(endless())
    assert [name for name in leak_report.tasks() if name not in before] == [endless.__qualname__]
    task.cancel()


def test_a_thread_is_named_unless_it_ends_in_time():
    done = threading.Event()
    thread = threading.Thread(target=done.wait, name="mine")
    before = leak_report.threads(0)
    thread.start()
    assert set(leak_report.threads(0)) - set(before) == {"mine"}
    threading.Timer(0.1, done.set).start()
    assert "mine" not in leak_report.threads(2)
