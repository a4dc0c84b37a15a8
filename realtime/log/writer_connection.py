"""A thread that keeps its connection to the database: the writer's.

Opening one costs more than an append, 1.4 ms of processor time against 0.2 on SQLite, and starts a
process of PostgreSQL. The other threads keep none (`CONN_MAX_AGE` is 0): they are many, and mostly
have nothing to ask.
"""

import asyncio
import os
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from functools import partial, wraps
from typing import Any, ParamSpec, TypeVar

from django.db import InterfaceError, InternalError, OperationalError, connection

P = ParamSpec("P")
Result = TypeVar("Result")


class _Kept(threading.local):
    """Which file the connection of this thread was opened to; of SQLite."""

    file: tuple[int, int] | None = None


_kept = _Kept()


def on(
    executor: ThreadPoolExecutor,
) -> Callable[[Callable[P, Result]], Callable[P, Coroutine[Any, Any, Result]]]:
    """Runs what it decorates on a thread of `executor`, on the connection that it keeps. It may
    be run twice: a commit may have been heard, and its answer lost."""

    def decorated(job: Callable[P, Result]) -> Callable[P, Coroutine[Any, Any, Result]]:
        @wraps(job)
        async def run(*args: P.args, **kwargs: P.kwargs) -> Result:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(executor, _run, partial(job, *args, **kwargs))

        return run

    return decorated


def _run(job: Callable[[], Result]) -> Result:
    _let_go_of_another_file()
    before = connection.connection
    try:
        return job()
    except (OperationalError, InterfaceError):
        if before is None or (connection.connection is before and connection.is_usable()):
            raise
        connection.close()
    except InternalError:
        connection.close()  # it may lead to who may no longer write; the next one will not
        raise
    return job()  # the database has been restarted since


def _let_go_of_another_file() -> None:
    """A file that has been replaced, by a restored backup perhaps, is not the one that is open."""
    if connection.vendor == "sqlite" and _kept.file != (file := _file()):
        connection.close()
        _kept.file = file


def _file() -> tuple[int, int] | None:
    try:
        found = os.stat(connection.settings_dict["NAME"])
    except OSError:
        return None
    return found.st_dev, found.st_ino
