"""A run: one measurement of one contender in one round, or the reason why it is worth nothing."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from benchmarks.compare.contenders import CONTENDERS
from benchmarks.compare.load import Figures, Void
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
