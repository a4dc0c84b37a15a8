"""How far each person has read in each room, and what is left for them."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction

from chat.log.store import Written, in_reader
from chat.models import Entry, ReadMark, Room
from realtime.log.group_commit import GroupCommit, in_writer
from realtime.tasks import PerLoop

# Everybody in a room reads its newest message at about the same time. What they say of it
# shares the writer's thread with the messages themselves, and so comes at most five times a
# second.
GAP_SECONDS = 0.2
UNREAD_MOST = 1_000  # counted; more are this many


@dataclass(frozen=True, slots=True)
class Mark:
    """A person has read a room up to `seq`."""

    room: int
    reader_key: str
    seq: int


@transaction.atomic
def write(marks: Sequence[Mark]) -> Written[int]:
    """Moves marks forward, never back nor beyond the log. The results are where each mark is
    then; 0 in a room that is gone."""
    heads = dict(Room.objects.filter(pk__in={m.room for m in marks}).values_list("pk", "head"))
    wanted: dict[tuple[int, str], int] = {}
    for mark in marks:
        place = mark.room, mark.reader_key
        wanted[place] = max(wanted.get(place, 0), min(mark.seq, heads.get(mark.room, 0)))
    known = _stored(marks)
    moved = {place: seq for place, seq in wanted.items() if seq > known.get(place, 0)}
    _store(moved, new=moved.keys() - known.keys())
    now = known | moved
    return Written([now.get((mark.room, mark.reader_key), 0) for mark in marks])


def _stored(marks: Sequence[Mark]) -> dict[tuple[int, str], int]:
    found = ReadMark.objects.filter(
        room__in={mark.room for mark in marks},
        reader_key__in={mark.reader_key for mark in marks},
    )
    return {(mark.room_id, mark.reader_key): mark.seq for mark in found}


def _store(moved: dict[tuple[int, str], int], new: set[tuple[int, str]]) -> None:
    # In one order everywhere, so that two workers cannot hold each other up.
    rows = [ReadMark(room_id=at, reader_key=key, seq=moved[at, key]) for at, key in sorted(new)]
    # Another worker may store the same mark at the same time: whoever has the higher one wins.
    ReadMark.objects.bulk_create(rows, ignore_conflicts=True)
    for (room, key), seq in sorted(moved.items()):
        ReadMark.objects.filter(room=room, reader_key=key, seq__lt=seq).update(seq=seq)


@in_writer
def forget(reader_key: str) -> None:
    """Forgets a person who will not come back."""
    ReadMark.objects.filter(reader_key=reader_key).delete()


@in_reader
def unread(room: int, reader_key: str, seq: int) -> int:
    """As `count_unread`, for who must not wait for a database."""
    return count_unread(room, reader_key, seq)


def count_unread(room: int, reader_key: str, seq: int) -> int:
    """How many messages of others follow `seq` in a room, at most UNREAD_MOST."""
    others = Entry.objects.filter(room=room, seq__gt=seq, kind=Entry.Kind.SAY, deleted=False)
    return others.exclude(author_key=reader_key).order_by("seq")[:UNREAD_MOST].count()


def of_reader(reader_key: str) -> dict[int, int]:
    """The marks of a person: the seq by room. Reads the database."""
    return dict(ReadMark.objects.filter(reader_key=reader_key).values_list("room", "seq"))


def _marker() -> GroupCommit[Mark, int]:
    return GroupCommit(lambda marks: write(marks), gap=GAP_SECONDS)


marker = PerLoop(_marker)
