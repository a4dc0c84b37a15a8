"""Long changes as a series of short transactions, so that workers can write in between."""

from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic, sleep

from django.db import transaction

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
