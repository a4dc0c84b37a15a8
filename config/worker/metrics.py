"""The metrics of this worker, in Prometheus' text format."""

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
from config.worker.lifespan import is_draining
from realtime.counters import REFUSAL_REASONS, Counters, Histogram

# Every label value is exported from the start, so that a graph begins at 0.
TRANSPORTS = ("json", "plain", "stream", "poll")
SOCKETS = ("json", "plain")
STREAMS = ("text", "room", "live")


class WorkerCollector(Collector):
    """Reads the counters of `chat` and `streaming`, which do not know Prometheus."""

    def describe(self) -> list[Metric]:
        """Nothing: at import there is no event loop yet, whose counters could be read."""
        return []

    def collect(self) -> Iterator[Metric]:
        """All metrics."""
        worker = current()
        yield from self.now(worker)
        yield from self.writing(worker.counters)
        yield from self.reading(worker.counters)

    def now(self, worker: Worker) -> Iterator[Metric]:
        """The present state of the worker."""
        about = {"worker": worker.bus.worker, "django": django.__version__}
        yield InfoMetricFamily("twinstream", "This worker.", about | {"daphne": daphne.__version__})
        yield gauges(
            "sockets", "Open sockets.", "transport", SOCKETS, worker.sockets.by_transport()
        )
        yield gauges("streams", "Open event streams.", "kind", STREAMS, worker.streams.kinds)
        readers = sum((tail.transports for tail in worker.tails.tails.values()), Counter[str]())
        yield gauges("readers", "Readers of rooms.", "transport", TRANSPORTS, readers)
        yield gauge("rooms", "Rooms that have a reader in this worker.", len(worker.tails.tails))
        yield gauge(
            "slow_readers",
            "Connections with 64 KiB or more unsent.",
            len(worker.counters.connections.paused),
        )
        yield gauge("draining", "1 while the worker drains.", is_draining())
        if settings.REDIS_URL:
            yield gauge("redis_up", "0 while Redis does not answer.", not worker.bus.away)

    def writing(self, counted: Counters) -> Iterator[Metric]:
        """Metrics of the writer."""
        yield counter("entries_appended", "Entries that this worker wrote.", counted.appended)
        yield histogram("append_batch", "Commands in one transaction.", counted.batches)
        help = "Time from a command to its commit."
        yield histogram("append_seconds", help, counted.append_seconds)
        help = "Commands that failed because the database did not answer."
        yield counter("append_failures", help, counted.append_failures)
        help = "Requests refused with a time to wait."
        yield counters("refusals", help, "reason", REFUSAL_REASONS, counted.refusals)

    def reading(self, counted: Counters) -> Iterator[Metric]:
        """Metrics of the readers."""
        help = "Entries given to readers, counted once a reader."
        yield counter("deliveries", help, counted.deliveries)
        help = "Time from a commit, or its notification, to the connection of a waiting reader."
        yield histogram("delivery_seconds", help, counted.delivery_seconds)
        help = "Readers that came with a cursor."
        yield counters("resumes", help, "transport", TRANSPORTS, counted.resumes)
        help = "Readers whose cursor was unknown or too old."
        yield counters("resets", help, "transport", TRANSPORTS, counted.resets)
        help = "Entries found by the periodic check and not by a notification."
        yield counter("gaps", help, counted.gaps)
        help = "Connections closed since the client read nothing."
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
    """The metrics of this worker and its process in the text format."""
    return generate_latest(registry)
