"""Counters and histograms of one worker, as plain numbers. The code that does the work adds to
them; `/metrics` and the dashboard read them. `appended`, `batches` and `transaction_seconds` are
written by the writer thread only, those of the database by every thread, all other numbers by the
thread of the event loop."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from threading import Lock
from typing import Protocol
from weakref import WeakSet

# Upper bounds of the buckets. A value that equals a bound is in its bucket, as in Prometheus.
SECONDS = (
    *(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05),
    *(0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
)
# Of HTTP requests. Few, because each route has them.
HTTP_SECONDS = (0.005, 0.025, 0.1, 0.5, 2.5, 10.0)
ENTRIES = (1, 2, 4, 8, 16, 32, 64, 128, 256)

# Why a client was refused: the worker has as many connections as it may; an address opened too
# many connections; a member joined or wrote too often; a socket sent too many frames.
REFUSAL_REASONS = ("full", "address", "joins", "messages", "frames")


class Histogram:
    """Counts values by bucket."""

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
    """The value below which `share` (0 to 1) of the counted values lie. Values are taken to be
    spread evenly within a bucket. None if nothing was counted; at most the last bound."""
    wanted = share * sum(counts)
    if not wanted:
        return None
    below, low = 0, 0.0
    for bound, count in zip(bounds, counts, strict=False):
        if below + count >= wanted:
            return low + (bound - low) * (wanted - below) / count
        below, low = below + count, bound
    return bounds[-1]


class ConnectionCounters:
    """What `config.server` counts about its connections."""

    def __init__(self) -> None:
        # Connections whose write buffer is full now.
        self.paused: WeakSet[object] = WeakSet()
        # Connections that were closed because the client read nothing.
        self.stuck_closed = 0


class HttpCounters:
    """Responses of Django by route: the pattern of the URL, of which there are few."""

    def __init__(self) -> None:
        self.responses: Counter[tuple[str, int]] = Counter()
        self.seconds: dict[str, Histogram] = {}

    def add(self, route: str, status: int, seconds: float | None) -> None:
        """Counts a response. `seconds` is None if its duration is no latency."""
        self.responses[route, status] += 1
        if seconds is not None:
            if route not in self.seconds:
                self.seconds[route] = Histogram(HTTP_SECONDS)
            self.seconds[route].add(seconds)


class DatabaseConnection(Protocol):
    """Django's database connection of one thread."""

    connection: object | None  # that of the driver; None while it is closed


class DatabaseCounters:
    """What the database connections of this process do. Every thread writes here."""

    def __init__(self) -> None:
        self.lock = Lock()
        # An increment by two threads at once may be counted as one. A lock would cost more than the
        # error matters.
        self.queries = 0
        # Errors of the driver, by class of SQLSTATE.
        self.errors: Counter[str] = Counter()
        self.connections: WeakSet[DatabaseConnection] = WeakSet()

    def add_error(self, name: str) -> None:
        """Counts an error of this class."""
        with self.lock:
            self.errors[name] += 1

    def add_connection(self, connection: DatabaseConnection) -> None:
        """Adds a connection, which is counted as long as it exists and is open."""
        with self.lock:
            self.connections.add(connection)

    def open_connections(self) -> int:
        """How many connections are open now."""
        with self.lock:
            return sum(each.connection is not None for each in self.connections)


class Counters:
    """The numbers of one worker since it started."""

    def __init__(self, connections: ConnectionCounters) -> None:
        self.connections = connections
        self.http = HttpCounters()
        # Entries that this worker appended, and the number of drafts in each transaction.
        self.appended = 0
        self.batches = Histogram(ENTRIES)
        # Seconds of each of these transactions, without the time that its items waited for it.
        self.transaction_seconds = Histogram(SECONDS)
        # Seconds from a command until its entry is committed.
        self.append_seconds = Histogram(SECONDS)
        # Commands that failed because the database did not answer.
        self.append_failures = 0
        # Entries times the readers that received them.
        self.deliveries = 0
        # Seconds from the arrival of an entry on this worker until a waiting reader received it.
        # Readers that catch up are not counted: their delay says nothing about this worker.
        self.delivery_seconds = Histogram(SECONDS)
        # Readers that came with a cursor, and those that were reset, by transport.
        self.resumes: Counter[str] = Counter()
        self.resets: Counter[str] = Counter()
        # How often entries were found in the database that no notification had announced.
        self.gaps = 0
        # Refused clients, by reason.
        self.refusals: Counter[str] = Counter()


# Written by `config.server`, which exists before any worker object does.
connection_counters = ConnectionCounters()
# Written by the database connections of all threads.
database_counters = DatabaseCounters()
