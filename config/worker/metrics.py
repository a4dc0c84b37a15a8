"""The figures of this worker in the words of Prometheus, read when they are asked for."""

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

# Named though there are none, so that a graph begins at 0.
TAPS = ("json", "plain", "stream", "poll")
SOCKETS = ("json", "plain")
STREAMS = ("text", "room", "live")


class WorkerCollector(Collector):
    """Reads plain numbers; those who add to them know nothing of it."""

    def describe(self) -> list[Metric]:
        """Nothing: there is no loop yet, whose figures could be read."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Everything there is to say."""
        worker = current()
        yield from self.now(worker)
        yield from self.writing(worker.counters)
        yield from self.reading(worker.counters)

    def now(self, worker: Worker) -> Iterator[Metric]:
        """How the worker stands."""
        about = {"worker": worker.bus.worker, "django": django.__version__}
        yield InfoMetricFamily("twinstream", "This worker.", about | {"daphne": daphne.__version__})
        yield gauges("sockets", "Open sockets.", "tap", SOCKETS, worker.sockets.by_transport())
        yield gauges("streams", "Open event streams.", "kind", STREAMS, worker.streams.kinds)
        readers = sum((tail.transports for tail in worker.tails.tails.values()), Counter[str]())
        yield gauges("readers", "Readers of rooms.", "tap", TAPS, readers)
        yield gauge("rooms", "Rooms that are read here.", len(worker.tails.tails))
        yield gauge(
            "slow_readers",
            "Connections that take no more now.",
            len(worker.counters.connections.paused),
        )
        yield gauge("draining", "1 while everybody is seen off.", is_draining())
        if settings.REDIS_URL:
            yield gauge("redis_up", "0 while Redis does not answer.", not worker.bus.away)

    def writing(self, counted: Counters) -> Iterator[Metric]:
        """What was written."""
        yield counter("entries_appended", "Entries written by this worker.", counted.appended)
        yield histogram("append_batch", "Commands in one transaction.", counted.batches)
        help = "From a command until it is committed."
        yield histogram("append_seconds", help, counted.append_seconds)
        help = "Commands not written, the database being away."
        yield counter("append_failures", help, counted.append_failures)
        yield counters(
            "refusals",
            "Who was told to wait.",
            "reason",
            REFUSAL_REASONS,
            counted.refusals,
        )

    def reading(self, counted: Counters) -> Iterator[Metric]:
        """What was read."""
        help = "Entries times the readers that they were handed to."
        yield counter("deliveries", help, counted.deliveries)
        help = "From a commit, or an arrival from another worker, to a reader that waited for it."
        yield histogram("delivery_seconds", help, counted.delivery_seconds)
        help = "Readers that came with a cursor."
        yield counters("resumes", help, "tap", TAPS, counted.resumes)
        help = "Readers whose cursor led nowhere."
        yield counters("resets", help, "tap", TAPS, counted.resets)
        yield counter("gaps", "Readings of the log for want of a doorbell.", counted.gaps)
        yield counter(
            "stuck_closed",
            "Connections closed since they took nothing.",
            counted.connections.stuck_closed,
        )


def gauge(name: str, help: str, value: float) -> Metric:
    """One number that goes up and down."""
    return GaugeMetricFamily(f"twinstream_{name}", help, float(value))


def gauges(
    name: str, help: str, label: str, keys: tuple[str, ...], values: Mapping[str, int]
) -> Metric:
    """One of them a key."""
    family = GaugeMetricFamily(f"twinstream_{name}", help, labels=[label])
    for key in keys:
        family.add_metric([key], values.get(key, 0))
    return family


def counter(name: str, help: str, value: float) -> Metric:
    """One number that only grows."""
    return CounterMetricFamily(f"twinstream_{name}", help, value)


def counters(
    name: str, help: str, label: str, keys: tuple[str, ...], values: Mapping[str, int]
) -> Metric:
    """One of them a key."""
    family = CounterMetricFamily(f"twinstream_{name}", help, labels=[label])
    for key in keys:
        family.add_metric([key], values.get(key, 0))
    return family


def histogram(name: str, help: str, values: Histogram) -> Metric:
    """How a number is distributed."""
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
    """All of it as text."""
    return generate_latest(registry)
