"""The connection options of PostgreSQL: how long to wait for a server that does not answer."""

from typing import Any

# Seconds. A statement that the server has cancelled is answered within this time.
GRACE_SECONDS = 2
# Seconds. A worker that hangs inside a transaction holds the lock of a room. The server then ends
# the transaction.
IDLE_SECONDS = 30
# Seconds that a migration waits for a table which another session uses.
LOCK_SECONDS = 10
# Seconds. The server of an idle connection that no longer answers is noticed after 10 + 3 * 5. The
# probes also prevent a firewall from forgetting the connection of the log's writer.
KEEPALIVES = {
    "keepalives": 1,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
}


def connection_options(
    given: dict[str, Any], *, connect_seconds: int, statement_seconds: int, pooler: bool
) -> dict[str, Any]:
    """The options of each connection. `given` are those of DATABASE_URL; they win.

    `pooler`: PgBouncer is between. It refuses a connection that has the option `options`.
    """
    answer_seconds = statement_seconds + GRACE_SECONDS
    options = {
        "connect_timeout": connect_seconds,
        # Milliseconds until the kernel gives up sent bytes that nothing has acknowledged.
        "tcp_user_timeout": answer_seconds * 1000,
        "answer_seconds": answer_seconds,  # read by config.database.postgresql.connection
        **KEEPALIVES,
        **given,
    }
    if not pooler:
        ours = server_settings(statement_seconds)
        # The last value of a name wins.
        options["options"] = f"{ours} {given.get('options', '')}".strip()
    return options


def server_settings(statement_seconds: int) -> str:
    """The limits that the server applies to the statements of a connection."""
    limits = {
        "statement_timeout": statement_seconds,
        "idle_in_transaction_session_timeout": IDLE_SECONDS,
    }
    return " ".join(f"-c {name}={seconds}s" for name, seconds in limits.items())


def migration_options(options: dict[str, Any]) -> dict[str, Any]:
    """The options for migrations: a statement may take as long as it needs, but does not wait long
    for a table. Every query that comes after it waits for the same table, so the site would stop.
    """
    changed = {**options, "answer_seconds": None}
    if "options" in options:
        changed["options"] += f" -c statement_timeout=0 -c lock_timeout={LOCK_SECONDS}s"
    return changed
