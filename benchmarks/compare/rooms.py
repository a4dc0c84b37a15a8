"""A room: some talk, each waits for its own message, and everybody hears everything."""

from collections.abc import Iterator

from benchmarks.compare.cores import Cores
from benchmarks.compare.load import Figures, Void
from benchmarks.compare.running import Running
from benchmarks.compare.runs import OURS, Keys, Run, loaded, visited
from benchmarks.compare.size import Size

GROWING = (OURS, "ws")


def visit(name: str, size: Size, cores: Cores) -> Iterator[Run]:
    """The rows of one contender in one round."""
    rows = [size.pair, *size.rooms]
    if name in GROWING:
        rows += [(c, t) for c in size.growth_connections for t in size.growth_talking]
    keys = [{"connections": c, "talking": t} for c, t in dict.fromkeys(rows) if t <= c]
    yield from visited(
        name, keys, lambda running, keys: room(running, keys, size, cores), cores=cores.server
    )


def room(running: Running, keys: Keys, size: Size, cores: Cores) -> Figures:
    """What comes of a room of so many. Void also where ours are told in different orders."""
    found = loaded(
        running,
        cores,
        "rooms",
        "delivered",
        **spoken_to(running),
        connections=keys["connections"],
        talkers=keys["talking"],
        warmup=size.warmup,
        seconds=size.seconds,
    )
    if running.contender.name == OURS and not found["one_order"]:
        raise Void("readers heard the same messages in different orders")
    return found


def spoken_to(running: Running) -> dict[str, str]:
    """Where and how the room of a contender is spoken to."""
    contender = running.contender
    return {
        "port": ",".join(map(str, running.ports)),
        "path": str(contender.socket),
        "dialect": str(contender.dialect),
    }
