"""The order of a comparison: each round measures every contender once, and each round starts with
another contender, so that a slow moment of the machine does not always hit the same one."""

from collections.abc import Callable, Iterable, Iterator

from benchmarks.compare import memory, resume, rooms, streams, workers
from benchmarks.compare.contenders import Contender
from benchmarks.compare.cores import Cores
from benchmarks.compare.runs import Run
from benchmarks.compare.size import Size

Turn = tuple[str, Callable[[], Iterator[Run]]]  # a contender's name, and what measures its rows
SCENARIOS = ("room", "streams", "memory", "workers", "resume")
BEFORE_AND_AFTER = SCENARIOS[:3]  # the scenarios in which two checkouts are compared


def round_of(
    scenario: str, contenders: Iterable[Contender], size: Size, cores: Cores
) -> list[Turn]:
    """The turns of one round of a scenario."""
    with_socket = [each for each in contenders if each.socket]
    with_stream = [each for each in contenders if each.stream]
    ours = [each for each in contenders if each.is_ours]
    match scenario:
        case "room":
            return [(c.name, lambda c=c: rooms.measure(c, size, cores)) for c in with_socket]
        case "streams":
            return [(c.name, lambda c=c: streams.measure(c, size, cores)) for c in with_stream]
        case "memory":
            return [
                (c.name, lambda c=c, kind=kind: memory.measure(c, size, cores, kind))
                for kind, able in (("socket", with_socket), ("stream", with_stream))
                for c in able
            ]
        case "workers":
            return [
                (c.name, lambda c=c, n=n: workers.measure(c, n, size, cores))
                for c in ours
                for n in (1, 2)
            ]
        case _:
            return [(c.name, lambda c=c: resume.measure(c, size, cores)) for c in ours]


def turns(
    scenarios: list[str], contenders: Iterable[Contender], size: Size, cores: Cores
) -> Iterator[tuple[str, int, Turn]]:
    """Every turn of every round, with its scenario and the number of its round."""
    for scenario in scenarios:
        for number in range(size.rounds):
            row = round_of(scenario, contenders, size, cores)
            first = number % len(row) if row else 0
            for turn in row[first:] + row[:first]:
                yield scenario, number, turn
