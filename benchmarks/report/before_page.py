"""The comparison of two checkouts as a page of Markdown: one line a row. Pure."""

from collections.abc import Iterator
from typing import Any

from benchmarks.report.bench_page import machine_lines
from benchmarks.report.results import Result, Spread, find, fold
from benchmarks.report.tables import NONE, table, times, with_range
from benchmarks.report.wording import FIGURES, SCENARIOS, row_title, written

LOWEST = 0.95
COMPARED = {
    "room": ("delivered_per_s", "p50_ms", "cpu_us_per_delivery"),
    "streams": ("due_share", "p99_late_ms", "cpu_us_per_delivery"),
    "memory": ("bytes_per_connection",),
}
METHOD = f"""\
Two checkouts of this project were measured in one run, in alternating rounds. *before* and
*after* are medians of the rounds. The ratio says how much better *after* is: after / before
where more is better, before / after where less is better. Below 1 *after* is worse. It is taken
within each round; the median is shown, with the lowest and the highest round in brackets. A
range that contains 1 shows no difference. A row is fine if the median of its ratio is at least
{LOWEST}×. A row is void if a delivery was lost, doubled or reordered, or if the load generator
used more than 80 % of its core (unless the server used up its own)."""


def before_page(found: dict[str, Any]) -> str:
    results = fold(found["runs"])
    rows = list(_rows(results))
    fine = sum(row[-1] == "yes" for row in rows)
    heads = ("row", "figure", "before", "after", "ratio", "fine")
    parts = [
        "# Before and after",
        "Written by `make bench BEFORE=CHECKOUT`.",
        "\n".join(machine_lines(found["machine"])),
        METHOD,
        f"{fine} of {len(rows)} rows are fine.",
        table(heads, rows),
    ]
    return "\n\n".join(parts) + "\n"


def _rows(results: list[Result]) -> Iterator[list[str]]:
    for scenario in SCENARIOS:
        for after in (each for each in results if each.contender == "after"):
            befores = find(results, scenario, "before", after.keys)
            if after.scenario == scenario and befores:
                for figure in COMPARED[scenario]:
                    yield _row(befores[0], after, figure)


def _row(before: Result, after: Result, figure: str) -> list[str]:
    head = [row_title(after.scenario, after.keys), FIGURES[figure].title]
    voids = [f"{each.contender}: {each.voids[0]}" for each in (before, after) if each.voids]
    ratio = gain(before, after, figure)
    medians = [each.spread(figure) for each in (before, after)]
    if voids or not ratio or not all(medians):
        return [*head, NONE, NONE, NONE, f"void ({voids[0]})" if voids else "not measured"]
    cells = [written(figure, each.median) for each in medians if each]
    return [*head, *cells, with_range(times, ratio), "yes" if ratio.median >= LOWEST else "no"]


def gain(before: Result, after: Result, figure: str) -> Spread | None:
    """The ratio of a figure, above 1 if `after` is better."""
    if FIGURES[figure].more_is_better:
        return after.ratio(before, figure)
    return before.ratio(after, figure)
