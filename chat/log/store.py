"""The log of a room in the database: dense, durable, in commit order. Only this module and
chat.housekeeping read and write entries. As a module it is a `realtime.log.store.Store`."""

import logging
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils import timezone

from chat.log import sql
from chat.log.sql import ExistingEntry, LockedRoom, Row
from chat.models import Entry, Room
from chat.protocol import entries
from realtime.errors import Refused
from realtime.log.cursor import MARK_BITS
from realtime.log.store import Head, Span, Written
from realtime.log.threads import in_reader

logger = logging.getLogger(__name__)

# The pure part of a `realtime.log.store.Store`.
apply_change = entries.apply_change
change_of = entries.change_of
count_for_frame = entries.count_for_frame
may_alter = entries.may_alter

# Two workers may commit one cid in two rooms at the same time. One of them fails; its next try
# finds the entry of the other. Or the stored head of a room is wrong.
TRIES = 3


@dataclass(frozen=True, slots=True)
class Draft:
    """An entry that has no seq yet."""

    room: int
    kind: str
    author_key: str
    author_name: str
    cid: str
    body: str = ""
    ref: int | None = None
    reply_to: int | None = None
    # Whether the author may change the messages of others.
    moderator: bool = False


@dataclass(frozen=True, slots=True)
class Appended:
    """The seq of a draft in the log. `duplicate`: the entry existed before."""

    seq: int
    duplicate: bool


# ---- Writing -------------------------------------------------------------------------


def write(drafts: Sequence[Draft]) -> Written[Appended]:
    """Writes the drafts in one transaction. DatabaseError if none of them was written."""
    for number in range(TRIES - 1):
        try:
            return _write(drafts, trust_heads=number == 0)
        except IntegrityError:
            continue
    return _write(drafts, trust_heads=False)


@transaction.atomic
def _write(drafts: Sequence[Draft], *, trust_heads: bool) -> Written[Appended]:
    batch = _Transaction(drafts, trust_heads=trust_heads)
    results = [batch.add(draft) for draft in drafts]
    return Written(results, batch.store())


class _Transaction:
    """The drafts of one transaction, which holds the locks of their rooms. Without `trust_heads`
    the heads are those of the newest entries."""

    def __init__(self, drafts: Sequence[Draft], *, trust_heads: bool) -> None:
        self.rooms = {room.pk: room for room in sql.lock_rooms({d.room for d in drafts})}
        if not trust_heads:
            for room in self.rooms.values():
                _correct_head(room)
        self.heads = {pk: (room.head, room.mark) for pk, room in self.rooms.items()}
        self.at = timezone.now()  # after the locks: later than every earlier entry
        self.existing: dict[tuple[str, str], ExistingEntry | Row] = {}
        self.existing |= sql.find_by_cid({(draft.author_key, draft.cid) for draft in drafts})
        self.new: list[Row] = []
        # What this batch deletes. Later drafts of the batch cannot change it.
        self.deleted: set[tuple[int, int | None]] = set()

    def add(self, draft: Draft) -> Appended | Refused:
        """Gives the draft the next seq of its room, unless it exists already or is refused."""
        if existing := self.existing.get((draft.author_key, draft.cid)):
            return _duplicate(existing, draft)
        if (room := self.rooms.get(draft.room)) is None:
            return Refused("gone", "The room is gone.")
        if refusal := self._check_references(room, draft):
            return refusal
        room.head, room.mark = room.head + 1, secrets.randbits(MARK_BITS)
        self._add_row(_row(draft, room, self.at))
        return Appended(room.head, duplicate=False)

    def _add_row(self, row: Row) -> None:
        self.new.append(row)
        self.existing[row.author_key, row.cid] = row
        if row.kind == Entry.Kind.DELETE:
            self.deleted.add((row.room, row.ref))

    def _check_references(self, room: LockedRoom, draft: Draft) -> Refused | None:
        if draft.reply_to is not None and draft.reply_to > room.head:
            return Refused("not_found", "The message that this answers does not exist.")
        if draft.ref is None:
            return None
        author = self._author_of(room, draft.ref)
        if author is None:
            return Refused("not_found", "The message that this changes does not exist.")
        if author != draft.author_key and not draft.moderator:
            return Refused("forbidden", "This message is not yours to change.")
        return None

    def _author_of(self, room: LockedRoom, seq: int) -> str | None:
        """The author key of the message `seq`. None if there is none, or it is deleted."""
        if (room.pk, seq) in self.deleted:
            return None
        said = Entry.Kind.SAY
        for row in self.new:
            if (row.room, row.seq, row.kind) == (room.pk, seq, said):
                return row.author_key
        found = Entry.objects.filter(room=room.pk, seq=seq, kind=said, deleted=False)
        return found.values_list("author_key", flat=True).first()

    def store(self) -> list[Span]:
        """Inserts the new rows, and sets the heads. Returns the new spans."""
        if not self.new:
            return []
        sql.insert(self.new)
        spans: dict[int, Span] = {}
        for row in self.new:
            apply_to_log(row)
            room = self.rooms[row.room]
            _, mark = self.heads[room.pk]
            span = spans.setdefault(room.pk, Span(room.pk, room.epoch, row.seq, mark))
            span.encoded.append(encode(row))
            span.marks.append(row.mark)
        for pk in spans:
            sql.set_head(self.rooms[pk], *self.heads[pk])
        return list(spans.values())


