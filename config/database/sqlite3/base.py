"""Django's backend, counted. Django finds it by the name of this module."""

from django.db.backends.sqlite3 import base

from config.database.counted import CountedConnection


class DatabaseWrapper(CountedConnection, base.DatabaseWrapper):
    """A database connection of one thread."""
