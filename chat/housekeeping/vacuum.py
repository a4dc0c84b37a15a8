"""Removes deleted rows from the files of the database. A deleted row stays there until its place is
used again: in free pages of SQLite, and as a dead row of PostgreSQL."""

from time import monotonic, sleep
from typing import Any

from django.db import connection
from django.db.models import Model

WAIT_SECONDS, PAUSE_SECONDS = 60.0, 0.2


# Only the owner of a database, or a superuser, may rewrite its system tables.
OWNS_DATABASE = """
    SELECT pg_has_role(datdba, 'USAGE') FROM pg_database WHERE datname = current_database()
"""
OLDER_TRANSACTIONS = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND backend_xmin IS NOT NULL AND xact_start < %s
        AND pid <> pg_backend_pid()
"""


class Incomplete(Exception):
    """Deleted rows may still be in the files. The text is a sentence with the reason."""


def vacuum(models: list[type[Model]]) -> None:
    """Rewrites the database (SQLite), or the tables of these models (PostgreSQL), without what was
    deleted. Nothing can be written during that. Raises Incomplete."""
    if connection.vendor == "sqlite":
        _vacuum_sqlite()
    elif connection.vendor == "postgresql":
        _vacuum_postgresql([model._meta.db_table for model in models])


def _vacuum_sqlite() -> None:
    with connection.cursor() as cursor:
        cursor.execute("VACUUM")
        # The write-ahead log still has the old pages. It can be emptied when no reader uses them.
        until = monotonic() + WAIT_SECONDS
        while cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
            if monotonic() > until:
                raise Incomplete("Another program reads the database all the time.")
            sleep(PAUSE_SECONDS)


def _vacuum_postgresql(tables: list[str]) -> None:
    quote = connection.ops.quote_name
    with connection.cursor() as cursor:
        # The limits of the server and of our connection.
        cursor.execute("SET statement_timeout = 0")
        connection.connection.answer_seconds = None
        _wait_for_older_transactions(cursor)
        for table in tables:
            # A plain VACUUM leaves bytes of dead rows in the free space of a page.
            cursor.execute(f"VACUUM (FULL, ANALYZE) {quote(table)}")
        # ANALYZE stores samples of the columns there, the old ones as dead rows.
        cursor.execute("VACUUM FULL pg_catalog.pg_statistic")
        cursor.execute(OWNS_DATABASE)
        if not cursor.fetchone()[0]:
            raise Incomplete(
                "The samples of PostgreSQL may have parts of messages: as the owner of the "
                "database, run VACUUM FULL pg_statistic."
            )


def _wait_for_older_transactions(cursor: Any) -> None:
    """VACUUM leaves what an open transaction may still read. Raises Incomplete."""
    cursor.execute("SELECT clock_timestamp()")
    started = cursor.fetchone()
    until = monotonic() + WAIT_SECONDS
    while True:
        cursor.execute(OLDER_TRANSACTIONS, started)
        if not cursor.fetchone()[0]:
            return
        if monotonic() > until:
            raise Incomplete("A transaction that began before is still open, such as a dump.")
        sleep(PAUSE_SECONDS)
