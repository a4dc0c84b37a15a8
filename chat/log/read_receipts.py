"""Read receipts: how far each person has read in each room, and how much is unread."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction

from chat.models import Entry, ReadMark, Room, today
from realtime.log.group_commit import GroupCommit
from realtime.log.store import Written
from realtime.log.threads import in_reader
from realtime.log.writer_connection import in_writer
from realtime.tasks import Tasks

# Seconds between two transactions. Everybody in a room reads its newest message at about the same
# time, and receipts share the writer thread with the messages themselves.
MIN_INTERVAL = 0.2
UNREAD_MOST = 1_000  # The count of unread messages ends here.


@dataclass(frozen=True, slots=True)
class ReadReceipt:
    """A person has read a room up to `seq`."""

    room: int
    reader_key: str
    seq: int


ReceiptWriter = GroupCommit[ReadReceipt, int]


def receipt_writer(tasks: Tasks) -> ReceiptWriter:
    """The group commit of read receipts. The result of each is the seq that is stored then."""
    return GroupCommit(lambda receipts: write(receipts), tasks, min_interval=MIN_INTERVAL)


@transaction.atomic
def write(receipts: Sequence[ReadReceipt]) -> Written[int]:
    """Stores receipts. A stored seq never goes back, nor beyond the log. The results are the
    stored seqs; 0 for a room that does not exist."""
    rooms = Room.objects.filter(pk__in={receipt.room for receipt in receipts})
    heads = dict(rooms.values_list("pk", "head"))
    wanted: dict[tuple[int, str], int] = {}
    for receipt in receipts:
        place = receipt.room, receipt.reader_key
        seq = min(receipt.seq, heads.get(receipt.room, 0))
        wanted[place] = max(wanted.get(place, 0), seq)
    stored = _stored(receipts)
    advanced = {place: seq for place, seq in wanted.items() if seq > stored.get(place, 0)}
    _store(advanced, new=advanced.keys() - stored.keys())
    now = stored | advanced
    return Written([now.get((receipt.room, receipt.reader_key), 0) for receipt in receipts])


def _stored(receipts: Sequence[ReadReceipt]) -> dict[tuple[int, str], int]:
    found = ReadMark.objects.filter(
        room__in={receipt.room for receipt in receipts},
        reader_key__in={receipt.reader_key for receipt in receipts},
    )
    return {(mark.room_id, mark.reader_key): mark.seq for mark in found}


def _store(advanced: dict[tuple[int, str], int], new: set[tuple[int, str]]) -> None:
    # Always in the same order: two workers then cannot deadlock.
    rows = [ReadMark(room_id=at, reader_key=key, seq=advanced[at, key]) for at, key in sorted(new)]
    # Another worker may insert the same row now. The update below then keeps the higher seq.
    ReadMark.objects.bulk_create(rows, ignore_conflicts=True)
    for (room, key), seq in sorted(advanced.items()):
        stored = ReadMark.objects.filter(room=room, reader_key=key, seq__lt=seq)
        stored.update(seq=seq, moved_on=today())


@in_writer
def forget(reader_key: str) -> None:
    """Deletes the receipts of a person who cannot come back."""
    ReadMark.objects.filter(reader_key=reader_key).delete()


@in_reader
def unread(room: int, reader_key: str, seq: int) -> int:
    """As `count_unread`, for asynchronous code."""
    return count_unread(room, reader_key, seq)


def count_unread(room: int, reader_key: str, seq: int) -> int:
    """How many messages of other people follow `seq` in a room, at most UNREAD_MOST."""
    others = Entry.objects.filter(room=room, seq__gt=seq, kind=Entry.Kind.SAY, deleted=False)
    return others.exclude(author_key=reader_key).order_by("seq")[:UNREAD_MOST].count()


def of_reader(reader_key: str) -> dict[int, int]:
    """The stored seqs of a person, by room. Queries the database."""
    return dict(ReadMark.objects.filter(reader_key=reader_key).values_list("room", "seq"))
