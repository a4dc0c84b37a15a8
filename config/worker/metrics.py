"""The metrics of this worker for Prometheus, read when they are requested."""

from collections import Counter
from collections.abc import Iterator, Mapping

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
from realtime.counters import REFUSAL_REASONS, Counters, Histogram

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
    """A histogram with cumulative buckets."""
    total, buckets = 0, []
    for bound, count in zip([*map(str, values.bounds), "+Inf"], values.counts, strict=True):
        total += count
        buckets.append((bound, float(total)))
    return HistogramMetricFamily(f"twinstream_{name}", help, buckets, values.sum)


registry = CollectorRegistry()
ProcessCollector(registry=registry)
PlatformCollector(registry=registry)
registry.register(WorkerCollector())


def exposition() -> bytes:
    """All metrics in the text format of Prometheus."""
    return generate_latest(registry)
