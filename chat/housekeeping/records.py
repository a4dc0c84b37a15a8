"""The lines of an exported room. Each is a JSON object with one key, which says what it is:

{"room": {…}}    the first line: the columns of the room, with the head at that time
{"user": {…}}    the name of a user, before the first entry of that user
{"entry": {…}}   the columns of an entry; the entries follow each other by seq
"""

import json
from collections.abc import Iterable
from typing import Any, TypeAlias, TypeVar

from django.core.exceptions import ValidationError
from django.db.models import Field, Model

from chat.models import Entry, Room

AnyModel = TypeVar("AnyModel", bound=Model)
AnyField: TypeAlias = "Field[Any, Any]"


class BadRecord(ValueError):
    """What is wrong with a line, as the end of a sentence."""


def _columns(model: type[Model], without: Iterable[str]) -> list[AnyField]:
    return [field for field in model._meta.concrete_fields if field.name not in without]


ROOM_FIELDS = _columns(Room, without=["id"])
ENTRY_FIELDS = _columns(Entry, without=["id", "room"])
# Columns of a room that are copies from its newest entry.
COPIED = {field.name for field in ROOM_FIELDS} & {field.name for field in ENTRY_FIELDS}


def dump(kind: str, fields: dict[str, Any]) -> bytes:
    """A line."""
    text = json.dumps({kind: fields}, ensure_ascii=False, separators=(",", ":"))
    return f"{text}\n".encode()


def load(line: bytes) -> tuple[str, dict[str, Any]]:
    """The kind and the fields of a line. Raises BadRecord."""
    try:
        ((kind, fields),) = json.loads(line).items()
    except (ValueError, AttributeError, RecursionError):
        raise BadRecord("it is not a line of an exported room") from None
    if kind not in ("room", "user", "entry") or not isinstance(fields, dict):
        raise BadRecord("it is not a line of an exported room")
    return kind, fields


def fields_of(row: Model, fields: list[AnyField]) -> dict[str, Any]:
    """The columns of a row as JSON values."""
    return {field.name: _plain(row, field) for field in fields}


def _plain(row: Model, field: AnyField) -> Any:
    value = field.value_from_object(row)
    # Not Django's JSON encoder: it cuts times to milliseconds.
    return value if isinstance(value, str | int | None) else field.value_to_string(row)


def row_of(model: type[AnyModel], fields: list[AnyField], found: dict[str, Any]) -> AnyModel:
    """A row that is not saved yet. Raises BadRecord."""
    if unknown := sorted(found.keys() - {field.name for field in fields}):
        raise BadRecord(f"this version does not know {unknown[0]!r}")
    row = model()
    for field in fields:
        if field.name in found:
            setattr(row, field.attname, _checked(field, found[field.name], row))
        elif not (field.has_default() or field.null):
            raise BadRecord(f"{field.name!r} is missing")
    return row


def _checked(field: AnyField, value: Any, row: Model) -> Any:
    if value is None and field.null:
        return None
    if isinstance(value, str) and not _can_be_stored(value):
        raise BadRecord(f"{field.name!r} has a character that no database stores")
    try:
        return field.clean(value, row)
    except (ValidationError, TypeError, ValueError, OverflowError):
        raise BadRecord(f"{field.name!r} has a bad value") from None


def _can_be_stored(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:  # half of a surrogate pair
        return False
    return "\0" not in text
