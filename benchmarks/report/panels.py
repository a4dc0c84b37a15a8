"""The panels of each picture as data; plots.py draws them. Pure."""

from dataclasses import dataclass
from math import ceil, floor, log10

from benchmarks.report.results import Result, Spread
from benchmarks.report.targets import EVERYWHERE
from benchmarks.report.wording import FIGURES, row_label, row_title, rows_by_title

DRAWN = {
    "room": ("delivered_per_s", "p50_ms"),
    "streams": ("due_share", "p99_late_ms"),
    "memory": ("bytes_per_connection",),
    "workers": ("delivered_per_s", "streams_on_time", "cpu_us_per_delivery"),
}
ROOMS = ({"connections": 500, "talking": 4}, {"connections": 500, "talking": 64})
RESUME = ("head_ms", "all_ms", "others_p99_ms", "quiet_p99_ms")


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
    """A panel for each row and figure that was measured; for resuming, one with four times."""
    if scenario == "resume":
        return [_resume(each) for each in results if each.scenario == "resume"]
    found = []
    for title, rows in rows_by_title(results, scenario).items():
        if scenario != "room" or rows[0].keys in ROOMS:  # the others are in the growth picture
            found += [_panel(title, rows, figure) for figure in DRAWN[scenario]]
    return [panel for panel in found if panel.dots]


def _panel(title: str, rows: list[Result], figure: str) -> Panel:
    shown = [row for row in rows if row.voids or figure in row.values]
    dots = tuple(Dot(row_label(row), row.contender, figure, row.spread(figure)) for row in shown)
    log = FIGURES[figure].log and len({row.contender for row in shown}) > 1
    bound = _bound(rows[0], figure)
    better = "more is better" if FIGURES[figure].more_is_better else "less is better"
    subtitle = f"{FIGURES[figure].title} ({better}{', target dashed' if bound else ''})"
    return Panel(title, subtitle, figure, dots, log, bound)


def _bound(row: Result, figure: str) -> float | None:
    for target in EVERYWHERE:
        same = (target.scenario, target.keys, target.figure) == (row.scenario, row.keys, figure)
        if same and target.against is None:
            return target.bound
    return None


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
