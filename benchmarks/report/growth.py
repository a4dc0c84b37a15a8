"""How a figure grows with connections, or with those who talk. Pure."""

from collections import defaultdict
from dataclasses import dataclass
from math import log
from typing import Any

from benchmarks.report.fold import Result, Spread

STEPS = {"connections": (50, 500, 2_000), "talking": (1, 16, 128)}
STEADY = 0.1  # an exponent so near to 0, or to 1, is as good as it: 1.07x a doubling


@dataclass(frozen=True)
class Growth:
    """One figure of one contender along an axis, all else being the same."""

    scenario: str
    contender: str
    figure: str
    axis: str
    fixed: dict[str, Any]
    points: tuple[tuple[int, Spread], ...]

    @property
    def factor(self) -> float:
        """From the first to the last point."""
        return self.points[-1][1].median / self.points[0][1].median

    @property
    def exponent(self) -> float:
        """The power of the axis that lies nearest to the points, in logarithms."""
        xs = [log(x) for x, _ in self.points]
        ys = [log(spread.median) for _, spread in self.points]
        x0, y0 = sum(xs) / len(xs), sum(ys) / len(ys)
        across = sum((x - x0) * (y - y0) for x, y in zip(xs, ys, strict=True))
        return across / sum((x - x0) ** 2 for x in xs)


def growths(results: list[Result], scenario: str, figure: str, axis: str) -> list[Growth]:
    """Each contender's, at each value of the other keys, where there are two steps or more."""
    lines: dict[Any, list[tuple[int, Spread]]] = defaultdict(list)
    for result in results:
        spread, at = result.spread(figure), result.keys.get(axis)
        if result.scenario == scenario and at in STEPS[axis] and spread and spread.median > 0:
            fixed = tuple((k, v) for k, v in result.keys.items() if k != axis)
            lines[fixed, result.contender].append((at, spread))
    return [
        Growth(scenario, contender, figure, axis, dict(fixed), tuple(sorted(points, key=_axis)))
        for (fixed, contender), points in sorted(lines.items())
        if len(points) >= 2
    ]


def _axis(point: tuple[int, Spread]) -> int:
    return point[0]


def in_words(growth: Growth) -> str:
    """What the exponent says, to somebody who does not think in exponents."""
    power = growth.exponent
    if abs(power) <= STEADY:
        return f"hardly changes with {growth.axis}"
    if power < 0:
        return f"falls: {2**power:.2f}× for twice the {growth.axis}"
    if abs(power - 1) <= STEADY:
        return f"in proportion to {growth.axis}"
    pace = "less" if power < 1 else "more"
    return f"{pace} than in proportion: {2**power:.2f}× for twice the {growth.axis}"
