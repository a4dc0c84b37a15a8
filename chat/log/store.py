"""The log of a room: dense, durable, in commit order. The only writer and reader of entries."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Generic, TypeVar

from channels.db import database_sync_to_async
from django.db import IntegrityError, transaction
from django.utils import timezone

from chat.log import sql
from chat.log.sql import Locked, Row, Standing
from chat.models import Entry, Room
from chat.protocol import entries
from realtime.tasks import threads

logger = logging.getLogger(__name__)
Result = TypeVar("Result")

# Threads of the log's own. Those of the connections may be waiting for the log themselves: an
# admin's action runs on one, and would wait for ever for what is to be done on that same thread.
READERS = threads(2, "log-reader")
in_reader = partial(database_sync_to_async, thread_sensitive=False, executor=READERS)

# Two workers that commit one cid at once in two rooms collide; the second then sees the first.
TRIES = 3


class Refusal(Exception):
    """An entry that cannot be. `code` is one of the wire's error codes."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


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
    # Whether the author may change what others said.
    moderator: bool = False


@dataclass(frozen=True, slots=True)
class Receipt:
    """Where a draft stands in the log; `duplicate`: it already stood there."""

    seq: int
    duplicate: bool


@dataclass(frozen=True, slots=True)
class Span:
    """Consecutive entries of one room, encoded, of which the first has the seq `first`."""

    room: int
    epoch: str
    first: int
    encoded: list[str] = field(default_factory=list)
    # As the room was when the span was read from the log; nobody looks at it in a new one.
    is_public: bool = True


@dataclass(frozen=True, slots=True)
class Head:
    """How a room stands."""

    epoch: str
    seq: int
    is_public: bool


@dataclass(frozen=True, slots=True)
class Written(Generic[Result]):
    """What became of a batch: a result an item, in their order, and what is new in the log."""

    results: Sequence[Result | Refusal]
    spans: list[Span] = field(default_factory=list)


# ---- Writing -------------------------------------------------------------------------


def write(drafts: Sequence[Draft]) -> Written[Receipt]:
    """Writes the drafts in one transaction. DatabaseError if none of them was written."""
    for _ in range(TRIES - 1):
        try:
            return _write(drafts)
        except IntegrityError:
            continue
    return _write(drafts)


@transaction.atomic
def _write(drafts: Sequence[Draft]) -> Written[Receipt]:
    batch = _Batch(drafts)
    results = [batch.add(draft) for draft in drafts]
    return Written(results, batch.store())


class _Batch:
    """Drafts on their way into the log, under the lock of their rooms."""

    def __init__(self, drafts: Sequence[Draft]) -> None:
        self.rooms = {room.pk: room for room in sql.locked({d.room for d in drafts})}
        self.at = timezone.now()  # after whoever had the rooms before
        self.known: dict[tuple[str, str], Standing | Row] = {}
        self.known |= sql.known({(draft.author_key, draft.cid) for draft in drafts})
        self.new: list[Row] = []
        # What this batch deletes: nothing that follows in it may change that any more.
        self.deleted: set[tuple[int, int | None]] = set()

    def add(self, draft: Draft) -> Receipt | Refusal:
        """Gives the draft the next seq of its room, unless it has one or may not."""
        if standing := self.known.get((draft.author_key, draft.cid)):
            return _duplicate(standing, draft)
        if (room := self.rooms.get(draft.room)) is None:
            return Refusal("gone", "The room is gone.")
        if refusal := self._dangling(room, draft):
            return refusal
        room.head += 1
        self._take(_row(draft, room.head, self.at))
        return Receipt(room.head, duplicate=False)

    def _take(self, row: Row) -> None:
        self.new.append(row)
        self.known[row.author_key, row.cid] = row
        if row.kind == Entry.Kind.DELETE:
            self.deleted.add((row.room, row.ref))

    def _dangling(self, room: Locked, draft: Draft) -> Refusal | None:
        if draft.reply_to is not None and draft.reply_to > room.head:
            return Refusal("not_found", "The message that this answers does not exist.")
        if draft.ref is None:
            return None
        author = self._author_of(room, draft.ref)
        if author is None:
            return Refusal("not_found", "The message that this changes does not exist.")
        if author != draft.author_key and not draft.moderator:
            return Refusal("forbidden", "This message is not yours to change.")
        return None

    def _author_of(self, room: Locked, seq: int) -> str | None:
        """Who said the message `seq`; None if it is none, or is deleted."""
        if (room.pk, seq) in self.deleted:
            return None
        said = Entry.Kind.SAY
        for row in self.new:
            if (row.room, row.seq, row.kind) == (room.pk, seq, said):
                return row.author_key
        found = Entry.objects.filter(room=room.pk, seq=seq, kind=said, deleted=False)
        return found.values_list("author_key", flat=True).first()

    def store(self) -> list[Span]:
        """Inserts what is new, and moves the heads."""
        if not self.new:
            return []
        sql.insert(self.new)
        spans: dict[int, Span] = {}
        for row in self.new:
            _carry_out(row)
            room = self.rooms[row.room]
            span = spans.setdefault(room.pk, Span(room.pk, room.epoch, row.seq))
            span.encoded.append(encode(row))
        for pk in spans:
            sql.move(self.rooms[pk])
        return list(spans.values())


