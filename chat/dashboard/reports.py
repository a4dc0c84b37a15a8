"""How each worker stands, told to those workers on which somebody watches. Nobody tells unasked,
and nothing is stored: a worker that is not heard any more is gone from the picture."""

import os
import socket as network
from collections import Counter, deque
from heapq import nlargest
from time import monotonic

from django.conf import settings

from chat.dashboard.overview import Report
from chat.presence.sync import WORKERS, rollcall
from chat.transports.base_socket import sockets
from realtime.bus import Message, relay
from realtime.counters import figures
from realtime.event_stream import streams
from realtime.log.tail import Tail
from realtime.log.tail_registry import tails
from realtime.tasks import PerLoop

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

    def __init__(self) -> None:
        self.began = monotonic()
        self.asked_at = self.told_at = -PAUSE_SECONDS
        self.heard: dict[str, deque[tuple[float, Report]]] = {}
        self.alone = not settings.REDIS_URL
        if not self.alone:
            rollcall()  # which follows the group of the workers
            relay().listen(ASK, self._asked)
            relay().listen(REPORT, self._heard)

    def ask(self) -> None:
        """Looks how this worker stands, and asks the others."""
        now = monotonic()
        if now - self.asked_at >= PAUSE_SECONDS:
            self.asked_at = now
            self._keep(relay().worker, self._own(), now)
            if not self.alone:
                relay().send(WORKERS, ASK)

    def histories(self) -> dict[str, list[Report]]:
        """The reports of the last seconds by worker, oldest first; the oldest worker first."""
        self._forget(monotonic())
        kept = {worker: [told for _, told in heard] for worker, heard in self.heard.items()}
        return dict(sorted(kept.items(), key=lambda item: -item[1][-1]["up"]))

    def _asked(self, message: Message) -> None:
        if monotonic() - self.told_at >= PAUSE_SECONDS:
            self.told_at = monotonic()
            relay().send(WORKERS, REPORT, report=self._own())

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
            "sockets": dict(socket_taps()),
            "streams": dict(streams.kinds),
            "entries": figures.appended,
            "deliveries": figures.deliveries,
            "delivery": list(figures.delivery_seconds.counts),
            "slow": len(figures.paused),
            "stuck": figures.stuck,
            "redis": None if self.alone else not relay().away,
            "draining": streams.draining,
            # In lists, since a room's number cannot be a key in every encoding.
            "rooms": [
                [tail.room, tail.head, round(tail.per_minute(now), 1), dict(+tail.taps)]
                for tail in most_read()
            ],
        }


def socket_taps() -> Counter[str]:
    """The sockets of this worker, by tap."""
    return Counter(one.tap for one in sockets)


def most_read() -> list[Tail]:
    """The rooms with most readers here."""
    return nlargest(ROOMS_MOST, tails().tails.values(), key=lambda tail: tail.readers)


reports = PerLoop(Reports)
