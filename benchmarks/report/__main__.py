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
    """Writes a page and returns it. That of the project's own comparison updates the README too."""
    found = json.loads((folder / f"{name}.json").read_text())
    text = PAGES[name](found)
    (folder / f"{name}.md").write_text(text)
    if name == "bench" and folder == RESULTS:
        README.write_text(with_block(README.read_text(), found))
    return text


def draw(folder: Path) -> None:
    """Draws the pictures of bench.json. The only part that needs requirements-bench.txt."""
    from benchmarks.report import plots

    plots.draw(json.loads((folder / "bench.json").read_text()), folder)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.report", description=__doc__)
    parser.add_argument("names", choices=[*PAGES, "pictures"], nargs="+", help="what to write")
    parser.add_argument("--results", type=Path, default=RESULTS, help="the folder")
    asked = parser.parse_args()
    folder = asked.results.resolve()
    for name in asked.names:
        if name == "pictures":
            draw(folder)
        else:
            print(write(name, folder))


if __name__ == "__main__":
    main()
