"""Writes what was found: the runs as JSON, the page, and the README's table.

`python -m benchmarks.compare.report` writes the words anew from the runs that are there."""

import json
from pathlib import Path
from typing import Any

from benchmarks.compare.readme import with_table
from benchmarks.compare.table import page

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "benchmarks" / "results"
README = ROOT / "README.md"


def write(found: dict[str, Any], folder: Path = RESULTS, readme: Path | None = README) -> None:
    """The runs first: they took an hour, and the rest can be made of them again."""
    (folder / "bench.json").write_text(json.dumps(found, indent=1) + "\n")
    (folder / "bench.md").write_text(page(found))
    if readme:
        readme.write_text(with_table(readme.read_text(), found))


if __name__ == "__main__":
    write(json.loads((RESULTS / "bench.json").read_text()))
