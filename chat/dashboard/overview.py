"""What the reports of all workers say together. A report is what one worker tells of itself."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from realtime.counters import SECONDS, quantile

Report = dict[str, Any]
# What the page of the operators shows as it is told.
TOLD = ("host", "pid", "up", "sockets", "streams", "slow", "stuck", "redis", "draining")


def of_worker(history: Sequence[Report]) -> dict[str, Any]:
    """How a worker stands by its last report, and what it did a second since the first."""
    first, last = history[0], history[-1]
    seconds = last["up"] - first["up"]
    delivered = [new - old for new, old in zip(last["delivery"], first["delivery"], strict=True)]
    return {
        **{name: last[name] for name in TOLD},
        "entries": _rate(last["entries"] - first["entries"], seconds),
        "deliveries": _rate(last["deliveries"] - first["deliveries"], seconds),
        "p50": _milliseconds(quantile(SECONDS, delivered, 0.5)),
        "p99": _milliseconds(quantile(SECONDS, delivered, 0.99)),
    }


def of_rooms(reports: Iterable[Report]) -> dict[int, dict[str, Any]]:
    """How the rooms stand that somebody reads. Every worker that reads a room has all of its
    entries, and readers of its own."""
    rooms: dict[int, dict[str, Any]] = {}
    for report in reports:
        for pk, head, per_minute, taps in report["rooms"]:
            room = rooms.setdefault(pk, {"head": 0, "per_minute": 0.0, "taps": Counter[str]()})
            room["head"] = max(room["head"], head)
            room["per_minute"] = max(room["per_minute"], per_minute)
            room["taps"].update(taps)
    return rooms


def _rate(count: int, seconds: float) -> float | None:
    return round(count / seconds, 1) if seconds > 0 else None


def _milliseconds(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000, 1)
