"""Measures this site and other servers, or two checkouts of this site, and writes the figures.

Without --before: Twinstream beside the servers that tutorials teach, to bench.json.

With --before CHECKOUT: another checkout of this project ("before") and this one ("after"), started
with this Python, the same environment and ports of their own. The rounds alternate. Rooms, streams
and memory are measured, and written to before.json. The other checkout needs nothing but its files
(`git worktree add ../before main~1`). `--size small` takes less than 12 minutes on two cores.

A run in which a delivery was lost, doubled or reordered is void, and so is a run in which the load
generator used more than 80 % of its core (unless the server used up its own).
"""

import argparse
import json
import os
import signal
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks import machine
from benchmarks.compare import contenders, cores
from benchmarks.compare.contenders import Contender
from benchmarks.compare.installed import Missing, check, versions
from benchmarks.compare.plan import BEFORE_AND_AFTER, SCENARIOS, turns
from benchmarks.compare.size import SIZES
from benchmarks.processes import raise_file_limit

RESULTS = Path(__file__).resolve().parents[1] / "results"
OPEN_FILES = 6_000


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.compare",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    names = list(contenders.CONTENDERS)
    parser.add_argument("--before", type=Path, metavar="CHECKOUT", help="compare two checkouts")
    parser.add_argument(
        "--size", choices=SIZES, default="full", help="tiny only shows that it runs"
    )
    parser.add_argument("--rounds", type=int, help="how often each row is measured")
    parser.add_argument("--only", choices=SCENARIOS, nargs="+", default=list(SCENARIOS))
    parser.add_argument("--contenders", choices=names, nargs="+", default=names)
    parser.add_argument("--add", action="store_true", help="add rounds to the results that exist")
    parser.add_argument("--results", type=Path, default=RESULTS, help="the folder of the results")
    return parser.parse_args()


def installed(chosen: Iterable[Contender]) -> list[Contender]:
    """The contenders that can be started here. Prints what the others lack."""
    found = []
    for contender in chosen:
        try:
            check(contender)
            found.append(contender)
        except Missing as missing:
            print(f"{contender.name} is left out. {missing}", file=sys.stderr)
    return found


def description(chosen: list[Contender], used: cores.Cores) -> dict[str, Any]:
    """The machine, its cores, and the versions of the contenders."""
    return machine.description() | {
        "cores": len(os.sched_getaffinity(0)),
        "server_cores": sorted(used.server),
        "load_cores": sorted(used.load),
        "contenders": {contender.name: versions(contender) for contender in chosen},
    }


def progress(run: dict[str, Any]) -> str:
    """One line for the terminal."""
    keys = " ".join(str(value) for name, value in run.items() if name not in ("figures", "void"))
    figures = " ".join(f"{name}={value:.6g}" for name, value in run["figures"].items())
    return f"{keys}: {run['void'] or figures}"


def main() -> None:
    asked = arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that child processes are ended
    size = SIZES[asked.size]
    size = replace(size, rounds=asked.rounds or size.rounds)
    used = cores.choose_cores()
    raise_file_limit(OPEN_FILES)
    if asked.before:
        chosen = list(contenders.before_and_after(asked.before.resolve()).values())
        scenarios = [each for each in asked.only if each in BEFORE_AND_AFTER]
        path = asked.results / "before.json"
    else:
        chosen = installed(contenders.CONTENDERS[name] for name in asked.contenders)
        scenarios = asked.only
        path = asked.results / "bench.json"
    asked.results.mkdir(parents=True, exist_ok=True)
    found: dict[str, Any] = {"machine": description(chosen, used), "runs": []}
    if asked.add:
        earlier = json.loads(path.read_text())
        found["runs"] = earlier["runs"]
        known = earlier["machine"]["contenders"] | found["machine"]["contenders"]
        found["machine"]["contenders"] = known
    next_round = {run["scenario"]: run["round"] + 1 for run in found["runs"]}
    os.sched_setaffinity(0, used.load)
    for scenario, number, (name, measure) in turns(scenarios, chosen, size, used):
        head = {"scenario": scenario, "contender": name}
        head["round"] = next_round.get(scenario, 0) + number
        for run in measure():
            found["runs"].append(head | run)
            print(progress(head | run), flush=True)
        # After each turn: a comparison that is interrupted leaves what it has measured.
        path.write_text(json.dumps(found, indent=1) + "\n")


main()
