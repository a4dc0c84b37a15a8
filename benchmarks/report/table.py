"""The whole comparison as a page of Markdown. Pure."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from benchmarks.markdown import table
from benchmarks.report.derived import derived
from benchmarks.report.fold import Result, fold, reference
from benchmarks.report.growth_table import growth_section
from benchmarks.report.targets_table import targets_section
from benchmarks.report.wording import (
    FIGURES,
    SCENARIOS,
    TITLES,
    place,
    row_title,
    times,
    with_spread,
)

HOW = """\
Each figure is the median of the rounds, with the lowest and the highest round in brackets. A
ratio (×) is taken within each round, to Node's `ws` for rooms and idle sockets, to Express for
streams, and its median is shown: contenders alternate, so that a slow moment of the machine hits
all of them. Every delivery is counted and checked against what was sent. A contender of which one
run was void has no figures, but the reason. The load generator is a process of its own; *load* is
what it used of its core in the round where it used most: above 80 % the run is void, unless the
server had used up its own core, and so could not have done more."""
CAVEATS = """\
- Servers and load generator are on one machine and talk through the loopback: no network, no TLS.
- The CPU time of a contender is that of all its processes, with its Redis where it has one.
- Twinstream commits each message to its log before anybody gets it (SQLite with its WAL and
  `synchronous=NORMAL`: not each commit is forced to the disk), tells the readers of its own worker,
  and rings the other workers through Redis. The others, as they are set up here, keep nothing on a
  disk: who loses the connection there has lost what was said meanwhile. What that costs us is in
  the figures; what it is worth is not.
- Lateness counts from the best moment of the whole stream, so that a timer that drifts is late
  the longer it runs, however few its readers are. A delay that a whole stream has alike does not
  count at all. Unevenness is what is left of lateness where a drift is forgiven.
- Memory is read some seconds after the last connection was opened. V8 frees what it no longer
  needs later than that, and only when it is idle: left alone for a minute, Node holds less.
- The spread is that of a few short rounds on one machine. Where two spreads overlap, take the two
  for equal.
- An exponent comes from a line through few points, in logarithms. It describes them, and promises
  nothing beyond.
- Streams held are counted at the steps that were tried; what lies between is not known, and whoever
  held the last step may hold more."""


def page(found: dict[str, Any]) -> str:
    results = fold(derived(found["runs"]))
    parts = [
        "# Twinstream beside what people would pick instead",
        "Written by `make bench`.",
        "\n".join(machine_lines(found["machine"])),
        HOW,
        *absent(results),
        targets_section(results, found["machine"]["cores"]),
        *(section(results, name) for name in SCENARIOS),
        growth_section(results),
        f"## What to keep in mind\n\n{CAVEATS}",
    ]
    return "\n\n".join(parts) + "\n"


def machine_lines(machine: dict[str, Any]) -> Iterator[str]:
    for name, value in machine.items():
        if isinstance(value, dict) and any(isinstance(each, dict) for each in value.values()):
            yield f"- {name}:"
            yield from (f"  {line}" for line in machine_lines(value))
        elif isinstance(value, dict):
            yield f"- {name}: {', '.join(f'{what} {which}' for what, which in value.items())}"
        else:
            yield f"- {name}: {value}"


def absent(results: list[Result]) -> list[str]:
    there = {result.contender for result in results}
    names = [title for name, title in TITLES.items() if name not in there]
    return [f"Not measured here: {', '.join(names)}."] if names else []


def section(results: list[Result], scenario: str) -> str:
    about = SCENARIOS[scenario]
    rows: dict[str, list[Result]] = defaultdict(list)
    for result in results:
        if result.scenario == scenario:
            keys = {k: v for k, v in result.keys.items() if k not in about.in_row}
            rows[row_title(scenario, keys)].append(result)
    head = f"## {about.title}\n\n{about.does}"
    if not rows:
        return f"{head}\n\nNot measured."
    tables = [f"### {title}\n\n{rows_table(results, rows[title])}" for title in rows]
    return "\n\n".join([head, f"![{about.title}]({scenario}.svg)", *tables])


def rows_table(results: list[Result], rows: list[Result]) -> str:
    about = SCENARIOS[rows[0].scenario]
    figures = [each for each in about.figures if any(each in row.values for row in rows)]
    ordered = sorted(rows, key=lambda row: (place(row.contender), str(row.keys)))
    heads = ["", *_heads(figures, about.compared), "load", "correct"]
    return table(heads, [_row(results, row, figures, about.compared) for row in ordered])


def _heads(figures: list[str], compared: tuple[str, ...]) -> list[str]:
    heads = ([FIGURES[f].title, "×"] if f in compared else [FIGURES[f].title] for f in figures)
    return [head for pair in heads for head in pair]


def _row(
    results: list[Result], row: Result, figures: list[str], compared: tuple[str, ...]
) -> list[str]:
    cells = [_title(row)]
    other = reference(results, row)
    for figure in figures:
        cells.append(
            "void" if row.voids else with_spread(FIGURES[figure].written, row.spread(figure))
        )
        if figure in compared:
            ratio = row.over(other, figure) if other else None
            cells.append(times(ratio.median) if ratio else "–")
    return [*cells, _load(row), _correctness(row)]


def _title(row: Result) -> str:
    count = row.keys.get("workers")
    return TITLES[row.contender] + (f", {count} worker{'s' * (count > 1)}" if count else "")


def _load(row: Result) -> str:
    busy = row.spread("load_busy")
    return f"{busy.high:.0%}".replace("%", " %") if busy else "–"


def _correctness(row: Result) -> str:
    if row.voids:
        return f"void in {len(row.voids)} of {row.rounds} rounds: {row.voids[0]}"
    return f"yes, in {row.rounds} round{'s' * (row.rounds > 1)}"
