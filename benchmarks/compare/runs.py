"""A run: one measurement of one contender in one round, or the reason why it is worth nothing."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from benchmarks.compare.contenders import CONTENDERS
from benchmarks.compare.cores import Cores
from benchmarks.compare.load import Figures, Void, measured
from benchmarks.compare.running import Running, started

Run = dict[str, Any]
Keys = dict[str, Any]
OURS = "twinstream"


def attempted(measure: Callable[[], Figures]) -> Run:
    """The figures of a measurement, or why it is void."""
    try:
        return {"figures": measure(), "void": None}
    except (Void, AssertionError) as error:
        return {
            "figures": {},
            "void": (str(error).strip() or "no reason was given").splitlines()[-1],
        }


def loaded(running: Running, cores: Cores, mode: str, counted: str, **options: Any) -> Figures:
    """What the load generator has measured of a contender, and the contender's processor time for
    each of what is `counted`."""
    server = running.all_cpu_seconds, len(running.cores)
    found = measured(mode, *server, cores.load, **options)
    return found | {"cpu_us_per_delivery": found["server_seconds"] / max(found[counted], 1) * 1e6}


def visited(
    name: str,
    rows: Iterable[Keys],
    measure: Callable[[Running, Keys], Figures],
    **how: Any,
) -> Iterator[Run]:
    """The rows, one after the other, of a contender that is started once; and again after a void
    run, which may have left it with work."""
    left = list(rows)
    while left:
        with started(name, **how) as running:
            while left:
                keys = left.pop(0)
                run = attempted(lambda keys=keys: measure(running, keys))
                yield keys | run
                if run["void"]:
                    break


def able(what: str) -> list[str]:
    """The contenders that have a `socket`, or a `stream`."""
    return [name for name, contender in CONTENDERS.items() if getattr(contender, what)]
