"""How each worker stands, told to those workers on which somebody watches. Nobody tells unasked,
and nothing is stored: a worker that is not heard any more is gone from the picture."""

import os
import socket as network
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

# However many watch, a worker asks and tells no more often than this.
PAUSE_SECONDS = 1.0
WINDOW_SECONDS = 10.0  # of which rates and quantiles are
# Three questions without an answer, and the worker is taken to be gone.
SILENT_SECONDS = 7.0
# Told of; a worker that reads ten thousand would fill Redis with what nobody looks through.
ROOMS_MOST = 100


class Reports:
    """What is known of each worker, this one included, over the last seconds."""

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
        self.began = monotonic()
        self.asked_at = self.told_at = -PAUSE_SECONDS
        self.heard: dict[str, deque[tuple[float, Report]]] = {}
        bus.on(ASK, self._asked)
        bus.on(REPORT, self._heard)

    def ask(self) -> None:
        """Looks how this worker stands, and asks the others."""
        now = monotonic()
        if now - self.asked_at >= PAUSE_SECONDS:
            self.asked_at = now
            self._keep(self.bus.worker, self._own(), now)
            self.bus.broadcast(ASK)

    def histories(self) -> dict[str, list[Report]]:
        """The reports of the last seconds by worker, oldest first; the oldest worker first."""
        self._forget(monotonic())
        kept = {worker: [told for _, told in heard] for worker, heard in self.heard.items()}
        return dict(sorted(kept.items(), key=lambda item: -item[1][-1]["up"]))

    def _asked(self, message: Message) -> None:
        if monotonic() - self.told_at >= PAUSE_SECONDS:
            self.told_at = monotonic()
            self.bus.broadcast(REPORT, report=self._own())

    def _heard(self, message: Message) -> None:
        now, report = monotonic(), message["report"]
        # Others may have asked; and while the workers are reloaded, some tell other things.
        if now - self.asked_at <= SILENT_SECONDS and report.keys() == self._own().keys():
            self._keep(message["worker"], report, now)

    def _keep(self, worker: str, report: Report, now: float) -> None:
        self.heard.setdefault(worker, deque()).append((now, report))
        self._forget(now)

    def _forget(self, now: float) -> None:
        for worker, heard in list(self.heard.items()):
            if now - heard[-1][0] > SILENT_SECONDS:
                del self.heard[worker]
            while now - heard[0][0] > WINDOW_SECONDS and len(heard) > 1:
                heard.popleft()

    def _own(self) -> Report:
        """How this worker stands."""
        now = monotonic()
        return {
            "host": network.gethostname(),
            "pid": os.getpid(),
            "up": round(now - self.began, 3),  # seconds; no two machines agree on the time
            "sockets": dict(self.sockets.by_transport()),
            "streams": dict(self.streams.kinds),
            "entries": self.counters.appended,
            "deliveries": self.counters.deliveries,
            "delivery": list(self.counters.delivery_seconds.counts),
            "slow": len(self.counters.connections.paused),
            "stuck": self.counters.connections.stuck_closed,
            "redis": None if self.bus.alone else not self.bus.away,
            "draining": self.streams.draining,
            # In lists, since a room's number cannot be a key in every encoding.
            "rooms": [
                [tail.log, tail.head, round(tail.per_minute(now), 1), dict(+tail.transports)]
                for tail in self._most_read()
            ],
        }

    def _most_read(self) -> list[Tail]:
        """The rooms with the most readers on this worker."""
        return nlargest(ROOMS_MOST, self.tails.tails.values(), key=lambda tail: tail.readers)
