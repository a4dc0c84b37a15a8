"""Rooms: all sockets receive each message; a talker sends the next when its own comes back."""

from collections.abc import Iterator

from benchmarks.compare.contenders import OURS, Contender
from benchmarks.compare.cores import Cores
from benchmarks.compare.load import Figures, Void
from benchmarks.compare.running import Running
from benchmarks.compare.runs import Keys, Run, measure_rows, run_load
from benchmarks.compare.size import Size

GROWING = (OURS, "ws")  # the contenders that are measured at more sizes


def measure(contender: Contender, size: Size, cores: Cores) -> Iterator[Run]:
    """The rows of one contender in one round."""
    rows = [size.pair, *size.rooms]
    if contender.name in GROWING:
        rows += [(c, t) for c in size.growth_connections for t in size.growth_talking]
    keys = [{"connections": c, "talking": t} for c, t in dict.fromkeys(rows) if t <= c]
    yield from measure_rows(
        contender, keys, lambda running, keys: room(running, keys, size, cores), cores=cores.server
    )


def room(running: Running, keys: Keys, size: Size, cores: Cores) -> Figures:
    """The figures of one room. Void also if two readers of ours saw different orders."""
    figures = run_load(
        running,
        cores,
        "rooms",
        "delivered",
        **room_options(running),
        connections=keys["connections"],
        talkers=keys["talking"],
        warmup=size.warmup,
        seconds=size.seconds,
    )
    if running.contender.is_ours and not figures["one_order"]:
        raise Void("readers received the same messages in different orders")
    return figures


def room_options(running: Running) -> dict[str, str]:
    """The load generator's options for a contender's room."""
    contender = running.contender
    return {
        "port": ",".join(map(str, running.ports)),
        "path": str(contender.socket),
        "dialect": str(contender.dialect),
    }
