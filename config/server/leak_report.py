"""What still runs when all should have ended."""

import asyncio
import threading
import time


def tasks() -> list[str]:
    """The tasks of this loop but for the one that asks, by name."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    return sorted(getattr(task.get_coro(), "__qualname__", repr(task)) for task in others)


def threads(patience: float) -> list[str]:
    """The threads for which the process would wait, and which do not end within `patience`
    seconds."""
    deadline = time.monotonic() + patience
    waited_for = [
        thread
        for thread in threading.enumerate()
        if not thread.daemon and thread is not threading.main_thread()
    ]
    for thread in waited_for:
        thread.join(max(0.0, deadline - time.monotonic()))
    return sorted(thread.name for thread in waited_for if thread.is_alive())
