"""Memory: what each idle connection costs its server."""

import time
from collections.abc import Iterator
from typing import Any

from benchmarks.compare.contenders import Contender
from benchmarks.compare.cores import Cores
from benchmarks.compare.load import Figures, idle_connections
from benchmarks.compare.rooms import room_options
from benchmarks.compare.running import Running
from benchmarks.compare.runs import Keys, Run, measure_rows
from benchmarks.compare.size import Size
from benchmarks.compare.streams import stream_options

FIRST = 50  # opened and closed before: allocations that a server makes only once are done by then
SLOW_MS = 10_000


def measure(contender: Contender, size: Size, cores: Cores, kind: str) -> Iterator[Run]:
    """One row, on a server that has had no other connections."""
    yield from measure_rows(
        contender,
        [{"kind": kind, "connections": size.idle_connections}],
        lambda running, keys: memory(running, keys, size, cores),
        cores=cores.server,
        interval_ms=1_000,
    )


def memory(running: Running, keys: Keys, size: Size, cores: Cores) -> Figures:
    """Growth of the private memory of all server processes per connection, without Redis."""
    how: dict[str, Any] = (
        room_options(running) if keys["kind"] == "socket" else stream_options(running, SLOW_MS)
    )
    how["kind"] = keys["kind"]
    with idle_connections(cores.load, connections=min(FIRST, size.idle_connections), **how):
        time.sleep(size.settle)
    time.sleep(size.settle)
    before = running.memory_bytes()
    with idle_connections(cores.load, connections=keys["connections"], **how):
        time.sleep(size.settle)  # until the others know who joined
        growth = running.memory_bytes() - before
    return {"bytes_per_connection": growth / keys["connections"]}
