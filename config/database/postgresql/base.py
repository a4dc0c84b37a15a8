"""Django's backend, with connections that wait a bounded time, and counted. Django finds it by the
name of this module."""

from types import SimpleNamespace
from typing import Any

import psycopg
from django.db.backends.postgresql import base

from config.database.counted import CountedConnection
from config.database.postgresql.connection import BoundedConnection


class DatabaseWrapper(CountedConnection, base.DatabaseWrapper):
    """A database connection of one thread."""

    # Django opens connections with `Database.connect`.
    Database: Any = SimpleNamespace(**vars(psycopg) | {"connect": BoundedConnection.open})
