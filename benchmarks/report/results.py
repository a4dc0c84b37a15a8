"""Folds runs into results: for each row and contender, each figure's median and range. Pure."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median
from typing import Any

Run = dict[str, Any]
Keys = dict[str, Any]
NOT_KEYS = {"scenario", "contender", "round", "figures", "void"}
OURS = "twinstream"


@dataclass(frozen=True)
class Spread:
    """The median of several rounds, and the lowest and highest round."""

    median: float
    low: float
    high: float

    @staticmethod
    def of(values: Iterable[float]) -> "Spread | None":
        rounds = list(values)
        return Spread(median(rounds), min(rounds), max(rounds)) if rounds else None


@dataclass(frozen=True)
class Result:
    """What one contender did in one row of a scenario. No figures if one of its runs was void."""

    scenario: str
    keys: Keys
    contender: str
    rounds: int
    voids: tuple[str, ...]
    values: dict[str, dict[int, float]]  # figure -> round -> value

    def spread(self, figure: str) -> Spread | None:
        return Spread.of(self.values.get(figure, {}).values())

    def ratio(self, other: "Result", figure: str) -> Spread | None:
        """This figure divided by the other's. Divided within each round, since a slow moment of
        the machine slows all contenders of a round."""
        mine, theirs = self.values.get(figure, {}), other.values.get(figure, {})
        return Spread.of(mine[n] / theirs[n] for n in mine if theirs.get(n))


def fold(runs: list[Run]) -> list[Result]:
    """The results of all runs, sorted."""
    groups: dict[Any, list[Run]] = defaultdict(list)
    for run in runs:
        groups[run["scenario"], tuple(sorted(_keys(run).items())), run["contender"]].append(run)
    return [_result(groups[each]) for each in sorted(groups)]


def find(results: list[Result], scenario: str, contender: str, keys: Keys) -> list[Result]:
    """A contender's results that have these keys. A key of None must be absent."""
    rows = [each for each in results if (each.scenario, each.contender) == (scenario, contender)]
    return [r for r in rows if all(r.keys.get(name) == value for name, value in keys.items())]


def reference(results: list[Result], result: Result) -> Result | None:
    """What a result is compared with: Node in the same row; for two workers, one worker."""
    name, keys = result.contender, result.keys
    if result.scenario == "workers":
        keys = {**keys, "workers": 1}
    else:
        name = node(result.scenario, keys)
    same = [each for each in find(results, result.scenario, name, keys) if each.keys == keys]
    return same[0] if same else None


def node(scenario: str, keys: Keys) -> str:
    """The Node server that takes part in a scenario."""
    return "express" if scenario == "streams" or keys.get("kind") == "stream" else "ws"


def _keys(run: Run) -> Keys:
    return {name: run[name] for name in run if name not in NOT_KEYS}


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
        first["scenario"], _keys(first), first["contender"], len(runs), voids, dict(values)
    )
