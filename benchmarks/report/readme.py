"""The few lines of the comparison that the README shows. Pure."""

from typing import Any

from benchmarks.markdown import table
from benchmarks.report.derived import derived
from benchmarks.report.fold import OURS, Result, find, fold, node
from benchmarks.report.verdict import room, verdicts
from benchmarks.report.wording import FIGURES, row_title, times, written

BEGIN, END = "<!-- bench -->", "<!-- /bench -->"
TEXTBOOK = {"room": "tutorial", "streams": "eventstream", "held": "tutorial"}
STREAMS = {"connections": 2_000, "interval_ms": 20}
ROWS: list[tuple[str, dict[str, Any], str]] = [
    ("room", room(500, 4), "delivered_per_s"),
    ("room", room(500, 4), "p50_ms"),
    ("room", room(500, 64), "delivered_per_s"),
    ("room", room(500, 64), "p50_ms"),
    ("room", room(2, 1), "p50_ms"),
    ("streams", STREAMS, "due_share"),
    ("streams", STREAMS, "p99_late_ms"),
    ("streams", STREAMS, "p99_uneven_ms"),
    ("held", {"kind": "socket", "connections": 2_000}, "bytes_per_connection"),
    ("held", {"kind": "stream", "connections": 2_000}, "bytes_per_connection"),
    ("resume", {"missed": 10_000}, "head_ms"),
]
HEADS = ("", "Twinstream", "Node", "ours to Node's", "Django by the book", "nginx with nchan")


def with_table(readme: str, found: dict[str, Any]) -> str:
    """The README with what was found between its two marks."""
    before, rest = readme.split(BEGIN, 1)
    after = rest.split(END, 1)[1]
    return f"{before}{BEGIN}\n{block(found)}\n{END}{after}"


def block(found: dict[str, Any]) -> str:
    results = fold(derived(found["runs"]))
    return f"{table(HEADS, [row(results, *each) for each in ROWS])}\n\n{below(results, found)}"


def below(results: list[Result], found: dict[str, Any]) -> str:
    machine = found["machine"]
    judged = verdicts(results, machine["cores"])
    counts = {each.rounds for each in results if each.contender == OURS}
    rounds = sorted({min(counts), max(counts)})
    met = sum(each.met for each in judged)
    return (
        f"Medians of {' to '.join(map(str, rounds))} rounds on {machine['date']}: "
        f"{machine['processor']}, "
        f"{machine['cores']} cores; one worker each.\nNode is `ws` for rooms and sockets, Express "
        "for streams; Django by the book is the tutorial of Channels,\nand django-eventstream. "
        f"{met} of {len(judged)} targets are met: [bench.md](benchmarks/results/bench.md) has\n"
        "them, with every contender, the spread of the rounds, and what grows how."
    )


def row(results: list[Result], scenario: str, keys: dict[str, Any], figure: str) -> list[str]:
    names = [OURS, node(scenario, keys), TEXTBOOK.get(scenario, ""), "nchan"]
    found = [next(iter(find(results, scenario, name, keys)), None) for name in names]
    ours, nodes, textbook, limit = (_cell(each, figure) for each in found)
    ratio = found[0].over(found[1], figure) if found[0] and found[1] else None
    title = f"{row_title(scenario, keys)}: {FIGURES[figure].title}"
    return [title, f"**{ours}**", nodes, times(ratio.median) if ratio else "–", textbook, limit]


def _cell(result: Result | None, figure: str) -> str:
    if result is None:
        return "–"
    spread = result.spread(figure)
    if spread is None:
        return "void" if result.voids else "–"
    return written(figure, spread.median)
