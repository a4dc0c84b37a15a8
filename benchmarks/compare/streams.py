"""Text streams: how many of the due events arrive on time."""

from collections.abc import Iterator

from benchmarks.compare.contenders import OURS, TEXT, Contender
from benchmarks.compare.cores import Cores
from benchmarks.compare.load import Figures
from benchmarks.compare.running import Running
from benchmarks.compare.runs import Keys, Run, measure_rows, run_load
from benchmarks.compare.size import Size

GROWING = (OURS, "express")  # the contenders that are measured at more sizes
CYCLE = TEXT[:64]


def measure(contender: Contender, size: Size, cores: Cores) -> Iterator[Run]:
    """The rows of one contender in one round."""
    for interval in size.intervals_ms:
        counts = set(size.streams)
        if contender.name in GROWING and interval == size.intervals_ms[0]:
            counts |= set(size.growth_connections)
        yield from measure_rows(
            contender,
            [{"connections": count, "interval_ms": interval} for count in sorted(counts)],
            lambda running, keys: streams(running, keys, size, cores),
            cores=cores.server,
            interval_ms=interval,
        )


def streams(running: Running, keys: Keys, size: Size, cores: Cores) -> Figures:
    """The figures of a number of streams with one interval."""
    return run_load(
        running,
        cores,
        "streams",
        "events",
        **stream_options(running, keys["interval_ms"]),
        connections=keys["connections"],
        interval_ms=keys["interval_ms"],
        warmup=size.stream_warmup,
        seconds=size.stream_seconds,
    )


def stream_options(running: Running, interval_ms: int) -> dict[str, str]:
    """The load generator's options for a contender's stream, with the text that must come."""
    ports = ",".join(map(str, running.ports))
    return {"port": ports, "path": running.stream(interval_ms), "text": CYCLE}
