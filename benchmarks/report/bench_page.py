"""The comparison with other servers as a page of Markdown. Pure."""

from collections.abc import Iterator
from typing import Any

from benchmarks.report.growth import growth_section
from benchmarks.report.results import Result, fold, reference
from benchmarks.report.tables import NONE, percent, table, times, with_range
from benchmarks.report.targets import targets_section
from benchmarks.report.wording import (
    FIGURES,
    SCENARIOS,
    TITLES,
    Scenario,
    row_label,
    rows_by_title,
)

METHOD = """\
Each figure is the median of the rounds, with the lowest and the highest round in brackets. Each
round measures every contender, so that a slow moment of the machine hits all of them. A ratio
(×) is the figure divided by that of Node (`ws` for rooms and idle sockets, Express for streams),
within each round; its median is shown. Every delivery is counted and compared with what was
sent. If one run of a contender is void, its row shows the reason and no figures. The load
generator is a separate process. *load* is the share of its core that it used, in its busiest
round. Above 80 % a run is void, unless the server used up its own core and could not have done
more."""
CAVEATS = """\
- Servers and load generator run on one machine and use the loopback interface: no network, no
  TLS.
- The CPU time of a contender is that of all its processes, and of its Redis if it has one.
- Twinstream commits each message to its log before it sends it (SQLite, WAL), and notifies the
  other workers through Redis. The other servers, as they are set up here, store nothing: a
  client that loses its connection loses the messages of that time. The figures contain the cost
  of the log.
- The lateness of an event counts from the best schedule of the whole stream. A timer that drifts
  is the later the longer it runs, with few readers too. A delay that all events of a stream
  share does not count.
- Memory is read some seconds after the last connection was opened. V8 frees unused memory later,
  when it is idle: after a minute, Node uses less.
- The range is that of a few short rounds on one machine. Where two ranges overlap, no difference
  was shown.
- An exponent comes from a line through two or three points. It describes these points only.
- The number of streams on time is the largest step that was measured. The true limit lies above
  it."""


def bench_page(found: dict[str, Any]) -> str:
    results = fold(found["runs"])
    parts = [
        "# Twinstream beside other servers",
        "Written by `make bench`.",
        "\n".join(machine_lines(found["machine"])),
        METHOD,
        *_absent(results),
        targets_section(results, found["machine"]["cores"]),
        *(_section(results, name) for name in SCENARIOS),
        growth_section(results),
        f"## Limits of these figures\n\n{CAVEATS}",
    ]
    return "\n\n".join(parts) + "\n"


def machine_lines(machine: dict[str, Any]) -> Iterator[str]:
    """A Markdown list of the machine and the versions."""
    for name, value in machine.items():
        if isinstance(value, dict) and any(isinstance(each, dict) for each in value.values()):
            yield f"- {name}:"
            yield from (f"  {line}" for line in machine_lines(value))
        elif isinstance(value, dict):
            yield f"- {name}: {', '.join(f'{what} {which}' for what, which in value.items())}"
        else:
            yield f"- {name}: {value}"


def _absent(results: list[Result]) -> list[str]:
    measured = {result.contender for result in results}
    names = [title for name, title in TITLES.items() if name not in measured]
    return [f"Not measured here: {', '.join(names)}."] if names else []


def _section(results: list[Result], name: str) -> str:
    scenario = SCENARIOS[name]
    head = f"## {scenario.title}\n\n{scenario.description}"
    rows = rows_by_title(results, name)
    if not rows:
        return f"{head}\n\nNot measured."
    tables = [f"### {title}\n\n{_table(results, rows[title], scenario)}" for title in rows]
    return "\n\n".join([head, f"![{scenario.title}]({name}.svg)", *tables])


def _table(results: list[Result], rows: list[Result], scenario: Scenario) -> str:
    heads = [""]
    figures = [each for each in scenario.figures if any(each in row.values for row in rows)]
    for figure in figures:
        heads += (
            [FIGURES[figure].title, "×"] if figure in scenario.compared else [FIGURES[figure].title]
        )
    cells = [_row(row, reference(results, row), figures, scenario.compared) for row in rows]
    return table([*heads, "load", "correct"], cells)


def _row(
    row: Result, other: Result | None, figures: list[str], compared: tuple[str, ...]
) -> Iterator[str]:
    yield row_label(row)
    for figure in figures:
        form = FIGURES[figure].written
        yield "void" if row.voids else with_range(form, row.spread(figure))
        if figure in compared:
            ratio = row.ratio(other, figure) if other else None
            yield times(ratio.median) if ratio else NONE
    busy = row.spread("load_busy")
    yield percent(busy.high) if busy else NONE
    if row.voids:
        yield f"void in {len(row.voids)} of {row.rounds} rounds: {row.voids[0]}"
    else:
        yield f"yes, in {row.rounds} round{'s' * (row.rounds > 1)}"
