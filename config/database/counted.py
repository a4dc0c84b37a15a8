"""Counts what the database connections of this process do. Django's backends have no signal for a
failed connect or commit, so ours extend them."""

from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import DatabaseErrorWrapper, OperationalError
from django.utils.functional import cached_property

from realtime.counters import database_counters


def error_class(error: BaseException) -> str:
    """The class of an error of a driver: the first two characters of its SQLSTATE, or the primary
    result code of SQLite. The drivers give no SQLSTATE if there is no connection: 08."""
    if state := getattr(error, "sqlstate", None):
        return str(state[:2])
    if code := getattr(error, "sqlite_errorname", None):
        return "_".join(code.split("_")[:2])
    lost = any(kind.__name__ == OperationalError.__name__ for kind in type(error).__mro__)
    return "08" if lost else "other"


class CountedErrors(DatabaseErrorWrapper):
    """Counts the errors of the driver, which Django wraps in its own at this place."""

    def __init__(self, wrapper: Any) -> None:
        super().__init__(wrapper)
        self.driver_error = wrapper.Database.Error

    def __exit__(self, kind: Any, error: Any, traceback: Any) -> None:
        if kind is not None and issubclass(kind, self.driver_error):
            database_counters.add_error(error_class(error))
        super().__exit__(kind, error, traceback)


class CountedConnection(BaseDatabaseWrapper):
    """Mixin for a `DatabaseWrapper`."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        database_counters.add_connection(self)
        self.execute_wrappers.append(count_query)

    @cached_property
    def wrap_database_errors(self) -> DatabaseErrorWrapper:
        """The context manager around every call of the driver."""
        return CountedErrors(self)


def count_query(execute: Any, *arguments: Any) -> Any:
    """Counts a query and runs it."""
    database_counters.queries += 1
    return execute(*arguments)
