"""What a log line says about a failure of the database: never a value of a statement."""

import re

# SQLite names the columns or the constraint: `UNIQUE constraint failed: chat_entry.seq`.
SQLITE_CONSTRAINT = re.compile(r"constraint failed: ([\w., ]+)")


def describe(error: Exception) -> str:
    """The type of an error, the SQLSTATE or the error name of SQLite, and the constraint, as far as
    they are known. Never its message, which may contain values."""
    cause = error.__cause__
    diagnosis = getattr(cause, "diag", None)
    constraint = getattr(diagnosis, "constraint_name", None)
    if constraint is None and (found := SQLITE_CONSTRAINT.search(str(cause))):
        constraint = found[1] if hasattr(cause, "sqlite_errorname") else None
    code = getattr(cause, "sqlstate", None) or getattr(cause, "sqlite_errorname", None)
    return " ".join(part for part in (type(error).__name__, code, constraint) if part)