def _row(draft: Draft, seq: int, at: datetime) -> Row:
    return Row(
        draft.room,
        seq,
        draft.kind,
        draft.author_key,
        draft.author_name,
        at,
        draft.cid,
        draft.body,
        draft.ref,
        draft.reply_to,
    )


def _duplicate(entry: Standing | Row, draft: Draft) -> Receipt | Refusal:
    before = (entry.room, entry.kind, entry.ref, entry.reply_to)
    now = (draft.room, draft.kind, draft.ref, draft.reply_to)
    # What was edited or deleted since no longer has the body that it came with; no edit comes
    # without any, but it loses its own when the message is deleted.
    emptied = entry.kind == Entry.Kind.EDIT and not entry.body
    changed = entry.edited_at or entry.deleted or emptied
    if before == now and (entry.body == draft.body or changed):
        return Receipt(entry.seq, duplicate=True)
    return Refusal("cid_conflict", "This cid belongs to another message.")


def _carry_out(entry: Row) -> None:
    """What an edit or a delete does to the entry that it refers to."""
    if entry.ref is None:
        return
    targets = Entry.objects.filter(room_id=entry.room)
    if entry.kind == Entry.Kind.EDIT:
        targets.filter(seq=entry.ref).update(body=entry.body, edited_at=entry.at)
    else:
        targets.filter(seq=entry.ref).update(body="", deleted=True)
        # Its earlier wordings go with it.
        targets.filter(ref=entry.ref).update(body="")


def encode(entry: Entry | Row) -> str:
    """The entry as every tap sends it."""
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
    """The newest entries of a room; None if the room is gone."""
    # The room first: entries that are committed in between then only add to the span.
    found = Room.objects.filter(pk=room).first()
    if found is None:
        return None
    rows = list(Entry.objects.filter(room=room).order_by("-seq")[:limit])[::-1]
    first = rows[0].seq if rows else 1
    return Span(room, found.epoch, first, [encode(row) for row in rows], found.is_public)


@in_reader
def after(room: int, seq: int, limit: int) -> list[str]:
    """Up to `limit` encoded entries that follow `seq`, oldest first."""
    rows = Entry.objects.filter(room=room, seq__gt=seq).order_by("seq")[:limit]
    return [encode(row) for row in rows]


@in_reader
def before(room: int, seq: int, limit: int) -> list[str]:
    """Up to `limit` encoded entries that precede `seq`, oldest first."""
    rows = Entry.objects.filter(room=room, seq__lt=seq).order_by("-seq")[:limit]
    return [encode(row) for row in rows][::-1]


@in_reader
def heads(rooms: Iterable[int]) -> dict[int, Head]:
    """How the rooms stand that exist, in one query."""
    found = Room.objects.filter(pk__in=list(rooms)).values_list("pk", "epoch", "head", "is_public")
    return {pk: Head(epoch, head, is_public) for pk, epoch, head, is_public in found}
