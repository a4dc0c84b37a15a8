"""The columns of a log. Only chat.log and chat.housekeeping change them, by SQL of their own."""

from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import F, Func, Model

if TYPE_CHECKING:
    CharField = models.CharField[str, str]
    PositiveBigIntegerField = models.PositiveBigIntegerField[int, int]
else:
    CharField, PositiveBigIntegerField = models.CharField, models.PositiveBigIntegerField


class LogColumn:
    """A mixin for a column that saving a row does not change. An instance may have been loaded a
    while ago, and would write an old value back. `QuerySet.update` and loaddata change it."""

    attname: str
    plain: str  # the path of the ordinary field

    def pre_save(self, model_instance: Model, add: bool) -> Any:
        """The value of a new row; of another row the value that it has."""
        if add:
            return super().pre_save(model_instance, add)  # type: ignore[misc]
        return F(self.attname)

    def deconstruct(self) -> Any:
        """As the ordinary field, so that migrations do not depend on this class."""
        name, _, args, kwargs = super().deconstruct()  # type: ignore[misc]
        return name, self.plain, args, kwargs


class LogText(LogColumn, CharField):
    """A text."""

    plain = "django.db.models.CharField"


class LogNumber(LogColumn, PositiveBigIntegerField):
    """A number."""

    plain = "django.db.models.PositiveBigIntegerField"


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


class Today(Func):
    """The date of the database, for rows that a worker of an older version inserts."""

    template = "CURRENT_DATE"
    output_field = models.DateField()
