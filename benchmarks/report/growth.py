"""How figures grow with the number of connections or of talkers. Pure."""

from collections import defaultdict
from dataclasses import dataclass
from math import log
from typing import Any

from benchmarks.report.results import Keys, Result, Spread
from benchmarks.report.tables import NONE, table, times
from benchmarks.report.wording import FIGURES, SCENARIOS, TITLES, position, written

STEPS = {"connections": (50, 500, 2_000), "talking": (1, 16, 128)}
GROWING = {
    "room": ("delivered_per_s", "p50_ms", "cpu_us_per_delivery"),
    "streams": ("events_per_s", "p99_late_ms"),
}
EXPONENT = """\
The exponent *e* says how a figure *y* grows with a number *n*: *y* is about proportional to *n*
to the power of *e*. 0: it does not change. 1: in proportion. Above 1: faster than in proportion.
Below 0: it falls."""


@dataclass(frozen=True)
class Growth:
    """One figure of one contender along an axis. The other keys are fixed."""

    scenario: str
    contender: str
    figure: str
    axis: str
    fixed: Keys
    points: tuple[tuple[int, Spread], ...]

    @property
    def factor(self) -> float:
        """The last point divided by the first."""
        return self.points[-1][1].median / self.points[0][1].median

    @property
    def exponent(self) -> float:
        """Slope of the least-squares line through the logarithms of the points."""
        xs = [log(x) for x, _ in self.points]
        ys = [log(spread.median) for _, spread in self.points]
        x0, y0 = sum(xs) / len(xs), sum(ys) / len(ys)
        covariance = sum((x - x0) * (y - y0) for x, y in zip(xs, ys, strict=True))
        return covariance / sum((x - x0) ** 2 for x in xs)


def growths(results: list[Result], scenario: str, figure: str, axis: str) -> list[Growth]:
    """One growth for each contender and each value of the other keys, from two steps on."""
    lines: dict[Any, list[tuple[int, Spread]]] = defaultdict(list)
    for result in results:
        spread, step = result.spread(figure), result.keys.get(axis)
        if result.scenario == scenario and step in STEPS[axis] and spread and spread.median > 0:
            fixed = tuple((k, v) for k, v in result.keys.items() if k != axis)
            lines[fixed, result.contender].append((step, spread))
    return [
        Growth(scenario, contender, figure, axis, dict(fixed), tuple(sorted(points, key=_step)))
        for (fixed, contender), points in sorted(lines.items())
        if len(points) >= 2
    ]


def _step(point: tuple[int, Spread]) -> int:
    return point[0]


def growth_section(results: list[Result]) -> str:
    parts = []
    for scenario, figures in GROWING.items():
        for axis in STEPS:
            found = [growths(results, scenario, figure, axis) for figure in figures]
            lines = [line for each in found for line in sorted(each, key=_order)]
            if lines:
                title = f"### {SCENARIOS[scenario].title}, by {axis}"
                parts.append(f"{title}\n\n{growth_table(lines)}")
    head = [EXPONENT, "![Growth](growth.svg)"] if parts else ["Not measured."]
    return "\n\n".join(["## Growth", *head, *parts])


def growth_table(lines: list[Growth]) -> str:
    steps = sorted({x for line in lines for x, _ in line.points})
    heads = ("figure", "", "with", *(f"at {x:,}" for x in steps), "last to first", "exponent")
    return table(heads, [_row(line, steps) for line in lines])


def _row(line: Growth, steps: list[int]) -> list[str]:
    at = {x: written(line.figure, spread.median) for x, spread in line.points}
    units = {"interval_ms": "ms a character"}
    fixed = ", ".join(f"{value:,} {units.get(key, key)}" for key, value in line.fixed.items())
    head = [FIGURES[line.figure].title, TITLES[line.contender], fixed]
    cells = [at.get(x, NONE) for x in steps]
    return [*head, *cells, times(line.factor), f"{line.exponent:.2f}"]


def _order(line: Growth) -> tuple[list[tuple[str, Any]], int]:
    return sorted(line.fixed.items()), position(line.contender)
