"""The targets of the comparison as data, and whether the runs meet them. Pure."""

import operator
from dataclasses import dataclass
from typing import Any

from benchmarks.report.fold import OURS, Result, Spread, find

MANY_CORES = 4  # below it two workers, the load and Redis share cores, and speed says nothing
COMPARISONS = {"≤": operator.le, "<": operator.lt, "≥": operator.ge}


@dataclass(frozen=True)
class Target:
    """A bound on one of our figures, or on its ratio to that of another contender or row."""

    scenario: str
    keys: dict[str, Any]
    figure: str
    comparison: str
    bound: float
    against: str | None = None  # a contender; the ratio to it is what is bound
    against_keys: dict[str, Any] | None = None  # where it is another row that we are compared to

    def holds(self, value: float) -> bool:
        return bool(COMPARISONS[self.comparison](value, self.bound))


@dataclass(frozen=True)
class Verdict:
    target: Target
    measured: Spread | None
    says: str

    @property
    def met(self) -> bool:
        return self.measured is not None and self.target.holds(self.measured.median)


def room(connections: int, talking: int) -> dict[str, Any]:
    return {"connections": connections, "talking": talking}


def workers(kind: str | None, figure: str, comparison: str, bound: float) -> Target:
    two, one = {"kind": kind, "workers": 2}, {"kind": kind, "workers": 1}
    return Target("workers", two, figure, comparison, bound, OURS, one)


STREAMS = [
    {"connections": connections, "interval_ms": interval}
    for connections in (1_000, 2_000)
    for interval in (20, 10)
]
SOCKET, STREAM = ({"kind": kind, "connections": 2_000} for kind in ("socket", "stream"))
EVERYWHERE = [
    Target("room", room(500, 4), "p50_ms", "≤", 1.0, "ws"),
    Target("room", room(500, 4), "delivered_per_s", "≥", 1.0, "ws"),
    Target("room", room(500, 64), "p50_ms", "≤", 0.2, "ws"),
    Target("room", room(500, 64), "delivered_per_s", "≥", 5.0, "ws"),
    Target("room", room(500, 64), "delivered_per_s", "≥", 1.0, "nchan"),
    Target("room", room(500, 64), "delivered_per_s", "≥", 40.0, "tutorial"),
    Target("room", room(2, 1), "p50_ms", "≤", 5.0),
    *(Target("streams", row, "due_share", "≥", 0.99) for row in STREAMS),
    *(Target("streams", row, "p99_late_ms", "<", 1.0, "express") for row in STREAMS),
    Target("held", SOCKET, "bytes_per_connection", "≤", 30_000),
    Target("held", SOCKET, "bytes_per_connection", "<", 1.0, "ws"),
    Target("held", STREAM, "bytes_per_connection", "≤", 25_000),
    Target("held", STREAM, "bytes_per_connection", "<", 1.0, "express"),
    Target("resume", {"missed": 10_000}, "head_ms", "≤", 1_000),
    Target("resume", {"missed": 10_000}, "all_ms", "≤", 1_000),
    Target("resume", {"missed": 10_000}, "slowing", "≤", 2.0),
]
WITH_MANY_CORES = [
    workers(None, "delivered_per_s", "≥", 1.7),
    workers("streams held", "streams_held", "≥", 1.7),
]
WITH_FEW_CORES = [
    workers(None, "cpu_us_per_delivery", "≤", 1.1),
    workers("streams", "cpu_us_per_delivery", "≤", 1.1),
]


def targets(cores: int) -> list[Target]:
    return EVERYWHERE + (WITH_MANY_CORES if cores >= MANY_CORES else WITH_FEW_CORES)


def verdicts(results: list[Result], cores: int) -> list[Verdict]:
    return [verdict(results, target) for target in targets(cores)]


def verdict(results: list[Result], target: Target) -> Verdict:
    """The worst of our rows that have the keys of the target."""
    found = [
        _row(results, target, row) for row in find(results, target.scenario, OURS, target.keys)
    ]
    unmeasured = [each for each in found if each.measured is None]
    if unmeasured or not found:
        return unmeasured[0] if unmeasured else Verdict(target, None, "not measured")
    worst = min if target.comparison == "≥" else max
    return worst(found, key=lambda each: each.measured.median if each.measured else 0.0)


def _row(results: list[Result], target: Target, ours: Result) -> Verdict:
    others = _others(results, target, ours)
    voids = [f"{each.contender}: {each.voids[0]}" for each in (ours, *others) if each.voids]
    if voids:
        return Verdict(target, None, f"not measured, void ({voids[0]})")
    if target.against and not others:
        return Verdict(target, None, f"not measured, no {target.against}")
    measured = ours.over(others[0], target.figure) if others else ours.spread(target.figure)
    return Verdict(target, measured, _says(target, measured))


def _says(target: Target, measured: Spread | None) -> str:
    if measured is None:
        return "not measured"
    if not target.holds(measured.median):
        return "not met"
    all_met = target.holds(measured.low) and target.holds(measured.high)
    return "met" if all_met else "met, not in every round"


def _others(results: list[Result], target: Target, ours: Result) -> list[Result]:
    if target.against is None:
        return []
    keys = {**ours.keys, **(target.against_keys or {})}
    return find(results, target.scenario, target.against, keys)
