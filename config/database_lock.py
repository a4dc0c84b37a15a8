"""One command at a time prepares a database. Two `migrate` at once would create the same tables,
and one of them would fail."""

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

from django.core.management.base import OutputWrapper
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from config.database.postgresql.options import migration_options

# Every version of this site uses the same number. PostgreSQL compares it within a database.
ADVISORY_LOCK = 0x7477_696E_6D69_6772
POLL_SECONDS = 0.2

Connection = BaseDatabaseWrapper


@contextmanager
def database_lock(alias: str, stderr: OutputWrapper) -> Iterator[None]:
    """Waits until no other command prepares this database, and makes others wait. Writes a line to
    `stderr` if it has to wait."""

    def on_wait() -> None:
        stderr.write("Another command prepares this database. Waiting for its end …")

    connection = connections[alias]
    lock: AbstractContextManager[None]
    if connection.vendor == "postgresql":
        lock = advisory_lock(connection.copy(), on_wait)
    elif connection.vendor == "sqlite" and not connection.is_in_memory_db():  # type: ignore[attr-defined]
        lock = folder_lock(Path(connection.settings_dict["NAME"]).parent, on_wait)
    else:
        lock = nullcontext()
    with lock:
        yield


@contextmanager
def migration_limits(alias: str) -> Iterator[None]:
    """The connection gets the time limits of migrations. It is closed before and afterwards."""
    connection = connections[alias]
    if connection.vendor != "postgresql" or connection.in_atomic_block:  # a test
        yield
        return
    before = connection.settings_dict
    connection.close()
    connection.settings_dict = {**before, "OPTIONS": migration_options(before["OPTIONS"])}
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict = before


# ---- PostgreSQL ----------------------------------------------------------------------


@contextmanager
def advisory_lock(connection: Connection, on_wait: Callable[[], None]) -> Iterator[None]:
    """Holds a lock in a transaction of its own connection, which is closed at the end.

    PgBouncer in transaction mode gives each transaction another connection of the server, so a
    lock of the session would be lost. The lock is polled: a session that waits inside a statement
    has a snapshot, and CREATE INDEX CONCURRENTLY of the other process would wait for its end.
    """
    try:
        connection.set_autocommit(False)
        if not try_advisory_lock(connection):
            on_wait()
            while not try_advisory_lock(connection):
                time.sleep(POLL_SECONDS)
        yield
    finally:
        connection.close()


def try_advisory_lock(connection: Connection) -> bool:
    """Takes the lock until the transaction ends. If another process has it, returns False, and the
    transaction is over."""
    with connection.cursor() as cursor:
        # This session is idle for as long as the migrations take.
        cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [ADVISORY_LOCK])
        taken: bool = cursor.fetchone()[0]
    if not taken:
        connection.rollback()
    return taken


# ---- SQLite --------------------------------------------------------------------------


@contextmanager
def folder_lock(folder: Path, on_wait: Callable[[], None]) -> Iterator[None]:
    """Holds a lock on a folder. The kernel releases it when the process ends.

    A lock on the database file itself would be dangerous: SQLite loses its own locks when the
    process closes any descriptor of the file.
    """
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            on_wait()
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
