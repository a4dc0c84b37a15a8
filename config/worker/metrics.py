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

from chat.dashboard.reports import socket_taps
from config.worker.lifespan import is_draining
from realtime import counters as chat
from realtime.bus import relay
from realtime.counters import figures
from realtime.event_stream import streams
from realtime.log.tail_registry import tails
from realtime.refusals import REASONS, refusals

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
        yield from self.current()
        yield from self.writing()
        yield from self.reading()

    def current(self) -> Iterator[Metric]:
        """The state of the worker now."""
        about = {"worker": relay().worker, "django": django.__version__}
        yield InfoMetricFamily("twinstream", "This worker.", about | {"daphne": daphne.__version__})
        yield gauges("sockets", "Open sockets.", "transport", SOCKETS, socket_taps())
        yield gauges("streams", "Open event streams.", "kind", STREAMS, streams.kinds)
        readers = sum((tail.taps for tail in tails().tails.values()), Counter[str]())
        yield gauges(
            "readers",
            "Readers of rooms. A socket counts once for each room it has joined.",
            "transport",
            TRANSPORTS,
            readers,
        )
        yield gauge("rooms", "Rooms with a reader on this worker.", len(tails().tails))
        yield gauge("slow_readers", "Connections whose write buffer is full.", len(figures.paused))
        yield gauge("draining", "1 while the worker drains.", is_draining())
        if settings.REDIS_URL:
            yield gauge("redis_up", "1 if Redis answers, otherwise 0.", not relay().away)

    def writing(self) -> Iterator[Metric]:
        """Writes to the log, and refusals."""
        yield counter("entries_appended", "Entries appended by this worker.", figures.appended)
        yield histogram("append_batch", "Commands per transaction.", figures.batches)
        help = "Seconds from a command to its commit."
        yield histogram("append_seconds", help, figures.append_seconds)
        help = "Commands that failed because the database did not answer."
        yield counter("append_failures", help, figures.append_failures)
        yield counters("refusals", "Refused clients.", "reason", REASONS, refusals)

    def reading(self) -> Iterator[Metric]:
        """Deliveries to readers."""
        help = "Entries times the readers that received them."
        yield counter("deliveries", help, figures.deliveries)
        help = (
            "Seconds from the commit, or the notification by another worker, to a waiting reader."
        )
        yield histogram("delivery_seconds", help, figures.delivery_seconds)
        help = "Readers that came with a cursor."
        yield counters("resumes", help, "transport", TRANSPORTS, figures.resumes)
        help = "Readers whose cursor could not be used."
        yield counters("resets", help, "transport", TRANSPORTS, figures.resets)
        yield counter(
            "gaps", "Times that the log had entries without a notification.", figures.gaps
        )
        yield counter(
            "stuck_closed", "Connections closed because the client read nothing.", figures.stuck
        )


def gauge(name: str, help: str, value: float) -> Metric:
    """A value that goes up and down."""
    return GaugeMetricFamily(f"twinstream_{name}", help, float(value))


def gauges(
    name: str, help: str, label: str, keys: tuple[str, ...], values: Mapping[str, int]
) -> Metric:
    """A gauge for each key."""
    family = GaugeMetricFamily(f"twinstream_{name}", help, labels=[label])
    for key in keys:
        family.add_metric([key], values.get(key, 0))
    return family


def counter(name: str, help: str, value: float) -> Metric:
    """A value that only grows."""
    return CounterMetricFamily(f"twinstream_{name}", help, value)


def counters(
    name: str, help: str, label: str, keys: tuple[str, ...], values: Mapping[str, int]
) -> Metric:
    """A counter for each key."""
    family = CounterMetricFamily(f"twinstream_{name}", help, labels=[label])
    for key in keys:
        family.add_metric([key], values.get(key, 0))
    return family


def histogram(name: str, help: str, values: chat.Histogram) -> Metric:
    """The distribution of a value."""
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
