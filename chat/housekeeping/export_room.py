"""Writes the log of a room to a file, and goes on with a file that is not complete."""

import os
from collections.abc import Callable, Iterator
from typing import BinaryIO

from django.contrib.auth import get_user_model

from chat.housekeeping import records
from chat.housekeeping.batches import ROWS
from chat.housekeeping.records import ENTRY_FIELDS, ROOM_FIELDS, BadRecord
from chat.identity.members import user_key, user_pk
from chat.models import Entry, Room

Progress = Callable[[int], None]


class OtherExport(ValueError):
    """The file has something else than an export of this room. The text is a sentence."""


class Rewritten(Exception):
    """Entries were deleted or changed in their place during the export."""


def export_to_file(room: Room, path: str, progress: Progress) -> int:
    """Writes what the file does not have yet. Returns how many entries were written. Raises
    OtherExport, or OSError."""
    # Only the owner may read it: rooms may be private.
    with open(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b") as file:
        while True:
            last = _end_of(file, room)
            try:
                return export(room, file, last, progress)
            except Rewritten:
                room.refresh_from_db()
                file.truncate(0)


def export(room: Room, file: BinaryIO, last: int | None, progress: Progress) -> int:
    """Writes the entries after the seq `last`; with None the first line too. Returns how many.
    Raises Rewritten if entries that were written before may have changed."""
    if last is None:
        file.write(records.dump("room", records.fields_of(room, ROOM_FIELDS)))
    count = 0
    named: set[str] = set()
    for entries in _batches(room, last or 0):
        if Room.objects.values_list("rewrites", flat=True).get(pk=room.pk) != room.rewrites:
            raise Rewritten
        file.writelines(_users(entries, named))
        for entry in entries:
            file.write(records.dump("entry", records.fields_of(entry, ENTRY_FIELDS)))
        file.flush()
        count += len(entries)
        progress(len(entries))
    return count


def _batches(room: Room, last: int) -> Iterator[list[Entry]]:
    while True:
        entries = list(Entry.objects.filter(room=room, seq__gt=last).order_by("seq")[:ROWS])
        if not entries:
            return
        yield entries
        last = entries[-1].seq


def _users(entries: list[Entry], named: set[str]) -> Iterator[bytes]:
    """The lines that name the users among the authors who are not in `named`, to which they are
    added. Without them, an import would take the user with the same number for the author."""
    authors = {entry.author_key for entry in entries} - named
    numbers = {key: pk for key in authors if (pk := user_pk(key)) is not None}
    named |= numbers.keys()
    users = get_user_model()._default_manager.filter(pk__in=numbers.values())
    for user in users.order_by("pk"):
        yield records.dump("user", {"key": user_key(user.pk), "username": user.get_username()})


def _end_of(file: BinaryIO, room: Room) -> int | None:
    """The seq of the last complete entry of the file, which is cut after it. None if there is
    nothing to continue; the file is then empty. Raises OtherExport."""
    file.seek(0)
    header = last = None
    end = 0
    for line in file:
        if not line.endswith(b"\n"):
            break  # The export was interrupted here.
        if header is None:
            header = _header(line, room)
        end += len(line)
        if line.startswith(b'{"entry"'):
            last = line
    if header is None and end == 0:
        file.seek(0)
        if not b'{"room":'.startswith(file.read(8)):
            raise OtherExport("The file exists and is not an exported room.")
    if header is None or header.get("rewrites") != room.rewrites:
        end, header = 0, None
    file.seek(end)
    file.truncate()
    if header is None:
        return None
    try:
        return int(records.load(last)[1]["seq"]) if last else 0
    except (BadRecord, KeyError, TypeError, ValueError):
        raise OtherExport("The last line of the file is not an entry.") from None


def _header(line: bytes, room: Room) -> dict[str, object]:
    try:
        kind, fields = records.load(line)
    except BadRecord:
        kind, fields = "", {}
    if kind != "room":
        raise OtherExport("The file exists and is not an exported room.")
    if fields.get("epoch") != room.epoch:
        raise OtherExport("The file has the log of another room.")
    return fields
