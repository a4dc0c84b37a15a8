"""The reports of all workers, for the dashboard. A worker whose dashboard is open asks all workers
for a report. Without an open dashboard no worker reports. Nothing is stored."""

import os
import socket
from collections import deque
from heapq import nlargest
from time import monotonic

from chat.dashboard.overview import Report
from chat.transports.socket_registry import SocketRegistry
from realtime.bus import Bus, Message
from realtime.counters import Counters
from realtime.log.tail import Tail
from realtime.log.tail_registry import TailRegistry
from realtime.stream_registry import StreamRegistry

ASK, REPORT = "ask", "report"

# A worker asks and reports at most this often, however many dashboards are open.
MIN_INTERVAL_SECONDS = 1.0
WINDOW_SECONDS = 10.0  # of rates and quantiles
# A worker that did not answer three questions is taken to be gone.
EXPIRE_SECONDS = 7.0
# Rooms in a report. A worker with ten thousand rooms would send Redis more than anybody reads.
MAX_ROOMS = 100


class Reports:
    """The reports of each worker, this one included, of the last seconds."""

    def __init__(
        self,
        bus: Bus,
        counters: Counters,
        streams: StreamRegistry,
        sockets: SocketRegistry,
        tails: TailRegistry,
    ) -> None:
        self.bus = bus
        self.counters = counters
        self.streams = streams
        self.sockets = sockets
        self.tails = tails
        self.started_at = monotonic()
        self.asked_at = self.reported_at = -MIN_INTERVAL_SECONDS
        self.received: dict[str, deque[tuple[float, Report]]] = {}
        bus.on(ASK, self._on_ask)
        bus.on(REPORT, self._on_report)

    def ask(self) -> None:
        """Stores a report of this worker, and asks the other workers for theirs."""
        now = monotonic()
        if now - self.asked_at >= MIN_INTERVAL_SECONDS:
            self.asked_at = now
            self._add(self.bus.worker, self._report(), now)
            self.bus.broadcast(ASK)

    def histories(self) -> dict[str, list[Report]]:
        """The reports of the last seconds by worker, oldest first. The worker that has run for
        the longest time comes first."""
        self._drop_expired(monotonic())
        histories = {
            worker: [report for _, report in reports] for worker, reports in self.received.items()
        }
        return dict(sorted(histories.items(), key=lambda item: -item[1][-1]["up"]))

    def _on_ask(self, message: Message) -> None:
        if monotonic() - self.reported_at >= MIN_INTERVAL_SECONDS:
            self.reported_at = monotonic()
            self.bus.broadcast(REPORT, report=self._report())

    def _on_report(self, message: Message) -> None:
        now, report = monotonic(), message["report"]
        # The answer may be to another worker. During a deploy, other versions have other fields.
        if now - self.asked_at <= EXPIRE_SECONDS and report.keys() == self._report().keys():
            self._add(message["worker"], report, now)

    def _add(self, worker: str, report: Report, now: float) -> None:
        self.received.setdefault(worker, deque()).append((now, report))
        self._drop_expired(now)

    def _drop_expired(self, now: float) -> None:
        for worker, reports in list(self.received.items()):
            if now - reports[-1][0] > EXPIRE_SECONDS:
                del self.received[worker]
            while now - reports[0][0] > WINDOW_SECONDS and len(reports) > 1:
                reports.popleft()

    def _report(self) -> Report:
        """The report of this worker."""
        now = monotonic()
        return {
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "up": round(now - self.started_at, 3),  # Seconds: clocks of machines may differ.
            "sockets": dict(self.sockets.by_transport()),
            "streams": dict(self.streams.kinds),
            "entries": self.counters.appended,
            "deliveries": self.counters.deliveries,
            "delivery": list(self.counters.delivery_seconds.counts),
            "slow": len(self.counters.connections.paused),
            "stuck": self.counters.connections.stuck_closed,
            "redis": None if self.bus.alone else not self.bus.is_away(),
            "draining": self.streams.draining,
            # Lists: not every encoding allows a number as a key.
            "rooms": [
                [tail.log, tail.head, round(tail.per_minute(now), 1), dict(+tail.transports)]
                for tail in self._most_read()
            ],
        }

    def _most_read(self) -> list[Tail]:
        """The rooms with the most readers on this worker."""
        return nlargest(MAX_ROOMS, self.tails.tails.values(), key=lambda tail: tail.readers)
