"""Streams of text: how much of what was due came in time."""

from collections.abc import Iterator

from benchmarks.compare.contenders import TEXT
from benchmarks.compare.cores import Cores
from benchmarks.compare.load import Figures
from benchmarks.compare.running import Running
from benchmarks.compare.runs import OURS, Keys, Run, loaded, visited
from benchmarks.compare.size import Size

GROWING = (OURS, "express")
CYCLE = TEXT[:64]


def visit(name: str, size: Size, cores: Cores) -> Iterator[Run]:
    """The rows of one contender in one round."""
    for interval in size.intervals_ms:
        counts = set(size.streams)
        if name in GROWING and interval == size.intervals_ms[0]:
            counts |= set(size.growth_connections)
        yield from visited(
            name,
            [{"connections": count, "interval_ms": interval} for count in sorted(counts)],
            lambda running, keys: streams(running, keys, size, cores),
            cores=cores.server,
            interval_ms=interval,
        )


def streams(running: Running, keys: Keys, size: Size, cores: Cores) -> Figures:
    """What comes of so many streams at such a pace."""
    return loaded(
        running,
        cores,
        "streams",
        "events",
        **read_from(running, keys["interval_ms"]),
        connections=keys["connections"],
        interval_ms=keys["interval_ms"],
        warmup=size.stream_warmup,
        seconds=size.stream_seconds,
    )


def read_from(running: Running, interval_ms: int) -> dict[str, str]:
    """Where the streams of a contender are read, and the text that must come."""
    ports = ",".join(map(str, running.ports))
    return {"port": ports, "path": running.stream(interval_ms), "text": CYCLE}
