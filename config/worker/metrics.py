"""The metrics of this worker for Prometheus, read when they are requested."""

from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import accumulate

import daphne
import django
from django.conf import settings
from prometheus_client import (
    CollectorRegistry,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from chat.worker import Worker, current
from realtime.counters import (
    REFUSAL_REASONS,
    Counters,
    DatabaseCounters,
    Histogram,
    HttpCounters,
    database_counters,
)

# All label values, so that a time series starts at 0 and not at its first event.
TRANSPORTS = ("json", "plain", "stream", "poll")
SOCKETS = ("json", "plain")
STREAMS = ("text", "room", "live")


class WorkerCollector(Collector):
    """Turns the plain numbers of the worker into metrics."""

    def describe(self) -> list[Metric]:
        """No metrics: the registry calls this at import, when no event loop runs."""
        return []

    def collect(self) -> Iterator[Metric]:
        """All metrics."""
        worker = current()
        yield from now(worker)
        yield from writing(worker.counters)
        yield from reading(worker.counters)
        yield from serving(worker.counters.http)
        yield from querying(database_counters)


def now(worker: Worker) -> Iterator[Metric]:
    """The state of the worker."""
    about = {"worker": worker.bus.worker, "django": django.__version__}
    yield InfoMetricFamily("twinstream", "This worker.", about | {"daphne": daphne.__version__})
    sockets = worker.sockets.by_transport()
    yield gauges("sockets", "Open sockets.", "transport", SOCKETS, sockets)
    yield gauges("streams", "Open event streams.", "kind", STREAMS, worker.streams.kinds)
    readers = sum((tail.transports for tail in worker.tails.tails.values()), Counter[str]())
    help = "Readers of rooms. A socket counts once for each room that it has joined."
    yield gauges("readers", help, "transport", TRANSPORTS, readers)
    yield gauge("rooms", "Rooms with a reader on this worker.", len(worker.tails.tails))
    paused = len(worker.counters.connections.paused)
    yield gauge("slow_readers", "Connections with 64 KiB or more unsent.", paused)
    yield gauge("draining", "1 while the worker drains.", worker.streams.draining)
    if settings.REDIS_URL:
        yield gauge("redis_up", "1 if Redis answers, otherwise 0.", not worker.bus.is_away())


def writing(counted: Counters) -> Iterator[Metric]:
    """Writes to the log, and refusals."""
    yield counter("entries_appended", "Entries appended by this worker.", counted.appended)
    yield histogram("append_batch", "Commands per transaction.", counted.batches)
    yield histogram(
        "append_seconds", "Seconds from a command to its commit.", counted.append_seconds
    )
    help = "Seconds of each transaction of the writer."
    yield histogram("transaction_seconds", help, counted.transaction_seconds)
    help = "Commands that failed because the database did not answer."
    yield counter("append_failures", help, counted.append_failures)
    yield counters("refusals", "Refused clients.", "reason", REFUSAL_REASONS, counted.refusals)


def reading(counted: Counters) -> Iterator[Metric]:
    """Deliveries to readers."""
    help = "Entries times the readers that received them."
    yield counter("deliveries", help, counted.deliveries)
    help = "Seconds from the commit, or the notification by another worker, to a waiting reader."
    yield histogram("delivery_seconds", help, counted.delivery_seconds)
    help = "Readers that came with a cursor."
    yield counters("resumes", help, "transport", TRANSPORTS, counted.resumes)
    help = "Readers whose cursor could not be used."
    yield counters("resets", help, "transport", TRANSPORTS, counted.resets)
    help = "Times that the log had entries without a notification."
    yield counter("gaps", help, counted.gaps)
    help = "Connections closed because the client read nothing."
    yield counter("stuck_closed", help, counted.connections.stuck_closed)


def serving(counted: HttpCounters) -> Iterator[Metric]:
    """HTTP responses of Django, by the pattern of their URL."""
    help = "HTTP responses. Status 499: the client disconnected first."
    responses = CounterMetricFamily("twinstream_http_responses", help, labels=["route", "status"])
    for (route, status), count in counted.responses.items():
        responses.add_metric([route, str(status)], count)
    yield responses
    help = "Seconds until the response, without streams and long polls."
    seconds = HistogramMetricFamily("twinstream_http_seconds", help, labels=["route"])
    for route, values in counted.seconds.items():
        seconds.add_metric([route], cumulative(values), values.sum)
    yield seconds


def querying(counted: DatabaseCounters) -> Iterator[Metric]:
    """The database connections of all threads."""
    yield counter("database_queries", "Queries.", counted.queries)
    yield gauge("database_connections", "Open connections.", counted.open_connections())
    help = "Errors, by the first two characters of the SQLSTATE or the result code of SQLite."
    errors = CounterMetricFamily("twinstream_database_errors", help, labels=["class"])
    for name, count in counted.errors.copy().items():
        errors.add_metric([name], count)
    yield errors


def gauge(name: str, help: str, value: float) -> Metric:
    """A gauge without labels."""
    return GaugeMetricFamily(f"twinstream_{name}", help, float(value))


def gauges(
    name: str, help: str, label: str, keys: tuple[str, ...], values: Mapping[str, int]
) -> Metric:
    """A gauge with one sample for each key."""
    family = GaugeMetricFamily(f"twinstream_{name}", help, labels=[label])
    for key in keys:
        family.add_metric([key], values.get(key, 0))
    return family


def counter(name: str, help: str, value: float) -> Metric:
    """A counter without labels."""
    return CounterMetricFamily(f"twinstream_{name}", help, value)


def counters(
    name: str, help: str, label: str, keys: tuple[str, ...], values: Mapping[str, int]
) -> Metric:
    """A counter with one sample for each key."""
    family = CounterMetricFamily(f"twinstream_{name}", help, labels=[label])
    for key in keys:
        family.add_metric([key], values.get(key, 0))
    return family


def histogram(name: str, help: str, values: Histogram) -> Metric:
    """A histogram without labels."""
    return HistogramMetricFamily(f"twinstream_{name}", help, cumulative(values), values.sum)


def cumulative(values: Histogram) -> list[tuple[str, float]]:
    """The buckets as Prometheus wants them: each with all values up to its bound."""
    bounds = [*map(str, values.bounds), "+Inf"]
    return list(zip(bounds, map(float, accumulate(values.counts)), strict=True))


registry = CollectorRegistry()
ProcessCollector(registry=registry)
PlatformCollector(registry=registry)
registry.register(WorkerCollector())


def exposition() -> bytes:
    """All metrics in the text format of Prometheus."""
    return generate_latest(registry)