def _correct_head(room: LockedRoom) -> None:
    """Takes the head from the newest entry. Something other than this module wrote the column."""
    seq, mark = sql.newest_entry(room.pk)
    if seq != room.head:
        logger.error("Room %d had the head %d; its newest entry is %d.", room.pk, room.head, seq)
    room.head, room.mark = seq, mark


def _row(draft: Draft, room: LockedRoom, at: datetime) -> Row:
    return Row(
        draft.room,
        room.head,
        draft.kind,
        draft.author_key,
        draft.author_name,
        at,
        draft.cid,
        draft.body,
        draft.ref,
        draft.reply_to,
        room.mark,
    )


def _duplicate(entry: ExistingEntry | Row, draft: Draft) -> Appended | Refused:
    before = (entry.room, entry.kind, entry.ref, entry.reply_to)
    now = (draft.room, draft.kind, draft.ref, draft.reply_to)
    # A message that was edited or deleted since has another body than its draft. An edit always
    # has a body, and loses it when its message is deleted.
    emptied = entry.kind == Entry.Kind.EDIT and not entry.body
    changed = entry.edited_at or entry.deleted or emptied
    if before == now and (entry.body == draft.body or changed):
        return Appended(entry.seq, duplicate=True)
    return Refused("cid_conflict")


def apply_to_log(entry: Entry | Row) -> None:
    """Applies an edit or a delete to the entry that it refers to, in the database."""
    if entry.ref is None:
        return
    targets = Entry.objects.filter(room=entry.room)
    if entry.kind == Entry.Kind.EDIT:
        targets.filter(seq=entry.ref).update(body=entry.body, edited_at=entry.at)
    else:
        targets.filter(seq=entry.ref).update(body="", deleted=True)
        # The bodies of its earlier edits are deleted as well.
        targets.filter(ref=entry.ref).update(body="")


def encode(entry: Entry | Row) -> str:
    """The entry as every transport sends it."""
    return entries.encode(
        seq=entry.seq,
        kind=entry.kind,
        author_key=entry.author_key,
        author_name=entry.author_name,
        at=entry.at,
        cid=entry.cid,
        body=entry.body,
        ref=entry.ref,
        reply_to=entry.reply_to,
        edited_at=entry.edited_at,
        deleted=entry.deleted,
    )


# ---- Reading -------------------------------------------------------------------------


@in_reader
def newest(room: int, limit: int) -> Span | None:
    """The newest entries of a room. None if the room does not exist."""
    # Read the room first: entries committed in between then only add to the span.
    found = Room.objects.filter(pk=room).first()
    if found is None:
        return None
    rows = list(Entry.objects.filter(room=room).order_by("-seq")[: limit + 1])[::-1]
    return _span(found, rows.pop(0) if len(rows) > limit else None, rows)


@in_reader
def after(room: int, seq: int, limit: int) -> Span | None:
    """Up to `limit` entries that follow the entry `seq`, or the beginning if it is 0. None if the
    room or that entry does not exist, or the beginning was deleted."""
    found = Room.objects.filter(pk=room).first()
    rows = list(Entry.objects.filter(room=room, seq__gte=seq).order_by("seq")[: limit + 1])
    if found is None or (seq and not rows) or (rows and rows[0].seq != max(seq, 1)):
        return None
    return _span(found, rows.pop(0) if seq else None, rows[:limit])


def _span(room: Room, previous: Entry | None, rows: Sequence[Entry]) -> Span:
    """Rows of a room, and the row before them if there is one."""
    before, mark = (previous.seq, previous.mark) if previous else (0, 0)
    first = rows[0].seq if rows else before + 1
    encoded, marks = [encode(row) for row in rows], [row.mark for row in rows]
    place = (room.pk, room.epoch, first, mark)
    return Span(*place, encoded, marks, room.is_public, room.rewrites)


@in_reader
def before(room: int, seq: int, limit: int) -> list[str]:
    """Up to `limit` encoded entries that precede `seq`, oldest first."""
    rows = Entry.objects.filter(room=room, seq__lt=seq).order_by("-seq")[:limit]
    return [encode(row) for row in rows][::-1]


@in_reader
def heads(rooms: Iterable[int]) -> dict[int, Head]:
    """The heads of those rooms that exist, in one query."""
    columns = ("pk", "epoch", "head", "mark", "is_public", "rewrites")
    found = Room.objects.filter(pk__in=list(rooms)).values_list(*columns)
    return {pk: Head(*head) for pk, *head in found}
