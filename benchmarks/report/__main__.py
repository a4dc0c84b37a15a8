"""Writes pages and pictures of measurements: of bench.json, before.json or cost.json."""

import argparse
import json
from pathlib import Path

from benchmarks.report.before_page import before_page
from benchmarks.report.bench_page import bench_page
from benchmarks.report.cost_page import cost_page
from benchmarks.report.readme import with_block

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "benchmarks" / "results"
README = ROOT / "README.md"
PAGES = {"bench": bench_page, "before": before_page, "cost": cost_page}


def write(name: str, folder: Path) -> str:
    """Writes the page of a measurement. That of the project's own comparison goes to the README
    too, in short."""
    found = json.loads((folder / f"{name}.json").read_text())
    text = PAGES[name](found)
    (folder / f"{name}.md").write_text(text)
    if name == "bench" and folder == RESULTS:
        README.write_text(with_block(README.read_text(), found))
    if name == "bench":
        from benchmarks.report.plots import draw  # matplotlib: of requirements-bench.txt only

        draw(found, folder)
    return text


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.report", description=__doc__)
    parser.add_argument("names", choices=[*PAGES], nargs="+", help="what to write")
    parser.add_argument("--results", type=Path, default=RESULTS, help="the folder")
    asked = parser.parse_args()
    for name in asked.names:
        print(write(name, asked.results.resolve()))


if __name__ == "__main__":
    main()
