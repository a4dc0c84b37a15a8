"""Whether this worker can store something. A full disk, and a database that has become read-only
(a standby of PostgreSQL), show only when something is written. These functions block."""

import logging
import sqlite3
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection, transaction

logger = logging.getLogger(__name__)

# More than the blocks that a full disk may have left over for small files.
FILE_BYTES = 256 * 1024
# A load balancer may ask several times per second.
SECONDS_BETWEEN_WRITES = 5.0
LOCK_MS = 500  # `/readyz` answers within two seconds
SQLITE_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
# A statement or a lock took too long (PostgreSQL, appendix "Error Codes").
POSTGRESQL_BUSY = ("57014", "55P03")


class RateLimited:
    """A check that writes. While it succeeds, it runs at most every SECONDS_BETWEEN_WRITES."""

    def __init__(self, check: Callable[[], bool]) -> None:
        self.check = check
        self.due = 0.0

    def __call__(self) -> bool:
        """The newest result of the check."""
        if time.monotonic() < self.due:
            return True
        ok = self.check()
        self.due = time.monotonic() + SECONDS_BETWEEN_WRITES if ok else 0.0
        return ok


def database_takes_writes() -> bool:
    """Whether the database can be written. It writes a value that is there already. The caller
    closes the connection, whose time limits change."""
    write = write_sqlite if connection.vendor == "sqlite" else write_postgresql
    try:
        write()
    except DatabaseError as error:
        if is_busy(error):
            return True  # another transaction writes
        logger.warning("Not ready: the database takes no writes (%s)", type(error).__name__)
        return False
    return True


def write_sqlite() -> None:
    """SQLite does not write a row that has not changed, but it does write this number."""
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA busy_timeout = {LOCK_MS}")
        with transaction.atomic():
            version = cursor.execute("PRAGMA user_version").fetchone()[0]
            cursor.execute(f"PRAGMA user_version = {int(version)}")


def write_postgresql() -> None:
    """PostgreSQL writes a row also if it has not changed."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = {LOCK_MS}")
        cursor.execute(
            "UPDATE django_migrations SET name = name "
            "WHERE id = (SELECT MIN(id) FROM django_migrations)"
        )


def is_busy(error: DatabaseError) -> bool:
    """Whether a write waited too long for another transaction."""
    cause = error.__cause__
    # The lower byte is the primary result code.
    return (getattr(cause, "sqlite_errorcode", 0) & 0xFF) in SQLITE_BUSY or (
        getattr(cause, "sqlstate", None) in POSTGRESQL_BUSY
    )


def disk_takes_writes() -> bool:
    """Whether files can be written: in the folder of temporary files, which large requests need,
    and beside a SQLite database."""
    return all(folder_takes_writes(folder) for folder in folders())


def folders() -> set[Path]:
    """The folders in which a worker writes."""
    database = settings.DATABASES["default"]
    is_sqlite = database["ENGINE"].endswith("sqlite3")
    beside = {Path(database["NAME"]).parent} if is_sqlite else set()
    return {Path(tempfile.gettempdir()), *beside}


def folder_takes_writes(folder: Path) -> bool:
    """Whether a file can be written in a folder. The file has no name, and is gone at once."""
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(bytes(FILE_BYTES))
    except OSError as error:
        logger.warning("Not ready: no file can be written in %s (%s)", folder, error.strerror)
        return False
    return True
