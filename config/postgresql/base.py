"""The database backend of the site: that of Django, with connections that wait a bounded time.

Django imports this module by its name: `ENGINE` is `config.postgresql`.
"""

from types import SimpleNamespace
from typing import Any

import psycopg
from django.db.backends.postgresql import base

from config.postgresql.connection import BoundedConnection


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection of Django to PostgreSQL."""

    # Django opens connections with `Database.connect`.
    Database: Any = SimpleNamespace(**vars(psycopg) | {"connect": BoundedConnection.open})
