"""A run: one measurement of one contender in one round, or the reason why it is void."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from benchmarks.compare.contenders import Contender
from benchmarks.compare.cores import Cores
from benchmarks.compare.load import Figures, Void, measure
from benchmarks.compare.running import Running, started

Run = dict[str, Any]
Keys = dict[str, Any]  # what tells one row of a scenario from the others


def run_load(running: Running, cores: Cores, mode: str, counted: str, **options: Any) -> Figures:
    """Figures of the load generator, and the contender's processor time per delivery; `counted`
    names the figure that holds the number of deliveries."""
    server = running.all_cpu_seconds, len(running.cores)
    figures = measure(mode, *server, cores.load, **options)
    each = figures["server_seconds"] / max(figures[counted], 1)
    return figures | {"cpu_us_per_delivery": each * 1e6}


def measure_rows(
    contender: Contender,
    rows: Iterable[Keys],
    measure_row: Callable[[Running, Keys], Figures],
    **how: Any,
) -> Iterator[Run]:
    """Measures rows on one start of a contender; `how` goes to `started`. A void run is followed
    by a new start, since it may have left work behind."""
    left = list(rows)
    while left:
        with started(contender, **how) as running:
            while left:
                keys = left.pop(0)
                run = _figures_or_void(lambda keys=keys: measure_row(running, keys))
                yield keys | run
                if run["void"]:
                    break


def _figures_or_void(measure_row: Callable[[], Figures]) -> Run:
    try:
        return {"figures": measure_row(), "void": None}
    except (Void, AssertionError) as error:
        reason = str(error).strip() or "no reason was given"
        return {"figures": {}, "void": reason.splitlines()[-1]}
