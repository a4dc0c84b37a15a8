"""What a batch says to the database, in words of its own. The ORM takes longer to find them than
the database to obey: 1.1 ms an append against 0.17 ms, and 95 µs against 41 µs where 64 come."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection


@dataclass(slots=True)
class Locked:
    """A room that nobody else appends to until the transaction ends."""

    pk: int
    epoch: str
    head: int


class Standing(NamedTuple):
    """What is compared with a draft of the same author and cid."""

    room: int
    seq: int
    kind: str
    body: str
    ref: int | None
    reply_to: int | None
    edited_at: object
    deleted: bool


class Row(NamedTuple):
    """An entry as it is inserted."""

    room: int
    seq: int
    kind: str
    author_key: str
    author_name: str
    at: datetime
    cid: str
    body: str
    ref: int | None
    reply_to: int | None
    edited_at: datetime | None = None
    deleted: bool = False


LOCK = "SELECT id, epoch, head FROM chat_room WHERE id IN ({}) ORDER BY id {}"
# The index by author and cid, once for each pair: CROSS JOIN has SQLite begin with the pairs.
KNOWN = (
    "SELECT author_key, cid, room_id, seq, kind, body, ref, reply_to, edited_at, deleted"
    " FROM (VALUES {}) AS wanted CROSS JOIN chat_entry"
    " WHERE author_key = column1 AND cid = column2"
)
INSERT = (
    "INSERT INTO chat_entry (room_id, seq, kind, author_key, author_name, at, cid, body, ref,"
    " reply_to, edited_at, deleted)"
    " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
)
MOVE = "UPDATE chat_room SET head = %s WHERE id = %s"


def locked(rooms: Collection[int]) -> list[Locked]:
    """The rooms that exist, each locked. In one order everywhere, so that two workers cannot hold
    each other up."""
    # SQLite has one lock, which the transaction took when it began.
    how = connection.ops.for_update_sql() if connection.features.has_select_for_update else ""
    return [Locked(*row) for row in _fetched(LOCK.format(_places(rooms), how), rooms)]


def known(cids: Collection[tuple[str, str]]) -> dict[tuple[str, str], Standing]:
    """What stands under these cids, each with its author."""
    query = KNOWN.format(", ".join(["(%s, %s)"] * len(cids)))
    found = _fetched(query, [value for pair in cids for value in pair])
    return {(row[0], row[1]): Standing(*row[2:]) for row in found}


def insert(rows: Sequence[Row]) -> None:
    """Stores new entries, which are all of one moment."""
    at = connection.ops.adapt_datetimefield_value(rows[0].at)
    with connection.cursor() as cursor:
        cursor.executemany(INSERT, [(*row[:5], at, *row[6:]) for row in rows])


def move(head: Locked) -> None:
    """Stores how far a room has come."""
    with connection.cursor() as cursor:
        cursor.execute(MOVE, [head.head, head.pk])


def _fetched(query: str, values: Collection[Any]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(query, list(values))
        found: list[Any] = cursor.fetchall()
        return found


def _places(values: Collection[Any]) -> str:
    return ", ".join(["%s"] * len(values))
