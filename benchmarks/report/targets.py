"""The targets of the comparison as data, and whether the results meet them. Pure."""

import operator
from dataclasses import dataclass

from benchmarks.report.results import OURS, Keys, Result, Spread, find
from benchmarks.report.tables import table, times, with_range
from benchmarks.report.wording import FIGURES, TITLES, row_title, written

MANY_CORES = 4  # with fewer, two workers, Redis and the load share cores: no gain can be measured
COMPARISONS = {"≤": operator.le, "<": operator.lt, "≥": operator.ge}


@dataclass(frozen=True)
class Target:
    """A bound on one of our figures, or on its ratio to that of another contender or row."""

    scenario: str
    keys: Keys
    figure: str
    comparison: str
    bound: float
    against: str | None = None  # a contender; then the bound is on the ratio to it
    against_keys: Keys | None = None  # keys of another row to compare with

    def holds(self, value: float) -> bool:
        return bool(COMPARISONS[self.comparison](value, self.bound))


@dataclass(frozen=True)
class Verdict:
    target: Target
    measured: Spread | None
    text: str

    @property
    def met(self) -> bool:
        return self.measured is not None and self.target.holds(self.measured.median)


def room(connections: int, talking: int) -> Keys:
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
    Target("memory", SOCKET, "bytes_per_connection", "≤", 30_000),
    Target("memory", SOCKET, "bytes_per_connection", "<", 1.0, "ws"),
    Target("memory", STREAM, "bytes_per_connection", "≤", 25_000),
    Target("memory", STREAM, "bytes_per_connection", "<", 1.0, "express"),
    Target("resume", {"missed": 10_000}, "head_ms", "≤", 1_000),
    Target("resume", {"missed": 10_000}, "all_ms", "≤", 1_000),
    Target("resume", {"missed": 10_000}, "slowdown", "≤", 2.0),
]
WITH_MANY_CORES = [
    workers(None, "delivered_per_s", "≥", 1.7),
    workers("streams on time", "streams_on_time", "≥", 1.7),
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
    """The verdict on the worst of our rows that have the keys of the target."""
    rows = find(results, target.scenario, OURS, target.keys)
    judged = [_judge(results, target, row) for row in rows]
    unmeasured = [each for each in judged if each.measured is None]
    if unmeasured or not judged:
        return unmeasured[0] if unmeasured else Verdict(target, None, "not measured")
    worst = min if target.comparison == "≥" else max
    return worst(judged, key=lambda each: each.measured.median if each.measured else 0.0)


def _judge(results: list[Result], target: Target, ours: Result) -> Verdict:
    others = []
    if target.against:
        keys = {**ours.keys, **(target.against_keys or {})}
        others = find(results, target.scenario, target.against, keys)
    voids = [f"{each.contender}: {each.voids[0]}" for each in (ours, *others) if each.voids]
    if voids:
        return Verdict(target, None, f"not measured, void ({voids[0]})")
    if target.against and not others:
        return Verdict(target, None, f"not measured, no {target.against}")
    measured = ours.ratio(others[0], target.figure) if others else ours.spread(target.figure)
    return Verdict(target, measured, _in_words(target, measured))


def _in_words(target: Target, measured: Spread | None) -> str:
    if measured is None:
        return "not measured"
    if not target.holds(measured.median):
        return "not met"
    every_round = target.holds(measured.low) and target.holds(measured.high)
    return "met" if every_round else "met, not in every round"


def targets_section(results: list[Result], cores: int) -> str:
    judged = verdicts(results, cores)
    met = sum(each.met for each in judged)
    return (
        f"## Targets\n\n{met} of {len(judged)} are met, by the median of the rounds.\n\n"
        f"{table(('what', 'target', 'measured', ''), map(_row, judged))}"
    )


def _row(verdict: Verdict) -> tuple[str, ...]:
    target, figure = verdict.target, FIGURES[verdict.target.figure]
    if target.against is None:
        bound, form = f"{target.comparison} {written(target.figure, target.bound)}", figure.written
    else:
        other, form = "one worker" if target.against_keys else TITLES[target.against], times
        bound = f"{target.comparison} {times(target.bound)} {other}"
    what = f"{row_title(target.scenario, target.keys)}: {figure.title}"
    return what, bound, with_range(form, verdict.measured), verdict.text
