"""Long changes as a series of short transactions, so that workers can write in between."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from time import monotonic, sleep

from django.db import transaction
from django.db.models import F

from chat.models import Room

ROWS = 500  # in one transaction: some 10 ms
# Seconds. SQLite does not queue writers: a worker that waits tries again after 0.1 s at most.
LEAST_PAUSE, LONGEST_PAUSE = 0.002, 0.5


@contextmanager
def batch() -> Iterator[None]:
    """One transaction. Pauses after it for as long as it took: half of the time is left to the
    workers."""
    started = monotonic()
    with transaction.atomic():
        yield
    sleep(min(max(monotonic() - started, LEAST_PAUSE), LONGEST_PAUSE))


def count_rewrite(rooms: Collection[int]) -> None:
    """Tells the workers that entries of these rooms were deleted or changed in their place."""
    Room.objects.filter(pk__in=rooms).update(rewrites=F("rewrites") + 1)
