"""The writer thread and its persistent database connection.

Opening a connection costs more than an append (1.4 ms of processor time against 0.2 ms on SQLite)
and starts a process of PostgreSQL. Other threads keep no connection (`CONN_MAX_AGE` is 0): there
are many of them, and most have nothing to query.
"""

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial, wraps
from typing import Any, ParamSpec, TypeVar

from django.db import InterfaceError, InternalError, OperationalError, connection

from realtime.log.threads import WRITER

P = ParamSpec("P")
Result = TypeVar("Result")


def in_writer(job: Callable[P, Result]) -> Callable[P, Coroutine[Any, Any, Result]]:
    """Decorator: runs a function on the writer thread. It may run twice: when the connection
    breaks, a commit may have happened although no answer came."""

    @wraps(job)
    async def run(*args: P.args, **kwargs: P.kwargs) -> Result:
        loop = asyncio.get_running_loop()
        call = partial(job, *args, **kwargs)
        return await loop.run_in_executor(WRITER, run_with_reconnect, call)

    return run


def run_with_reconnect(job: Callable[[], Result]) -> Result:
    """Runs a job on this thread's connection, and once more on a new connection if the old one
    turns out to be broken."""
    before = connection.connection
    try:
        return job()
    except (OperationalError, InterfaceError):
        if before is None or (connection.connection is before and connection.is_usable()):
            raise
        connection.close()
    except InternalError:
        # The connection may lead to a server that became read-only. The next job opens a new one.
        connection.close()
        raise
    return job()  # The database was restarted.
