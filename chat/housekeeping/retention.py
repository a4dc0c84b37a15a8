"""Deletes what is older than a room keeps it, and the read marks of people who are gone."""

from collections.abc import Callable, Iterable
from datetime import timedelta
from itertools import takewhile

from django.contrib.auth import get_user_model
from django.utils import timezone

from chat.housekeeping.batches import ROWS, batch, count_rewrite
from chat.identity.members import GUEST_COOKIE_AGE, user_key, user_pk
from chat.log import sql
from chat.models import Entry, ReadMark, Room, today


def delete_old_entries(progress: Callable[[int], None]) -> int:
    """Deletes the entries of each room that are older than its `retention_days`, the oldest first.
    The newest entry of a room stays. Returns how many were deleted."""
    total = 0
    for room in Room.objects.filter(retention_days__isnull=False).order_by("pk"):
        while deleted := _delete_oldest(room):
            total += deleted
            progress(deleted)
    return total


def _delete_oldest(room: Room) -> int:
    before = timezone.now() - timedelta(days=room.retention_days or 0)
    with batch():
        sql.lock_rooms([room.pk])  # before the entries, as a worker takes the locks
        entries = Entry.objects.filter(room=room.pk)
        oldest = entries.order_by("seq").values_list("seq", "at")[: ROWS + 1]
        # Without the last one, so that the newest entry of the room is never among them.
        old = list(takewhile(lambda row: row[1] < before, list(oldest)[:-1]))
        if old:
            entries.filter(seq__lte=old[-1][0]).delete()
            count_rewrite([room.pk])
    return len(old)


def delete_read_marks(progress: Callable[[int], None]) -> int:
    """Deletes the read marks of guests whose cookie has expired, and of users who do not exist.
    Returns how many were deleted."""
    total, last = 0, 0
    expired = today() - timedelta(seconds=GUEST_COOKIE_AGE)
    while marks := list(ReadMark.objects.filter(pk__gt=last).order_by("pk")[:ROWS]):
        last = marks[-1].pk
        users = _existing_users(mark.reader_key for mark in marks)
        gone = [
            mark.pk
            for mark in marks
            if (
                mark.moved_on < expired
                if user_pk(mark.reader_key) is None
                else mark.reader_key not in users
            )
        ]
        if gone:
            with batch():
                ReadMark.objects.filter(pk__in=gone).delete()
            total += len(gone)
            progress(len(gone))
    return total


def _existing_users(keys: Iterable[str]) -> set[str]:
    """Those of the member keys that are of existing users."""
    numbers = {pk for key in keys if (pk := user_pk(key)) is not None}
    found = get_user_model()._default_manager.filter(pk__in=numbers)
    return set(map(user_key, found.values_list("pk", flat=True)))
