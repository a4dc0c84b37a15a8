"""A connection to PostgreSQL that waits for an answer no longer than a fixed time.

The limits of the server (`statement_timeout`) and of TCP (`tcp_user_timeout`) do not end a wait for
a server that is paused: it cancels nothing, while its kernel still acknowledges every packet.
"""

from time import monotonic
from typing import Any, Self, TypeVar

import psycopg
from psycopg.abc import PQGen
from psycopg.pq import TransactionStatus

Result = TypeVar("Result")

# Seconds after a connection attempt without an answer in which every other attempt fails at once.
# Otherwise, each of the requests that wait for a thread would wait for the whole time-out in turn.
FAIL_FAST_SECONDS = 1.0
WAIT_INTERVAL = 0.1  # seconds, as in psycopg: between two checks for Ctrl-C


class BoundedConnection(psycopg.Connection[Any]):
    """A connection of psycopg that gives up a server which does not answer."""

    # Seconds from a statement to its result. None: there is no limit.
    answer_seconds: float | None = None
    # Until when, on the monotonic clock, attempts to connect fail at once; by server.
    away_until: dict[tuple[object, ...], float] = {}

    @classmethod
    def open(
        cls, conninfo: str = "", *, answer_seconds: float | None = None, **options: Any
    ) -> Self:
        """Opens a connection. OperationalError if the server does not answer within
        `connect_timeout`, or did not answer another attempt a moment ago."""
        server = (conninfo, *(options.get(name) for name in ("host", "port", "dbname")))
        if monotonic() < cls.away_until.get(server, 0.0):
            raise psycopg.errors.ConnectionTimeout("the server did not answer a moment ago")
        try:
            connection = cls.connect(conninfo, **options)
        except psycopg.errors.ConnectionTimeout:
            cls.away_until[server] = monotonic() + FAIL_FAST_SECONDS
            raise
        connection.answer_seconds = answer_seconds
        return connection

    def wait(
        self,
        gen: PQGen[Result],
        interval: float = WAIT_INTERVAL,
        timeout: float | None = None,
    ) -> Result:
        """Runs one exchange with the server. OperationalError if it does not end in time; the
        connection is then closed, because the answer may still come."""
        try:
            return super().wait(gen, interval, self.answer_seconds if timeout is None else timeout)
        except psycopg.OperationalError:
            if timeout is None and self.pgconn.transaction_status == TransactionStatus.ACTIVE:
                self.pgconn.finish()
            raise
