"""Summaries of the reports of all workers. A report is what one worker says about itself."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from realtime.counters import SECONDS, quantile

Report = dict[str, Any]
# The fields that the dashboard shows unchanged.
SHOWN = ("host", "pid", "up", "sockets", "streams", "slow", "stuck", "redis", "draining")


def worker_summary(history: Sequence[Report]) -> dict[str, Any]:
    """The state of a worker from its last report, and its rates per second since the first."""
    first, last = history[0], history[-1]
    seconds = last["up"] - first["up"]
    delivered = [new - old for new, old in zip(last["delivery"], first["delivery"], strict=True)]
    return {
        **{name: last[name] for name in SHOWN},
        "entries": _rate(last["entries"] - first["entries"], seconds),
        "deliveries": _rate(last["deliveries"] - first["deliveries"], seconds),
        "p50": _milliseconds(quantile(SECONDS, delivered, 0.5)),
        "p99": _milliseconds(quantile(SECONDS, delivered, 0.99)),
    }


def room_summaries(reports: Iterable[Report]) -> dict[int, dict[str, Any]]:
    """The rooms that have readers, by primary key. Every worker with readers in a room has all of
    its entries: heads and rates are not added up, readers are."""
    rooms: dict[int, dict[str, Any]] = {}
    for report in reports:
        for pk, head, per_minute, readers in report["rooms"]:
            room = rooms.setdefault(pk, {"head": 0, "per_minute": 0.0, "taps": Counter[str]()})
            room["head"] = max(room["head"], head)
            room["per_minute"] = max(room["per_minute"], per_minute)
            room["taps"].update(readers)
    return rooms


def _rate(count: int, seconds: float) -> float | None:
    return round(count / seconds, 1) if seconds > 0 else None


def _milliseconds(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000, 1)
