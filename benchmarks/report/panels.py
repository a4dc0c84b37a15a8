"""The panels of each picture as data; plots.py draws them. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil, floor, log10

from benchmarks.report.results import Keys, Result, Spread
from benchmarks.report.targets import EVERYWHERE
from benchmarks.report.wording import FIGURES, TITLES, position, row_title

TALKING = ({"connections": 500, "talking": 4}, {"connections": 500, "talking": 64})
KINDS = tuple({"kind": kind, "connections": 2_000} for kind in ("socket", "stream"))
RESUME = ("head_ms", "all_ms", "others_p99_ms", "quiet_p99_ms")
FIGURES_OF = {
    "room": ("delivered_per_s", "p50_ms"),
    "streams": ("due_share", "p99_late_ms"),
    "memory": ("bytes_per_connection",),
    "workers": ("delivered_per_s", "streams_on_time", "cpu_us_per_delivery"),
    "resume": RESUME,
}


@dataclass(frozen=True)
class Dot:
    """One line of a panel: one contender. No spread if its run was void."""

    label: str
    contender: str
    figure: str
    spread: Spread | None


@dataclass(frozen=True)
class Panel:
    title: str
    subtitle: str
    figure: str
    dots: tuple[Dot, ...]
    log: bool
    bound: float | None = None  # a target for the figure itself, not for a ratio


def panels(results: list[Result], scenario: str) -> list[Panel]:
    """The panels of a scenario that have at least one dot."""
    if scenario == "resume":
        return [_resume(each) for each in results if each.scenario == "resume"]
    found = [
        _panel(results, scenario, row, figure)
        for row in _rows(results, scenario)
        for figure in FIGURES_OF[scenario]
    ]
    return [panel for panel in found if panel.dots]


def _rows(results: list[Result], scenario: str) -> Iterable[Keys]:
    measured = [
        {k: v for k, v in each.keys.items() if k != "workers"}
        for each in results
        if each.scenario == scenario
    ]
    match scenario:
        case "room":
            return TALKING
        case "memory":
            return KINDS
        case "workers":  # of the steps of streams, the first: both numbers of workers reach it
            steps = [row for row in measured if row.get("kind") == "streams"]
            return _distinct([row for row in measured if row not in steps] + steps[:1])
        case _:
            return _distinct(measured)


def _distinct(rows: list[Keys]) -> list[Keys]:
    return [row for n, row in enumerate(rows) if row not in rows[:n]]


def _panel(results: list[Result], scenario: str, keys: Keys, figure: str) -> Panel:
    rows = [each for each in results if each.scenario == scenario and _in_row(each, keys)]
    shown = [each for each in rows if each.voids or figure in each.values]
    shown.sort(key=lambda each: (position(each.contender), each.keys.get("workers", 0)))
    dots = tuple(Dot(_label(each), each.contender, figure, each.spread(figure)) for each in shown)
    log = FIGURES[figure].log and len({each.contender for each in shown}) > 1
    bound = _bound(scenario, keys, figure)
    better = "more is better" if FIGURES[figure].more_is_better else "less is better"
    subtitle = f"{FIGURES[figure].title} ({better}{', target dashed' if bound else ''})"
    return Panel(row_title(scenario, keys), subtitle, figure, dots, log, bound)


def _in_row(result: Result, keys: Keys) -> bool:
    return {k: v for k, v in result.keys.items() if k != "workers"} == keys


def _label(result: Result) -> str:
    count = result.keys.get("workers")
    return TITLES[result.contender] if not count else f"{count} worker{'s' * (count > 1)}"


def _bound(scenario: str, keys: Keys, figure: str) -> float | None:
    bounds = [
        target.bound
        for target in EVERYWHERE
        if (target.scenario, target.keys, target.figure) == (scenario, keys, figure)
        and target.against is None
    ]
    return bounds[0] if bounds else None


def _resume(result: Result) -> Panel:
    dots = [Dot(FIGURES[f].title, result.contender, f, result.spread(f)) for f in RESUME]
    title = row_title("resume", result.keys)
    return Panel(title, "less is better", RESUME[0], tuple(dots), log=True)


def decades(lowest: float, highest: float) -> tuple[float, float]:
    """The whole decades around two values; at least one, so that there are two ticks."""
    low, high = floor(log10(lowest)), ceil(log10(highest))
    return 10.0**low, 10.0 ** max(high, low + 1)


def tick(value: float, _: object = None) -> str:
    """A short label of an axis."""
    for size, name in ((1e6, " M"), (1e3, " k")):
        if value >= size:
            return f"{value / size:g}{name}"
    return f"{value:g}"
