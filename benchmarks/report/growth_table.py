"""What grows how, in Markdown. Pure."""

from typing import Any

from benchmarks.markdown import table
from benchmarks.report.fold import OURS, Result, node
from benchmarks.report.growth import Growth, growths, in_words
from benchmarks.report.wording import FIGURES, KIND, SCENARIOS, TITLES, place, times, written

GROWING = {
    "room": ("delivered_per_s", "p50_ms", "cpu_us_per_delivery"),
    "streams": ("events_per_s", "p99_late_ms"),
    "held": ("bytes_per_connection",),
}


def growth_section(results: list[Result]) -> str:
    parts = []
    for scenario, figures in GROWING.items():
        for axis in ("connections", "talking"):
            found = [growths(results, scenario, figure, axis) for figure in figures]
            if any(found):
                parts.append(f"### {SCENARIOS[scenario].title}, by {axis}\n\n{_tables(found)}")
    picture = ["![What grows how](growth.svg)"] if parts else ["Not measured."]
    return "\n\n".join(["## What grows how", *picture, *parts])


def _tables(found: list[list[Growth]]) -> str:
    sentences = "\n".join(f"- {sentence(lines)}" for lines in found if lines)
    lines = [line for each in found for line in sorted(each, key=_order)]
    return f"{sentences}\n\n{growth_table(lines)}"


def _order(line: Growth) -> tuple[list[tuple[str, Any]], int]:
    return sorted(line.fixed.items()), place(line.contender)


def sentence(lines: list[Growth]) -> str:
    """One figure of ours and of Node's, in the middle row of those that were measured."""
    fixed = [line.fixed for line in lines if line.contender == OURS] or [
        line.fixed for line in lines
    ]
    middle = fixed[len(fixed) // 2]
    pair = (OURS, node(lines[0].scenario, middle))
    both = [line for line in lines if line.fixed == middle and line.contender in pair]
    told = sorted(both, key=_order)
    axis = told[0]
    span = f"{axis.points[0][0]:,} to {axis.points[-1][0]:,} {axis.axis}"
    each = [f"{TITLES[x.contender]} {times(x.factor)}, {in_words(x)}" for x in told]
    where = f" ({fixed_words(middle)})" if middle else ""
    return f"{FIGURES[axis.figure].title}, from {span}{where}: {'; '.join(each)}."


def fixed_words(fixed: dict[str, Any]) -> str:
    words = {"interval_ms": "ms a character", "connections": "connections", "talking": "talking"}
    return ", ".join(KIND[v] if k == "kind" else f"{v:,} {words[k]}" for k, v in fixed.items())


def growth_table(lines: list[Growth]) -> str:
    steps = sorted({x for line in lines for x, _ in line.points})
    heads = ("figure", "", "with", *(f"at {x:,}" for x in steps), "last to first", "exponent")
    return table(heads, [_row(line, steps) for line in lines])


def _row(line: Growth, steps: list[int]) -> list[str]:
    at = {x: written(line.figure, spread.median) for x, spread in line.points}
    cells = [at.get(x, "–") for x in steps]
    head = [FIGURES[line.figure].title, TITLES[line.contender], fixed_words(line.fixed)]
    return [*head, *cells, times(line.factor), f"{line.exponent:.2f}"]
