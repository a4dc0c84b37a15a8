"""Says in words and pictures what `python -m benchmarks.compare` has found."""

import argparse
import json
from pathlib import Path

from benchmarks.report.plot import draw
from benchmarks.report.writing import README, RESULTS, write


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.report", description=__doc__)
    parser.add_argument("--results", type=Path, default=RESULTS, help="the folder of bench.json")
    folder = parser.parse_args().results.resolve()
    found = json.loads((folder / "bench.json").read_text())
    write(found, folder, README if folder == RESULTS else None)
    draw(found, folder)
    print((folder / "bench.md").read_text())


main()
