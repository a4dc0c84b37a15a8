"""Django's backend, counted. Django finds it by the name of this module."""

from django.db.backends.postgresql import base

from config.database.counted import CountedConnection


class DatabaseWrapper(CountedConnection, base.DatabaseWrapper):
    """A database connection of one thread."""
