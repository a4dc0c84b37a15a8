"""What each picture shows, as data. Pure: plot.py draws it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from benchmarks.report.fold import Result, Spread
from benchmarks.report.verdict import EVERYWHERE
from benchmarks.report.wording import FIGURES, TITLES, place, row_title

TALKING = ({"connections": 500, "talking": 4}, {"connections": 500, "talking": 64})
MORE, LESS = "more is better", "less is better"
RESUMING = ("head_ms", "all_ms", "others_p99_ms", "quiet_p99_ms")


@dataclass(frozen=True)
class Dot:
    """A line of a panel: what one contender did. Without a spread its run was void."""

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
    bound: float | None = None  # the target, where it is one of this figure itself


def rooms(results: list[Result]) -> list[Panel]:
    return grid(results, "room", TALKING, ("delivered_per_s", "p50_ms"))


def streams(results: list[Result]) -> list[Panel]:
    return grid(results, "streams", rows_of(results, "streams"), ("due_share", "p99_late_ms"))


def held(results: list[Result]) -> list[Panel]:
    rows = ({"kind": kind, "connections": 2_000} for kind in ("socket", "stream"))
    return grid(results, "held", rows, ("bytes_per_connection",))


def workers(results: list[Result]) -> list[Panel]:
    """What both numbers of workers share is the title, and the number the label. Of the steps at
    which streams were tried the first is shown, which both can hold."""
    rows = [{k: v for k, v in row.items() if k != "workers"} for row in rows_of(results, "workers")]
    steps = [row for row in rows if row.get("kind") == "streams"]
    rest = [row for n, row in enumerate(rows) if row not in rows[:n] and row not in steps]
    figures = ("delivered_per_s", "streams_held", "cpu_us_per_delivery")
    return grid(results, "workers", [*rest, *steps[:1]], figures)


def resume(results: list[Result]) -> list[Panel]:
    panels = []
    for result in (each for each in results if each.scenario == "resume"):
        dots = [
            Dot(FIGURES[name].title, result.contender, name, result.spread(name))
            for name in RESUMING
        ]
        title = row_title("resume", result.keys)
        panels.append(Panel(title, LESS, RESUMING[0], tuple(dots), log=True))
    return panels


def rows_of(results: list[Result], scenario: str) -> list[dict[str, Any]]:
    """The rows of a scenario that were measured, in their order."""
    rows = [each.keys for each in results if each.scenario == scenario]
    return [row for n, row in enumerate(rows) if row not in rows[:n]]


def grid(
    results: list[Result], scenario: str, rows: Iterable[dict[str, Any]], figures: tuple[str, ...]
) -> list[Panel]:
    found = [panel(results, scenario, row, figure) for row in rows for figure in figures]
    return [each for each in found if each.dots]


def panel(results: list[Result], scenario: str, keys: dict[str, Any], figure: str) -> Panel:
    rows = [each for each in results if each.scenario == scenario and _same(each, keys)]
    shown = [each for each in rows if each.voids or figure in each.values]
    shown.sort(key=lambda each: (place(each.contender), each.keys.get("workers", 0)))
    dots = tuple(Dot(label(each), each.contender, figure, each.spread(figure)) for each in shown)
    log = FIGURES[figure].log and len({each.contender for each in shown}) > 1
    bound = bound_of(scenario, keys, figure)
    better = (MORE if FIGURES[figure].more else LESS) + (", target dashed" if bound else "")
    subtitle = f"{FIGURES[figure].title} ({better})"
    return Panel(row_title(scenario, keys), subtitle, figure, dots, log, bound)


def _same(result: Result, keys: dict[str, Any]) -> bool:
    return {k: v for k, v in result.keys.items() if k != "workers" or k in keys} == keys


def label(result: Result) -> str:
    count = result.keys.get("workers")
    return TITLES[result.contender] if not count else f"{count} worker{'s' * (count > 1)}"


def bound_of(scenario: str, keys: dict[str, Any], figure: str) -> float | None:
    bounds = [
        target.bound
        for target in EVERYWHERE
        if (target.scenario, target.keys, target.figure) == (scenario, keys, figure)
        and target.against is None
    ]
    return bounds[0] if bounds else None
