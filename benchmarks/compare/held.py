"""Connections that are only held: what each costs its server in memory."""

import time
from collections.abc import Iterator
from typing import Any

from benchmarks.compare.cores import Cores
from benchmarks.compare.load import Figures, holding
from benchmarks.compare.rooms import spoken_to
from benchmarks.compare.running import Running
from benchmarks.compare.runs import Keys, Run, visited
from benchmarks.compare.size import Size
from benchmarks.compare.streams import read_from

FIRST = 50  # opened and closed before, so that what a server makes once is there
SLOW_MS = 10_000


def visit(name: str, size: Size, cores: Cores, kind: str) -> Iterator[Run]:
    """One row, of a server that has held nothing else."""
    yield from visited(
        name,
        [{"kind": kind, "connections": size.held}],
        lambda running, keys: held(running, keys, size, cores),
        cores=cores.server,
        interval_ms=1_000,
    )


def held(running: Running, keys: Keys, size: Size, cores: Cores) -> Figures:
    """Private memory of all its processes but Redis, for each connection."""
    how: dict[str, Any] = (
        spoken_to(running) if keys["kind"] == "socket" else read_from(running, SLOW_MS)
    )
    how["kind"] = keys["kind"]
    with holding(cores.load, connections=min(FIRST, size.held), **how):
        time.sleep(size.settle)
    time.sleep(size.settle)
    before = running.memory_bytes()
    with holding(cores.load, connections=keys["connections"], **how):
        time.sleep(size.settle)  # until it has told whom it tells of who came
        grown = running.memory_bytes() - before
    return {"bytes_per_connection": grown / keys["connections"]}
