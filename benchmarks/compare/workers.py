"""Two workers against one. They share a database and a Redis."""

from collections.abc import Iterator

from benchmarks.compare.contenders import Contender
from benchmarks.compare.cores import Cores
from benchmarks.compare.load import Figures
from benchmarks.compare.rooms import room
from benchmarks.compare.running import Running
from benchmarks.compare.runs import Keys, Run, measure_rows
from benchmarks.compare.size import Size
from benchmarks.compare.streams import streams

STEPS = (1, 2, 4, 8)  # factors of the number of streams
INTERVAL_MS = 20
ON_TIME_SHARE = 0.99  # of the due events; below it, a number of streams is not on time


def measure(contender: Contender, workers: int, size: Size, cores: Cores) -> Iterator[Run]:
    """A room and streams, spread over the workers. Workers that share a core are measured at the
    first step only: more streams than the core can serve would show nothing."""
    connections, talking = size.two_workers
    steps = STEPS if cores.are_enough_for_two else STEPS[:1]
    rows: list[Keys] = [{"connections": connections, "talking": talking}]
    for step in steps:
        count = step * size.two_workers_streams
        rows.append({"kind": "streams", "connections": count, "interval_ms": INTERVAL_MS})
    runs = []
    for run in measure_rows(
        contender,
        rows,
        lambda running, keys: _room_or_streams(running, keys, size, cores),
        cores=cores.pair,
        workers=workers,
    ):
        runs.append({"workers": workers} | run)
        yield runs[-1]
    yield {"workers": workers} | streams_on_time(runs)


def streams_on_time(runs: list[Run]) -> Run:
    """A run with the largest number of streams that were on time. Void if one of `runs` is void."""
    steps = [run for run in runs if run.get("kind") == "streams"]
    voids = [run["void"] for run in steps if run["void"]]
    on_time = [
        run["connections"]
        for run in steps
        if not voids and run["figures"]["due_share"] >= ON_TIME_SHARE
    ]
    figures = {} if voids else {"streams_on_time": max(on_time, default=0)}
    keys = {"kind": "streams on time", "interval_ms": INTERVAL_MS}
    return keys | {"figures": figures, "void": voids[0] if voids else None}


def _room_or_streams(running: Running, keys: Keys, size: Size, cores: Cores) -> Figures:
    measure_row = streams if "kind" in keys else room
    return measure_row(running, keys, size, cores)
