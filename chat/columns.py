"""The columns of a log. Only chat.log changes them, by its own SQL."""

from typing import Any

from django.db import models
from django.db.models import Func


class RandomMark(Func):
    """48 random bits, made by the database: for rows from before there were marks, and for those
    that a worker of an older version inserts during `make reload`."""

    output_field = models.PositiveBigIntegerField()

    def as_sqlite(self, compiler: Any, connection: Any, **_: Any) -> tuple[str, tuple[Any, ...]]:
        """SQLite's `random()` has 64 bits."""
        return "random() & 281474976710655", ()

    def as_postgresql(
        self, compiler: Any, connection: Any, **_: Any
    ) -> tuple[str, tuple[Any, ...]]:
        """PostgreSQL's `random()` is a fraction of at least 48 bits."""
        return "floor(random() * 281474976710656)::bigint", ()
