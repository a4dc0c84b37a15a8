"""The short table of the comparison, between two marks in a document. Pure."""

from typing import Any

from benchmarks.report.results import OURS, Keys, Result, find, fold, node
from benchmarks.report.tables import NONE, table, times
from benchmarks.report.targets import room, verdicts
from benchmarks.report.wording import FIGURES, row_title, written

BEGIN, END = "<!-- bench -->", "<!-- /bench -->"
DJANGO = {"room": "tutorial", "streams": "eventstream", "memory": "tutorial"}
STREAMS = {"connections": 2_000, "interval_ms": 20}
ROWS: list[tuple[str, Keys, str]] = [
    ("room", room(500, 4), "delivered_per_s"),
    ("room", room(500, 4), "p50_ms"),
    ("room", room(500, 64), "delivered_per_s"),
    ("room", room(500, 64), "p50_ms"),
    ("room", room(2, 1), "p50_ms"),
    ("streams", STREAMS, "due_share"),
    ("streams", STREAMS, "p99_late_ms"),
    ("streams", STREAMS, "p99_uneven_ms"),
    ("memory", {"kind": "socket", "connections": 2_000}, "bytes_per_connection"),
    ("memory", {"kind": "stream", "connections": 2_000}, "bytes_per_connection"),
    ("resume", {"missed": 10_000}, "head_ms"),
]
HEADS = ("", "Twinstream", "Node", "Twinstream : Node", "Django, standard", "nginx with nchan")


def with_block(document: str, found: dict[str, Any]) -> str:
    """The document with the table between its marks."""
    before, rest = document.split(BEGIN, 1)
    after = rest.split(END, 1)[1]
    return f"{before}{BEGIN}\n{block(found)}\n{END}{after}"


def block(found: dict[str, Any]) -> str:
    results = fold(found["runs"])
    return f"{table(HEADS, [_row(results, *each) for each in ROWS])}\n\n{_notes(results, found)}"


def _notes(results: list[Result], found: dict[str, Any]) -> str:
    machine = found["machine"]
    judged = verdicts(results, machine["cores"])
    met = sum(each.met for each in judged)
    counts = {each.rounds for each in results if each.contender == OURS}
    rounds = " to ".join(map(str, sorted({min(counts), max(counts)})))
    return (
        f"Medians of {rounds} rounds on {machine['date']}: {machine['processor']}, "
        f"{machine['cores']} cores; one worker each.\nNode is `ws` for rooms and sockets, Express "
        "for streams. Django is the tutorial of Channels for rooms and\nsockets, "
        f"django-eventstream for streams. {met} of {len(judged)} targets are met. "
        "[bench.md](benchmarks/results/bench.md)\nhas the targets, all contenders, and the range "
        "of the rounds."
    )


def _row(results: list[Result], scenario: str, keys: Keys, figure: str) -> list[str]:
    names = [OURS, node(scenario, keys), DJANGO.get(scenario, ""), "nchan"]
    found = [next(iter(find(results, scenario, name, keys)), None) for name in names]
    ours, nodes, django, limit = (_cell(each, figure) for each in found)
    ratio = found[0].ratio(found[1], figure) if found[0] and found[1] else None
    title = f"{row_title(scenario, keys)}: {FIGURES[figure].title}"
    return [title, f"**{ours}**", nodes, times(ratio.median) if ratio else NONE, django, limit]


def _cell(result: Result | None, figure: str) -> str:
    if result and result.voids:
        return "void"
    spread = result and result.spread(figure)
    return written(figure, spread.median) if spread else NONE
