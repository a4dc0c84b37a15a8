"""Reads the file of an exported room into the database. Numbers, marks and epoch stay as they are,
so cursors of the old site are valid in the new one."""

import re
from collections.abc import Callable, Iterable, Iterator
from hashlib import sha256
from typing import Any

from django.contrib.auth import get_user_model
from django.db import IntegrityError, transaction

from chat.housekeeping import records
from chat.housekeeping.batches import ROWS, batch
from chat.housekeeping.records import COPIED, ENTRY_FIELDS, ROOM_FIELDS, BadRecord
from chat.identity.members import user_key
from chat.log import store
from chat.models import KEY_LENGTH, Entry, Room

EPOCH = re.compile(r"[0-9a-f]{1,16}")


class BadFile(ValueError):
    """The file cannot be imported. The text is a sentence."""


class RoomImport:
    """The import of one file. Until it is complete, the room is private and has the slug
    `importing-` and the epoch; so an import that was interrupted goes on there."""

    def __init__(self, lines: Iterable[bytes], progress: Callable[[int], None]) -> None:
        self.lines = lines
        self.progress = progress
        self.keys: dict[str, str] = {}  # of users here, by their keys in the file
        self.number = 0  # of the line that was read last
        self.last = 0  # the seq of the entry that was read last
        self.imported = 0

    def run(self) -> Room:
        """Imports the file; returns the room. Raises BadFile."""
        found = self._records()
        kind, fields = next(found, ("", {}))
        if kind != "room":
            raise BadFile("The file is not an exported room.")
        self.wanted: Room = self._row(1, Room, ROOM_FIELDS, fields)
        if not EPOCH.fullmatch(self.wanted.epoch):
            raise BadFile("Line 1: 'epoch' has a bad value.")
        self.room = self._find_room()
        self._import_entries(found)
        if self.last < self.wanted.head:
            raise BadFile(
                f"The file ends at entry {self.last} of {self.wanted.head}. Go on with its export, "
                "then import it again: it continues."
            )
        if self.room.slug != self.wanted.slug:
            self._publish()
        return self.room

    # ---- The lines -------------------------------------------------------------------

    def _records(self) -> Iterator[tuple[str, dict[str, Any]]]:
        for line in self.lines:
            self.number += 1
            if not line.endswith(b"\n"):
                return  # The export was interrupted here.
            if line.strip():
                try:
                    yield records.load(line)
                except BadRecord as reason:
                    raise BadFile(f"Line {self.number}: {reason}.") from None

    def _row(self, number: int, *what: Any) -> Any:
        try:
            return records.row_of(*what)
        except BadRecord as reason:
            raise BadFile(f"Line {number}: {reason}.") from None

    def _entries(self, found: Iterable[tuple[str, dict[str, Any]]]) -> Iterator[Entry]:
        for kind, fields in found:
            if kind == "user":
                self._add_user(fields)
            elif kind == "entry":
                entry = self._row(self.number, Entry, ENTRY_FIELDS, fields)
                # The first one may have any seq: older ones may have been deleted.
                if entry.seq < 1 or (self.last and entry.seq != self.last + 1):
                    raise BadFile(f"Line {self.number}: entry {self.last + 1} is missing.")
                entry.room_id = self.room.pk
                entry.author_key = self._key_here(entry.author_key)
                self.last = entry.seq
                yield entry
            else:
                raise BadFile(f"Line {self.number}: a second room begins.")

    def _add_user(self, fields: dict[str, Any]) -> None:
        users = get_user_model()
        name = {users.USERNAME_FIELD: str(fields.get("username"))}
        if user := users._default_manager.filter(**name).first():
            self.keys[str(fields.get("key"))] = user_key(user.pk)

    def _key_here(self, key: str) -> str:
        """The key of an author in this site. A user who does not exist here becomes a guest: the
        number may belong to another user."""
        if not key.startswith("u-"):
            return key
        digest = sha256(f"{self.wanted.epoch} {key}".encode()).hexdigest()
        return self.keys.get(key, f"g-{digest[:16]}")[:KEY_LENGTH]

    # ---- The room --------------------------------------------------------------------

    def _find_room(self) -> Room:
        """The room to go on with, or a new one."""
        same = Room.objects.filter(slug=self.wanted.slug).first()
        if same and same.head and same.epoch != self.wanted.epoch:
            raise BadFile(f"The room {same.slug} has another log. Delete it or rename it first.")
        if same and same.head:
            return same
        hidden = f"importing-{self.wanted.epoch}"
        fields = {field.name: getattr(self.wanted, field.name) for field in ROOM_FIELDS}
        fields |= {"slug": hidden, "is_public": False, "head": 0}
        fields |= {field.name: field.get_default() for field in ROOM_FIELDS if field.name in COPIED}
        return Room.objects.get_or_create(slug=hidden, defaults=fields)[0]

    @transaction.atomic
    def _publish(self) -> None:
        """Gives the complete room its slug. An empty room that has it is replaced."""
        for empty in Room.objects.select_for_update().filter(slug=self.wanted.slug):
            if empty.head:
                raise BadFile(f"The room {empty.slug} was used during the import.")
            self.room.members.set(empty.members.all())
            empty.delete()
        self.room.slug, self.room.is_public = self.wanted.slug, self.wanted.is_public
        self._update(slug=self.room.slug, is_public=self.room.is_public)

    def _update(self, **fields: Any) -> None:
        # Not `save`: it does not change the columns of the log.
        Room.objects.filter(pk=self.room.pk).update(**fields)

    # ---- The entries -----------------------------------------------------------------

    def _import_entries(self, found: Iterable[tuple[str, dict[str, Any]]]) -> None:
        waiting: list[Entry] = []
        newest = None
        for entry in self._entries(found):
            newest = entry
            if entry.seq == self.room.head:
                self._compare(entry)
            elif entry.seq > self.room.head:
                waiting.append(entry)
            if len(waiting) == ROWS:
                self._store(waiting)
                waiting = []
        if waiting:
            self._store(waiting)
        if newest and newest.seq < self.room.head:
            self._compare(newest)

    def _compare(self, entry: Entry) -> None:
        """Raises BadFile if the log here has another entry under this number."""
        columns = ["at", "kind", *COPIED]
        here = Entry.objects.filter(room=self.room, seq=entry.seq).values(*columns).first()
        if here and here != {name: getattr(entry, name) for name in columns}:
            raise BadFile(f"The room {self.room.slug} has another entry {entry.seq}.")

    def _store(self, entries: list[Entry]) -> None:
        newest = entries[-1]
        with batch():
            head = Room.objects.select_for_update().values_list("head", flat=True)
            here = head.get(pk=self.room.pk)
            if here != self.room.head or (here and entries[0].seq != here + 1):
                raise BadFile(f"The room {self.room.slug} does not continue with this file.")
            try:
                with transaction.atomic():
                    Entry.objects.bulk_create(entries)
            except IntegrityError:
                raise BadFile(
                    f"An entry from {entries[0].seq} to {newest.seq} is in another room already."
                ) from None
            for entry in entries:
                # An export that was interrupted may have the state before the change.
                store.apply_to_log(entry)
            self._update(head=newest.seq, **{name: getattr(newest, name) for name in COPIED})
        self.room.head = newest.seq
        self.imported += len(entries)
        self.progress(len(entries))
