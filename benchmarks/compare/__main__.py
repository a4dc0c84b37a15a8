"""`make bench`: compares the site with what people would pick instead, and writes it down."""

import argparse
import json
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks import machine
from benchmarks.compare import cores as core
from benchmarks.compare.contenders import CONTENDERS
from benchmarks.compare.installed import Missing, check, versions
from benchmarks.compare.plan import SCENARIOS, planned
from benchmarks.compare.size import FULL, TINY
from benchmarks.processes import allow_many_files

RESULTS = Path(__file__).resolve().parents[1] / "results"
FILES = 6_000


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.compare", description=__doc__)
    parser.add_argument("--tiny", action="store_true", help="see that it runs; measures nothing")
    parser.add_argument("--rounds", type=int, help="how often each is measured (3)")
    parser.add_argument("--only", choices=SCENARIOS, nargs="+", default=list(SCENARIOS))
    parser.add_argument("--contenders", choices=CONTENDERS, nargs="+", default=list(CONTENDERS))
    parser.add_argument("--add", action="store_true", help="more rounds, to those that are there")
    parser.add_argument("--results", type=Path, default=RESULTS, help="the folder to write to")
    return parser.parse_args()


def present(names: list[str]) -> list[str]:
    """Those that can be started here. Says what the others lack."""
    found = []
    for name in names:
        try:
            check(CONTENDERS[name])
            found.append(name)
        except Missing as missing:
            print(f"{name} is left out. {missing}", file=sys.stderr)
    return found


def described(names: list[str], cores: core.Cores) -> dict[str, Any]:
    """The machine, and how it was used."""
    return machine.described() | {
        "cores": len(os.sched_getaffinity(0)),
        "server_cores": sorted(cores.server),
        "load_cores": sorted(cores.load),
        "contenders": {name: versions(CONTENDERS[name]) for name in names},
    }


def said(scenario: str, run: dict[str, Any]) -> str:
    """A line for who waits."""
    keys = " ".join(str(run[n]) for n in run if n not in ("figures", "void", "round", "scenario"))
    figures = " ".join(f"{n}={v:.6g}" for n, v in run["figures"].items())
    return f"{scenario} {run['round']} {keys}: {run['void'] or figures}"


def main() -> None:
    asked = arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # and end what was started
    size = TINY if asked.tiny else FULL
    size = replace(size, rounds=asked.rounds or size.rounds)
    cores = core.chosen()
    allow_many_files(FILES)
    names = present(asked.contenders)
    asked.results.mkdir(parents=True, exist_ok=True)
    found: dict[str, Any] = {"machine": described(names, cores), "runs": []}
    if asked.add:
        before = json.loads((asked.results / "bench.json").read_text())
        found["runs"] = before["runs"]
        known = before["machine"]["contenders"] | found["machine"]["contenders"]
        found["machine"]["contenders"] = known
    done = {run["scenario"]: run["round"] + 1 for run in found["runs"]}
    os.sched_setaffinity(0, cores.load)
    for scenario, number, (name, visit) in planned(asked.only, names, size, cores):
        for kept in visit():
            run = {
                "scenario": scenario,
                "contender": name,
                "round": done.get(scenario, 0) + number,
            } | kept
            found["runs"].append(run)
            print(said(scenario, run), flush=True)
        # An hour's work: what is cut off leaves what it has.
        (asked.results / "bench.json").write_text(json.dumps(found, indent=1) + "\n")


main()
