"""Two workers against one, which share a database and a Redis."""

from collections.abc import Iterator

from benchmarks.compare.cores import Cores
from benchmarks.compare.load import Figures
from benchmarks.compare.rooms import room
from benchmarks.compare.running import Running
from benchmarks.compare.runs import OURS, Keys, Run, visited
from benchmarks.compare.size import Size
from benchmarks.compare.streams import streams

LADDER = (1, 2, 4, 8)  # times as many streams: how many a worker holds is between two steps


def visit(workers: int, size: Size, cores: Cores) -> Iterator[Run]:
    """A room and streams, spread over so many workers. Where they share a core, more streams than
    it holds would say nothing."""
    connections, talking = size.two_workers
    ladder = LADDER if cores.are_enough_for_two else LADDER[:1]
    rows: list[Keys] = [{"connections": connections, "talking": talking}]
    rows += [
        {"kind": "streams", "connections": step * size.two_workers_streams, "interval_ms": 20}
        for step in ladder
    ]
    for run in visited(
        OURS,
        rows,
        lambda running, keys: one(running, keys, size, cores),
        cores=cores.pair,
        workers=workers,
    ):
        yield {"workers": workers} | run


def one(running: Running, keys: Keys, size: Size, cores: Cores) -> Figures:
    measure = streams if "kind" in keys else room
    return measure(running, keys, size, cores)
