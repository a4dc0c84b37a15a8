"""What this worker has done, in plain numbers: whoever does it adds to one, and whoever wants to
know reads them. Each is written by one thread alone."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from weakref import WeakSet

# Each bound is part of its bucket, as Prometheus has it.
SECONDS = (
    *(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05),
    *(0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
)
ENTRIES = (1, 2, 4, 8, 16, 32, 64, 128, 256)


class Histogram:
    """How often a value fell between two bounds."""

    __slots__ = ("bounds", "counts", "sum")

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.sum = 0.0

    def add(self, value: float) -> None:
        """Counts a value."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.sum += value


def quantile(bounds: Sequence[float], counts: Sequence[int], share: float) -> float | None:
    """Below which value this share of what was counted lies, evenly spread in each bucket. None
    of nothing; what is above the last bound counts as that."""
    wanted = share * sum(counts)
    if not wanted:
        return None
    below, low = 0, 0.0
    for bound, count in zip(bounds, counts, strict=False):
        if below + count >= wanted:
            return low + (bound - low) * (wanted - below) / count
        below, low = below + count, bound
    return bounds[-1]


class Figures:
    """The numbers of one process, since it began."""

    def __init__(self) -> None:
        # Entries that this worker has written, how many in a transaction, and how long each
        # command that asked for one waited for its answer; and commands that nothing became of
        # because the database was away.
        self.appended = 0
        self.batches = Histogram(ENTRIES)
        self.append_seconds = Histogram(SECONDS)
        self.append_failures = 0
        # Entries times the readers that they were handed to; and how long an entry was here
        # before a reader that waited for it had it. One that stands still for other reasons
        # says nothing about this worker.
        self.deliveries = 0
        self.delivery_seconds = Histogram(SECONDS)
        # Readers that came with a cursor, by tap, and those of them who could not go on there.
        self.resumes: Counter[str] = Counter()
        self.resets: Counter[str] = Counter()
        # Times that the log had entries of which no bell had told.
        self.gaps = 0
        # Connections that take no more just now, and how many were closed because of it.
        self.paused: WeakSet[object] = WeakSet()
        self.stuck = 0


figures = Figures()
