"""The threads that read and write logs.

They are apart from the threads of the connections. One of those may wait for the log: an admin
action runs on one, and would wait for ever for work that is queued on the same thread.
"""

from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ParamSpec, TypeVar

from channels.db import database_sync_to_async

P = ParamSpec("P")
Result = TypeVar("Result")

# One thread: batches follow each other and never wait for each other's locks.
WRITER = ThreadPoolExecutor(1, thread_name_prefix="log-writer")
READERS = ThreadPoolExecutor(2, thread_name_prefix="log-reader")


def in_reader(job: Callable[P, Result]) -> Callable[P, Coroutine[Any, Any, Result]]:
    """Decorator: runs a function on a reader thread."""
    return database_sync_to_async(job, thread_sensitive=False, executor=READERS)


def shut_down() -> None:
    """Ends each thread after its current job. No thread can be started afterwards."""
    for pool in (WRITER, READERS):
        pool.shutdown(wait=False, cancel_futures=True)
