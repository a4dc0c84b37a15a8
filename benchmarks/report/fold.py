"""Many runs, folded into what each contender did in each row: median, spread, ratio. Pure."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median
from typing import Any

Run = dict[str, Any]
NOT_KEYS = {"scenario", "contender", "round", "figures", "void"}
OURS = "twinstream"


@dataclass(frozen=True)
class Spread:
    """What several rounds gave: the median, and the lowest and highest of them."""

    median: float
    low: float
    high: float

    @staticmethod
    def of(values: Iterable[float]) -> "Spread | None":
        found = list(values)
        return Spread(median(found), min(found), max(found)) if found else None


@dataclass(frozen=True)
class Result:
    """What one contender did in one row of a scenario. It has no figures where a run was void."""

    scenario: str
    keys: dict[str, Any]
    contender: str
    rounds: int
    voids: tuple[str, ...]
    values: dict[str, dict[int, float]]  # of each figure, by round

    def spread(self, figure: str) -> Spread | None:
        return Spread.of(self.values.get(figure, {}).values())

    def over(self, other: "Result", figure: str) -> Spread | None:
        """How many times the other's: within each round, since the machine's slow moments
        hit all contenders of a round alike."""
        mine, theirs = self.values.get(figure, {}), other.values.get(figure, {})
        return Spread.of(mine[r] / theirs[r] for r in mine if theirs.get(r))

    def fits(self, keys: dict[str, Any]) -> bool:
        """Whether these keys, and maybe others, are its own. None asks for a key's absence."""
        return all(self.keys.get(name) == value for name, value in keys.items())


def keys_of(run: Run) -> dict[str, Any]:
    return {name: run[name] for name in run if name not in NOT_KEYS}


def fold(runs: list[Run]) -> list[Result]:
    groups: dict[Any, list[Run]] = defaultdict(list)
    for run in runs:
        groups[run["scenario"], tuple(sorted(keys_of(run).items())), run["contender"]].append(run)
    return [_result(groups[each]) for each in sorted(groups)]


def _result(runs: list[Run]) -> Result:
    first = runs[0]
    voids = tuple(run["void"] for run in runs if run["void"])
    values: dict[str, dict[int, float]] = defaultdict(dict)
    for run in [] if voids else runs:
        for figure, value in run["figures"].items():
            if run["round"] in values[figure]:
                raise ValueError(f"the same round twice: {run}")
            values[figure][run["round"]] = value
    return Result(
        first["scenario"], keys_of(first), first["contender"], len(runs), voids, dict(values)
    )


def find(
    results: list[Result], scenario: str, contender: str, keys: dict[str, Any]
) -> list[Result]:
    rows = [each for each in results if (each.scenario, each.contender) == (scenario, contender)]
    return [each for each in rows if each.fits(keys)]


def reference(results: list[Result], result: Result) -> Result | None:
    """What a result is compared to: Node's in the same row, or one worker where two are shown."""
    name, keys = result.contender, result.keys
    if result.scenario == "workers":
        keys = {**keys, "workers": 1}
    else:
        name = node(result.scenario, keys)
    same = [each for each in find(results, result.scenario, name, keys) if each.keys == keys]
    return same[0] if same else None


def node(scenario: str, keys: dict[str, Any]) -> str:
    """Which of Node's servers does what a scenario asks for."""
    return "express" if scenario == "streams" or keys.get("kind") == "stream" else "ws"
