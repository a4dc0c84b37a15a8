"""Writes what was found in words: the page, and the README's table."""

from pathlib import Path
from typing import Any

from benchmarks.report.readme import with_table
from benchmarks.report.table import page

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "benchmarks" / "results"
README = ROOT / "README.md"


def write(found: dict[str, Any], folder: Path = RESULTS, readme: Path | None = README) -> None:
    """The README has the results of the project's own folder alone."""
    (folder / "bench.md").write_text(page(found))
    if readme:
        readme.write_text(with_table(readme.read_text(), found))
