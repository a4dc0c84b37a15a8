"""Measures what the parts of the site cost on this machine, and writes the figures to cost.json."""

import argparse
import asyncio
import json
import signal
import sys
import tempfile
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from benchmarks import machine
from benchmarks.cost import acks, connections, messages, presence, texts
from benchmarks.cost.size import FULL, TINY, Size
from benchmarks.processes import raise_file_limit
from benchmarks.report.cost_page import cost_page, cost_section
from tests.servers import Site

RESULTS = Path(__file__).resolve().parents[1] / "results"
SPARE_FILES = 1_000
NO_LIMITS = {
    "CHAT_MESSAGES_PER_SECOND": "1000000",
    "CHAT_BURST": "1000000",
    "STREAMS_PER_WORKER": "100000",
    "SOCKETS_PER_WORKER": "100000",
}
Measure = Callable[[Site, Size], Coroutine[Any, Any, list[dict[str, Any]]]]
# Each has a site of its own, with these options.
MEASURES: dict[str, tuple[Measure, dict[str, Any]]] = {
    "connections": (connections.measure, {}),
    "messages_sqlite": (messages.measure, {}),
    "messages_postgresql": (messages.measure, {"postgres": True}),
    "acks_full": (acks.measure, {"SQLITE_SYNCHRONOUS": "FULL"}),
    "acks_normal": (acks.measure, {"SQLITE_SYNCHRONOUS": "NORMAL"}),
    "texts": (texts.measure, {}),
    "presence": (presence.measure, {}),
}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cost", description=__doc__)
    parser.add_argument("--tiny", action="store_true", help="only show that everything runs")
    parser.add_argument("--only", choices=MEASURES, nargs="+", default=list(MEASURES))
    parser.add_argument("--results", type=Path, default=RESULTS, help="the folder of the results")
    return parser.parse_args()


def rows(name: str, size: Size) -> list[dict[str, Any]]:
    """The rows of one measure, on a new site."""
    measure, options = MEASURES[name]
    with tempfile.TemporaryDirectory(prefix="cost-") as folder:
        site = Site(Path(folder), redis=True, **NO_LIMITS, **options)
        try:
            return asyncio.run(measure(site, size))
        finally:
            site.close()


def main() -> None:
    asked = arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that child processes are ended
    size = TINY if asked.tiny else FULL
    wanted = size.many + SPARE_FILES
    if (allowed := raise_file_limit(wanted)) < wanted:
        raise SystemExit(f"{wanted} open files are needed; {allowed} are allowed.")
    asked.results.mkdir(parents=True, exist_ok=True)
    path = asked.results / "cost.json"
    found = json.loads(path.read_text()) if path.exists() else {}
    found["machine"] = machine.description()
    for name in asked.only:
        found[name] = rows(name, size)
        print(cost_section(name, found[name]), flush=True)
    path.write_text(json.dumps(found, indent=1) + "\n")
    (asked.results / "cost.md").write_text(cost_page(found))


main()
