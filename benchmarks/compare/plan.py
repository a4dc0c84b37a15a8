"""What is run, in which order: in each round every contender, beginning with another one each
time, so that a slow moment of the machine does not always hit the same."""

from collections.abc import Callable, Iterator

from benchmarks.compare import held, resume, rooms, streams, workers
from benchmarks.compare.cores import Cores
from benchmarks.compare.runs import OURS, Run, able
from benchmarks.compare.size import Size

Visit = tuple[str, Callable[[], Iterator[Run]]]  # whose, and its runs
SCENARIOS = ("room", "streams", "held", "workers", "resume")


def visits(scenario: str, names: list[str], size: Size, cores: Cores) -> list[Visit]:
    """Those of one round, where `names` take part."""
    talkers = [name for name in able("socket") if name in names]
    readers = [name for name in able("stream") if name in names]
    ours = [OURS] if OURS in names else []
    match scenario:
        case "room":
            return [(n, lambda n=n: rooms.visit(n, size, cores)) for n in talkers]
        case "streams":
            return [(n, lambda n=n: streams.visit(n, size, cores)) for n in readers]
        case "held":
            return [
                (n, lambda n=n, kind=kind: held.visit(n, size, cores, kind))
                for kind, able in (("socket", talkers), ("stream", readers))
                for n in able
            ]
        case "workers":
            return [(n, lambda c=c: workers.visit(c, size, cores)) for n in ours for c in (1, 2)]
        case _:
            return [(n, lambda: resume.visit(size, cores)) for n in ours]


def planned(
    scenarios: list[str], names: list[str], size: Size, cores: Cores
) -> Iterator[tuple[str, int, Visit]]:
    """Every visit of every round."""
    for scenario in scenarios:
        for round_number in range(size.rounds):
            row = visits(scenario, names, size, cores)
            turn = round_number % len(row) if row else 0
            for visit in row[turn:] + row[:turn]:
                yield scenario, round_number, visit
