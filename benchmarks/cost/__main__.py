"""`make cost`: measures what the parts of the site cost on this machine, and writes it down."""

import argparse
import asyncio
import json
import tempfile
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from benchmarks import machine
from benchmarks.cost import held, presence, talk, texts
from benchmarks.cost.size import FULL, TINY, Size
from benchmarks.cost.table import page
from benchmarks.processes import allow_many_files
from tests.servers import Site
from tests.stress.run import NO_LIMIT

RESULTS = Path(__file__).resolve().parents[1] / "results"
SPARE_FILES = 1_000
Measure = Callable[[Site, Size], Coroutine[Any, Any, list[dict[str, Any]]]]
# A site each: what is measured, and whether on PostgreSQL.
MEASURES: dict[str, tuple[Measure, bool]] = {
    "held": (held.measured, False),
    "talk_sqlite": (talk.measured, False),
    "talk_postgresql": (talk.measured, True),
    "texts": (texts.measured, False),
    "presence": (presence.measured, False),
}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cost", description=__doc__)
    parser.add_argument("--tiny", action="store_true", help="see that it runs; measures nothing")
    parser.add_argument("--only", choices=MEASURES, nargs="+", default=list(MEASURES))
    parser.add_argument("--results", type=Path, default=RESULTS, help="the folder to write to")
    return parser.parse_args()


def measured(name: str, size: Size) -> list[dict[str, Any]]:
    """The rows of one measure, on a site of its own."""
    measure, postgres = MEASURES[name]
    many = {"STREAMS_PER_WORKER": "100000", "SOCKETS_PER_WORKER": "100000"}
    with tempfile.TemporaryDirectory(prefix="cost-") as folder:
        site = Site(Path(folder), redis=True, postgres=postgres, **NO_LIMIT, **many)
        try:
            return asyncio.run(measure(site, size))
        finally:
            site.close()


def main() -> None:
    asked = arguments()
    size = TINY if asked.tiny else FULL
    files = allow_many_files(size.many + SPARE_FILES)
    if files < size.many + SPARE_FILES:
        raise SystemExit(f"{size.many + SPARE_FILES} open files are needed; {files} are allowed.")
    asked.results.mkdir(parents=True, exist_ok=True)
    where = asked.results / "cost.json"
    found = json.loads(where.read_text()) if where.exists() else {}
    found["machine"] = machine.described()
    for name in asked.only:
        found[name] = measured(name, size)
        print(page({"machine": {}, name: found[name]}).partition("\n## ")[2], flush=True)
    where.write_text(json.dumps(found, indent=1) + "\n")
    (asked.results / "cost.md").write_text(page(found))


main()
